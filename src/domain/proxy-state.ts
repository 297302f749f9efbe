// The Proxy-State that we add to what we forward (RFC 2865 §5.33): random, with a keyed tag by which every instance of this
// installation knows it again, so that a request that comes back in a circle is seen, and nobody else can make one up.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { subkey } from './data-key.ts'
import type { Keyring } from './data-key.ts'

// 'G', 'P', random (8), tag (8).
const mark = 0x4750
const bodyLength = 10
const tagLength = 8

/** A Proxy-State for one request. */
export function issueProxyState(keyring: Keyring): Buffer {
  const body = Buffer.alloc(bodyLength)
  body.writeUInt16BE(mark, 0)
  randomBytes(bodyLength - 2).copy(body, 2)
  return Buffer.concat([body, tagOf(keyring, body)])
}

/** Whether this installation made these octets. Never throws. */
export function isOurProxyState(keyring: Keyring, octets: Buffer): boolean {
  if (octets.length !== bodyLength + tagLength || octets.readUInt16BE(0) !== mark) return false
  return timingSafeEqual(tagOf(keyring, octets.subarray(0, bodyLength)), octets.subarray(bodyLength))
}

// The first data key, so that a new one does not blind us to what is on its way.
function tagOf(keyring: Keyring, body: Buffer): Buffer {
  return createHmac('sha256', subkey(keyring, 'proxy', keyring.firstId))
    .update(body)
    .digest()
    .subarray(0, tagLength)
}
