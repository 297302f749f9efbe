// The panel's files over a real socket: a folder as the build leaves it, with its pages, pieces and their compressed copies.
import { request, type IncomingMessage } from 'node:http'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { createPanel } from '../../src/http/panel.ts'
import { useApi } from '../support/api.ts'

const panelPage = '<!doctype html><title>panel</title>'
const portalPage = '<!doctype html><title>portal</title>'
const script = 'export const answer = 42;\n'.repeat(20)

let folder: string
const api = useApi({
  panel: async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-panel-'))
    await mkdir(join(folder, 'assets'))
    await writeBuilt('index.html', panelPage)
    await writeBuilt('portal.html', portalPage)
    await writeBuilt('assets/app-1a2b.js', script)
    await writeFile(join(folder, 'assets/font-3c4d.woff2'), 'not compressed twice')
    await writeFile(join(folder, 'gatehouse.svg'), '<svg/>')
    return createPanel(folder)
  },
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function writeBuilt(name: string, text: string): Promise<void> {
  const path = join(folder, name)
  await writeFile(path, text)
  await writeFile(`${path}.br`, brotliCompressSync(text))
  await writeFile(`${path}.gz`, gzipSync(text))
}

/** As it is on the wire: fetch would unpack it. */
async function ask(path: string, options: { method?: string; encoding?: string } = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const headers = { 'accept-encoding': options.encoding ?? 'identity' }
  request(api.url + path, { method: options.method ?? 'GET', headers }, resolve)
    .on('error', reject)
    .end()
  const answer = await promise
  const body = Buffer.concat((await answer.toArray()) as Buffer[])
  return { status: answer.statusCode, headers: answer.headers, body }
}

describe("the panel's files", () => {
  it.each([
    ['/', panelPage],
    ['/subscribers?open=7', panelPage],
    ['/operators/roles', panelPage],
    ['/portals', panelPage],
    ['/portal', portalPage],
    ['/portal/sessions', portalPage],
  ])('%s is a page, asked for anew each time', async (path, page) => {
    const { status, headers, body } = await ask(path)
    expect([status, body.toString()]).toEqual([200, page])
    expect(headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' })
  })

  it.each([
    ['/assets/app-1a2b.js', 'text/javascript; charset=utf-8'],
    ['/assets/font-3c4d.woff2', 'font/woff2'],
  ])('%s is named by its content and kept for ever', async (path, type) => {
    const { headers } = await ask(path)
    expect(headers).toMatchObject({
      'content-type': type,
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
    })
  })

  it('has pictures that are looked for again', async () => {
    const { headers } = await ask('/gatehouse.svg')
    expect(headers).toMatchObject({ 'content-type': 'image/svg+xml', 'cache-control': 'no-cache' })
  })

  it.each([
    ['br, gzip', 'br', brotliDecompressSync],
    ['gzip', 'gzip', gunzipSync],
  ])('where %s is taken it sends %s, as it was built', async (encoding, sent, unpack) => {
    const { headers, body } = await ask('/assets/app-1a2b.js', { encoding })
    expect(headers).toMatchObject({
      'content-encoding': sent,
      vary: 'Accept-Encoding',
      'content-type': 'text/javascript; charset=utf-8',
      'content-length': String(body.length),
    })
    expect(unpack(body).toString()).toBe(script)
  })

  it('sends a file as it is where nothing else is there or taken', async () => {
    const plain = await ask('/assets/app-1a2b.js', { encoding: 'zstd' })
    expect([plain.headers['content-encoding'], plain.body.toString()]).toEqual([undefined, script])
    const font = await ask('/assets/font-3c4d.woff2', { encoding: 'br, gzip' })
    expect([font.headers['content-encoding'], font.body.toString()]).toEqual([undefined, 'not compressed twice'])
  })

  it('answers HEAD with the head alone, and no other method', async () => {
    const head = await ask('/portal', { method: 'HEAD' })
    expect([head.status, head.body.length]).toEqual([200, 0])
    expect(head.headers['content-length']).toBe(String(portalPage.length))
    expect((await ask('/portal', { method: 'POST' })).status).toBe(404)
  })

  it('says that a piece of an older build is gone, and shows no page for it', async () => {
    const { status, headers } = await ask('/assets/app-0000.js')
    expect(status).toBe(404)
    expect(headers['content-type']).toContain('application/problem+json')
  })

  it('is never the answer of the API', async () => {
    expect((await ask('/api/v1/no-such-thing')).headers['content-type']).toContain('application/problem+json')
  })

  it.each(['/', '/portal', '/portal/account'])(
    '%s runs scripts from here only and stands in no frame',
    async (path) => {
      const { headers } = await ask(path)
      const policy = String(headers['content-security-policy']).split(';')
      expect(policy).toEqual(
        expect.arrayContaining(["default-src 'self'", "object-src 'none'", "frame-ancestors 'none'"]),
      )
      expect(policy.some((rule) => rule.startsWith('script-src'))).toBe(false)
      expect(headers['x-frame-options']).toBe('DENY')
    },
  )

  it('leaves no folder but its own: a path with dots is a page', async () => {
    const { status, body } = await ask('/..%2f..%2fetc/passwd')
    expect([status, body.toString()]).toEqual([200, panelPage])
  })

  it('is not there where it was not built', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'gatehouse-panel-'))
    expect(await createPanel(empty)).toBeUndefined()
    await rm(empty, { recursive: true })
  })
})
