// MD5 (RFC 1321) in plain JavaScript: RADIUS hashes a few hundred octets at a time, where the call into OpenSSL costs more
// than the digest. One hash is made at a time, synchronously, in the state of this module, so nothing is allocated on the
// way: begin, add as often as wanted, finish. The rounds are unrolled because calls in them halve the speed.

/** The chaining values a, b, c, d after some whole blocks: what is kept of a key (see hmac-md5.ts). */
export type Md5State = Int32Array

const initial: Md5State = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476)
const state: Md5State = new Int32Array(4)
const block = new Uint8Array(64)
let filled = 0
let total = 0

/** MD5 of the parts one after the other, as a new buffer of 16 octets. RFC 1321. */
export function md5(...parts: Uint8Array[]): Buffer {
  md5Begin()
  for (let i = 0; i < parts.length; i++) md5Add(parts[i]!)
  const digest = Buffer.allocUnsafe(16)
  md5Finish(digest, 0)
  return digest
}

/** Starts a hash; with `from` it goes on from a kept state after `octetsBefore` octets (a multiple of 64). */
export function md5Begin(from: Md5State = initial, octetsBefore = 0): void {
  state[0] = from[0]!
  state[1] = from[1]!
  state[2] = from[2]!
  state[3] = from[3]!
  filled = 0
  total = octetsBefore
}

/** Adds `octets[start..end)` to the hash that was begun. */
export function md5Add(octets: Uint8Array, start = 0, end = octets.length): void {
  let at = start
  total += end - start
  if (filled > 0) {
    while (filled < 64 && at < end) block[filled++] = octets[at++]!
    if (filled < 64) return
    compress(block, 0)
    filled = 0
  }
  for (; at + 64 <= end; at += 64) compress(octets, at)
  while (at < end) block[filled++] = octets[at++]!
}

/** Ends the hash and writes its 16 octets to `target` at `at`. `target` may be one of the octets hashed. */
export function md5Finish(target: Uint8Array, at: number): void {
  const bits = total * 8
  block[filled++] = 0x80
  if (filled > 56) {
    block.fill(0, filled)
    compress(block, 0)
    filled = 0
  }
  block.fill(0, filled, 56)
  writeWord(block, 56, bits | 0)
  writeWord(block, 60, (bits / 0x1_0000_0000) | 0)
  compress(block, 0)
  filled = 0
  for (let i = 0; i < 4; i++) writeWord(target, at + 4 * i, state[i]!)
}

/** The state after exactly one block of 64 octets: the kept half of an HMAC key. */
export function md5StateAfter(oneBlock: Uint8Array): Md5State {
  md5Begin()
  compress(oneBlock, 0)
  return state.slice()
}

function writeWord(target: Uint8Array, at: number, word: number): void {
  target[at] = word
  target[at + 1] = word >>> 8
  target[at + 2] = word >>> 16
  target[at + 3] = word >>> 24
}

