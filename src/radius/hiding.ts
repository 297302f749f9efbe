// Hiding of attribute values under the shared secret: User-Password, salted values, Ascend secrets.
// RFC 2865 §5.2, RFC 2548 §2.4.2, RFC 2868 §3.5. The authenticator is always the one of the request.
import { md5 } from '../crypto/md5.ts'

const block = 16

/** RFC 2865 §5.2: a User-Password has at most 128 octets. */
export const maximumPasswordLength = 128
/** 15 blocks fit into one attribute; one octet of them is the length. */
export const maximumSaltedLength = 239
/** An Ascend secret is a single block. */
export const maximumAscendLength = block

/** Whose secret hides a value, with the authenticator of the request. */
type HiddenBy = { readonly secret: Uint8Array; readonly authenticator: Uint8Array }

/** A value is too long to be hidden. The message never holds the value. */
export class HiddenValueError extends Error {
  override name = 'HiddenValueError'
}

/**
 * Hides a password: 16 to 128 octets, padded with NUL; an empty password becomes 16 hidden NULs.
 * Throws `HiddenValueError` above 128 octets. RFC 2865 §5.2.
 */
export function hidePassword(plain: Uint8Array, secret: Uint8Array, authenticator: Uint8Array): Buffer {
  refuseLongerThan(maximumPasswordLength, plain)
  const hidden = Buffer.alloc(Math.max(block, roundUp(plain.length)))
  hidden.set(plain)
  hideBlocks(hidden, 0, secret, md5(secret, authenticator))
  return hidden
}

/**
 * Recovers a hidden password without its trailing NULs; NULs inside stay (RFC 2865 §5.2).
 * Undefined when the hidden value is not 16 to 128 octets in whole blocks.
 */
export function recoverPassword(hidden: Buffer, secret: Uint8Array, authenticator: Uint8Array): Buffer | undefined {
  const padded = recoverPadded(hidden, secret, authenticator)
  if (padded === undefined) return undefined
  let end = padded.length
  while (end > 0 && padded[end - 1] === 0) end--
  return padded.subarray(0, end)
}

/** As `recoverPassword`, with the padding kept: for values of known size such as MS-CHAP-MPPE-Keys (RFC 2548 §2.4.1). */
export function recoverPadded(hidden: Buffer, secret: Uint8Array, authenticator: Uint8Array): Buffer | undefined {
  if (hidden.length < block || hidden.length > maximumPasswordLength || hidden.length % block !== 0) return undefined
  return recoverBlocks(hidden, secret, md5(secret, authenticator))
}

/**
 * Hides a value under a salt of two octets (sent first, high bit set); the hidden part begins with one length octet.
 * Throws `HiddenValueError` above 239 octets. RFC 2868 §3.5.
 */
export function hideSalted(plain: Uint8Array, salt: number, secret: Uint8Array, authenticator: Uint8Array): Buffer {
  refuseLongerThan(maximumSaltedLength, plain)
  const hidden = Buffer.alloc(2 + roundUp(1 + plain.length))
  // RFC 2868 §3.5: the most significant bit of the salt must be set.
  hidden.writeUInt16BE(0x8000 | salt, 0)
  hidden[2] = plain.length
  hidden.set(plain, 3)
  hideBlocks(hidden, 2, secret, md5(secret, authenticator, hidden.subarray(0, 2)))
  return hidden
}

/**
 * Recovers a salted value. Undefined when it is not a salt and whole blocks, or when its length octet exceeds them
 * (a wrong secret shows like this).
 */
export function recoverSalted(value: Buffer, secret: Uint8Array, authenticator: Uint8Array): Buffer | undefined {
  const size = value.length - 2
  if (size < block || size % block !== 0) return undefined
  const plain = recoverBlocks(value.subarray(2), secret, md5(secret, authenticator, value.subarray(0, 2)))
  const length = plain[0]!
  return length < plain.length ? plain.subarray(1, 1 + length) : undefined
}

/**
 * A salted value of one shared secret under another one, for a proxy: same salt, same length. Undefined where `recoverSalted`
 * would have nothing. RFC 2868 §3.5.
 */
export function rehideSalted(value: Buffer, from: HiddenBy, to: HiddenBy): Buffer | undefined {
  if (recoverSalted(value, from.secret, from.authenticator) === undefined) return undefined
  const salt = value.subarray(0, 2)
  const plain = recoverBlocks(value.subarray(2), from.secret, md5(from.secret, from.authenticator, salt))
  const hidden = Buffer.concat([salt, plain])
  hideBlocks(hidden, 2, to.secret, md5(to.secret, to.authenticator, salt))
  return hidden
}

/** Hides an Ascend secret: one block under MD5(authenticator + secret). Throws `HiddenValueError` above 16 octets. */
export function hideAscend(plain: Uint8Array, secret: Uint8Array, authenticator: Uint8Array): Buffer {
  refuseLongerThan(maximumAscendLength, plain)
  const hidden = Buffer.alloc(block)
  hidden.set(plain)
  mask(hidden, 0, md5(authenticator, secret))
  return hidden
}

/** Recovers an Ascend secret without its trailing NULs; undefined when it is not 16 octets. */
export function recoverAscend(hidden: Buffer, secret: Uint8Array, authenticator: Uint8Array): Buffer | undefined {
  if (hidden.length !== block) return undefined
  const plain = hideAscend(hidden, secret, authenticator)
  let end = block
  while (end > 0 && plain[end - 1] === 0) end--
  return plain.subarray(0, end)
}

function hideBlocks(octets: Buffer, from: number, secret: Uint8Array, first: Uint8Array): void {
  let pad = first
  for (let at = from; at < octets.length; at += block) {
    mask(octets, at, pad)
    if (at + block < octets.length) pad = md5(secret, octets.subarray(at, at + block))
  }
}

function recoverBlocks(hidden: Buffer, secret: Uint8Array, first: Uint8Array): Buffer {
  const plain = Buffer.from(hidden)
  mask(plain, 0, first)
  for (let at = block; at < plain.length; at += block) {
    mask(plain, at, md5(secret, hidden.subarray(at - block, at)))
  }
  return plain
}

function mask(octets: Buffer, at: number, pad: Uint8Array): void {
  for (let i = 0; i < block; i++) octets[at + i] = octets[at + i]! ^ pad[i]!
}

function roundUp(length: number): number {
  return Math.ceil(length / block) * block
}

function refuseLongerThan(maximum: number, plain: Uint8Array): void {
  if (plain.length > maximum) throw new HiddenValueError(`${plain.length} octets to hide, at most ${maximum} fit`)
}
