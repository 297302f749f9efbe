import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestClock } from '../../src/clock.ts'
import { listAlarms } from '../../src/domain/alarm.ts'
import type { Attempt } from '../../src/domain/coa-attempt.ts'
import { findCoaTarget, type CoaTarget } from '../../src/domain/coa-target.ts'
import { learnRefusal } from '../../src/domain/nas-capability.ts'
import type { CarriedOut, Finding } from '../../src/jobs/carry-out-order.ts'
import { noteCarriedOut } from '../../src/jobs/coa-findings.ts'
import { emptyLane, isPaused, type Lane } from '../../src/jobs/coa-lane.ts'
import { makeNas } from '../support/accounting.ts'
import { noon, rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()
const day = 24 * 60 * 60_000
const refused: Finding = { kind: 'cannot-change', errorCause: 401 }
const changed: Finding = { kind: 'can-change' }
let nasId = 0n
let clock = createTestClock(noon)
let lane: Lane = emptyLane(0)
/** As it was read before any order of the lane was answered. */
let target: CoaTarget

beforeAll(async () => {
  nasId = (await makeNas(office.pool)).id
})
beforeEach(async () => {
  await office.pool.query('delete from nas_capability')
  clock = createTestClock(noon)
  lane = emptyLane(0)
  target = (await findCoaTarget(office.pool, office.keyring, nasId, noon))!
})

function note(change: Partial<CarriedOut>): Promise<void> {
  const done: CarriedOut = {
    heard: undefined,
    result: { state: 'done' },
    sent: [],
    findings: [],
    secret: undefined,
    byRouter: undefined,
    ...change,
  }
  const parts = { pool: office.pool, db: office.db, clock, log: { warn: () => undefined } }
  return noteCarriedOut(parts, lane, target, done)
}
const find = (finding: Finding) => note({ findings: [finding] })
const learnt = () => rowsOf(office, 'select error_cause, learnt_at from nas_capability')

describe('a NAS that refuses a change', () => {
  it('is learnt of, and forgotten by the first acknowledgement, whatever that order knew of it', async () => {
    await find(refused)
    expect(await learnt()).toEqual([{ error_cause: 401, learnt_at: noon }])
    expect(target.cannotChange).toBeUndefined()
    await find(changed)
    expect(await learnt()).toEqual([])
  })

  it('is not learnt of while it acknowledges others, and again when it has not for a day', async () => {
    await find(changed)
    clock.advance(day - 1)
    await find(refused)
    expect(await learnt()).toEqual([])
    clock.advance(1)
    await find(refused)
    expect(await learnt()).toMatchObject([{ error_cause: 401 }])
  })

  it('is not learnt of where the acknowledgement of another order comes at the same moment', async () => {
    await Promise.all([find(refused), find(changed), find(refused)])
    expect(await learnt()).toEqual([])
  })

  it('is forgotten also where another instance has learnt it meanwhile', async () => {
    await find(changed)
    await learnRefusal(office.pool, { nasId, errorCause: 501 }, noon)
    target = (await findCoaTarget(office.pool, office.keyring, nasId, noon))!
    await find(changed)
    expect(await learnt()).toEqual([])
  })
})

describe('what could not be sent from here', () => {
  const unsent: Attempt = { at: noon, kind: 'disconnect', outcome: 'error', detail: 'EADDRNOTAVAIL' }

  it('is no silence of the NAS: nobody is told, and nothing is paused', async () => {
    for (let times = 0; times < 5; times += 1) await note({ sent: [unsent] })
    expect(isPaused(lane)).toBe(false)
    expect(await listAlarms(office.pool)).toEqual([])
  })

  it('leaves a pause for which there was a reason, and another one follows it', async () => {
    lane = { ...emptyLane(0), failures: 3, pausedUntilMs: 0 }
    clock.advance(10_000)
    await note({ sent: [unsent] })
    expect(isPaused(lane)).toBe(true)
    expect(lane.pausedUntilMs).toBe(14_000)
    // What only the router was asked for says nothing of it.
    await note({ sent: [{ ...unsent, kind: 'router' }] })
    expect(lane.pausedUntilMs).toBe(14_000)
  })
})
