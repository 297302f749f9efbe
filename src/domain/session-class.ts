// The Class attribute that we send in every Access-Accept and find again in accounting (RFC 2865 §5.25): which login this
// session comes from, with a keyed tag, so that a NAS or a subscriber cannot make one up. The only robust join of
// authentication and accounting, also when Acct-Session-Ids repeat after a reboot.

import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { hmacMd5, hmacMd5Key, type HmacMd5Key } from '../crypto/hmac-md5.ts'
import { subkey } from './data-key.ts'
import type { Keyring } from './data-key.ts'

export type SessionClass = {
  /** A random positive number of 63 bits, new for every accept. */
  readonly classId: bigint
  readonly subscriberId: bigint
}

// Form 1: 'G', 1, data key id (2), class id (8), subscriber id (8), tag (12). 32 octets: no NAS is known to cut that.
const mark = 0x4701
const bodyLength = 20
const tagLength = 12
export const sessionClassLength = bodyLength + tagLength

/** A class id for a new accept. */
export function newClassId(): bigint {
  return nextRandom().readBigUInt64BE() >> 1n || 1n
}

/** The octets of Class for an accept. */
export function issueClass(keyring: Keyring, { classId, subscriberId }: SessionClass): Buffer {
  const octets = Buffer.allocUnsafe(sessionClassLength)
  octets.writeUInt16BE(mark, 0)
  octets.writeUInt16BE(keyring.currentId, 2)
  octets.writeBigInt64BE(classId, 4)
  octets.writeBigInt64BE(subscriberId, 12)
  tagOf(subkey(keyring, 'class'), octets).copy(octets, bodyLength, 0, tagLength)
  return octets
}

/** What a Class says if it is one of ours, unaltered; undefined for any other octets. Constant time in the tag; never throws. */
export function readClass(keyring: Keyring, octets: Uint8Array): SessionClass | undefined {
  if (octets.length !== sessionClassLength) return undefined
  const view = Buffer.from(octets.buffer, octets.byteOffset, octets.length)
  if (view.readUInt16BE(0) !== mark) return undefined
  const key = keyring.keys.get(view.readUInt16BE(2))?.class
  if (key === undefined) return undefined
  const tag = tagOf(key, view).subarray(0, tagLength)
  if (!timingSafeEqual(tag, view.subarray(bodyLength))) return undefined
  return { classId: view.readBigInt64BE(4), subscriberId: view.readBigInt64BE(12) }
}

// HMAC-MD5 with the key's state kept: 0.9 µs for every login, where HMAC-SHA-256 takes 6 in node:crypto. What breaks MD5 are
// collisions, which do not help against HMAC; 96 bits of it are far more than anybody can guess over RADIUS.
const states = new WeakMap<KeyObject, HmacMd5Key>()

function tagOf(key: KeyObject, octets: Buffer): Buffer {
  let state = states.get(key)
  if (state === undefined) states.set(key, (state = hmacMd5Key(key.export())))
  return hmacMd5(state, octets.subarray(0, bodyLength))
}

// Random octets are taken in one call for many class ids: the call costs more than the octets.
const drawn = { octets: Buffer.alloc(0), at: 0 }

function nextRandom(): Buffer {
  if (drawn.at === drawn.octets.length) {
    drawn.octets = randomBytes(8 * 256)
    drawn.at = 0
  }
  drawn.at += 8
  return drawn.octets.subarray(drawn.at - 8, drawn.at)
}
