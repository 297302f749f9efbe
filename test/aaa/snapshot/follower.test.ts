import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createFollower } from '../../../src/aaa/snapshot/follower.ts'
import type { Known } from '../../../src/aaa/snapshot/follower.ts'
import { createStore } from '../../../src/aaa/snapshot/store.ts'
import { createTestClock } from '../../../src/clock.ts'
import { columnOf } from '../../../src/domain/snapshot-rows.ts'
import { insertPlan, insertSubscriber, noon } from '../../support/access.ts'
import { useDatabase } from '../../support/database.ts'

const database = useDatabase()
const clock = createTestClock(noon)
let planId: bigint
let known: Known

beforeAll(async () => {
  planId = await insertPlan(database.pool)
})
beforeEach(async () => {
  await database.pool.query('delete from subscriber')
  for (const username of ['stays', 'leaves']) await insertSubscriber(database.pool, { username, plan_id: planId })
  const follower = follow({ store: createStore(), plans: new Map(), mark: undefined, seenAt: undefined })
  await follower.look()
  known = follower.known()
})

const follow = (begin: Known, signal = new AbortController().signal) =>
  createFollower({ pool: database.pool, clock, signal }, begin)
const usernames = (): string[] => ['stays', 'leaves'].filter((name) => known.store.find(`u${name}`).length > 0)

/** As after a restore of the database: nothing in the log names who is gone. */
async function removeUnseen(): Promise<void> {
  await database.pool.query(`delete from subscriber where username = 'leaves'`)
  await database.pool.query('truncate change_log')
}

describe('a follower', () => {
  it('changes nothing where nothing changed', async () => {
    const follower = follow(known)
    expect(await follower.look()).toBe(false)
    expect(follower.known()).toMatchObject({ seenAt: noon, store: known.store })
    await removeUnseen()
    expect(await follower.look()).toBe(false)
    expect(usernames()).toEqual(['stays', 'leaves'])
  })

  it.each([
    ['another database or timeline', { database: '7/00000002' }],
    ['a mark that is older than the log is kept', { at: '2020-01-01 00:00:00+00' }],
    ['a mark of a later time than there was', { visible: '900000000:900000000:' }],
  ])('reads everything again by %s, and who is gone is gone', async (_, changed) => {
    await removeUnseen()
    const follower = follow({ ...known, mark: { ...known.mark!, ...changed } })
    expect(await follower.look()).toBe(true)
    expect(usernames()).toEqual(['stays'])
    expect(follower.known().mark!.database).toBe(known.mark!.database)
    expect(await follower.look()).toBe(false)
  })

  it('keeps its mark while it cannot read everything, and begins again', async () => {
    await removeUnseen()
    const ending = new AbortController()
    const stale = { ...known.mark!, database: 'another' }
    const follower = follow({ ...known, mark: stale }, ending.signal)
    await database.pool.query('alter table plan rename to plans')
    try {
      await expect(follower.look()).rejects.toThrow('relation "plan" does not exist')
    } finally {
      await database.pool.query('alter table plans rename to plan')
    }
    expect(follower.known()).toMatchObject({ mark: stale, seenAt: noon })
    expect(await follower.look()).toBe(true)
    expect(usernames()).toEqual(['stays'])
  })

  it('loads in chunks, and ends between two of them when it is told to', async () => {
    await database.pool.query(
      `with payer_row as (insert into payer (owner_id, name) values (1, 'many') returning id)
       insert into subscriber (owner_id, payer_id, plan_id, username)
       select 1, payer_row.id, $1, 'many' || n from payer_row, generate_series(1, 1200) as n`,
      [planId],
    )
    const empty = { store: createStore(), plans: new Map(), mark: undefined, seenAt: undefined }
    await expect(follow(empty, AbortSignal.abort()).look()).rejects.toThrow('aborted')
    expect(empty.store.size().subscribers).toBe(500)
    const follower = follow(empty)
    await follower.look()
    expect(empty.store.size().subscribers).toBe(1_202)
    // All at once again, by the log this time, in chunks too.
    await database.pool.query('update subscriber set auto_renew = true')
    expect(await follower.look()).toBe(true)
    expect(empty.store.find('umany1200')[0]![9]).toBe('t')
    await database.pool.query(`delete from subscriber where username like 'many%'`)
    await follower.look()
    expect(empty.store.size().subscribers).toBe(2)
  })

  it('knows the plan of a subscriber that both came since its last look', async () => {
    const follower = follow(known)
    const other = await insertPlan(database.pool)
    await insertSubscriber(database.pool, { username: 'new', plan_id: other })
    await follower.look()
    const [row] = known.store.find('unew')
    expect(follower.known().plans.get(row![columnOf.planId]!)).toBeDefined()
  })
})
