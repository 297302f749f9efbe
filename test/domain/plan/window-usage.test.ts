import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { windowUsage } from '../../../src/domain/plan/window-usage.ts'
import { rollUpUsageDays } from '../../../src/domain/usage.ts'
import { insertRow } from '../../support/access.ts'
import { useDatabase } from '../../support/database.ts'
import { after, anyZone, zoned } from '../../support/schedule.ts'

const database = useDatabase()
const periods = ['day', 'week', 'month'] as const

describe('the use of a window', () => {
  it('is the sum of its hours in the zone, with a month before the last week taken from days', async () => {
    // Late in a month that fits into the fourteen days of hours but for its beginning.
    const now = fc
      .integer({ min: 0, max: 20 * 1_440 })
      .map((minutes) => after(new Date('2026-03-08T00:00:00Z'), minutes))
    const hours = fc.uniqueArray(fc.integer({ min: 0, max: 13 * 24 }), { minLength: 1, maxLength: 30 })
    let subscriberId = 0
    await fc.assert(
      fc.asyncProperty(anyZone, now, hours, async (zone, at, ago) => {
        subscriberId += 1
        const rows = ago.map((count, i) => ({
          hour: new Date(Math.floor(at.getTime() / 3_600_000 - count) * 3_600_000),
          input_octets: BigInt(i + 1),
          output_octets: BigInt(i + 1) * 1_000n,
        }))
        await database.pool.query('truncate usage_hour, usage_day')
        for (const row of rows) await insertRow(database.pool, 'usage_hour', { subscriber_id: subscriberId, ...row })
        await rollUpUsageDays(database.pool, zone, at, 14)
        const wanted = periods.map((period) => ({ subscriberId: BigInt(subscriberId), period }))
        const found = await windowUsage(database.pool, wanted, zone, at)
        const today = zoned(zone, at).toPlainDate()
        const firsts = [today, today.subtract({ days: today.dayOfWeek - 1 }), today.with({ day: 1 })]
        const expected = firsts.map((first) => {
          const since = first.toZonedDateTime(zone).epochMilliseconds
          const within = rows.filter(({ hour }) => hour.getTime() >= since)
          const up = within.reduce((sum, row) => sum + row.input_octets, 0n)
          return { up, down: up * 1_000n }
        })
        // An hour belongs to the day it begins in; one that begins before a midnight at the half hour is not the next day's.
        expect(found).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  })

  it('counts days that no hours are left of', async () => {
    await database.pool.query('truncate usage_hour, usage_day')
    const usage = { subscriber_id: 7, input_octets: 1, output_octets: 10 }
    for (const day of ['2026-02-28', '2026-03-01', '2026-03-20', '2026-03-23'])
      await insertRow(database.pool, 'usage_day', { ...usage, day })
    await insertRow(database.pool, 'usage_hour', { ...usage, hour: new Date('2026-03-30T10:00:00Z') })
    const at = new Date('2026-03-30T12:00:00Z')
    const wanted = periods.map((period) => ({ subscriberId: 7n, period }))
    // The 23rd is within the last week, which is counted by hours: a day that was rolled up wrongly changes nothing there.
    expect(await windowUsage(database.pool, wanted, 'UTC', at)).toEqual([
      { down: 10n, up: 1n },
      { down: 10n, up: 1n },
      { down: 30n, up: 3n },
    ])
  })

  it('of several is in their order, 0 for who has used nothing, and asks nothing for nobody', async () => {
    const at = new Date('2026-03-30T12:00:00Z')
    const wanted = [8n, 7n, 8n].map((subscriberId) => ({ subscriberId, period: 'day' as const }))
    expect(await windowUsage(database.pool, wanted, 'UTC', at)).toEqual([
      { down: 0n, up: 0n },
      { down: 10n, up: 1n },
      { down: 0n, up: 0n },
    ])
    expect(await windowUsage(database.pool, [], 'UTC', at)).toEqual([])
  })
})
