import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { md5, md5Add, md5Begin, md5Finish } from '../../src/crypto/md5.ts'

const reference = (octets: Uint8Array) => createHash('md5').update(octets).digest('hex')

describe('RFC 1321 A.5 test suite', () => {
  it.each([
    ['', 'd41d8cd98f00b204e9800998ecf8427e'],
    ['a', '0cc175b9c0f1b6a831c399e269772661'],
    ['abc', '900150983cd24fb0d6963f7d28e17f72'],
    ['message digest', 'f96b697d7cb7938d525a2f31aaf161d0'],
    ['abcdefghijklmnopqrstuvwxyz', 'c3fcd3d76192e4007dfb496cca67e13b'],
    ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', 'd174ab98d277d9f5a5611c2c9f419d9f'],
    ['1234567890'.repeat(8), '57edf4a22be3c955ac49da2e2107b67a'],
  ])('%j', (text, digest) => {
    expect(md5(Buffer.from(text)).toString('hex')).toBe(digest)
  })
})

describe('md5', () => {
  it('agrees with node:crypto at every length around the block boundaries', () => {
    for (let length = 0; length <= 260; length++) {
      const octets = Buffer.alloc(length, length)
      expect(md5(octets).toString('hex')).toBe(reference(octets))
    }
  })

  it('agrees with node:crypto however the octets are cut into parts', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 }), (parts) => {
        expect(md5(...parts).toString('hex')).toBe(reference(Buffer.concat(parts)))
      }),
    )
  })

  it('hashes a packet of 4096 octets and a megabyte', () => {
    for (const octets of [Buffer.alloc(4096, 0xa5), Buffer.alloc(1024 * 1024, 7)]) {
      expect(md5(octets).toString('hex')).toBe(reference(octets))
    }
  })
})

describe('begin, add, finish', () => {
  it('adds a range of the octets and leaves the rest out', () => {
    const octets = Buffer.from('0123456789')
    const target = Buffer.alloc(20, 0xff)
    md5Begin()
    md5Add(octets, 2, 5)
    md5Add(octets, 8)
    md5Finish(target, 2)
    expect(target.subarray(2, 18).toString('hex')).toBe(reference(Buffer.from('23489')))
    expect([target[1], target[18]]).toEqual([0xff, 0xff])
  })

  it('may write over the octets that were hashed', () => {
    const octets = Buffer.alloc(100, 3)
    const expected = reference(octets)
    md5Begin()
    md5Add(octets)
    md5Finish(octets, 4)
    expect(octets.subarray(4, 20).toString('hex')).toBe(expected)
  })

  it('starts anew when an earlier hash was never finished', () => {
    md5Begin()
    md5Add(Buffer.from('left over'))
    expect(md5(Buffer.from('abc')).toString('hex')).toBe('900150983cd24fb0d6963f7d28e17f72')
  })
})
