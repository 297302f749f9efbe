// Single DES for MS-CHAP (RFC 2759 §8.6): one block under a key of 56 bits given as 7 octets. OpenSSL 3 has no single DES, and
// its triple DES costs six times as much per block as this package.

import { DES } from 'des.js'

/** DES of one block of 8 octets under 7 octets of key: 8 octets. RFC 2759 §8.6 DesEncrypt. */
export function desEncrypt(block: Uint8Array, key: Uint8Array): Buffer {
  return Buffer.from(DES.create({ type: 'encrypt', key: desKey(key), padding: false }).update(block))
}

/** Spreads 7 octets of key over 8, the lowest bit of each set for odd parity. RFC 2759 §8.6, the example in §9.3. */
export function desKey(seven: Uint8Array): Buffer {
  const key = Buffer.allocUnsafe(8)
  for (let i = 0; i < 8; i++) {
    // The seven key bits of octet i straddle octets i - 1 and i of the input; what a Uint8Array cuts off is the rest.
    const bits = (((seven[i - 1] ?? 0) << (8 - i)) | ((seven[i] ?? 0) >>> i)) & 0xfe
    key[i] = bits | oddParity(bits)
  }
  return key
}

function oddParity(bits: number): number {
  let folded = bits ^ (bits >>> 4)
  folded ^= folded >>> 2
  return ((folded ^ (folded >>> 1)) & 1) ^ 1
}
