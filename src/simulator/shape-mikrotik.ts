// A PPPoE server on RouterOS 7.15 or later, by its manual and by packets seen in the field; not checked on a device.
// It signs its Access-Requests, drops replies that are not signed, and gives up after three tries of 300 ms.

import type { NamedAttribute } from '../radius/attributes.ts'
import { addressAttributes, countersOf, multiSession } from './record-attributes.ts'
import { statusNames } from './shape.ts'
import type { NasFacts, NasShape, SessionFacts } from './shape.ts'

/** Session ids are a counter in hexadecimal that begins again at every boot. */
const firstSessionId = 0x81d00000
const firstNasPort = 0xf00000

export const mikrotik: NasShape = {
  vendor: 'mikrotik',
  timeoutMs: 300,
  tries: 3,
  signsAccess: true,
  requiresSignedReplies: true,
  resendsAccounting: 'anew',
  chapChallenge: 'attribute',
  signsCoaReplies: true,
  formatSessionId: (ordinal) => (firstSessionId + ordinal).toString(16),
  accessAttributes: (nas, session, credentials) => [
    ...lineAttributes(nas, session),
    { name: 'Acct-Session-Id', value: session.acctSessionId },
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
    ...(record.status === 'start' ? [] : countersOf(record)),
    { name: 'Acct-Status-Type', value: statusNames[record.status] },
    ...(record.status === 'stop' ? [{ name: 'Acct-Terminate-Cause', value: record.cause }] : []),
    { name: 'NAS-Identifier', value: nas.identifier },
    { name: 'Acct-Delay-Time', value: record.delay },
    { name: 'NAS-IP-Address', value: nas.address },
  ],
  deviceAttributes: (nas, status, eventAt) => [
    { name: 'Acct-Status-Type', value: status },
    { name: 'Event-Timestamp', value: eventAt },
    { name: 'NAS-Identifier', value: nas.identifier },
    { name: 'Acct-Delay-Time', value: 0 },
    { name: 'NAS-IP-Address', value: nas.address },
  ],
}

function lineAttributes(nas: NasFacts, session: SessionFacts): NamedAttribute[] {
  return [
    { name: 'Service-Type', value: 'Framed-User' },
    { name: 'Framed-Protocol', value: 'PPP' },
    { name: 'NAS-Port', value: firstNasPort + session.ordinal },
    { name: 'NAS-Port-Type', value: 'Ethernet' },
    { name: 'User-Name', value: session.username },
    { name: 'Calling-Station-Id', value: session.mac.toUpperCase() },
    // The name of the PPPoE service, which is the operator's choice.
    { name: 'Called-Station-Id', value: `pppoe-${nas.interface}` },
    { name: 'NAS-Port-Id', value: nas.interface },
  ]
}
