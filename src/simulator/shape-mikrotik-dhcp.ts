// A DHCP server on RouterOS 7.15 or later with `use-radius=yes`, by its manual; not checked on a device. The MAC is the name,
// the password is empty, and every renewal of a lease asks again.

import type { NamedAttribute } from '../radius/attributes.ts'
import { addressAttributes, countersOf, multiSession, optionAttributes } from './record-attributes.ts'
import { mikrotik } from './shape-mikrotik.ts'
import { statusNames } from './shape.ts'
import type { NasFacts, NasShape, SessionFacts } from './shape.ts'

/** The ifIndex of the interface. */
const interfaceIndex = 12

export const mikrotikDhcp: NasShape = {
  ...mikrotik,
  identity: { username: (_nas, session) => session.mac.toUpperCase(), password: () => '' },
  accessAttributes: (nas, session, credentials) => [
    ...lineAttributes(nas, session),
    { name: 'Acct-Session-Id', value: session.acctSessionId },
    // The address that the client asks for, or has.
    ...addressAttributes(session),
    ...credentials,
    { name: 'NAS-Identifier', value: nas.identifier },
    { name: 'NAS-IP-Address', value: nas.address },
  ],
  accountingAttributes: (nas, session, record) => [
    ...lineAttributes(nas, session),
    { name: 'Acct-Session-Id', value: session.acctSessionId },
    ...multiSession(session),
    ...addressAttributes(session),
    { name: 'Acct-Authentic', value: 'RADIUS' },
    { name: 'Event-Timestamp', value: record.eventAt },
    ...session.classes.map((value) => ({ name: 'Class', value })),
    ...countersOf(record),
    { name: 'Acct-Status-Type', value: statusNames[record.status] },
    ...(record.status === 'stop' ? [{ name: 'Acct-Terminate-Cause', value: record.cause }] : []),
    { name: 'NAS-Identifier', value: nas.identifier },
    { name: 'Acct-Delay-Time', value: record.delay },
    { name: 'NAS-IP-Address', value: nas.address },
  ],
}

function lineAttributes(nas: NasFacts, session: SessionFacts): NamedAttribute[] {
  return [
    { name: 'NAS-Port-Type', value: 'Ethernet' },
    { name: 'NAS-Port', value: interfaceIndex },
    { name: 'Calling-Station-Id', value: clientId(session.mac) },
    { name: 'User-Name', value: session.username },
    // The name of the DHCP server, which is the operator's choice.
    { name: 'Called-Station-Id', value: `dhcp-${nas.interface}` },
    { name: 'NAS-Port-Id', value: session.place?.interface ?? nas.interface },
    ...optionAttributes(session),
  ]
}

/** A DHCP client-id as RouterOS writes it: the type, then every octet without its leading zero. RFC 2132 §9.14. */
export function clientId(mac: string): string {
  const octets = mac.split(':').map((octet) => octet.replace(/^0/, ''))
  return `1:${octets.join(':')}`
}
