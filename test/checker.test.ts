// The checker that ends the tests of faults, shown to catch what is planted against it: a checker that finds nothing proves
// nothing.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../src/clock.ts'
import type { LedgerEntry } from '../src/simulator/ledger.ts'
import { createLedger } from '../src/simulator/ledger.ts'
import type { SimulatedNas } from '../src/simulator/nas.ts'
import { openAdminDriver, type AdminCall } from './support/admin-driver.ts'
import { useApi } from './support/api.ts'
import { check, checkWhenDrained, findAllBreaches, type CheckInput } from './support/checker.ts'
import { useDatabase } from './support/database.ts'
import { openIsp, type Isp } from './support/isp.ts'
import { addTestPlan } from './support/subscribers.ts'

describe('the checker', () => {
  const database = useDatabase()
  const entries: LedgerEntry[] = []
  const ledger = createLedger((entry) => void entries.push(entry))
  let isp: Isp
  let nas: SimulatedNas

  beforeAll(async () => {
    isp = await openIsp(database)
    await isp.plan()
    await isp.subscriber('anna')
    nas = await isp.nas('checked', '127.0.88.1', { ledger })
    const outcome = await nas.dial(isp.dial('anna'))
    if (outcome.kind !== 'online') throw new Error(outcome.kind)
    await outcome.started
    await database.pool.query(`update nas set created_at = created_at - interval '30 days'`)
    nas.pass(outcome.session, 60)
    await nas.interim(outcome.session)
    nas.pass(outcome.session, 60)
    await nas.stop(outcome.session, 'User-Request')
    await database.pool.query('create table session_was as table session')
  })
  afterAll(async () => {
    await database.pool.query('drop table session_was')
    await isp.close()
  })
  beforeEach(async () => {
    await database.pool.query(
      'delete from session; insert into session overriding system value select * from session_was',
    )
  })

  const input = (more: Partial<CheckInput> = {}): CheckInput => ({
    pool: database.pool,
    now: systemClock.now(),
    seed: 'the seed',
    ledger,
    entries,
    ...more,
  })
  const found = async (more: Partial<CheckInput> = {}): Promise<string[]> => [
    ...new Set((await findAllBreaches(input(more))).map(({ invariant }) => invariant)),
  ]
  const plant = (statement: string) => database.pool.query(statement)

  it('finds nothing where nothing is wrong', async () => {
    expect(await found()).toEqual([])
    await check(input())
  })

  it('I1: misses a row whose records were acknowledged', async () => {
    await plant('delete from session')
    expect(await found()).toContain('I1')
  })

  it('I1: misses octets that were acknowledged', async () => {
    await plant('update session set input_octets = input_octets - 1')
    expect(await found()).toContain('I1')
  })

  it('I1: is content where the newest acknowledged record lies in a journal', async () => {
    await plant('update session set input_octets = input_octets - 1')
    const last = entries.findLast((entry) => entry.kind === 'sent')
    const journaled = new Set([last?.kind === 'sent' ? last.digest : ''])
    expect(await found({ journaled })).not.toContain('I1')
    const first = entries.find((entry) => entry.kind === 'sent')
    expect(await found({ journaled: new Set([first?.kind === 'sent' ? first.digest : '']) })).toContain('I1')
  })

  it('I2: sees what was counted twice', async () => {
    await plant('update session set input_octets = 2 * input_octets, output_octets = 2 * output_octets')
    expect(await found()).toContain('I2')
    expect(await found()).not.toContain('I1')
  })

  it('I2: sees a session that no NAS ever had', async () => {
    await plant(
      `insert into session overriding system value select (jsonb_populate_record(session_was, '{"id": 987654, "acct_session_id": "nobody"}')).* from session_was`,
    )
    expect(await found()).toContain('I2')
  })

  it('I3: sees sums by hour and by period that the sessions do not give', async () => {
    await plant('update usage_hour set input_octets = input_octets + 1')
    expect(await found()).toEqual(['I3'])
    await plant('update usage_hour set input_octets = input_octets - 1')
    await plant('update usage_period set output_octets = output_octets - 1')
    expect(await found()).toEqual(['I3'])
    await plant('update usage_period set output_octets = output_octets + 1')
  })

  it('I3: sees sums below zero', async () => {
    await plant(`update usage_period set input_octets = - input_octets; update usage_hour set input_octets = - input_octets;
      update session set input_octets = - input_octets`)
    const breaches = await findAllBreaches(input())
    expect(breaches.map(({ what }) => what)).toContain('2 sums below zero')
    await plant(
      `update usage_period set input_octets = - input_octets; update usage_hour set input_octets = - input_octets`,
    )
  })

  it('I10: sees a session that is open although its Stop was acknowledged', async () => {
    await plant('update session set ended_at = null, ended_by = null')
    expect(await found()).toEqual(['I10'])
    expect(await found({ quiet: false })).toEqual([])
  })

  it('names the seed', async () => {
    await plant('delete from session')
    await expect(check(input())).rejects.toThrow(/broken rules with the seed "the seed":\nI1: /)
  })

  it('waits for what may still come, and not for what was counted twice', async () => {
    await plant('delete from session')
    const waiting = checkWhenDrained(input(), 10_000)
    await plant('insert into session overriding system value select * from session_was')
    expect(await waiting).toBeGreaterThanOrEqual(0)
    await plant('delete from session')
    await expect(checkWhenDrained(input(), 0)).rejects.toThrow('I1')
    await plant(
      'insert into session overriding system value select * from session_was; update session set input_octets = 2 * input_octets, output_octets = 2 * output_octets',
    )
    await expect(checkWhenDrained(input(), 60_000)).rejects.toThrow('I2')
  })
})

describe('the office in the checker', () => {
  const api = useApi()

  it('I13: wants one entry for what was done, none for what was refused, and both whole or not at all', async () => {
    await addTestPlan(api, 'Home50')
    const input = { pool: api.pool, url: api.url, now: api.clock.now() }
    const refused = await (await openAdminDriver({ ...input, plan: 'no such plan' })).add()
    const done = await (await openAdminDriver(input)).add()
    expect([refused.outcome, done.outcome]).toEqual(['refused', 'done'])
    const findings = async (calls: AdminCall[]): Promise<string[]> =>
      (
        await findAllBreaches({
          pool: api.pool,
          now: api.clock.now(),
          seed: 'office',
          ledger: createLedger(),
          calls,
        })
      ).map(({ invariant }) => invariant)
    expect(await findings([refused, done])).toEqual([])
    for (const call of [refused, done]) expect(await findings([{ ...call, outcome: 'unknown' }])).toEqual([])
    expect(await findings([{ ...refused, outcome: 'done' }])).toEqual(['I13'])
    expect(await findings([{ ...done, outcome: 'refused' }])).toEqual(['I13'])
  })

  it('knows a call without an answer as unknown', async () => {
    const office = await openAdminDriver({ pool: api.pool, url: 'http://127.0.0.1:9', now: api.clock.now() })
    expect(await office.add()).toMatchObject({ outcome: 'unknown', status: undefined })
    const end = office.load({ pauseMs: 1 })
    await expect.poll(() => office.calls.length).toBeGreaterThan(3)
    await end()
  })
})
