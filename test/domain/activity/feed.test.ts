import { describe, expect, it } from 'vitest'
import { createPool } from '../../../src/db/pool.ts'
import { writeAudit } from '../../../src/domain/audit/audit.ts'
import { ownAuthor } from '../../../src/domain/author.ts'
import { eventInScope, topics } from '../../../src/domain/activity/event.ts'
import type { ActivityEvent, Topic } from '../../../src/domain/activity/event.ts'
import { readFeed } from '../../../src/domain/activity/feed.ts'
import {
  currentPosition,
  longestAwayMs,
  positionText,
  readPositionText,
} from '../../../src/domain/activity/position.ts'
import type { Position } from '../../../src/domain/activity/position.ts'
import { everything } from '../../../src/domain/scope.ts'
import { insertSession } from '../../support/access.ts'
import { hours, noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
const all = new Set<Topic>(topics)
const read = (from: Position, changes: { limit?: number; late?: boolean } = {}) =>
  readFeed(office.db, { from, topics: all, limit: 100, late: false, ...changes }, noon)
const here = () => currentPosition(office.db, noon)
const write = (rowId: number) =>
  writeAudit(
    office.db,
    { action: 'plan.edit', noun: 'plan', rowId: BigInt(rowId) },
    ownAuthor('system', 'x', office.keyring),
    noon,
  )

describe('the feed of activity', () => {
  it('gives what was committed since a position, once, and nothing from before', async () => {
    await write(1)
    const from = await here()
    await write(2)
    await write(3)
    const first = await read(from)
    expect(first.events.map(({ data }) => data['row_id'])).toEqual([2, 3])
    expect((await read(first.position)).events).toEqual([])
    expect((await read(from)).events).toHaveLength(2)
  })

  it('loses and repeats nothing of many writers that commit in any order', async () => {
    const pool = createPool(office.url, { name: 'writers', max: 8 })
    let position = await here()
    const seen: string[] = []
    const state = { isDone: false }
    const writers = Promise.all(
      Array.from({ length: 8 }, async (_, writer) => {
        for (let n = 0; n < 12; n += 1) {
          const client = await pool.connect()
          await client.query('begin')
          await client.query(`insert into audit_entry (at, author_kind, author_name, action, noun, row_id)
            values (now(), 'system', 'writer', 'x.y', 'race', ${writer * 100 + n})`)
          await client.query(`select pg_sleep(${((writer * 7 + n * 3) % 5) / 1_000})`)
          await client.query((writer + n) % 4 === 0 ? 'rollback' : 'commit')
          client.release()
        }
      }),
    ).then(() => (state.isDone = true))
    const readOnce = async () => {
      const { events, position: next } = await read(position)
      position = next
      seen.push(...events.map(({ key }) => key))
    }
    while (!state.isDone) await readOnce()
    await writers
    await readOnce()
    await pool.end()
    const rows = await rowsOf(office, `select 'audit:' || id as key from audit_entry where noun = 'race'`)
    expect(seen.toSorted()).toEqual(rows.map(({ key }) => String(key)).toSorted())
    expect(rows).toHaveLength(72)
  })

  it('tells late what ended long ago and was found only now', async () => {
    const id = await insertSession(office.pool, { subscriber_id: 7n })
    const from = await here()
    await office.pool.query(`update session set ended_at = $2, ended_by = 'stale' where id = $1`, [id, hours(-1)])
    const prompt = await read(from)
    expect(prompt.events.filter(({ kind }) => kind === 'session-stop')).toEqual([])
    const late = await read(prompt.position, { late: true })
    expect(late.events).toMatchObject([{ kind: 'session-stop', at: hours(-1), data: { ended_by: 'stale' } }])
    expect((await read(late.position, { late: true })).events).toEqual([])
  })

  it('is cut where there is more than was asked for, and says of what', async () => {
    const from = await here()
    for (let n = 0; n < 4; n += 1) await write(n)
    expect(await read(from, { limit: 3 })).toMatchObject({ cut: ['audit'], events: [{}, {}, {}] })
    expect((await read(from, { limit: 4 })).cut).toEqual([])
  })

  it('looks at a few rows only, however many there are', async () => {
    await office.pool.query(
      `insert into session (nas_id, acct_session_id, epoch, username, nas_group_id, address_space_id,
      started_at, event_at, updated_at, ended_at) select 1, 'old ' || n, 0, 'x', 1, 1, $1, $1, $1, $1 from generate_series(1, 30000) n`,
      [hours(-30)],
    )
    await office.pool.query('analyze session')
    const position = await here()
    expect(position.sessionFloor).toBeGreaterThan(20_000n)
    const { rows } = await office.pool.query<{ 'QUERY PLAN': string }>(
      `explain select session.id from session where session.id > $1 and session.service is null`.replace(
        '$1',
        String(position.sessionFloor),
      ),
    )
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain('session_pkey')
    const ended = await office.pool.query<{ 'QUERY PLAN': string }>(
      `explain select session.id from session where session.ended_at > '${noon.toISOString()}' and session.service is null`,
    )
    expect(ended.rows.map((row) => row['QUERY PLAN']).join('\n')).toContain('session_ended')
  })
})

describe('a position', () => {
  const position: Position = { snapshot: '10:20:12,13', late: '9:9:', at: noon, sessionFloor: 7n }

  it('comes back from its text', () => {
    expect(readPositionText(positionText(position), noon)).toEqual(position)
    expect(readPositionText(positionText(position), hours(0.2))).toEqual(position)
  })

  it('is none where the text is another, or old, or of the future', () => {
    const later = new Date(noon.getTime() + longestAwayMs + 1)
    expect(readPositionText(positionText(position), later)).toBeUndefined()
    expect(readPositionText(positionText({ ...position, at: later }), noon)).toBeUndefined()
    const bad = [`1:1:|1:1:|${noon.getTime()}`, `1:1:');--|1:1:|${noon.getTime()}|0`, '', '\0'.repeat(50)]
    for (const text of bad) expect(readPositionText(Buffer.from(text).toString('base64url'), noon)).toBeUndefined()
    expect(readPositionText('%%%', noon)).toBeUndefined()
  })
})

describe('who sees an event', () => {
  const event: ActivityEvent = {
    topic: 'sessions',
    kind: 'session-start',
    key: 'k',
    at: noon,
    subscriberId: 5n,
    username: 'anna',
    ownerId: 2n,
    zone: 'north',
    nasGroupId: 3n,
    data: {},
  }
  const stranger = { ...event, subscriberId: null, ownerId: null, zone: null }
  const alarm: ActivityEvent = { ...stranger, topic: 'alarms', nasGroupId: null }
  const reseller = { ...everything, ownerId: 2n }
  const zone = { ...everything, zones: ['north'] }
  const group = { ...everything, nasGroupIds: [3n] }

  it.each([
    ['the ISP sees all', everything, [true, true, true]],
    ['a reseller its own', reseller, [true, false, false]],
    ['another reseller nothing of it', { ...everything, ownerId: 9n }, [false, false, false]],
    ['a team its zone', zone, [true, false, false]],
    ['another team nothing of it', { ...everything, zones: ['south'] }, [false, false, false]],
    ['a team its NAS groups', group, [true, true, false]],
    ['another team none of them', { ...everything, nasGroupIds: [4n] }, [false, false, false]],
    [
      'a team of zone and group what is in both, and strangers of the group',
      { ...zone, nasGroupIds: [3n] },
      [true, true, false],
    ],
  ])('%s', (_name, scope, wanted) => {
    expect([event, stranger, alarm].map((one) => eventInScope(one, scope))).toEqual(wanted)
  })

  it('a team without zones sees deeds that are of no subscriber', () => {
    expect(eventInScope({ ...stranger, topic: 'audit', nasGroupId: null }, zone)).toBe(true)
  })
})
