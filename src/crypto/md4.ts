// MD4 (RFC 1320), which OpenSSL 3 no longer offers and MS-CHAP cannot do without: the NT hash of a password is the MD4 of its
// UTF-16LE octets (RFC 2759 §8.3). Not for anything new.

const blockLength = 64

/** MD4 of the octets: 16 octets in a new buffer. RFC 1320. */
export function md4(octets: Uint8Array): Buffer {
  const message = paddedMessage(octets)
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476)
  for (let at = 0; at < message.length; at += blockLength / 4)
    compress(state, message.subarray(at, at + blockLength / 4))
  const digest = Buffer.allocUnsafe(16)
  for (let i = 0; i < 4; i++) digest.writeInt32LE(state[i]!, 4 * i)
  return digest
}

// RFC 1320 §3.1 and §3.2: one bit set, zeros up to 56 modulo 64, the length in bits as a 64-bit word.
function paddedMessage(octets: Uint8Array): Int32Array {
  const words = new Int32Array((((octets.length + 8) >> 6) + 1) * 16)
  for (let i = 0; i < octets.length; i++) words[i >> 2]! |= octets[i]! << ((i & 3) * 8)
  words[octets.length >> 2]! |= 0x80 << ((octets.length & 3) * 8)
  words[words.length - 2] = octets.length * 8
  words[words.length - 1] = Math.floor(octets.length / 0x2000_0000)
  return words
}

// RFC 1320 §3.4: three rounds of sixteen steps, here four at a time.
function compress(state: Int32Array, x: Int32Array): void {
  let a = state[0]!
  let b = state[1]!
  let c = state[2]!
  let d = state[3]!
  for (let i = 0; i < 16; i += 4) {
    a = rotated(a + ((b & c) | (~b & d)) + x[i]!, 3)
    d = rotated(d + ((a & b) | (~a & c)) + x[i + 1]!, 7)
    c = rotated(c + ((d & a) | (~d & b)) + x[i + 2]!, 11)
    b = rotated(b + ((c & d) | (~c & a)) + x[i + 3]!, 19)
  }
  for (let i = 0; i < 4; i++) {
    a = rotated(a + majority(b, c, d) + x[i]! + 0x5a827999, 3)
    d = rotated(d + majority(a, b, c) + x[i + 4]! + 0x5a827999, 5)
    c = rotated(c + majority(d, a, b) + x[i + 8]! + 0x5a827999, 9)
    b = rotated(b + majority(c, d, a) + x[i + 12]! + 0x5a827999, 13)
  }
  for (let i = 0; i < 4; i++) {
    const k = thirdRoundOrder[i]!
    a = rotated(a + (b ^ c ^ d) + x[k]! + 0x6ed9eba1, 3)
    d = rotated(d + (a ^ b ^ c) + x[k + 8]! + 0x6ed9eba1, 9)
    c = rotated(c + (d ^ a ^ b) + x[k + 4]! + 0x6ed9eba1, 11)
    b = rotated(b + (c ^ d ^ a) + x[k + 12]! + 0x6ed9eba1, 15)
  }
  state[0] = state[0]! + a
  state[1] = state[1]! + b
  state[2] = state[2]! + c
  state[3] = state[3]! + d
}

const thirdRoundOrder = [0, 2, 1, 3]

function majority(x: number, y: number, z: number): number {
  return (x & y) | (x & z) | (y & z)
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
