// The night shown beforehand is the night that comes.
import fc from 'fast-check'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { forecast } from '../../../src/domain/money/forecast.ts'
import type { Forecast } from '../../../src/domain/money/forecast.ts'
import { changePlan } from '../../../src/domain/money/plan-change.ts'
import { renew } from '../../../src/domain/money/renewal.ts'
import { beginDuePeriods, renewDue } from '../../../src/domain/money/renew-due.ts'
import { revertRenewal } from '../../../src/domain/money/revert-renewal.ts'
import { everything } from '../../../src/domain/scope.ts'
import { checkBooks, line, payer, pricedPlan, testAuthor, topUp } from '../../support/money.ts'
import { hours, noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
const by = () => testAuthor(office)
const until = hours(30)
const ahead = (at = until, now = noon): Promise<Forecast> => forecast(office.db, { until: at, scope: everything }, now)
let month: bigint
let dear: bigint
let daily: bigint
let hourly: bigint
beforeAll(async () => {
  month = await pricedPlan(office, { name: 'Month', graceHours: 24 })
  dear = await pricedPlan(office, { name: 'Dear', priceMinor: 5_000n })
  daily = await pricedPlan(office, { name: 'Day', validity: 1, priceMinor: 100n })
  hourly = await pricedPlan(office, { name: 'Hours', validity: 4, unit: 'hours', priceMinor: 10n })
})
afterEach(async () => {
  await checkBooks(office)
  await rowsOf(office, 'update service_period set void_at = now() where void_at is null')
  await rowsOf(
    office,
    `update subscriber set auto_renew = false, expires_at = '2030-01-01', archived_at = '2026-01-01'`,
  )
})

describe('the forecast', () => {
  it('counts who expires, renews, cannot pay, and why each does', async () => {
    const plain = await line(office, { planId: month })
    const blocked = await line(office, { planId: month, autoRenew: true, balanceMinor: 9_000n })
    await office.db.updateTable('subscriber').set({ blocked_at: noon }).where('id', '=', blocked.id).execute()
    const paying = await line(office, { planId: month, autoRenew: true, balanceMinor: 9_000n })
    const poor = await line(office, { planId: month, autoRenew: true, balanceMinor: 100n })
    await line(office, { planId: month, expiresAt: hours(31) })
    const found = await ahead()
    expect(found.expire).toMatchObject({ count: 3 })
    expect(new Map(found.expire.first.map(({ subscriberId, reason }) => [subscriberId, reason]))).toEqual(
      new Map([
        [plain.id, 'it does not renew by itself'],
        [blocked.id, 'it is blocked'],
        [poor.id, expect.stringContaining('20.00 EUR are needed')],
      ]),
    )
    expect(found.renew).toMatchObject({ count: 1, periods: 1, amounts: new Map([['EUR', 2_000n]]) })
    expect(found.renew.first).toMatchObject([{ subscriberId: paying.id, at: hours(24), expiresAt: hours(24 + 720) }])
    expect(found.refuse).toMatchObject({ count: 1, rules: new Map([['balance', 1]]) })
    expect(found.refuse.first).toMatchObject([{ subscriberId: poor.id, rule: 'balance' }])
    expect(found.periodsBegin.count).toBe(1)
  })

  it('lets lines of one payer share what it has, in the order in which they end', async () => {
    const payerId = await payer(office, { kind: 'company', balanceMinor: 5_000n })
    const lines = []
    for (const hour of [20, 21, 22]) {
      lines.push(await line(office, { planId: month, payerId, autoRenew: true, expiresAt: hours(hour) }))
    }
    const found = await ahead()
    expect(found.renew.first.map(({ subscriberId }) => subscriberId)).toEqual([lines[0]!.id, lines[1]!.id])
    expect(found.refuse.first.map(({ subscriberId }) => subscriberId)).toEqual([lines[2]!.id])
    expect(await renewDue(office.db, by(), until)).toMatchObject({ renewed: 2, refused: 1 })
  })

  it('shows plan changes and periods that begin, bought ahead or by the renewal to come', async () => {
    const bought = await line(office, { planId: month, balanceMinor: 90_000n })
    await changePlan(
      office.db,
      { subscriberId: bought.id, plan: Number(dear), when: 'next-expiry', free: false },
      by(),
      noon,
    )
    await renew(office.db, { subscriberId: bought.id, periods: 2, free: false }, by(), noon)
    const coming = await line(office, { planId: month, balanceMinor: 90_000n, autoRenew: true, expiresAt: hours(26) })
    await changePlan(
      office.db,
      { subscriberId: coming.id, plan: Number(dear), when: 'next-expiry', free: false },
      by(),
      noon,
    )
    const found = await ahead()
    expect(found.planChanges).toEqual({
      count: 2,
      first: [
        { subscriberId: bought.id, username: expect.any(String), at: hours(24), from: 'Month', to: 'Dear' },
        { subscriberId: coming.id, username: expect.any(String), at: hours(26), from: 'Month', to: 'Dear' },
      ],
    })
    expect(found.periodsBegin.count).toBe(2)
    expect(found.renew.amounts).toEqual(new Map([['EUR', 5_000n]]))
  })

  it('refuses a time that has passed, and one that is too far away', async () => {
    await expect(ahead(noon)).rejects.toThrow('until')
    await expect(ahead(hours(24 * 8))).rejects.toThrow('until')
  })

  it('knows who is held back for a day after a renewal was taken back, until money comes', async () => {
    const { id, payerId } = await line(office, { planId: month, balanceMinor: 9_000n, autoRenew: true })
    expect(await renewDue(office.db, by(), hours(20))).toMatchObject({ renewed: 1 })
    await revertRenewal(office.db, { subscriberId: id }, by(), hours(21))
    const reason = 'its renewal was taken back'
    const shown = await ahead(hours(40), hours(22))
    expect(shown.renew.count).toBe(0)
    expect(shown.refuse).toMatchObject({ rules: new Map([['held', 1]]), first: [{ subscriberId: id, reason }] })
    expect(shown.expire).toMatchObject({ count: 1, first: [{ subscriberId: id, reason }] })
    expect((await renewDue(office.db, by(), hours(40))).renewed).toBe(0)
    // A day later it is its turn again; its grace is over then.
    expect(await ahead(hours(45), hours(40))).toMatchObject({
      renew: { first: [{ subscriberId: id, expiresAt: hours(45 + 720) }] },
      refuse: { count: 0 },
    })
    await topUp(office, payerId, 100n)
    expect((await ahead(hours(44), hours(40))).renew.count).toBe(1)
    expect((await renewDue(office.db, by(), hours(40))).renewed).toBe(1)
  })

  it('tells of who is refused for want of money that, and not that it waits', async () => {
    const poor = await line(office, { planId: month, balanceMinor: 100n, autoRenew: true })
    expect(await renewDue(office.db, by(), hours(20))).toMatchObject({ refused: 1 })
    const { refuse } = await ahead(hours(20.5), hours(20))
    expect(refuse.first).toMatchObject([{ subscriberId: poor.id, rule: 'balance' }])
  })

  it('writes nothing, and sees no farther than who asks', async () => {
    await line(office, { planId: month, autoRenew: true, balanceMinor: 9_000n })
    const before = await rowsOf(
      office,
      'select (select count(*) from renewal) as renewals, sum(balance_minor) as sum from payer',
    )
    const scope = { ...everything, ownerId: 999n }
    expect(await forecast(office.db, { until, scope }, noon)).toMatchObject({
      expire: { count: 0 },
      renew: { count: 0 },
      periodsBegin: { count: 0 },
    })
    expect((await ahead()).renew.count).toBe(1)
    expect(
      await rowsOf(office, 'select (select count(*) from renewal) as renewals, sum(balance_minor) as sum from payer'),
    ).toEqual(before)
  })

  it('is what then happens, whatever the lines are like', async () => {
    const lines = fc.array(
      fc.record({
        plan: fc.nat(3),
        next: fc.option(fc.nat(3)),
        endsIn: fc.integer({ min: -20, max: 40 }),
        balance: fc.integer({ min: 0, max: 9_000 }),
        autoRenew: fc.boolean(),
        isBlocked: fc.boolean(),
      }),
      { minLength: 1, maxLength: 8 },
    )
    const plans = [month, dear, daily, hourly]
    await fc.assert(
      fc.asyncProperty(lines, async (inputs) => {
        for (const input of inputs) {
          const made = await line(office, {
            planId: plans[input.plan]!,
            autoRenew: input.autoRenew,
            balanceMinor: BigInt(input.balance),
            expiresAt: hours(input.endsIn),
          })
          const nextPlanId = input.next === null ? null : plans[input.next]!
          const changes = { next_plan_id: nextPlanId, blocked_at: input.isBlocked ? noon : null }
          await office.db.updateTable('subscriber').set(changes).where('id', '=', made.id).execute()
        }
        const shown = await ahead()
        // The night as it comes: a run every half hour.
        let renewed = 0
        for (let now = noon; now <= until; now = new Date(now.getTime() + 1_800_000)) {
          renewed += (await renewDue(office.db, by(), now)).renewed
          await beginDuePeriods(office.db, now)
        }
        const [{ sum, ending } = {}] = await rowsOf(
          office,
          `select (select coalesce(sum(amount_minor), 0)::bigint from renewal where at >= $1 and subscriber_id in
             (select id from subscriber where archived_at is null)) as sum,
             (select count(*)::integer from subscriber where archived_at is null and expires_at > $1 and expires_at <= $2) as ending`,
          [noon, until],
        )
        expect(shown.renew.periods).toBe(renewed)
        expect([...shown.renew.amounts.values()].reduce((total, amount) => total + amount, 0n)).toBe(sum)
        expect(shown.expire.count).toBe(ending)
        await rowsOf(office, `update subscriber set auto_renew = false, archived_at = '2026-01-01'`)
        await rowsOf(office, 'update service_period set void_at = now() where void_at is null')
        await rowsOf(office, `update subscriber set expires_at = '2030-01-01'`)
      }),
      { numRuns: 5 },
    )
  }, 120_000)
})
