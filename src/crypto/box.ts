// Sealed values: AES-256-GCM with the place of the value (table, row, column, key) as additional data, so that a sealed
// value moved to another row or column does not open. NIST SP 800-38D; 96-bit random nonces, so a key must be replaced long
// before 2^32 values (§8.3).
//
// Layout: format (1 octet) | key id (2) | nonce (12) | ciphertext | tag (16)

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

const format = 1
const algorithm = 'aes-256-gcm'
const headerLength = 3
const nonceLength = 12
const tagLength = 16

/** How many octets a sealed value is longer than the open one. */
export const sealOverhead: number = headerLength + nonceLength + tagLength

/** Where a value lives. The row's id must be known before it is sealed. */
export type Place = { table: string; row: bigint | number | string; column: string }

export type SealFailure = 'format' | 'unknown-key' | 'not-authentic'

/** One sealed value cannot be opened: cut or foreign, of a key we do not have, or changed or moved. Others are fine. */
export class SealError extends Error {
  override name = 'SealError'
  readonly failure: SealFailure

  constructor(failure: SealFailure, place: Place) {
    super(`the sealed value in ${place.table}.${place.column} of row ${place.row} cannot be opened: ${failure}`)
    this.failure = failure
  }
}

/** Seals octets for one place with the key of that id (0 to 65535). Two calls never give the same result. */
export function seal(key: KeyObject, keyId: number, place: Place, plain: Uint8Array): Buffer {
  const header = Buffer.alloc(headerLength)
  header.writeUInt8(format, 0)
  header.writeUInt16BE(keyId, 1)
  const nonce = randomBytes(nonceLength)
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagLength })
  cipher.setAAD(additionalData(place, keyId))
  return Buffer.concat([header, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** Opens what `seal` made for the same place; `keyOf` finds the key by its id. Throws SealError and nothing else. */
export function open(keyOf: (id: number) => KeyObject | undefined, place: Place, sealed: Uint8Array): Buffer {
  const octets = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
  if (octets.length < sealOverhead || octets[0] !== format) throw new SealError('format', place)
  const keyId = octets.readUInt16BE(1)
  const key = keyOf(keyId)
  if (key === undefined) throw new SealError('unknown-key', place)
  const body = headerLength + nonceLength
  const decipher = createDecipheriv(algorithm, key, octets.subarray(headerLength, body), { authTagLength: tagLength })
  decipher.setAAD(additionalData(place, keyId))
  decipher.setAuthTag(octets.subarray(-tagLength))
  try {
    return Buffer.concat([decipher.update(octets.subarray(body, -tagLength)), decipher.final()])
  } catch {
    throw new SealError('not-authentic', place)
  }
}

/** NUL cannot occur in the name of a table or column, nor in an id: no two places give the same octets. */
function additionalData(place: Place, keyId: number): Buffer {
  return Buffer.from(`${format}\0${keyId}\0${place.table}\0${place.row}\0${place.column}`)
}
