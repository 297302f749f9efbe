import { expect, it } from 'vitest'
import { dropOldPartitions, ensurePartitions, rollUpUsageDays } from '../../src/domain/usage.ts'
import { makeSubscriber } from '../support/accounting.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

async function addHour(subscriberId: bigint, hour: string, input: number): Promise<void> {
  await database.pool.query(`insert into usage_hour values ($1, $2, $3::bigint, 2 * $3::bigint)`, [
    subscriberId,
    hour,
    input,
  ])
}

async function days(subscriberId: bigint): Promise<unknown[]> {
  const { rows } = await database.pool.query(
    `select day, input_octets, output_octets from usage_day where subscriber_id = $1 order by day`,
    [subscriberId],
  )
  return rows
}

it('adds hours up to days of the zone of the ISP, and again to the same', async () => {
  const { pool } = database
  const { id } = await makeSubscriber(pool)
  const now = new Date('2026-03-30T10:00:00Z')
  // Berlin: the 29th of March 2026 has 23 hours, from 23:00 UTC to 22:00 UTC.
  await addHour(id, '2026-03-28T22:00Z', 1)
  await addHour(id, '2026-03-28T23:00Z', 10)
  await addHour(id, '2026-03-29T21:00Z', 100)
  await addHour(id, '2026-03-29T22:00Z', 1000)
  expect(await rollUpUsageDays(pool, 'Europe/Berlin', now)).toBe(2)
  const expected = [
    { day: '2026-03-29', input_octets: 110n, output_octets: 220n },
    { day: '2026-03-30', input_octets: 1000n, output_octets: 2000n },
  ]
  expect(await days(id)).toEqual(expected)
  expect(await rollUpUsageDays(pool, 'Europe/Berlin', now)).toBe(0)
  await addHour(id, '2026-03-30T09:00Z', 5)
  expect(await rollUpUsageDays(pool, 'Europe/Berlin', now)).toBe(1)
  expect(await days(id)).toEqual([expected[0], { day: '2026-03-30', input_octets: 1005n, output_octets: 2010n }])
  expect(await rollUpUsageDays(pool, 'Europe/Berlin', now, 3)).toBe(1)
  expect(await days(id)).toHaveLength(3)
})

it('makes the partitions of the coming days and drops those that have ended', async () => {
  const { pool } = database
  const names = async (parent: string) => {
    const { rows } = await pool.query<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = $1::regclass order by 1`,
      [parent],
    )
    return rows.map((row) => row.name)
  }
  await ensurePartitions(pool, new Date('2031-01-31T23:00:00Z'))
  await ensurePartitions(pool, new Date('2031-01-31T23:00:00Z'))
  expect(await names('usage_hour')).toEqual(
    expect.arrayContaining(['usage_hour_20310131', 'usage_hour_20310207', 'usage_hour_default']),
  )
  expect(await names('session_archive')).toEqual(
    expect.arrayContaining(['session_archive_203101', 'session_archive_203102']),
  )
  const dropped = await dropOldPartitions(pool, { accessLogDays: 3 }, new Date('2031-02-05T00:00:00Z'))
  expect(dropped).toEqual(expect.arrayContaining(['access_log_20310131', 'access_log_20310201']))
  expect(await names('access_log')).toEqual(expect.arrayContaining(['access_log_20310202', 'access_log_default']))
  expect(await names('usage_hour')).toContain('usage_hour_20310131')
})

it('leaves a partition that is in use for the next time', async () => {
  const { pool } = database
  await ensurePartitions(pool, new Date('2032-01-01T00:00:00Z'))
  const reader = await pool.connect()
  try {
    await reader.query('begin')
    await reader.query('select count(*) from usage_hour_20320101')
    const dropped = await dropOldPartitions(pool, { accessLogDays: 400 }, new Date('2032-01-16T00:00:00Z'))
    expect(dropped).not.toContain('usage_hour_20320101')
    await reader.query('rollback')
  } finally {
    reader.release()
  }
  const dropped = await dropOldPartitions(pool, { accessLogDays: 400 }, new Date('2032-01-16T00:00:00Z'))
  expect(dropped).toContain('usage_hour_20320101')
})
