// When a job's run is due: its planned local time is its identity.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plannedLocal } from '../../src/jobs/job.ts'

describe('plannedLocal', () => {
  it('is the start of the interval in the zone of the ISP', () => {
    const now = new Date('2026-03-01T22:47:31Z')
    expect(plannedLocal(now, 'UTC', 60)).toBe('2026-03-01 22:00')
    expect(plannedLocal(now, 'Asia/Karachi', 60)).toBe('2026-03-02 03:00')
    expect(plannedLocal(now, 'Asia/Kathmandu', 15)).toBe('2026-03-02 04:30')
    expect(plannedLocal(now, 'Asia/Karachi', 1440)).toBe('2026-03-02 00:00')
  })

  it('names the hour that comes twice in autumn once, so that its jobs run once', () => {
    const first = plannedLocal(new Date('2026-10-25T00:30:00Z'), 'Europe/Berlin', 60)
    const second = plannedLocal(new Date('2026-10-25T01:30:00Z'), 'Europe/Berlin', 60)
    expect(first).toBe('2026-10-25 02:00')
    expect(second).toBe(first)
  })

  it('never changes inside an interval of a zone without summer time', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('2020-01-01'), max: new Date('2035-01-01'), noInvalidDate: true }),
        fc.constantFrom(1, 5, 15, 60, 1440),
        (now, minutes) => {
          const start = new Date(Math.floor(now.getTime() / (minutes * 60_000)) * minutes * 60_000)
          expect(plannedLocal(now, 'UTC', minutes)).toBe(start.toISOString().slice(0, 16).replace('T', ' '))
        },
      ),
    )
  })
})
