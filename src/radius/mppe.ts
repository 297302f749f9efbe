// The keys that MS-CHAP leaves behind for MPPE (RFC 3079), in clear: hiding them for the wire is the work of hiding.ts.
// RADIUS carries the start keys; the NAS derives the session keys from them.

import { hash } from 'node:crypto'

const mppeKeyLength = 16

/** As the server sees it: `send` is from NAS to peer (MS-MPPE-Send-Key), `receive` the other way (MS-MPPE-Recv-Key). */
type MppeKeys = { send: Buffer; receive: Buffer }

/** The start keys of 128 bits after MS-CHAPv2, from its `ntHashHash` and `ntResponse`. RFC 3079 §3.4. */
export function msChap2Keys(ntHashHash: Uint8Array, ntResponse: Uint8Array): MppeKeys {
  const master = masterKey(ntHashHash, ntResponse)
  return { send: startKey(master, magicServerSend), receive: startKey(master, magicServerReceive) }
}

/**
 * The value of MS-CHAP-MPPE-Keys after MS-CHAPv1, before it is hidden like a User-Password: 8 zero octets for the LM key,
 * 16 of the hashed NT hash, 8 of padding. RFC 2548 §2.4.1, RFC 3079 §2.
 */
export function msChap1Keys(ntHashHash: Uint8Array): Buffer {
  const keys = Buffer.alloc(32)
  keys.set(ntHashHash.subarray(0, mppeKeyLength), 8)
  return keys
}

/** GetMasterKey: 16 octets. RFC 3079 §3.4. */
export function masterKey(ntHashHash: Uint8Array, ntResponse: Uint8Array): Buffer {
  return sha1(ntHashHash, ntResponse, magicMasterKey)
}

// GetAsymmetricStartKey, RFC 3079 §3.4.
function startKey(master: Uint8Array, magic: Uint8Array): Buffer {
  return sha1(master, padOfZeros, magic, padOfF2)
}

function sha1(...parts: Uint8Array[]): Buffer {
  return hash('sha1', Buffer.concat(parts), 'buffer').subarray(0, mppeKeyLength)
}

const padOfZeros = Buffer.alloc(40)
const padOfF2 = Buffer.alloc(40, 0xf2)
const magicMasterKey = Buffer.from('This is the MPPE Master Key')
const magicServerReceive = Buffer.from(
  'On the client side, this is the send key; on the server side, it is the receive key.',
)
const magicServerSend = Buffer.from(
  'On the client side, this is the receive key; on the server side, it is the send key.',
)
