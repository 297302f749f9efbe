// The nightly renewal over many lines, with some that break and some that cannot pay among them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readRenewalFailure } from '../../../src/domain/money/renewal-list.ts'
import { beginDuePeriods, renewDue } from '../../../src/domain/money/renew-due.ts'
import { everything } from '../../../src/domain/scope.ts'
import { checkBooks, payer, pricedPlan, testAuthor } from '../../support/money.ts'
import { hours, noon, openSession, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
const count = 160
const run = (now: Date) => renewDue(office.db, testAuthor(office), now)
const one = async (text: string, values: unknown[] = []) => Number((await rowsOf(office, text, values))[0]!.count)
const isPoison = 'subscriber.id % 20 = 7'
const isPoor = 'subscriber.id % 20 = 13'
let poisoned: bigint[]

beforeAll(async () => {
  const planId = await pricedPlan(office, { name: 'Month', graceHours: 48 })
  const [rich, poor] = [await payer(office, { kind: 'company', balanceMinor: 9_000_000n }), await payer(office)]
  await rowsOf(
    office,
    `insert into subscriber (owner_id, payer_id, plan_id, username, activated_at, expires_at, auto_renew,
       period_started_at, created_at, updated_at)
     select 1, $1, $2, 'many-' || n, $3, $4::timestamptz + n * interval '1 second', true, $3, $3, $3
     from generate_series(1, $5::int) n`,
    [rich, planId, noon, hours(24), count],
  )
  await rowsOf(office, `update subscriber set payer_id = $1 where ${isPoor}`, [poor])
  poisoned = (await rowsOf(office, `select id from subscriber where ${isPoison}`)).map((row) => row.id as bigint)
  // What no code of ours expects: the database refuses the period of these lines.
  await rowsOf(
    office,
    `create function poison() returns trigger language plpgsql as $$
     begin if new.subscriber_id % 20 = 7 then raise exception 'poison'; end if; return new; end $$`,
  )
  await rowsOf(office, `create trigger poison before insert on service_period for each row execute function poison()`)
})
afterAll(() => checkBooks(office))

describe('a night of many lines', () => {
  it('renews all that can be, once, by two servers at once', async () => {
    await openSession(office, poisoned[0]!, 'poisoned')
    const runs = await Promise.all([run(hours(24)), run(hours(24))])
    const healthy = count - poisoned.length - (await one(`select count(*) from subscriber where ${isPoor}`))
    expect(runs[0].renewed + runs[1].renewed).toBe(healthy)
    expect(await one('select count(*) from renewal where reverted_at is null')).toBe(healthy)
    expect(await one(`select count(*) from ledger_transaction where kind = 'renewal'`)).toBe(healthy)
    expect(await one('select count(*) from subscriber where expires_at > $1', [hours(24 * 20)])).toBe(healthy)
    await checkBooks(office)
  })

  it('has a reason for each of the others, and took nothing from them', async () => {
    const failures = await one('select count(*) from renewal_failure')
    expect(failures).toBe(poisoned.length + (await one(`select count(*) from subscriber where ${isPoor}`)))
    const failure = await readRenewalFailure(office.db, poisoned[0]!, everything)
    expect(failure).toMatchObject({ reason: expect.stringContaining('something went wrong on our side') })
    expect(
      await one('select count(*) from ledger_transaction where subscriber_id = any($1::bigint[])', [poisoned]),
    ).toBe(0)
    expect(await one('select count(*) from coa_order where subscriber_id = any($1::bigint[])', [poisoned])).toBe(0)
  })

  it('wastes nothing upon them until their hour has come', async () => {
    expect(await run(hours(24.5))).toEqual({ renewed: 0, refused: 0, failed: [] })
  })

  it('renews them once the poison is gone, and their sum is what it should be', async () => {
    await rowsOf(office, 'drop trigger poison on service_period')
    const { renewed, failed } = await run(hours(24 + 13))
    expect(failed).toEqual([])
    expect(renewed).toBe(poisoned.length)
    expect(await one(`select count(*) from renewal_failure where reason like '%our side%'`)).toBe(0)
  })

  it('lets all periods begin, in steps, and the second look finds nothing to do', async () => {
    const { begun } = await beginDuePeriods(office.db, hours(24 * 3))
    expect(begun).toBeGreaterThan(0)
    expect(await beginDuePeriods(office.db, hours(24 * 3))).toEqual({ begun: 0, failed: [] })
    expect(await one('select count(*) from service_period where begun_at is null')).toBe(0)
    expect(
      await one(
        `select count(*) from subscriber where expires_at > $1 and period_started_at <> expires_at - interval '30 days'`,
        [hours(24 * 20)],
      ),
    ).toBe(0)
  })
})
