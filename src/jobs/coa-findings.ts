// What the answers to orders say of a NAS and not of one session: that it is silent, refuses, ignores what it acknowledged, or
// cannot change sessions live. Remembered for the next orders, and told to a person with the mend.

import type { Clock } from '../clock.ts'
import type { Pool } from '../db/pool.ts'
import type { Db } from '../db/schema.ts'
import { clearAlarm, raiseAlarm } from '../domain/alarm.ts'
import type { CoaTarget } from '../domain/coa-target.ts'
import { forgetRefusal, learnRefusal } from '../domain/nas-capability.ts'
import type { Logger } from '../log.ts'
import { errorCauses } from '../radius/codes.ts'
import type { CarriedOut, Finding } from './carry-out-order.ts'
import { changesLive, failuresToPause, noteAnswer, noteUnsent, type Lane } from './coa-lane.ts'

type With = { pool: Pool; db: Db; clock: Clock; log: Pick<Logger, 'warn'> }

/** Notes all that an order has shown of its NAS. */
export async function noteCarriedOut(parts: With, lane: Lane, target: CoaTarget, done: CarriedOut): Promise<void> {
  if (done.secret !== undefined) lane.secret = done.secret
  if (done.byRouter !== undefined) lane.routerEnds = done.byRouter
  if (done.heard !== undefined) await noteHeard(parts, lane, target, done)
  else if (done.sent.some(({ kind }) => kind !== 'router')) noteUnsent(lane, parts.clock.monotonicMs())
  for (const finding of done.findings) await noteFinding(parts, lane, target, finding)
}

/** A NAS that answers is there, whatever it says; one that never does is left alone for a while and told of. */
async function noteHeard(parts: With, lane: Lane, target: CoaTarget, done: CarriedOut): Promise<void> {
  const { pool, db, clock, log } = parts
  const { nas, address, port } = target
  const alarm = { kind: 'coa-unreachable', subject: nas.name }
  const heard = done.heard === true
  noteAnswer(lane, heard, clock.monotonicMs())
  if (heard && lane.mayBeTold) {
    lane.mayBeTold = false
    await clearAlarm(db, alarm, clock.now())
  }
  if (heard || lane.failures !== failuresToPause) return
  lane.mayBeTold = true
  const isMissigned = done.sent.some(({ outcome }) => outcome === 'bad-authenticator')
  const place = `at ${address ?? 'no known address'} port ${port}`
  const text = isMissigned
    ? `its answers to CoA and Disconnect ${place} are signed with another secret: set the one of its client there`
    : `it answers no CoA or Disconnect ${place}: on RouterOS /radius incoming set accept=yes`
  log.warn({ nas: nas.name, address, port }, 'a NAS answers no CoA or Disconnect')
  await raiseAlarm(pool, { ...alarm, text }, clock.now())
}

async function noteFinding(parts: With, lane: Lane, target: CoaTarget, finding: Finding): Promise<void> {
  const { pool, clock } = parts
  const { name: subject } = target.nas
  const now = clock.now()
  if (finding.kind === 'can-change') return noteChanged(parts, lane, target)
  if (finding.kind === 'cannot-change') return noteRefusal(parts, lane, target, finding.errorCause)
  const alarm =
    finding.kind === 'ignored'
      ? { kind: 'coa-ignored', text: ignoredText }
      : { kind: 'coa-refused', text: refusedText(finding.errorCause) }
  await raiseAlarm(pool, { subject, ...alarm }, now)
}

/** The first of the day forgets what was learnt, perhaps after this order's target was read. */
async function noteChanged({ pool, clock }: With, lane: Lane, { nas, cannotChange }: CoaTarget): Promise<void> {
  const isFirst = !changesLive(lane, clock.monotonicMs())
  lane.changedAtMs = clock.monotonicMs()
  if (isFirst || cannotChange !== undefined) await forgetRefusal(pool, nas.id)
}

/** Of a NAS that changes others it speaks of that one request: nothing is to be learnt. */
async function noteRefusal(
  { pool, clock }: With,
  lane: Lane,
  { nas: { id: nasId } }: CoaTarget,
  errorCause: number,
): Promise<void> {
  if (changesLive(lane, clock.monotonicMs())) return
  await learnRefusal(pool, { nasId, errorCause }, clock.now())
  // Acknowledged while this was written: what that forgot may have been written after it.
  if (changesLive(lane, clock.monotonicMs())) await forgetRefusal(pool, nasId)
}

const ignoredText =
  'it acknowledges Disconnect-Requests and its sessions go on: end them on the device, update its software, or give us access to its router'

/** By Error-Cause (RFC 5176 §3.5). */
const mends: Readonly<Record<number, string>> = {
  [errorCauses.missingAttribute]: 'it wants to have sessions named by other attributes: set its vendor right',
  [errorCauses.nasIdentificationMismatch]:
    'it says that it is another NAS: set its own NAS-Identifier and NAS-IP-Address as it is known here',
  501: 'it is set to refuse: allow this server to disconnect (on RouterOS /radius incoming set accept=yes)',
}

function refusedText(errorCause: number | undefined): string {
  const cause = errorCause === undefined ? 'without a reason' : `Error-Cause ${errorCause}`
  const mend = errorCause === undefined ? undefined : mends[errorCause]
  return `it refuses to end sessions (${cause}): ${mend ?? 'look at its own log for why; until then end them on the device'}`
}
