// When a job's run is due: its planned local time is its identity, over clock changes, zones and years.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wallClock } from '../../src/domain/instant.ts'
import { CronError, latestPlanned, nextPlanned, readCron } from '../../src/domain/job-schedule.ts'
import type { Planned } from '../../src/domain/job-schedule.ts'
import { jobs } from '../../src/jobs/list.ts'

const at = (text: string): Date => new Date(text)
const planned = (cron: string, zone: string, now: string): Planned | undefined =>
  latestPlanned(readCron(cron), zone, at(now))
const local = (cron: string, zone: string, now: string): string | undefined => planned(cron, zone, now)?.local
const minuteMs = 60_000

describe('a cron expression', () => {
  it('is read, or refused in words', () => {
    expect(readCron('*/15 * * * *')).toMatchObject({ isHourly: true, minutes: new Set([0, 15, 30, 45]) })
    expect(readCron('30 2 * * 1-5')).toMatchObject({ isHourly: false, weekdays: new Set([1, 2, 3, 4, 5]) })
    expect(readCron('0 0 * * 7').weekdays).toEqual(new Set([0]))
    for (const broken of [
      '',
      '* * * *',
      '0 * * * * *',
      '61 * * * *',
      '0 0 L * *',
      '0 0 * * 5L',
      '0 0 * * 1#2',
      'x * * * *',
    ]) {
      expect(() => readCron(broken), broken).toThrow(CronError)
    }
  })

  it('is what every job has', () => {
    expect(jobs.length).toBeGreaterThan(10)
    expect(new Set(jobs.map(({ name }) => name)).size).toBe(jobs.length)
    for (const job of jobs) expect(readCron(job.cron).cron).toBe(job.cron)
  })
})

describe('the newest planned run', () => {
  it('is the last matching minute on the clock of the ISP', () => {
    const now = '2026-03-01T22:47:31Z'
    expect(local('0 * * * *', 'UTC', now)).toBe('2026-03-01 22:00')
    expect(local('0 * * * *', 'Asia/Karachi', now)).toBe('2026-03-02 03:00')
    expect(local('*/15 * * * *', 'Asia/Kathmandu', now)).toBe('2026-03-02 04:30')
    expect(local('0 0 * * *', 'Asia/Karachi', now)).toBe('2026-03-02 00:00')
    expect(local('0 23 * * *', 'UTC', now)).toBe('2026-02-28 23:00')
    expect(local('0 5 * * 1', 'UTC', now)).toBe('2026-02-23 05:00')
    expect(local('0 5 31 * *', 'UTC', now)).toBe('2026-01-31 05:00')
    expect(local('0 5 29 2 *', 'UTC', now)).toBe('2024-02-29 05:00')
    expect(() => readCron('0 0 30 2 *')).toThrow('impossible')
    expect(planned('30 22 * * *', 'UTC', now)).toEqual({
      local: '2026-03-01 22:30',
      at: at('2026-03-01T22:30:00Z'),
    })
  })

  it('of a named hour is one in the hour that comes twice, and of every hour is two', () => {
    const daily = (now: string) => planned('30 2 * * *', 'Europe/Berlin', now)
    const first = { local: '2026-10-25 02:30', at: at('2026-10-25T00:30:00Z') }
    expect(daily('2026-10-25T00:29:59Z')).toMatchObject({ local: '2026-10-24 02:30' })
    for (const now of ['00:30:00', '00:59:00', '01:00:00', '01:10:00', '01:30:00', '02:00:00', '23:00:00']) {
      expect(daily(`2026-10-25T${now}Z`), now).toEqual(first)
    }
    const hourly = (now: string) => planned('0 * * * *', 'Europe/Berlin', now)
    expect(hourly('2026-10-25T00:59:00Z')).toEqual({
      local: '2026-10-25 02:00',
      at: at('2026-10-25T00:00:00Z'),
    })
    expect(hourly('2026-10-25T01:00:00Z')).toEqual({
      local: '2026-10-25 02:00',
      at: at('2026-10-25T01:00:00Z'),
    })
    expect(hourly('2026-10-25T02:00:00Z')).toEqual({
      local: '2026-10-25 03:00',
      at: at('2026-10-25T02:00:00Z'),
    })
  })

  it('of a local time that is skipped in spring is due as soon as the clock has passed it', () => {
    const daily = (now: string) => planned('30 2 * * *', 'Europe/Berlin', now)
    expect(daily('2026-03-29T00:59:59Z')).toMatchObject({ local: '2026-03-28 02:30' })
    expect(daily('2026-03-29T01:00:00Z')).toEqual({
      local: '2026-03-29 02:30',
      at: at('2026-03-29T01:00:00Z'),
    })
    // Cairo's clock goes from midnight to 1:00.
    expect(planned('0 0 * * *', 'Africa/Cairo', '2025-04-24T22:00:00Z')).toEqual({
      local: '2025-04-25 00:00',
      at: at('2025-04-24T22:00:00Z'),
    })
  })
})

