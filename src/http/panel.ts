// The panel's files, as its build left them in web/dist: named by their content and kept by browsers for ever, all but the page
// itself; brotli or gzip where it is taken, compressed at the build and not here. Every path that is no file is a page of the panel,
// or of the subscribers' portal.

import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RequestHandler } from 'express'

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  woff2: 'font/woff2',
}
const encodings = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const

export const builtPanel = fileURLToPath(new URL('../../web/dist', import.meta.url))

type File = { readonly path: string; readonly type: string; readonly octets: number }

/** Answers GET and HEAD from the folder as it is now; undefined where the panel was not built. */
export async function createPanel(folder: string): Promise<RequestHandler | undefined> {
  const files = await readFiles(folder)
  if (!files.has('/index.html') || !files.has('/portal.html')) return undefined
  return (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next()
    const isPage = !files.has(request.path)
    // A piece of an older build that is gone: a page in its place would be a script error that nobody understands.
    if (isPage && request.path.startsWith('/assets/')) return next()
    const name = isPage ? pageOf(request.path) : request.path
    const file = files.get(name)!
    const taken = encodings.find(([encoding, ending]) => files.has(name + ending) && request.acceptsEncodings(encoding))
    const sent = taken === undefined ? file : files.get(name + taken[1])!
    response.set({
      'Content-Type': file.type,
      'Content-Length': String(sent.octets),
      'Cache-Control': name.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      Vary: 'Accept-Encoding',
      ...(taken && { 'Content-Encoding': taken[0] }),
    })
    if (request.method === 'HEAD') response.end()
    else createReadStream(sent.path).on('error', next).pipe(response)
  }
}

/** Subscribers have a page of their own, and all of its places below it. */
function pageOf(path: string): string {
  return path === '/portal' || path.startsWith('/portal/') ? '/portal.html' : '/index.html'
}

/** By the path that a browser asks for. */
async function readFiles(folder: string): Promise<Map<string, File>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => {
      const path = join(entry.parentPath, entry.name)
      const ending = entry.name
        .replace(/\.(?:br|gz)$/, '')
        .split('.')
        .at(-1)!
      const file: File = { path, type: types[ending] ?? 'application/octet-stream', octets: (await stat(path)).size }
      return [path.slice(folder.length).replaceAll('\\', '/'), file] as const
    })
  return new Map(await Promise.all(files))
}
