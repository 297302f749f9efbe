// Answers that are files: streamed as fast as they are taken, broken off when nobody takes them any more, under a name that can
// hold nothing but a name.

import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Request, Response } from 'express'
import { contentTypes, fileName } from '../domain/export/table.ts'
import type { FileFormat } from '../domain/export/table.ts'

/** `attachment` with a name (RFC 6266, RFC 8187): plain characters, and the whole name beside them where it has others. */
export function contentDisposition(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9._-]/g, '_')
  if (plain === name) return `attachment; filename="${name}"`
  const encoded = encodeURIComponent(name.toWellFormed()).replaceAll(
    /['()*]/g,
    (character) => `%${character.codePointAt(0)!.toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}

/** Says that a file comes. */
export function announceFile(response: Response, noun: string, format: FileFormat, now: Date): void {
  response.set('Content-Type', contentTypes[format])
  response.set('Content-Disposition', contentDisposition(fileName(noun, format, now)))
}

/** Sends the octets. Who goes away in the middle is no error of ours: what makes the file is ended, and nothing is thrown. */
export async function sendFile(request: Request, response: Response, file: AsyncIterable<Uint8Array>): Promise<void> {
  // HEAD has the headers and no file.
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  try {
    await pipeline(Readable.from(file, { objectMode: false }), response)
  } catch (error) {
    if (isGone(error)) return
    if (!response.headersSent) response.removeHeader('Content-Disposition')
    throw error
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'
}