const zones = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'Asia/Kathmandu',
  'Asia/Tehran',
  'Africa/Cairo',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Chatham',
)
const keyOf = ({ at: instant }: Planned): string => instant.toISOString()

describe('F59 ten years of every zone', () => {
  it('have every local day once for a job of a named hour, whatever the clocks do', () => {
    fc.assert(
      fc.property(zones, fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }), (zone, hour, minute) => {
        const schedule = readCron(`${minute} ${hour} * * *`)
        const days: string[] = []
        // Less than the shortest day apart, so that every day is met, at all times of it.
        for (let now = Date.UTC(2024, 0, 1); now < Date.UTC(2034, 0, 1); now += 22 * 60 * minuteMs + 7 * minuteMs) {
          const run = latestPlanned(schedule, zone, new Date(now))!
          expect(run.at.getTime()).toBeLessThanOrEqual(now)
          const day = run.local.slice(0, 10)
          if (days.at(-1) !== day) days.push(day)
        }
        expect(days).toEqual([...new Set(days)].toSorted())
        const gaps = days.slice(1).map((day, index) => (Date.parse(day) - Date.parse(days[index]!)) / 86_400_000)
        expect(new Set(gaps)).toEqual(new Set([1]))
      }),
      { numRuns: 10 },
    )
  })

  it('have no quiet hour for a job of every ten minutes, and no run twice', () => {
    const changes = fc.constantFrom(
      '2026-03-08',
      '2026-03-29',
      '2026-04-05',
      '2026-09-27',
      '2026-10-04',
      '2026-10-25',
      '2026-11-01',
    )
    fc.assert(
      fc.property(zones, changes, (zone, day) => {
        const schedule = readCron('*/10 * * * *')
        const keys: string[] = []
        const start = Date.parse(`${day}T00:00:00Z`) - 12 * 60 * minuteMs
        for (let tick = 0; tick < 48 * 60; tick += 1) {
          const run = latestPlanned(schedule, zone, new Date(start + tick * minuteMs))!
          const key = keyOf(run)
          if (keys.at(-1) !== key) keys.push(key)
          expect(start + tick * minuteMs - run.at.getTime()).toBeLessThan(10 * minuteMs)
        }
        expect(new Set(keys).size).toBe(keys.length)
        expect(keys.length).toBeGreaterThanOrEqual(48 * 6)
        expect(keys.length).toBeLessThanOrEqual(48 * 6 + 2)
      }),
      { numRuns: 30 },
    )
  })
})

describe('the next run', () => {
  it('is when the newest planned one becomes another', () => {
    fc.assert(
      fc.property(
        zones,
        fc.constantFrom('* * * * *', '*/10 * * * *', '0 * * * *', '0 */6 * * *', '30 2 * * *', '0 4 * * 0'),
        fc.date({ min: at('2024-01-01T00:00:00Z'), max: at('2030-01-01T00:00:00Z'), noInvalidDate: true }),
        (zone, cron, now) => {
          const schedule = readCron(cron)
          const next = nextPlanned(schedule, zone, now)!
          expect(next.getTime()).toBeGreaterThan(now.getTime())
          const run = latestPlanned(schedule, zone, next)!
          expect(run.at).toEqual(next)
          expect(keyOf(run)).not.toBe(keyOf(latestPlanned(schedule, zone, now)!))
          const before = latestPlanned(schedule, zone, new Date(next.getTime() - 1))!
          expect(keyOf(before)).toBe(keyOf(latestPlanned(schedule, zone, now)!))
          // On the clock of the zone it is the planned time, or has passed it where that is skipped.
          const shown = wallClock(zone, next).toISOString().slice(0, 16).replace('T', ' ')
          expect(shown >= run.local).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('is not known where it is more than a month away', () => {
    expect(nextPlanned(readCron('0 0 1 1 *'), 'UTC', at('2026-05-01T00:00:00Z'))).toBeUndefined()
    expect(nextPlanned(readCron('0 0 1 * *'), 'UTC', at('2026-05-01T00:00:00Z'))).toEqual(at('2026-06-01T00:00:00Z'))
  })
})
