import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { readTimeline } from '../../../src/domain/activity/timeline.ts'
import type { TimelineItem, TimelineKey } from '../../../src/domain/activity/timeline.ts'
import { timelineKinds } from '../../../src/domain/activity/timeline-sources.ts'
import type { TimelineKind } from '../../../src/domain/activity/timeline-sources.ts'
import { everything } from '../../../src/domain/scope.ts'
import { insertPlan, insertRow, insertSession, insertSubscriber } from '../../support/access.ts'
import { hours, useOffice } from '../../support/operator.ts'

const office = useOffice()
let made = 0

/** Writes a row of a kind that happened so many hours before noon. */
async function write(subscriberId: bigint, username: string, kind: TimelineKind, ago: number): Promise<void> {
  const at = hours(-ago)
  const { pool } = office
  if (kind === 'comment') {
    await insertRow(pool, 'subscriber_comment', {
      subscriber_id: subscriberId,
      text: 'x',
      author_name: 'y',
      created_at: at,
    })
  } else if (kind === 'coa') {
    await insertRow(pool, 'coa_order', {
      session_id: 1,
      subscriber_id: subscriberId,
      nas_id: 1,
      wish: 'reapply',
      reason: 'plan',
      next_at: at,
      deadline: at,
      created_at: at,
    })
  } else if (kind === 'audit') {
    await insertRow(pool, 'audit_entry', {
      at,
      author_kind: 'system',
      author_name: 'x',
      action: 'subscriber.edit',
      noun: 'subscriber',
      row_id: subscriberId,
    })
  } else if (kind === 'decision') {
    await pool.query(
      `insert into access_log (day, subscriber_id, username, method, reason, accepted, first_at, last_at)
       values ($1::timestamptz::date, $2, $3, 'pap', 'accepted', true, $1, $1)`,
      [at, subscriberId, username],
    )
  } else {
    // Two rows of the timeline: it began and ended.
    await insertSession(pool, {
      subscriber_id: subscriberId,
      started_at: at,
      ended_at: hours(-ago + 1),
      ended_by: 'stop',
    })
  }
}

async function pages(subscriberId: bigint, limit: number): Promise<TimelineItem[]> {
  const found: TimelineItem[] = []
  let before: TimelineKey | undefined
  for (;;) {
    const page = await readTimeline(office.db, { subscriberId, kinds: timelineKinds, before, limit }, everything)
    found.push(...page)
    if (page.length < limit) return found
    const { atKey, kind, key } = page.at(-1)!
    before = { atKey, kind, key }
  }
}

it('gives every row once and in one order, whatever the page size and however many share an instant', async () => {
  const plan = await insertPlan(office.pool)
  const kinds = fc.constantFrom<TimelineKind>('comment', 'coa', 'audit', 'decision', 'session-start')
  const happened = fc.array(fc.tuple(kinds, fc.integer({ min: 1, max: 3 })), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(happened, fc.integer({ min: 1, max: 7 }), async (events, limit) => {
      made += 1
      const username = `timeline-${made}`
      const id = await insertSubscriber(office.pool, { username, plan_id: plan })
      for (const [kind, ago] of events) await write(id, username, kind, ago)
      const found = await pages(id, limit)
      const wanted = events.flatMap(([kind]) => (kind === 'session-start' ? [kind, 'session-stop'] : [kind]))
      expect(found.map(({ kind }) => kind).toSorted()).toEqual(wanted.toSorted())
      expect(new Set(found.map(({ kind, key }) => `${kind} ${key}`)).size).toBe(found.length)
      const times = found.map(({ at }) => at.getTime())
      expect(times).toEqual(times.toSorted((one, other) => other - one))
      expect(found).toEqual(
        await readTimeline(office.db, { subscriberId: id, kinds: timelineKinds, limit: 100 }, everything),
      )
    }),
    { numRuns: 25 },
  )
}, 60_000)

it('is empty where no kind is asked for', async () => {
  const id = await insertSubscriber(office.pool, { username: 'nothing', plan_id: await insertPlan(office.pool) })
  expect(await readTimeline(office.db, { subscriberId: id, kinds: [], limit: 5 }, everything)).toEqual([])
})
