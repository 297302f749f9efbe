import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hmacMd5, hmacMd5Key } from '../../src/crypto/hmac-md5.ts'

describe('RFC 2202 §2 test cases', () => {
  const counted = Buffer.from(Array.from({ length: 25 }, (_, i) => i + 1))
  it.each([
    [1, Buffer.alloc(16, 0x0b), Buffer.from('Hi There'), '9294727a3638bb1c13f48ef8158bfc9d'],
    [2, Buffer.from('Jefe'), Buffer.from('what do ya want for nothing?'), '750c783e6ab0b503eaa86e310a5db738'],
    [3, Buffer.alloc(16, 0xaa), Buffer.alloc(50, 0xdd), '56be34521d144c88dbb8c733f0e8b3f6'],
    [4, counted, Buffer.alloc(50, 0xcd), '697eaf0aca3a3aea3a75164746ffaa79'],
    [5, Buffer.alloc(16, 0x0c), Buffer.from('Test With Truncation'), '56461ef2342edc00f9bab995690efd4c'],
    [
      6,
      Buffer.alloc(80, 0xaa),
      Buffer.from('Test Using Larger Than Block-Size Key - Hash Key First'),
      '6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd',
    ],
    [
      7,
      Buffer.alloc(80, 0xaa),
      Buffer.from('Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data'),
      '6f630fad67cda0ee1fb1f562db3aa53e',
    ],
  ])('%i', (_number, key, message, digest) => {
    expect(hmacMd5(hmacMd5Key(key), message).toString('hex')).toBe(digest)
  })
})

describe('hmacMd5', () => {
  it('agrees with node:crypto for any key and any cut of the message, again and again with one key', () => {
    const octets = fc.uint8Array({ maxLength: 300 })
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.array(octets, { maxLength: 4 }), (key, parts) => {
        const kept = hmacMd5Key(key)
        const expected = createHmac('md5', key).update(Buffer.concat(parts)).digest('hex')
        expect(hmacMd5(kept, ...parts).toString('hex')).toBe(expected)
        expect(hmacMd5(kept, ...parts).toString('hex')).toBe(expected)
      }),
    )
  })
})
