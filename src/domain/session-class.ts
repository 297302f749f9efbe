// The Class attribute that we send in every Access-Accept and find again in accounting (RFC 2865 §5.25): which login this
// session comes from, with a keyed tag, so that a NAS or a subscriber cannot make one up. The only robust join of
// authentication and accounting, also when Acct-Session-Ids repeat after a reboot.

import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { hmacMd5, hmacMd5Key, type HmacMd5Key } from '../crypto/hmac-md5.ts'
import { subkey } from './data-key.ts'
import type { Keyring } from './data-key.ts'

/** The subscriber id in the Class of a login that is nobody's (unknown-garden.ts): no subscriber has it. */
export const nobody = 0n

export type SessionClass = {
  /** A positive number of 63 bits, new for every accept: random but for its lowest two bits (`newClassId`). */
  readonly classId: bigint
  readonly subscriberId: bigint
  /** The Acct-Interim-Interval of the accept, in seconds, where one was sent. */
  readonly intervalS?: number | undefined
}

// 32 octets: no NAS is known to cut that.
// Form 1: 'G', 1, data key id (2), class id (8), subscriber id (8), tag (12).
// Form 2: 'G', 2, data key id (2), class id (8), subscriber id (5), interim interval in seconds (3), tag (12).
const plainMark = 0x4701
const intervalMark = 0x4702
const mostShortId = 2n ** 40n - 1n
const mostIntervalS = 2 ** 24 - 1
const bodyLength = 20
const tagLength = 12
export const sessionClassLength = bodyLength + tagLength

/** What an accept gave: whether it leads into the walled garden, and whether with an address list. */
export type ClassMarks = { readonly garden: boolean; readonly listed: boolean }

/**
 * A class id for a new accept. Its lowest two bits say what was given, so that it is known of a live session without a column
 * of its own: what a CoA cannot take back from it, only a new login can.
 */
export function newClassId({ garden, listed }: ClassMarks): bigint {
  const octets = nextRandom()
  // The highest bit goes: a bigint of Postgres is signed. Then these are the lowest two.
  octets[7] = (octets[7]! & 0xf8) | (listed ? 4 : 0) | (garden ? 2 : 0)
  return octets.readBigUInt64BE() >> 1n || 4n
}

/** What the accept with this class id gave. */
export function readClassMarks(classId: bigint): ClassMarks {
  const bits = Number(classId & 3n)
  return { garden: (bits & 1) !== 0, listed: (bits & 2) !== 0 }
}

/** The octets of Class for an accept; with the interim interval that goes with it, where there is one. */
export function issueClass(keyring: Keyring, { classId, subscriberId, intervalS }: SessionClass): Buffer {
  const octets = Buffer.allocUnsafe(sessionClassLength)
  octets.writeUInt16BE(keyring.currentId, 2)
  octets.writeBigInt64BE(classId, 4)
  octets.writeBigInt64BE(subscriberId, 12)
  octets.writeUInt16BE(plainMark, 0)
  if (intervalS !== undefined && intervalS <= mostIntervalS && subscriberId <= mostShortId) {
    octets.writeUInt16BE(intervalMark, 0)
    octets.writeUIntBE(Number(subscriberId), 12, 5)
    octets.writeUIntBE(intervalS, 17, 3)
  }
  tagOf(subkey(keyring, 'class'), octets).copy(octets, bodyLength, 0, tagLength)
  return octets
}

/** What a Class says if it is one of ours, unaltered; undefined for any other octets. Constant time in the tag; never throws. */
export function readClass(keyring: Keyring, octets: Uint8Array): SessionClass | undefined {
  if (octets.length !== sessionClassLength) return undefined
  const view = Buffer.from(octets.buffer, octets.byteOffset, octets.length)
  const mark = view.readUInt16BE(0)
  if (mark !== plainMark && mark !== intervalMark) return undefined
  const key = keyring.keys.get(view.readUInt16BE(2))?.class
  if (key === undefined) return undefined
  const tag = tagOf(key, view).subarray(0, tagLength)
  if (!timingSafeEqual(tag, view.subarray(bodyLength))) return undefined
  const classId = view.readBigInt64BE(4)
  if (mark === plainMark) return { classId, subscriberId: view.readBigInt64BE(12) }
  return { classId, subscriberId: BigInt(view.readUIntBE(12, 5)), intervalS: view.readUIntBE(17, 3) }
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
