// One reader of the feed for all who listen: what it asks, whom it tells, and what it does while the database is away.
import { describe, expect, it } from 'vitest'
import { createTestClock } from '../../src/clock.ts'
import { createKysely, createPool } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { writeAudit } from '../../src/domain/audit/audit.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import type { Topic } from '../../src/domain/activity/event.ts'
import { hubOf } from '../../src/http/event-hub.ts'
import type { Listener, Told } from '../../src/http/event-hub.ts'
import { noon, useOffice } from '../support/operator.ts'

const office = useOffice()
const write = (rowId: number) =>
  writeAudit(
    office.db,
    { action: 'plan.edit', noun: 'plan', rowId: BigInt(rowId) },
    ownAuthor('system', 'test', office.keyring),
    noon,
  )

/** A hub over a pool of its own that counts what is asked, and can be cut off. */
function makeHub(topics: Topic[] = ['audit']) {
  const state = { asked: 0, isAway: false, warned: 0 }
  const pool = createPool(office.url, { name: 'hub', max: 2 })
  const connect = pool.connect.bind(pool)
  const counting = (...given: unknown[]): unknown => {
    state.asked += 1
    if (state.isAway) throw new Error('the database is away')
    return Reflect.apply(connect, undefined, given)
  }
  pool.connect = counting as typeof pool.connect
  const services = {
    db: createKysely<Database>(pool),
    clock: createTestClock(noon),
    log: { warn: () => void (state.warned += 1) },
  }
  const hub = hubOf(services, 10)
  const listen = () => {
    const rows: unknown[] = []
    let wake = (): void => undefined
    const listener: Listener = {
      topics: new Set(topics),
      take(told: Told) {
        rows.push(...told.events.map(({ data }) => data['row_id']))
        wake()
      },
    }
    const until = async (row: number): Promise<unknown[]> => {
      while (!rows.includes(row)) await new Promise<void>((resolve) => (wake = resolve))
      return rows
    }
    return { listener, rows, until }
  }
  return { hub, state, pool, listen }
}

describe('the hub of live events', () => {
  it('tells all who listen the same, each once, and one who has left nothing more', async () => {
    const { hub, pool, listen } = makeHub()
    const [one, two] = [listen(), listen()]
    await hub.join(one.listener)
    await hub.join(two.listener)
    await write(1)
    await one.until(1)
    await two.until(1)
    hub.leave(two.listener)
    await write(2)
    expect(await one.until(2)).toEqual([1, 2])
    expect(two.rows).toEqual([1])
    hub.leave(one.listener)
    await pool.end()
  })

  it('asks nothing while nobody listens, and begins anew with the next', async () => {
    const { hub, state, pool, listen } = makeHub()
    const first = listen()
    await hub.join(first.listener)
    await write(11)
    await first.until(11)
    hub.leave(first.listener)
    // The round that finds nobody is the last: then no connection is asked for, whatever is written.
    await expect
      .poll(async () => {
        const before = state.asked
        await new Promise((resolve) => setTimeout(resolve, 50))
        return state.asked - before
      })
      .toBe(0)
    await write(12)
    const next = listen()
    await hub.join(next.listener)
    await write(13)
    expect(await next.until(13)).toEqual([13])
    hub.leave(next.listener)
    await pool.end()
  })

  it('loses nothing of what is committed while it cannot ask', async () => {
    const { hub, state, pool, listen } = makeHub()
    const reader = listen()
    await hub.join(reader.listener)
    state.isAway = true
    // From here on no round is under way that could still ask.
    await expect.poll(() => state.warned).toBeGreaterThan(0)
    await write(21)
    await write(22)
    const { warned } = state
    await expect.poll(() => state.warned).toBeGreaterThan(warned)
    expect(reader.rows).toEqual([])
    state.isAway = false
    expect(await reader.until(22)).toEqual([21, 22])
    hub.leave(reader.listener)
    await pool.end()
  })

  it('does not begin where the database cannot be asked', async () => {
    const { hub, state, pool, listen } = makeHub()
    state.isAway = true
    await expect(hub.join(listen().listener)).rejects.toThrow('the database is away')
    state.isAway = false
    const reader = listen()
    await hub.join(reader.listener)
    await write(31)
    expect(await reader.until(31)).toEqual([31])
    hub.leave(reader.listener)
    await pool.end()
  })

  it('catches up from a position, over the topics that are asked for', async () => {
    const { hub, pool, listen } = makeHub()
    const reader = listen()
    const from = await hub.join(reader.listener)
    await write(41)
    const missed = await hub.catchUp(from, new Set<Topic>(['audit']))
    expect(missed.events.map(({ data }) => data['row_id'])).toEqual([41])
    expect((await hub.catchUp(missed.position, new Set<Topic>(['audit']))).events).toEqual([])
    expect((await hub.catchUp(from, new Set<Topic>(['alarms']))).events).toEqual([])
    hub.leave(reader.listener)
    await pool.end()
  })
})
