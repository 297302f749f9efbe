// A Juniper MX with DHCP subscribers, by its manual and packets seen in the field; not checked on a device. The name is made of
// MAC, interface and option 82, no password is sent, and each service is a session of its own beside its parent's.

import type { NamedAttribute } from '../radius/attributes.ts'
import { addressAttributes, countersOf, multiSession, optionAttributes } from './record-attributes.ts'
import { statusNames } from './shape.ts'
import type { LinePlace, NasFacts, NasShape, SessionFacts } from './shape.ts'

/** The logical interface below which all lines of the chassis come in. */
const unit = 3221

export const juniper: NasShape = {
  vendor: 'juniper',
  timeoutMs: 3_000,
  tries: 3,
  signsAccess: false,
  requiresSignedReplies: false,
  resendsAccounting: 'anew',
  chapChallenge: 'attribute',
  signsCoaReplies: false,
  // A counter of the chassis in decimal; a service adds its own number after a colon.
  formatSessionId: (ordinal) => String(4_000 + ordinal),
  identity: { username: (nas, session) => makeUsername(nas, session), password: () => undefined },
  accessAttributes: (nas, session, credentials) => [
    ...lineAttributes(nas, session),
    ...credentials,
    ...addressAttributes(session),
  ],
  accountingAttributes: (nas, session, record) => [
    ...lineAttributes(nas, session),
    ...multiSession(session),
    ...session.classes.map((value) => ({ name: 'Class', value })),
    { name: 'Acct-Status-Type', value: statusNames[record.status] },
    ...(session.service === undefined ? [] : [{ name: 'ERX-Service-Session', value: session.service }]),
    { name: 'Acct-Authentic', value: 'RADIUS' },
    { name: 'Event-Timestamp', value: record.eventAt },
    { name: 'Acct-Delay-Time', value: record.delay },
    ...addressAttributes(session),
    ...countersOf(record),
    ...(record.status === 'stop' ? [{ name: 'Acct-Terminate-Cause', value: record.cause }] : []),
  ],
  deviceAttributes: (nas, status, eventAt) => [
    { name: 'Acct-Status-Type', value: status },
    { name: 'Event-Timestamp', value: eventAt },
    { name: 'Acct-Delay-Time', value: 0 },
    { name: 'NAS-Identifier', value: nas.identifier },
    { name: 'NAS-IP-Address', value: nas.address },
  ],
}

function lineAttributes(nas: NasFacts, session: SessionFacts): NamedAttribute[] {
  return [
    { name: 'User-Name', value: session.username },
    { name: 'Service-Type', value: 'Framed-User' },
    { name: 'Acct-Session-Id', value: session.acctSessionId },
    { name: 'ERX-Dhcp-Mac-Addr', value: dotted(session.mac) },
    { name: 'NAS-Port-Type', value: 'Ethernet' },
    { name: 'NAS-Port-Id', value: `${nas.interface}.${unit}:${vlans(session.place)}` },
    ...optionAttributes(session),
    { name: 'NAS-Identifier', value: nas.identifier },
    { name: 'NAS-IP-Address', value: nas.address },
  ]
}

/** As seen in the wild: `18c0.4d51.dee2-ae0:139-<circuit id>-<remote id>`. */
function makeUsername(nas: NasFacts, session: Pick<SessionFacts, 'mac' | 'place'>): string {
  const { circuitId, remoteId } = session.place ?? {}
  const options = [circuitId, remoteId].flatMap((one) =>
    one === undefined ? [] : [Buffer.from(one).toString('latin1')],
  )
  return [dotted(session.mac), `${nas.interface}:${vlans(session.place)}`, ...options].join('-')
}

/** The outer and the inner VLAN, or the only one. */
function vlans(place: LinePlace | undefined): string {
  return [place?.sVlan, place?.cVlan ?? 0].filter((vlan) => vlan !== undefined).join('-')
}

function dotted(mac: string): string {
  return mac.replaceAll(':', '').replace(/(.{4})(.{4})(.{4})/, '$1.$2.$3')
}
