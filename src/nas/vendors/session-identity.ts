// How a live session is named in CoA and Disconnect requests (RFC 5176 §3). All attributes that name it must fit, and some NASes
// compare them as text, so the Acct-Session-Id stands alone unless a vendor needs more beside it.

import type { NamedAttribute } from '../../radius/wire-values.ts'
import { add } from './framed.ts'
import type { MacFormat, SessionIdentityFacts } from './vendor.ts'

type Beside = 'User-Name' | 'Framed-IP-Address' | 'Calling-Station-Id'

/** Together they name one session where its id is not known: a username alone would name several (Error-Cause 508). */
const withoutId: readonly Beside[] = ['User-Name', 'Framed-IP-Address', 'Calling-Station-Id']

/** The Acct-Session-Id and what is named beside it, as far as it is known; the NAS itself only where the facts name it. */
export function identityAttributes(session: SessionIdentityFacts, beside: readonly Beside[] = []): NamedAttribute[] {
  const attributes: NamedAttribute[] = []
  add(attributes, 'NAS-Identifier', session.nasIdentifier)
  add(attributes, 'NAS-IP-Address', session.nasAddress)
  add(attributes, 'Acct-Session-Id', session.acctSessionId)
  for (const name of session.acctSessionId === undefined ? withoutId : beside)
    add(attributes, name, textOf(session, name))
  return attributes
}

function textOf(session: SessionIdentityFacts, name: Beside): string | undefined {
  // Empty: the octets that came were no text.
  if (name === 'User-Name') return session.username === '' ? undefined : session.username
  if (name === 'Framed-IP-Address') return session.framedIp
  return session.mac === undefined ? undefined : writeMac(session.mac, session.macFormat ?? 'colons')
}

/** A canonical MAC as a NAS writes it: `aa:bb:cc:dd:ee:ff`, `aa-bb-cc-dd-ee-ff`, `aabb.ccdd.eeff` or `aabbccddeeff`. */
function writeMac(mac: string, format: MacFormat): string {
  if (format === 'colons') return mac
  if (format === 'hyphens') return mac.replaceAll(':', '-')
  const bare = mac.replaceAll(':', '')
  return format === 'bare' ? bare : bare.replace(/....(?!$)/g, '$&.')
}
