// HMAC-MD5 (RFC 2104) with the key's two states kept: a message then costs two blocks less, and no object is made for it.
// Like the digest below it, one HMAC is made at a time: begin, md5Add as often as wanted, finish.

import { md5Add, md5Begin, md5Finish, md5StateAfter } from './md5.ts'
import type { Md5State } from './md5.ts'

/** A key as HMAC uses it: MD5 after the block of key ⊕ 0x36 and after the block of key ⊕ 0x5c. */
export type HmacMd5Key = { readonly inner: Md5State; readonly outer: Md5State }

const blockLength = 64
const innerDigest = new Uint8Array(16)

/** Prepares a key of any length. RFC 2104 §2: a key longer than a block is replaced by its digest. */
export function hmacMd5Key(key: Uint8Array): HmacMd5Key {
  let short = key
  if (key.length > blockLength) {
    short = new Uint8Array(16)
    md5Begin()
    md5Add(key)
    md5Finish(short, 0)
  }
  return { inner: md5StateAfter(padded(short, 0x36)), outer: md5StateAfter(padded(short, 0x5c)) }
}

/** Starts an HMAC; its message is added by `md5Add`. */
export function hmacMd5Begin(key: HmacMd5Key): void {
  md5Begin(key.inner, blockLength)
}

/** Ends the HMAC begun with the same key and writes its 16 octets to `target` at `at`. */
export function hmacMd5Finish(key: HmacMd5Key, target: Uint8Array, at: number): void {
  md5Finish(innerDigest, 0)
  md5Begin(key.outer, blockLength)
  md5Add(innerDigest)
  md5Finish(target, at)
}

/** HMAC-MD5 of the parts one after the other, as a new buffer of 16 octets. */
export function hmacMd5(key: HmacMd5Key, ...parts: Uint8Array[]): Buffer {
  hmacMd5Begin(key)
  for (let i = 0; i < parts.length; i++) md5Add(parts[i]!)
  const digest = Buffer.allocUnsafe(16)
  hmacMd5Finish(key, digest, 0)
  return digest
}

function padded(key: Uint8Array, pad: number): Uint8Array {
  const octets = new Uint8Array(blockLength).fill(pad)
  for (let i = 0; i < key.length; i++) octets[i] = key[i]! ^ pad
  return octets
}
