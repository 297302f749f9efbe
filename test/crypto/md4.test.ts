import { describe, expect, it } from 'vitest'
import { md4 } from '../../src/crypto/md4.ts'

describe('RFC 1320 A.5 test suite', () => {
  it.each([
    ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
    ['a', 'bde52cb31de33e46245e05fbdbd6fb24'],
    ['abc', 'a448017aaf21d8525fc10ae87aa6729d'],
    ['message digest', 'd9130a8164549fe818874806e1c7014b'],
    ['abcdefghijklmnopqrstuvwxyz', 'd79e1c308aa5bbcdeea8ed63df412da9'],
    ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', '043f8582f241db351ce627e153e7f0e4'],
    ['1234567890'.repeat(8), 'e33b4ddc9c38f2199c3e7b164fcc0536'],
  ])('%j', (text, digest) => {
    expect(md4(Buffer.from(text)).toString('hex')).toBe(digest)
  })
})

describe('md4', () => {
  it('pads into a further block where the length no longer fits', () => {
    // Known answers of a second implementation, written from the RFC.
    expect(md4(Buffer.alloc(55, 0x61)).toString('hex')).toBe('c889c81dd86c4d2e025778944ea02881')
    expect(md4(Buffer.alloc(56, 0x61)).toString('hex')).toBe('d5f9a9e9257077a5f08b0b92f348b0ad')
    expect(md4(Buffer.alloc(64, 0x61)).toString('hex')).toBe('52f5076fabd22680234a3fa9f9dc5732')
    expect(md4(Buffer.alloc(512, 0xff)).toString('hex')).toBe('e8c115ddc55ac5e030bb29c8385e6560')
  })

  it('leaves what it hashes alone', () => {
    const octets = Buffer.from('abc')
    md4(octets)
    expect(octets.toString()).toBe('abc')
  })
})
