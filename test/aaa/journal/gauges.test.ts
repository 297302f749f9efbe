import { beforeEach, describe, expect, it } from 'vitest'
import { createJournalGauges, type JournalGauges } from '../../../src/aaa/journal/gauges.ts'
import type { Backlog } from '../../../src/aaa/journal/journal.ts'
import { createTestClock } from '../../../src/clock.ts'
import { createMetrics } from '../../../src/metrics.ts'

const now = new Date('2026-05-04T12:00:00Z')
let gauges: JournalGauges
let metrics: ReturnType<typeof createMetrics>
beforeEach(() => {
  metrics = createMetrics()
  gauges = createJournalGauges({ metrics, clock: createTestClock(now) })
})

const names = ['journalRecords', 'journalOctets', 'journalAge', 'journalShare'] as const
const values = () => Promise.all(names.map(async (name) => (await metrics[name].get()).values[0]!.value))
const backlog = (records: number, ageS: number | undefined, shareOfCap: number): Backlog => ({
  records,
  octets: records * 100,
  shareOfCap,
  oldest: ageS === undefined ? undefined : new Date(now.getTime() - ageS * 1_000),
})

describe('the gauges', () => {
  it('say what one journal holds', async () => {
    gauges.set(1, backlog(3, 20, 0.25))
    expect(await values()).toEqual([3, 300, 20, 0.25])
    gauges.set(1, backlog(0, undefined, 0))
    expect(await values()).toEqual([0, 0, 0, 0])
  })

  it('say what several hold together, the age of the oldest and the share of the fullest', async () => {
    gauges.set(1, backlog(3, 20, 0.25))
    gauges.set(2, backlog(5, 90, 0.125))
    gauges.set(7, backlog(0, undefined, 0))
    expect(await values()).toEqual([8, 800, 90, 0.25])
    gauges.set(2, backlog(0, undefined, 0))
    expect(await values()).toEqual([3, 300, 20, 0.25])
  })

  it('know no age below nothing, where the clock was set back', async () => {
    gauges.set(1, backlog(1, -30, 0.1))
    expect((await values())[2]).toBe(0)
  })
})
