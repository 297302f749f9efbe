// Secrets of clients and passwords of subscribers: made here, or checked when an operator brings one. A RADIUS secret is the
// only key of most of the protocol, and one that stands in a word list is found offline from one packet (RFC 2865 §3).

import { randomInt } from 'node:crypto'
import { FieldError } from './field.ts'

/** What manuals, wizards and installers propose: refused as it is, with digits behind it, and in any case. */
const wellKnown = new Set(
  `testing testing123 radius radiussecret radiuspassword secret sharedsecret mysecret mikrotik routeros cisco juniper huawei
  nokia ubiquiti freeradius daloradius radiusmanager splynx gatehouse password passw0rd passwort changeme changeit default
  admin administrator root test tester test123 letmein welcome qwerty qwertyuiop qwerty123 abc123 abcdef abcdefgh
  123456 1234567 12345678 123456789 1234567890 secretsecret passwordpassword radiusradius testtest whatever example
  greatsecret verysecret topsecret supersecret hunter2 internet pppoe isp nas secretkey radiuskey radius-secret
  shared-secret radius_secret shared_secret`.split(/\s+/),
)

/** Without 0 O 1 l I: it is read out on the telephone. */
const unambiguous = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'

/** A secret that RADIUS cannot be trusted with. */
export class WeakSecretError extends FieldError {}

/** A new secret of a client: 24 characters, 139 bits. */
export function makeSecret(): string {
  return randomText(24)
}

/** A new password of a subscriber: 12 characters, 69 bits. */
export function makePassword(): string {
  return randomText(12)
}

function randomText(length: number): string {
  return Array.from({ length }, () => unambiguous[randomInt(unambiguous.length)]).join('')
}

/**
 * Checks a secret that was brought: printable, 1 to 128 octets. Under `minimum` characters, well known or the same character
 * over and over throws WeakSecretError unless `allowWeak`. Returns a warning where it is let through but not good.
 */
export function checkSecret(
  field: string,
  secret: string,
  options: { minimum: number; allowWeak: boolean },
): string | undefined {
  if (secret === '') throw new FieldError(field, 'is empty')
  if (/\p{Cc}/u.test(secret)) throw new FieldError(field, 'has a control character or more than one line')
  if (Buffer.byteLength(secret) > 128) throw new FieldError(field, 'has more than 128 octets')
  const weakness = weaknessOf(secret, options.minimum)
  if (weakness !== undefined) {
    if (!options.allowWeak) throw new WeakSecretError(field, `${weakness}; --allow-weak-secret takes it all the same`)
    return `the secret ${weakness}`
  }
  return secret.length < 16 ? 'the secret has under 16 characters (RFC 2865 §3)' : undefined
}

function weaknessOf(secret: string, minimum: number): string | undefined {
  const lower = secret.toLowerCase()
  if (wellKnown.has(lower) || wellKnown.has(lower.replace(/[\d!?.*_-]+$/, ''))) return 'is well known'
  if (new Set(lower).size < 4) return 'repeats the same few characters'
  return [...secret].length < minimum ? `has under ${minimum} characters` : undefined
}
