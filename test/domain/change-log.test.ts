import { beforeAll, describe, expect, it } from 'vitest'
import type { Pool } from '../../src/db/pool.ts'
import { changesSince, doubtedSince } from '../../src/domain/change-log.ts'
import type { Changes, Mark } from '../../src/domain/change-log.ts'
import { insertPlan, insertRow, insertSubscriber } from '../support/access.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
let ids: string[]

beforeAll(async () => {
  const planId = await insertPlan(database.pool)
  ids = []
  for (const username of ['anna', 'berta', 'carl']) {
    ids.push(String(await insertSubscriber(database.pool, { username, plan_id: planId })))
  }
})

const pool = (): Pool => database.pool
const since = (mark: Mark): Promise<Changes> => changesSince(pool(), mark)
const now = async (): Promise<Mark> => (await changesSince(pool(), undefined)).mark

describe('the change log', () => {
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
      `insert into change_log (table_name, row_id) select 'subscriber', n from generate_series(1, 200000) as n`,
    )
    expect((await since(mark)).changed).toMatchObject({ plans: false })
    await pool().query(`insert into change_log (table_name, row_id) values ('subscriber', 200001)`)
    expect((await since(mark)).changed).toBe('all')
  })
})

describe('who is in doubt since a mark', () => {
  const touch = (id: string | undefined) => [`update subscriber set auto_renew = not auto_renew where id = ${id}`]
  const doubted = async (mark: Mark): Promise<unknown> => {
    const found = await doubtedSince(pool(), mark)
    return found === 'all' ? found : [...found].toSorted()
  }
  /** A transaction that is under way until it is ended. */
  const begin = async (...statements: string[]) => {
    const client = await pool().connect()
    for (const statement of ['begin', ...statements]) await client.query(statement)
    return async (how: 'commit' | 'rollback'): Promise<void> => {
      await client.query(how)
      client.release()
    }
  }

  it('is nobody where nothing changed, and whoever has changed', async () => {
    const mark = await now()
    expect(await doubted(mark)).toEqual([])
    await pool().query(touch(ids[0])[0]!)
    await insertRow(pool(), 'device', { subscriber_id: ids[2], mac: '02:00:00:00:00:02' })
    await pool().query('update nas_group set name = name')
    expect(await doubted(mark)).toEqual([ids[0], ids[2]])
    expect(await doubted(await now())).toEqual([])
  })

  it('is who was changed by a transaction that was under way at the mark, from its commit on', async () => {
    const [early, rolledBack] = [await begin(...touch(ids[0])), await begin(...touch(ids[1]))]
    const mark = await now()
    const late = await begin(...touch(ids[2]))
    expect(await doubted(mark)).toEqual([])
    await rolledBack('rollback')
    await early('commit')
    expect(await doubted(mark)).toEqual([ids[0]])
    await late('commit')
    expect(await doubted(mark)).toEqual([ids[0], ids[2]])
  })

  it('is found on either side of those that are under way, whatever they have written', async () => {
    const mark = await now()
    await pool().query(touch(ids[0])[0]!)
    const large = await begin(
      `insert into change_log (table_name, row_id) select 'subscriber', 7 from generate_series(1, 5000)`,
    )
    await pool().query(touch(ids[1])[0]!)
    const other = await begin(...touch(ids[2]))
    await pool().query(touch(ids[1])[0]!)
    expect(await doubted(mark)).toEqual([ids[0], ids[1]])
    await large('rollback')
    await other('rollback')
    expect(await doubted(mark)).toEqual([ids[0], ids[1]])
  })

  it('is everybody after a change of a plan, after very many changes, and where another server answers', async () => {
    const mark = await now()
    await pool().query('update plan set up_bps = up_bps + 1')
    expect(await doubted(mark)).toBe('all')
    const many = await now()
    const change = (count: number) =>
      pool().query(
        `insert into change_log (table_name, row_id) select 'subscriber', n from generate_series(1, $1) as n`,
        [count],
      )
    await change(256)
    expect(await doubted(many)).toHaveLength(256)
    await change(1)
    expect(await doubted(many)).toBe('all')
    const others = await now()
    await pool().query(`insert into change_log (table_name, row_id) select 'nas', n from generate_series(1, 300) as n`)
    await change(1)
    expect(await doubted(others)).toEqual(['1'])
    expect(await doubted({ ...(await now()), server: '00000002/1' })).toBe('all')
  })
})
