import { describe, expect, it } from 'vitest'
import { detectEncoding } from '../../../src/domain/import/encoding.ts'

async function* pieces(octets: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < octets.length; at += length) yield octets.subarray(at, at + length)
}

describe('the encoding of a file', () => {
  const text = 'username,plan\nJürgen,Home €\n'
  it.each<[string, Uint8Array, string]>([
    ['UTF-8', Buffer.from(text), 'utf-8'],
    ['UTF-8 with its mark', Buffer.from(`\uFEFF${text}`), 'utf-8'],
    ['ASCII', Buffer.from('a,b\n'), 'utf-8'],
    ['nothing', Buffer.alloc(0), 'utf-8'],
    ['UTF-16 LE with its mark', Buffer.from(`\uFEFF${text}`, 'utf16le'), 'utf-16le'],
    ['UTF-16 BE with its mark', Buffer.from(`\uFEFF${text}`, 'utf16le').swap16(), 'utf-16be'],
    ['Windows-1252', Buffer.from('Jürgen,x\n', 'latin1'), 'windows-1252'],
    ['UTF-8 that is cut off', Buffer.from('Ä').subarray(0, 1), 'windows-1252'],
  ])('of %s is found however it comes', async (_name, octets, expected) => {
    for (const length of [1, 2, 3, 1_000]) expect(await detectEncoding(pieces(octets, length))).toBe(expected)
  })
})
