import { beforeAll, describe, expect, it } from 'vitest'
import type { Pool } from '../../src/db/pool.ts'
import {
  changesSince,
  columnCount,
  columnOf,
  readSnapshotPlans,
  readSubscribersAfter,
  readSubscribersNamed,
  subjectOfRow,
} from '../../src/domain/snapshot-rows.ts'
import type { Changes, Mark } from '../../src/domain/snapshot-rows.ts'
import { insertPlan, insertRow, insertSubscriber, noon } from '../support/access.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
let planId: bigint
let ids: string[]

beforeAll(async () => {
  planId = await insertPlan(database.pool)
  ids = []
  for (const username of ['anna', 'berta', 'carl']) {
    ids.push(String(await insertSubscriber(database.pool, { username, plan_id: planId })))
  }
})

const names = (rows: readonly (readonly (string | null)[])[]) => rows.map((row) => row[columnOf.username])

describe('subscribers as rows', () => {
  it('come by rising id, in chunks that begin where the last one ended', async () => {
    const first = await readSubscribersAfter(database.pool, '0', 2)
    expect(names(first)).toEqual(['anna', 'berta'])
    expect(first.every((row) => row.length === columnCount)).toBe(true)
    expect(names(await readSubscribersAfter(database.pool, first[1]![columnOf.id]!, 2))).toEqual(['carl'])
    expect(await readSubscribersAfter(database.pool, ids[2]!, 2)).toEqual([])
  })

  it('come by name too, and who is not there is left out', async () => {
    expect(new Set(names(await readSubscribersNamed(database.pool, [ids[2]!, '999999', ids[0]!])))).toEqual(
      new Set(['anna', 'carl']),
    )
    expect(await readSubscribersNamed(database.pool, [])).toEqual([])
  })

  it('leave out an archived one whose username was given away: nobody finds it', async () => {
    const gone = { username: 'gone', plan_id: planId, archived_at: noon, username_reserved: false }
    const id = await insertSubscriber(database.pool, gone)
    expect(await readSubscribersNamed(database.pool, [String(id)])).toEqual([])
    expect(names(await readSubscribersAfter(database.pool, '0', 100))).not.toContain('gone')
  })

  it('give no subject without their plan', async () => {
    const [row] = await readSubscribersNamed(database.pool, [ids[0]!])
    const plans = await readSnapshotPlans(database.pool)
    expect(subjectOfRow(row!, plans, 1n)).toMatchObject({ id: BigInt(ids[0]!), plan: { id: Number(planId) } })
    expect(subjectOfRow(row!, new Map(), 1n)).toBeUndefined()
  })
})

describe('the change log', () => {
  const pool = (): Pool => database.pool
  const since = (mark: Mark): Promise<Changes> => changesSince(pool(), mark)
  const now = async (): Promise<Mark> => (await changesSince(pool(), undefined)).mark

  it('says everything has changed where there is no mark yet', async () => {
    const { mark, changed } = await changesSince(pool(), undefined)
    expect(changed).toBe('all')
    expect(mark.database).toMatch(/^\d+\/[0-9A-F]{8}$/)
    expect(await since(mark)).toMatchObject({
      changed: { subscribers: [], plans: false },
      mark: { database: mark.database },
    })
  })

  it('names each subscriber once, whatever of it changed and how often', async () => {
    const mark = await now()
    await pool().query('update subscriber set auto_renew = true where id = any ($1)', [ids.slice(0, 2)])
    await pool().query('update subscriber set auto_renew = false where id = $1', [ids[0]])
    await insertRow(pool(), 'device', { subscriber_id: ids[2], mac: '02:00:00:00:00:01' })
    const { changed } = await since(mark)
    expect(changed).toEqual({
      subscribers: expect.toSatisfy((named: string[]) => [...named].toSorted().join() === ids.join()),
      plans: false,
    })
    await pool().query('update plan set up_bps = up_bps + 1')
    await pool().query('update nas_group set name = name')
    expect(await since(mark)).toMatchObject({ changed: { plans: true } })
  })

  it('names what a transaction changed when it ends, not before and not twice', async () => {
    const slow = await pool().connect()
    await slow.query('begin')
    await slow.query('update subscriber set auto_renew = true where id = $1', [ids[0]])
    const mark = await now()
    await pool().query('update subscriber set auto_renew = true where id = $1', [ids[1]])
    const first = await since(mark)
    expect(first.changed).toEqual({ subscribers: [ids[1]], plans: false })
    expect((await since(first.mark)).changed).toEqual({ subscribers: [], plans: false })
    await slow.query('commit')
    slow.release()
    const last = await since(first.mark)
    expect(last.changed).toEqual({ subscribers: [ids[0]], plans: false })
    expect((await since(last.mark)).changed).toEqual({ subscribers: [], plans: false })
  })

  it('names nobody of a transaction that was rolled back', async () => {
    const mark = await now()
    await pool().query('begin; update subscriber set auto_renew = false; rollback')
    expect((await since(mark)).changed).toEqual({ subscribers: [], plans: false })
  })

  it('says everything has changed where it was more than is read one by one', async () => {
    const mark = await now()
    await pool().query(
      `insert into change_log (table_name, row_id) select 'subscriber', n from generate_series(1, 20000) as n`,
    )
    expect((await since(mark)).changed).toMatchObject({ plans: false })
    await pool().query(`insert into change_log (table_name, row_id) values ('subscriber', 20001)`)
    expect((await since(mark)).changed).toBe('all')
  })
})
