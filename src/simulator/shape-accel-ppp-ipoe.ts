// accel-ppp 1.14 IPoE with `username=ifname` and an interface per VLAN, as it was captured: the name of the interface is User-
// Name and User-Password, and with `lua` or without, no packet carries Framed-Protocol.

import type { NamedAttribute } from '../radius/attributes.ts'
import { addressAttributes, optionAttributes } from './record-attributes.ts'
import { accelCounters, accelPpp } from './shape-accel-ppp.ts'
import { statusNames } from './shape.ts'
import type { NasFacts, NasShape, SessionFacts } from './shape.ts'

/** The ifindex of the VLAN interface. */
const interfaceIndex = 7

export const accelPppIpoe: NasShape = {
  ...accelPpp,
  identity: { username: (nas, session) => session.place?.interface ?? nas.interface, password: (username) => username },
  accessAttributes: (nas, session, credentials) => [...lineAttributes(nas, session), ...credentials],
  accountingAttributes: (nas, session, record) => [
    ...lineAttributes(nas, session),
    ...session.classes.map((value) => ({ name: 'Class', value })),
    { name: 'Acct-Status-Type', value: statusNames[record.status] },
    { name: 'Acct-Authentic', value: 'RADIUS' },
    { name: 'Acct-Session-Id', value: session.acctSessionId },
    ...accelCounters(record),
    ...(record.status === 'stop' ? [{ name: 'Acct-Terminate-Cause', value: record.cause }] : []),
    ...addressAttributes(session),
  ],
}

function lineAttributes(nas: NasFacts, session: SessionFacts): NamedAttribute[] {
  const name = session.place?.interface ?? nas.interface
  return [
    { name: 'User-Name', value: session.username },
    { name: 'NAS-Identifier', value: nas.identifier },
    { name: 'NAS-IP-Address', value: nas.address },
    { name: 'NAS-Port', value: interfaceIndex },
    { name: 'NAS-Port-Id', value: name },
    { name: 'NAS-Port-Type', value: 'Ethernet' },
    { name: 'Calling-Station-Id', value: session.mac },
    { name: 'Called-Station-Id', value: name },
    ...optionAttributes(session),
  ]
}
