// Attributes of accounting that several kinds of NAS write alike: counters, addresses, option 82. RFC 2866 §5, RFC 2869 §5,
// RFC 3162 §2.3, RFC 4679 §3.3, RFC 4818.

import type { NamedAttribute } from '../radius/attributes.ts'
import { gigawords, lowWord } from './shape.ts'
import type { RecordFacts, SessionFacts } from './shape.ts'

/** Time, octets and packets; nothing in a Start. */
export function countersOf(record: RecordFacts): NamedAttribute[] {
  if (record.status === 'start') return []
  const { counters } = record
  return [
    { name: 'Acct-Session-Time', value: record.sessionTime },
    { name: 'Acct-Input-Octets', value: lowWord(counters.inputOctets) },
    ...(record.gigawords ? [{ name: 'Acct-Input-Gigawords', value: gigawords(counters.inputOctets) }] : []),
    { name: 'Acct-Input-Packets', value: lowWord(counters.inputPackets) },
    { name: 'Acct-Output-Octets', value: lowWord(counters.outputOctets) },
    ...(record.gigawords ? [{ name: 'Acct-Output-Gigawords', value: gigawords(counters.outputOctets) }] : []),
    { name: 'Acct-Output-Packets', value: lowWord(counters.outputPackets) },
  ]
}

/** The addresses that the session has. */
export function addressAttributes(session: SessionFacts): NamedAttribute[] {
  return [
    ...maybe('Framed-IP-Address', session.framedIp),
    ...maybe('Framed-IPv6-Prefix', session.framedIpv6Prefix),
    ...maybe('Delegated-IPv6-Prefix', session.delegatedIpv6Prefix),
  ]
}

/** Acct-Multi-Session-Id where the session shares one. */
export function multiSession(session: SessionFacts): NamedAttribute[] {
  return maybe('Acct-Multi-Session-Id', session.multiSessionId)
}

/** What the access node put into option 82, under the names of the DSL Forum. */
export function optionAttributes(session: Pick<SessionFacts, 'place'>): NamedAttribute[] {
  const { circuitId, remoteId } = session.place ?? {}
  return [...maybe('ADSL-Agent-Circuit-Id', circuitId), ...maybe('ADSL-Agent-Remote-Id', remoteId)]
}

function maybe(name: string, value: NamedAttribute['value'] | undefined): NamedAttribute[] {
  return value === undefined ? [] : [{ name, value }]
}