// Step i: t = a + F(b, c, d) + word + floor(2^32 * abs(sin(i + 1))); a = b + (t rotated left). The constants above 2^31 stand
// as subtractions so that every sum stays a small integer. Longer than our functions are, on purpose: see the head.
function compress(o: Uint8Array, at: number): void {
  const w0 = o[at]! | (o[at + 1]! << 8) | (o[at + 2]! << 16) | (o[at + 3]! << 24)
  const w1 = o[at + 4]! | (o[at + 5]! << 8) | (o[at + 6]! << 16) | (o[at + 7]! << 24)
  const w2 = o[at + 8]! | (o[at + 9]! << 8) | (o[at + 10]! << 16) | (o[at + 11]! << 24)
  const w3 = o[at + 12]! | (o[at + 13]! << 8) | (o[at + 14]! << 16) | (o[at + 15]! << 24)
  const w4 = o[at + 16]! | (o[at + 17]! << 8) | (o[at + 18]! << 16) | (o[at + 19]! << 24)
  const w5 = o[at + 20]! | (o[at + 21]! << 8) | (o[at + 22]! << 16) | (o[at + 23]! << 24)
  const w6 = o[at + 24]! | (o[at + 25]! << 8) | (o[at + 26]! << 16) | (o[at + 27]! << 24)
  const w7 = o[at + 28]! | (o[at + 29]! << 8) | (o[at + 30]! << 16) | (o[at + 31]! << 24)
  const w8 = o[at + 32]! | (o[at + 33]! << 8) | (o[at + 34]! << 16) | (o[at + 35]! << 24)
  const w9 = o[at + 36]! | (o[at + 37]! << 8) | (o[at + 38]! << 16) | (o[at + 39]! << 24)
  const w10 = o[at + 40]! | (o[at + 41]! << 8) | (o[at + 42]! << 16) | (o[at + 43]! << 24)
  const w11 = o[at + 44]! | (o[at + 45]! << 8) | (o[at + 46]! << 16) | (o[at + 47]! << 24)
  const w12 = o[at + 48]! | (o[at + 49]! << 8) | (o[at + 50]! << 16) | (o[at + 51]! << 24)
  const w13 = o[at + 52]! | (o[at + 53]! << 8) | (o[at + 54]! << 16) | (o[at + 55]! << 24)
  const w14 = o[at + 56]! | (o[at + 57]! << 8) | (o[at + 58]! << 16) | (o[at + 59]! << 24)
  const w15 = o[at + 60]! | (o[at + 61]! << 8) | (o[at + 62]! << 16) | (o[at + 63]! << 24)
  let a = state[0]!
  let b = state[1]!
  let c = state[2]!
  let d = state[3]!
  let t: number
  // Round 1
  t = (a + (d ^ (b & (c ^ d))) + w0 - 0x28955b88) | 0
  a = (b + ((t << 7) | (t >>> 25))) | 0
  t = (d + (c ^ (a & (b ^ c))) + w1 - 0x173848aa) | 0
  d = (a + ((t << 12) | (t >>> 20))) | 0
  t = (c + (b ^ (d & (a ^ b))) + w2 + 0x242070db) | 0
  c = (d + ((t << 17) | (t >>> 15))) | 0
  t = (b + (a ^ (c & (d ^ a))) + w3 - 0x3e423112) | 0
  b = (c + ((t << 22) | (t >>> 10))) | 0
  t = (a + (d ^ (b & (c ^ d))) + w4 - 0x0a83f051) | 0
  a = (b + ((t << 7) | (t >>> 25))) | 0
  t = (d + (c ^ (a & (b ^ c))) + w5 + 0x4787c62a) | 0
  d = (a + ((t << 12) | (t >>> 20))) | 0
  t = (c + (b ^ (d & (a ^ b))) + w6 - 0x57cfb9ed) | 0
  c = (d + ((t << 17) | (t >>> 15))) | 0
  t = (b + (a ^ (c & (d ^ a))) + w7 - 0x02b96aff) | 0
  b = (c + ((t << 22) | (t >>> 10))) | 0
  t = (a + (d ^ (b & (c ^ d))) + w8 + 0x698098d8) | 0
  a = (b + ((t << 7) | (t >>> 25))) | 0
  t = (d + (c ^ (a & (b ^ c))) + w9 - 0x74bb0851) | 0
  d = (a + ((t << 12) | (t >>> 20))) | 0
  t = (c + (b ^ (d & (a ^ b))) + w10 - 0x0000a44f) | 0
  c = (d + ((t << 17) | (t >>> 15))) | 0
  t = (b + (a ^ (c & (d ^ a))) + w11 - 0x76a32842) | 0
  b = (c + ((t << 22) | (t >>> 10))) | 0
  t = (a + (d ^ (b & (c ^ d))) + w12 + 0x6b901122) | 0
  a = (b + ((t << 7) | (t >>> 25))) | 0
  t = (d + (c ^ (a & (b ^ c))) + w13 - 0x02678e6d) | 0
  d = (a + ((t << 12) | (t >>> 20))) | 0
  t = (c + (b ^ (d & (a ^ b))) + w14 - 0x5986bc72) | 0
  c = (d + ((t << 17) | (t >>> 15))) | 0
  t = (b + (a ^ (c & (d ^ a))) + w15 + 0x49b40821) | 0
  b = (c + ((t << 22) | (t >>> 10))) | 0
  // Round 2
  t = (a + (c ^ (d & (b ^ c))) + w1 - 0x09e1da9e) | 0
  a = (b + ((t << 5) | (t >>> 27))) | 0
  t = (d + (b ^ (c & (a ^ b))) + w6 - 0x3fbf4cc0) | 0
  d = (a + ((t << 9) | (t >>> 23))) | 0
  t = (c + (a ^ (b & (d ^ a))) + w11 + 0x265e5a51) | 0
  c = (d + ((t << 14) | (t >>> 18))) | 0
  t = (b + (d ^ (a & (c ^ d))) + w0 - 0x16493856) | 0
  b = (c + ((t << 20) | (t >>> 12))) | 0
  t = (a + (c ^ (d & (b ^ c))) + w5 - 0x29d0efa3) | 0
  a = (b + ((t << 5) | (t >>> 27))) | 0
  t = (d + (b ^ (c & (a ^ b))) + w10 + 0x02441453) | 0
  d = (a + ((t << 9) | (t >>> 23))) | 0
  t = (c + (a ^ (b & (d ^ a))) + w15 - 0x275e197f) | 0
  c = (d + ((t << 14) | (t >>> 18))) | 0
  t = (b + (d ^ (a & (c ^ d))) + w4 - 0x182c0438) | 0
  b = (c + ((t << 20) | (t >>> 12))) | 0
  t = (a + (c ^ (d & (b ^ c))) + w9 + 0x21e1cde6) | 0
  a = (b + ((t << 5) | (t >>> 27))) | 0
  t = (d + (b ^ (c & (a ^ b))) + w14 - 0x3cc8f82a) | 0
  d = (a + ((t << 9) | (t >>> 23))) | 0
  t = (c + (a ^ (b & (d ^ a))) + w3 - 0x0b2af279) | 0
  c = (d + ((t << 14) | (t >>> 18))) | 0
  t = (b + (d ^ (a & (c ^ d))) + w8 + 0x455a14ed) | 0
  b = (c + ((t << 20) | (t >>> 12))) | 0
  t = (a + (c ^ (d & (b ^ c))) + w13 - 0x561c16fb) | 0
  a = (b + ((t << 5) | (t >>> 27))) | 0
  t = (d + (b ^ (c & (a ^ b))) + w2 - 0x03105c08) | 0
  d = (a + ((t << 9) | (t >>> 23))) | 0
  t = (c + (a ^ (b & (d ^ a))) + w7 + 0x676f02d9) | 0
  c = (d + ((t << 14) | (t >>> 18))) | 0
  t = (b + (d ^ (a & (c ^ d))) + w12 - 0x72d5b376) | 0
  b = (c + ((t << 20) | (t >>> 12))) | 0
  // Round 3
  t = (a + (b ^ c ^ d) + w5 - 0x0005c6be) | 0
  a = (b + ((t << 4) | (t >>> 28))) | 0
  t = (d + (a ^ b ^ c) + w8 - 0x788e097f) | 0
  d = (a + ((t << 11) | (t >>> 21))) | 0
  t = (c + (d ^ a ^ b) + w11 + 0x6d9d6122) | 0
  c = (d + ((t << 16) | (t >>> 16))) | 0
  t = (b + (c ^ d ^ a) + w14 - 0x021ac7f4) | 0
  b = (c + ((t << 23) | (t >>> 9))) | 0
  t = (a + (b ^ c ^ d) + w1 - 0x5b4115bc) | 0
  a = (b + ((t << 4) | (t >>> 28))) | 0
  t = (d + (a ^ b ^ c) + w4 + 0x4bdecfa9) | 0
  d = (a + ((t << 11) | (t >>> 21))) | 0
  t = (c + (d ^ a ^ b) + w7 - 0x0944b4a0) | 0
  c = (d + ((t << 16) | (t >>> 16))) | 0
  t = (b + (c ^ d ^ a) + w10 - 0x41404390) | 0
  b = (c + ((t << 23) | (t >>> 9))) | 0
  t = (a + (b ^ c ^ d) + w13 + 0x289b7ec6) | 0
  a = (b + ((t << 4) | (t >>> 28))) | 0
  t = (d + (a ^ b ^ c) + w0 - 0x155ed806) | 0
  d = (a + ((t << 11) | (t >>> 21))) | 0
  t = (c + (d ^ a ^ b) + w3 - 0x2b10cf7b) | 0
  c = (d + ((t << 16) | (t >>> 16))) | 0
  t = (b + (c ^ d ^ a) + w6 + 0x04881d05) | 0
  b = (c + ((t << 23) | (t >>> 9))) | 0
  t = (a + (b ^ c ^ d) + w9 - 0x262b2fc7) | 0
  a = (b + ((t << 4) | (t >>> 28))) | 0
  t = (d + (a ^ b ^ c) + w12 - 0x1924661b) | 0
  d = (a + ((t << 11) | (t >>> 21))) | 0
  t = (c + (d ^ a ^ b) + w15 + 0x1fa27cf8) | 0
  c = (d + ((t << 16) | (t >>> 16))) | 0
  t = (b + (c ^ d ^ a) + w2 - 0x3b53a99b) | 0
  b = (c + ((t << 23) | (t >>> 9))) | 0
  // Round 4
  t = (a + (c ^ (b | ~d)) + w0 - 0x0bd6ddbc) | 0
  a = (b + ((t << 6) | (t >>> 26))) | 0
  t = (d + (b ^ (a | ~c)) + w7 + 0x432aff97) | 0
  d = (a + ((t << 10) | (t >>> 22))) | 0
  t = (c + (a ^ (d | ~b)) + w14 - 0x546bdc59) | 0
  c = (d + ((t << 15) | (t >>> 17))) | 0
  t = (b + (d ^ (c | ~a)) + w5 - 0x036c5fc7) | 0
  b = (c + ((t << 21) | (t >>> 11))) | 0
  t = (a + (c ^ (b | ~d)) + w12 + 0x655b59c3) | 0
  a = (b + ((t << 6) | (t >>> 26))) | 0
  t = (d + (b ^ (a | ~c)) + w3 - 0x70f3336e) | 0
  d = (a + ((t << 10) | (t >>> 22))) | 0
  t = (c + (a ^ (d | ~b)) + w10 - 0x00100b83) | 0
  c = (d + ((t << 15) | (t >>> 17))) | 0
  t = (b + (d ^ (c | ~a)) + w1 - 0x7a7ba22f) | 0
  b = (c + ((t << 21) | (t >>> 11))) | 0
  t = (a + (c ^ (b | ~d)) + w8 + 0x6fa87e4f) | 0
  a = (b + ((t << 6) | (t >>> 26))) | 0
  t = (d + (b ^ (a | ~c)) + w15 - 0x01d31920) | 0
  d = (a + ((t << 10) | (t >>> 22))) | 0
  t = (c + (a ^ (d | ~b)) + w6 - 0x5cfebcec) | 0
  c = (d + ((t << 15) | (t >>> 17))) | 0
  t = (b + (d ^ (c | ~a)) + w13 + 0x4e0811a1) | 0
  b = (c + ((t << 21) | (t >>> 11))) | 0
  t = (a + (c ^ (b | ~d)) + w4 - 0x08ac817e) | 0
  a = (b + ((t << 6) | (t >>> 26))) | 0
  t = (d + (b ^ (a | ~c)) + w11 - 0x42c50dcb) | 0
  d = (a + ((t << 10) | (t >>> 22))) | 0
  t = (c + (a ^ (d | ~b)) + w2 + 0x2ad7d2bb) | 0
  c = (d + ((t << 15) | (t >>> 17))) | 0
  t = (b + (d ^ (c | ~a)) + w9 - 0x14792c6f) | 0
  b = (c + ((t << 21) | (t >>> 11))) | 0
  state[0] = state[0]! + a
  state[1] = state[1]! + b
  state[2] = state[2]! + c
  state[3] = state[3]! + d
}
