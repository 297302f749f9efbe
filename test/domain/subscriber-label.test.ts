import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { createKysely } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { subscriberLabel, subscriberLabels, subscriberLabelSql } from '../../src/domain/subscriber-label.ts'
import type { SubscriberFacts } from '../../src/domain/subscriber-label.ts'
import { after, noon } from '../support/access.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const active: SubscriberFacts = {
  enabled: true,
  blockedAt: null,
  activatedAt: after(-100),
  expiresAt: null,
  graceUntil: null,
  archivedAt: null,
}

describe('subscriberLabel', () => {
  it.each([
    ['archived', { archivedAt: after(-1), enabled: false, blockedAt: after(-1), expiresAt: after(-1) }],
    ['disabled', { enabled: false, blockedAt: after(-1), expiresAt: after(-1) }],
    ['blocked', { blockedAt: after(-1), expiresAt: after(-1) }],
    ['expired', { expiresAt: after(-1), activatedAt: null }],
    ['expired', { expiresAt: after(-100), graceUntil: after(-1) }],
    ['expired', { expiresAt: noon }],
    ['grace', { expiresAt: after(-1), graceUntil: after(1), activatedAt: null }],
    ['grace', { expiresAt: noon, graceUntil: after(1) }],
    ['new', { activatedAt: null }],
    ['new', { activatedAt: null, expiresAt: after(1) }],
    ['active', {}],
    ['active', { expiresAt: after(1) }],
    // A grace that ends before the period does is none, and one without an end of the period means nothing.
    ['active', { expiresAt: after(10), graceUntil: after(-10) }],
    ['active', { graceUntil: after(-10) }],
  ] as const)('is %s for %j', (label, changes) => {
    expect(subscriberLabel({ ...active, ...changes }, noon)).toBe(label)
  })

  it('is the same in SQL for any facts', async () => {
    const instant = fc.option(fc.integer({ min: -3, max: 3 }).map(after), { freq: 2 })
    const facts: fc.Arbitrary<SubscriberFacts> = fc.record({
      enabled: fc.boolean(),
      blockedAt: instant,
      activatedAt: instant,
      expiresAt: instant,
      graceUntil: instant,
      archivedAt: instant,
    })
    const rows = fc.sample(facts, 2_000)
    const labels = await labelsInSql(rows)
    expect(labels).toEqual(rows.map((row) => subscriberLabel(row, noon)))
    expect(new Set(labels)).toEqual(new Set(subscriberLabels))
  })
})

async function labelsInSql(rows: SubscriberFacts[]): Promise<string[]> {
  const db = createKysely<Database>(database.pool)
  const column = (name: keyof SubscriberFacts) => sql`${rows.map((row) => row[name])}::timestamptz[]`
  const result = await sql<{ label: string }>`
    select ${subscriberLabelSql(noon, 'facts')} as label
    from unnest(${rows.map((row) => row.enabled)}::boolean[], ${column('blockedAt')}, ${column('activatedAt')},
      ${column('expiresAt')}, ${column('graceUntil')}, ${column('archivedAt')}) with ordinality
      as facts (enabled, blocked_at, activated_at, expires_at, grace_until, archived_at, position)
    order by facts.position`.execute(db)
  return result.rows.map((row) => row.label)
}
