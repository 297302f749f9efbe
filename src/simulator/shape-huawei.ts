// A Huawei ME60 with IPoE, by its manual; not checked on a device. The name is the bare MAC, the password a constant of the
// box, and NAS-Port-Id a list of names and values.

import type { NamedAttribute } from '../radius/attributes.ts'
import { addressAttributes, countersOf, multiSession, optionAttributes } from './record-attributes.ts'
import { statusNames } from './shape.ts'
import type { NasFacts, NasShape, SessionFacts } from './shape.ts'

/** What the operator typed into the box for lines without a password. */
export const huaweiPassword = 'made up for all lines'

export const huawei: NasShape = {
  vendor: 'huawei',
  timeoutMs: 5_000,
  tries: 3,
  signsAccess: false,
  requiresSignedReplies: false,
  resendsAccounting: 'anew',
  chapChallenge: 'attribute',
  signsCoaReplies: false,
  // Host, place and a counter in one long text.
  formatSessionId: (ordinal) => `ME60-X802000000001200${ordinal.toString(16).padStart(8, '0')}`,
  identity: { username: (_nas, session) => session.mac.replaceAll(':', ''), password: () => huaweiPassword },
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
    { name: 'Acct-Authentic', value: 'RADIUS' },
    { name: 'Event-Timestamp', value: record.eventAt },
    { name: 'Acct-Delay-Time', value: record.delay },
    ...addressAttributes(session),
    ...countersOf(record),
    ...(record.status === 'stop' ? [{ name: 'Acct-Terminate-Cause', value: record.cause }] : []),
  ],
  deviceAttributes: (nas, status, eventAt) => [
    { name: 'NAS-Identifier', value: nas.identifier },
    { name: 'NAS-IP-Address', value: nas.address },
    { name: 'Acct-Status-Type', value: status },
    { name: 'Event-Timestamp', value: eventAt },
  ],
}

function lineAttributes(nas: NasFacts, session: SessionFacts): NamedAttribute[] {
  const { sVlan, cVlan } = session.place ?? {}
  return [
    { name: 'User-Name', value: session.username },
    { name: 'NAS-Identifier', value: nas.identifier },
    { name: 'NAS-IP-Address', value: nas.address },
    { name: 'NAS-Port-Type', value: 'Ethernet' },
    { name: 'NAS-Port-Id', value: `slot=2;subslot=0;port=1;vlanid=${sVlan ?? 0};vlanid2=${cVlan ?? 0};` },
    { name: 'Service-Type', value: 'Framed-User' },
    { name: 'Calling-Station-Id', value: session.mac.replaceAll(':', '').replace(/(.{4})(.{4})(.{4})/, '$1-$2-$3') },
    { name: 'Acct-Session-Id', value: session.acctSessionId },
    ...optionAttributes(session),
  ]
}
