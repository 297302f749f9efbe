import { beforeAll, describe, expect, it } from 'vitest'
import {
  columnCount,
  columnOf,
  readSnapshotPlans,
  readSubscribersAfter,
  readSubscribersNamed,
  subjectOfRow,
} from '../../src/domain/snapshot-rows.ts'
import { insertPlan, insertSubscriber, noon } from '../support/access.ts'
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
