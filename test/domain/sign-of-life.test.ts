import { expect, it } from 'vitest'
import { needsSignOfLife, noteSignsOfLife } from '../../src/domain/sign-of-life.ts'
import { after, insertSession, noon } from '../support/access.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

it('is noted once in a third of the interval', () => {
  const session = { id: 1n, updatedAt: noon, intervalS: 300 }
  expect(needsSignOfLife(session, after(100))).toBe(false)
  expect(needsSignOfLife(session, after(101))).toBe(true)
})

it('moves the last sign of life of open sessions only, and never back', async () => {
  const open = await insertSession(database.pool, { subscriber_id: 1n })
  const newer = await insertSession(database.pool, { subscriber_id: 1n, updated_at: after(60) })
  const ended = await insertSession(database.pool, { subscriber_id: 1n, ended_at: noon, ended_by: 'stop' })
  const other = await insertSession(database.pool, { subscriber_id: 1n })
  await noteSignsOfLife(database.pool, [newer, ended, open], after(30))
  const { rows } = await database.pool.query<{ id: bigint; updated_at: Date }>('select id, updated_at from session')
  expect(new Map(rows.map((row) => [row.id, row.updated_at]))).toEqual(
    new Map([
      [open, after(30)],
      [newer, after(60)],
      [ended, noon],
      [other, noon],
    ]),
  )
})
