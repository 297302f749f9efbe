import { expect, it } from 'vitest'
import { clearAlarm, listAlarms, raiseAlarm } from '../../src/domain/alarm.ts'
import { createKysely } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { at } from '../support/accounting.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const alarm = { kind: 'unnamed-reboot', subject: 'nat', text: 'let each device name itself' }

it('the same trouble is one alarm with a count, until it is cleared', async () => {
  const { pool } = database
  const db = createKysely<Database>(pool)
  expect(await raiseAlarm(pool, alarm, at(0))).toBe(true)
  expect(await raiseAlarm(pool, { ...alarm, text: 'said anew' }, at(60))).toBe(false)
  expect(await raiseAlarm(pool, { ...alarm, subject: 'other' }, at(30))).toBe(true)
  expect(await listAlarms(pool)).toEqual([
    { ...alarm, text: 'said anew', count: 2n, firstAt: at(0), lastAt: at(60), clearedAt: undefined },
    { ...alarm, subject: 'other', count: 1n, firstAt: at(30), lastAt: at(30), clearedAt: undefined },
  ])
  expect(await clearAlarm(db, alarm, at(90))).toBe(true)
  expect(await clearAlarm(db, alarm, at(91))).toBe(false)
  expect((await listAlarms(pool)).map(({ subject }) => subject)).toEqual(['other'])
  expect(await listAlarms(pool, { all: true })).toMatchObject([
    { subject: 'nat', clearedAt: at(90) },
    { subject: 'other' },
  ])
  expect(await raiseAlarm(pool, alarm, at(120))).toBe(true)
  expect(await listAlarms(pool)).toMatchObject([{ subject: 'nat', count: 1n, firstAt: at(120) }, { subject: 'other' }])
})

it('of two servers at once both are counted', async () => {
  const { pool } = database
  const both = { ...alarm, subject: 'both' }
  await Promise.all([raiseAlarm(pool, both, at(0)), raiseAlarm(pool, both, at(1))])
  expect((await listAlarms(pool)).find(({ subject }) => subject === 'both')).toMatchObject({ count: 2n, lastAt: at(1) })
})
