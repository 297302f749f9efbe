// accel-ppp 1.14 with its defaults, PPPoE over a VLAN, `called-sid=ifname:mac`: as it was captured and as its source has it.
// It neither signs nor asks for signed replies, names the VLAN in Called-Station-Id only, and sends the same octets again.

import type { NamedAttribute } from '../radius/attributes.ts'
import { addressAttributes } from './record-attributes.ts'
import { gigawords, lowWord, statusNames } from './shape.ts'
import type { NasFacts, NasShape, RecordFacts, SessionFacts } from './shape.ts'

/** The MAC of the NAS's own end, after the interface in Called-Station-Id. */
const ownMac = '6a:2f:01:00:00:01'

export const accelPpp: NasShape = {
  vendor: 'accel-ppp',
  timeoutMs: 3_000,
  tries: 3,
  signsAccess: false,
  requiresSignedReplies: false,
  resendsAccounting: 'same',
  chapChallenge: 'authenticator',
  signsCoaReplies: false,
  // 64 bits, counted from the boot's own start; its default sequence begins at 1.
  formatSessionId: (ordinal) => (ordinal + 1).toString(16).padStart(16, '0'),
  accessAttributes: (nas, session, credentials) => [
    ...nasAttributes(nas, session),
    { name: 'NAS-Port-Type', value: 'Virtual' },
    ...lineAttributes(nas, session),
    ...credentials,
  ],
  accountingAttributes: (nas, session, record) => [
    ...nasAttributes(nas, session),
    // Known once the ppp interface is there; they say nothing about the line.
    { name: 'NAS-Port', value: session.ordinal },
    { name: 'NAS-Port-Id', value: `ppp${session.ordinal}` },
    { name: 'NAS-Port-Type', value: 'Virtual' },
    ...lineAttributes(nas, session),
    ...session.classes.map((value) => ({ name: 'Class', value })),
    { name: 'Acct-Status-Type', value: statusNames[record.status] },
    { name: 'Acct-Authentic', value: 'RADIUS' },
    { name: 'Acct-Session-Id', value: session.acctSessionId },
    ...accelCounters(record),
    ...(record.status === 'stop' ? [{ name: 'Acct-Terminate-Cause', value: record.cause }] : []),
    ...addressAttributes(session),
  ],
  deviceAttributes: (nas, status) => [
    { name: 'NAS-Identifier', value: nas.identifier },
    { name: 'NAS-IP-Address', value: nas.address },
    { name: 'Acct-Status-Type', value: status },
  ],
}

function nasAttributes(nas: NasFacts, session: SessionFacts): NamedAttribute[] {
  return [
    { name: 'User-Name', value: session.username },
    { name: 'NAS-Identifier', value: nas.identifier },
    { name: 'NAS-IP-Address', value: nas.address },
  ]
}

function lineAttributes(nas: NasFacts, session: SessionFacts): NamedAttribute[] {
  return [
    { name: 'Service-Type', value: 'Framed-User' },
    { name: 'Framed-Protocol', value: 'PPP' },
    { name: 'Calling-Station-Id', value: session.mac },
    { name: 'Called-Station-Id', value: `${nas.interface}:${ownMac}` },
  ]
}

/** Octets, then packets, then gigawords, in a Start as well. */
export function accelCounters(record: RecordFacts): NamedAttribute[] {
  const { counters } = record
  return [
    { name: 'Acct-Session-Time', value: record.sessionTime },
    { name: 'Acct-Input-Octets', value: lowWord(counters.inputOctets) },
    { name: 'Acct-Output-Octets', value: lowWord(counters.outputOctets) },
    { name: 'Acct-Input-Packets', value: lowWord(counters.inputPackets) },
    { name: 'Acct-Output-Packets', value: lowWord(counters.outputPackets) },
    ...(record.gigawords
      ? [
          { name: 'Acct-Input-Gigawords', value: gigawords(counters.inputOctets) },
          { name: 'Acct-Output-Gigawords', value: gigawords(counters.outputOctets) },
        ]
      : []),
  ]
}
