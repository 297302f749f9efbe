import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeUtf8, escapeOctets, isPrintable, storableText } from '../../src/radius/octet-text.ts'

/** Undoes `escapeOctets`. */
function unescape(text: string): Buffer {
  const parts = [...text.matchAll(/\\x([\da-f]{2})|\\\\|[^\\]+/g)].map(([whole, code]) => {
    if (code !== undefined) return Buffer.from(code, 'hex')
    return Buffer.from(whole === '\\\\' ? '\\' : whole)
  })
  return Buffer.concat(parts)
}

const octets = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((value) => Buffer.from(value)),
  fc.string({ unit: 'binary', maxLength: 20 }).map((value) => Buffer.from(value)),
)

describe('decodeUtf8', () => {
  it('gives text only for valid UTF-8', () => {
    expect(decodeUtf8(Buffer.from('žluťoučký'))).toBe('žluťoučký')
    expect(decodeUtf8(Buffer.from([0x61, 0xff]))).toBeUndefined()
    expect(decodeUtf8(Buffer.from([0xed, 0xa0, 0x80]))).toBeUndefined()
  })
})

describe('escapeOctets', () => {
  it.each([
    [Buffer.from('plain'), 'plain'],
    [Buffer.from('ü\nb'), 'ü\\x0ab'],
    [Buffer.from([0x61, 0xff, 0xc3]), 'a\\xff\\xc3'],
    [Buffer.from('a\\xff'), 'a\\\\xff'],
    [Buffer.from([0xf0, 0x9f, 0x92, 0xa9, 0x80]), '💩\\x80'],
    [Buffer.from('\u202eevil'), '\\xe2\\x80\\xaeevil'],
  ])('%j', (value, text) => expect(escapeOctets(value)).toBe(text))

  it('loses nothing', () => {
    expect(() => fc.assert(fc.property(octets, (value) => unescape(escapeOctets(value)).equals(value)))).not.toThrow()
  })

  it('is printable whatever comes', () => {
    expect(() => fc.assert(fc.property(octets, (value) => isPrintable(escapeOctets(value))))).not.toThrow()
  })
})

describe('storableText', () => {
  it('strips trailing NULs and keeps other text as it is', () => {
    expect(storableText(Buffer.from('alice\0\0'))).toBe('alice')
    expect(storableText(Buffer.from('a\\b\n'))).toBe('a\\b\n')
    expect(storableText(Buffer.alloc(3))).toBe('')
  })

  it('escapes what is not UTF-8 or holds a NUL inside', () => {
    expect(storableText(Buffer.from([0x61, 0xfe]))).toBe('a\\xfe')
    expect(storableText(Buffer.from('a\0b'))).toBe('a\\x00b')
  })

  it('never holds a NUL', () => {
    expect(() => fc.assert(fc.property(octets, (value) => !storableText(value).includes('\0')))).not.toThrow()
  })
})
