// The second factor: time-based one-time passwords (RFC 6238), six digits, steps of 30 s, HMAC-SHA-1 as every app has it. A
// code is good once (§5.2): the step of the last one taken is kept, and no code of it or before it is taken again.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'

const period = 30
const digits = 6
/** Clocks may differ by one step either way (RFC 6238 §5.2). */
const window = 1n

/** A new secret: 160 bits, as long as the digest (RFC 4226 §4). */
export function makeTotpSecret(): Buffer {
  return randomBytes(20)
}

/** The step that a code belongs to, if it is good now and later than the last one taken; undefined otherwise. */
export function totpStep(secret: Buffer, code: string, now: Date, lastStep: bigint | null): bigint | undefined {
  const typed = Buffer.from(code.replaceAll(/\s/g, ''))
  const current = BigInt(Math.floor(now.getTime() / 1000 / period))
  let found: bigint | undefined
  // Every step is looked at, whatever the first ones gave: the time tells nothing.
  for (let step = current - window; step <= current + window; step += 1n) {
    const expected = Buffer.from(totpCode(secret, step))
    const isSame = typed.length === expected.length && timingSafeEqual(typed, expected)
    if (isSame && (lastStep === null || step > lastStep)) found ??= step
  }
  return found
}

/** The code of a step (RFC 4226 §5.3). */
export function totpCode(secret: Buffer, step: bigint): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(step)
  const digest = createHmac('sha1', secret).update(counter).digest()
  const at = digest.at(-1)! & 0x0f
  const value = digest.readUInt32BE(at) & 0x7fff_ffff
  return String(value % 10 ** digits).padStart(digits, '0')
}

/** What an app reads from the square: `otpauth://totp/…`, and the secret as base32 for who types. */
export function totpUri(secret: Buffer, label: string): { uri: string; secret: string } {
  const shared = new Secret({ buffer: Uint8Array.from(secret).buffer })
  const totp = new TOTP({ issuer: 'Gatehouse', label, algorithm: 'SHA1', digits, period, secret: shared })
  return { uri: totp.toString(), secret: shared.base32 }
}
