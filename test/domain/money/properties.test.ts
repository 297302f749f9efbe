// Random histories of money and service against what must always hold, and deeds that are cut off at every statement.
import fc from 'fast-check'
import type { KyselyPlugin } from 'kysely'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Db } from '../../../src/db/schema.ts'
import { giveGrace } from '../../../src/domain/money/grace.ts'
import { changePlan } from '../../../src/domain/money/plan-change.ts'
import { postIncome } from '../../../src/domain/money/posting.ts'
import { renew } from '../../../src/domain/money/renewal.ts'
import { revertRenewal } from '../../../src/domain/money/revert-renewal.ts'
import { balanceOf, checkBooks, line, pricedPlan, testAuthor } from '../../support/money.ts'
import { createStory } from '../../support/money-story.ts'
import type { Command } from '../../support/money-story.ts'
import { hours, noon, openSession, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
const by = () => testAuthor(office)
const plans: bigint[] = []
beforeAll(async () => {
  plans.push(
    await pricedPlan(office, { name: 'Month', unit: 'months', validity: 1, graceHours: 72, setupMinor: 500n }),
    await pricedPlan(office, { name: 'Week', validity: 7, priceMinor: 777n, quotaOctets: 100n }),
    await pricedPlan(office, {
      name: 'Calendar',
      unit: 'calendar-month',
      validity: 1,
      priceMinor: 3_100n,
      graceHours: 24,
    }),
    await pricedPlan(office, { name: 'Hours', unit: 'hours', validity: 36, priceMinor: 33n, expiryRule: 'end-of-day' }),
  )
})
afterEach(() => checkBooks(office))

const commands: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('clock' as const), hours: fc.integer({ min: -30, max: 900 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom('pay' as const, 'refund' as const, 'charge' as const, 'adjust' as const),
      minor: fc.integer({ min: 1, max: 9_000 }),
      reference: fc.integer({ min: 0, max: 5 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('renew' as const),
      periods: fc.integer({ min: 1, max: 3 }),
      free: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('revert' as const, 'due' as const, 'begin' as const, 'grace' as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'take-back' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('plan' as const),
      plan: fc.nat(3),
      next: fc.boolean(),
      free: fc.boolean(),
    }),
  },
)

describe('any history', () => {
  it('keeps balance and ledger one, sells no time twice, and reverting restores exactly', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(commands, { minLength: 5, maxLength: 30 }), async (history) => {
        const made = await line(office, {
          planId: plans[0]!,
          activatedAt: null,
          expiresAt: null,
          autoRenew: true,
          balanceMinor: 9_000n,
        })
        const story = createStory(office, plans, made)
        for (const command of history) {
          await story.follow(command)
          expect(await balanceOf(office, made.payerId)).toBe(story.balance())
        }
        await checkBooks(office)
        await office.db.updateTable('subscriber').set({ auto_renew: false }).where('id', '=', made.id).execute()
      }),
      { numRuns: 25 },
    )
  }, 120_000)
})

/** A database that is cut off at its so-manieth statement. */
function cutOffAt(statement: number): { db: Db; passed(): number } {
  let count = 0
  const plugin: KyselyPlugin = {
    transformQuery({ node }) {
      count += 1
      if (count === statement) throw new Error('cut off')
      return node
    },
    transformResult: ({ result }) => Promise.resolve(result),
  }
  return { db: office.db.withPlugin(plugin), passed: () => count }
}

async function everything(ids: { id: bigint; payerId: bigint }): Promise<unknown> {
  const tables = [
    ['subscriber', 'id', ids.id],
    ['payer', 'id', ids.payerId],
    ['ledger_transaction', 'payer_id', ids.payerId],
    ['ledger_entry', 'payer_id', ids.payerId],
    ['renewal', 'subscriber_id', ids.id],
    ['service_period', 'subscriber_id', ids.id],
    ['coa_order', 'subscriber_id', ids.id],
    ['audit_entry', 'row_id', ids.id],
  ] as const
  return Promise.all(
    tables.map(([table, column, id]) => rowsOf(office, `select * from ${table} where ${column} = $1`, [id])),
  )
}

describe('cut off at every statement, nothing is half done', () => {
  type Deed = (db: Db, ids: { id: bigint; payerId: bigint }) => Promise<unknown>
  const deeds: [string, Deed][] = [
    ['a renewal', (db, { id }) => renew(db, { subscriberId: id, periods: 2, free: false }, by(), noon)],
    ['its reverting', (db, { id }) => revertRenewal(db, { subscriberId: id }, by(), noon)],
    [
      'a change of plan',
      (db, { id }) => changePlan(db, { subscriberId: id, plan: 'Week', when: 'now', free: false }, by(), hours(30)),
    ],
    ['grace', (db, { id }) => giveGrace(db, { subscriberIds: [id], hours: 5 }, by(), hours(900))],
    [
      'a payment',
      (db, { payerId }) =>
        postIncome(
          db,
          {
            kind: 'payment',
            account: { kind: 'payer', id: payerId },
            amount: '1',
            externalReference: `cut ${payerId}`,
          },
          by(),
          noon,
        ),
    ],
  ]
  it.each(deeds)('%s', async (name, deed) => {
    const ids = await line(office, { planId: plans[0]!, balanceMinor: 90_000n, activatedAt: null, expiresAt: null })
    await openSession(office, ids.id, name)
    if (name !== 'a renewal') await renew(office.db, { subscriberId: ids.id, periods: 1, free: false }, by(), noon)
    const before = await everything(ids)
    let statement = 1
    for (; ; statement += 1) {
      const cut = cutOffAt(statement)
      const failed = await deed(cut.db, ids).then(
        () => false,
        () => true,
      )
      if (!failed) break
      expect(await everything(ids)).toEqual(before)
    }
    expect(statement).toBeGreaterThan(3)
    expect(await everything(ids)).not.toEqual(before)
  })
})
