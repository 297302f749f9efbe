// The Chargeable-User-Identity of a subscriber (RFC 4372): an opaque token that a NAS which asked for it repeats in
// accounting. The same for ever, and it tells a stranger nothing about the subscriber.

import { createHmac } from 'node:crypto'
import { subkey } from './data-key.ts'
import type { Keyring } from './data-key.ts'

/** 32 hex digits. From the oldest data key, so that a new one does not change it. */
export function chargeableIdentity(keyring: Keyring, subscriberId: bigint): string {
  const key = subkey(keyring, 'cui', keyring.firstId)
  return createHmac('sha256', key).update(`subscriber ${subscriberId}`).digest('hex').slice(0, 32)
}
