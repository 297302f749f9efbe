import * as fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { usageSeries } from '../../../src/domain/activity/usage-series.ts'
import type { UsageSeries } from '../../../src/domain/activity/usage-series.ts'
import { FieldError, NotFoundError } from '../../../src/domain/field.ts'
import { dayIn } from '../../../src/domain/instant.ts'
import { everything } from '../../../src/domain/scope.ts'
import { writeSetting } from '../../../src/domain/setting.ts'
import { insertPlan, insertRow, insertSubscriber } from '../../support/access.ts'
import { noon, useOffice } from '../../support/operator.ts'

const office = useOffice()
const hourMs = 3_600_000
let subscriberId = 0n
let made = 0

beforeEach(async () => {
  made += 1
  const plan = await insertPlan(office.pool)
  subscriberId = await insertSubscriber(office.pool, { username: `usage-${made}`, plan_id: plan, zone: 'north' })
})

const zone = (value: string) => writeSetting(office.db, { name: 'zone', value }, noon)
const hour = (at: string, input = 1, output = 0) =>
  insertRow(office.pool, 'usage_hour', {
    subscriber_id: subscriberId,
    hour: new Date(at),
    input_octets: input,
    output_octets: output,
  })
const day = (text: string, input: number) =>
  insertRow(office.pool, 'usage_day', { subscriber_id: subscriberId, day: text, input_octets: input, output_octets: 1 })

type Asked = { from?: string; to?: string; now?: string }
const series = (by: 'hour' | 'day', { from, to, now = '2026-11-22T12:00:00Z' }: Asked = {}): Promise<UsageSeries> => {
  const span = {
    from: from === undefined ? undefined : new Date(from),
    to: to === undefined ? undefined : new Date(to),
  }
  return usageSeries(office.db, { subscriberId, by, ...span }, everything, new Date(now))
}
const points = async (by: 'hour' | 'day', asked?: Asked) =>
  (await series(by, asked)).points.map(({ at, inputOctets }) => [at, Number(inputOctets)])

describe('usage by day of the zone', () => {
  it('gives the day on which clocks go back its 25 hours', async () => {
    await zone('Europe/Berlin')
    for (let n = 0; n < 27; n += 1) await hour(new Date(Date.parse('2026-10-24T21:00:00Z') + n * hourMs).toISOString())
    const asked = { from: '2026-10-24T00:00:00Z', to: '2026-10-27T00:00:00Z', now: '2026-10-25T20:00:00Z' }
    expect(await points('day', asked)).toEqual([
      ['2026-10-24', 1],
      ['2026-10-25', 25],
      ['2026-10-26', 1],
    ])
  })

  it('gives the day on which clocks go forward its 23 hours', async () => {
    await zone('Europe/Berlin')
    for (let n = 0; n < 25; n += 1) await hour(new Date(Date.parse('2026-03-28T22:00:00Z') + n * hourMs).toISOString())
    const asked = { from: '2026-03-28T00:00:00Z', to: '2026-03-31T00:00:00Z', now: '2026-03-29T20:00:00Z' }
    expect(await points('day', asked)).toEqual([
      ['2026-03-28', 1],
      ['2026-03-29', 23],
      ['2026-03-30', 1],
    ])
  })

  it('has a day that begins at one o’clock, where the clocks go forward at midnight', async () => {
    await zone('Africa/Cairo')
    // 2026-04-24 begins at 01:00 (+03), which is 22:00 UTC of the day before.
    await hour('2026-04-23T21:00:00Z', 1)
    await hour('2026-04-23T22:00:00Z', 2)
    const asked = { from: '2026-04-23T00:00:00Z', to: '2026-04-25T00:00:00Z', now: '2026-04-24T10:00:00Z' }
    expect(await points('day', asked)).toEqual([
      ['2026-04-23', 1],
      ['2026-04-24', 2],
    ])
  })

  it('takes yesterday and today from their hours and older days from what was rolled up, and nothing twice', async () => {
    await zone('UTC')
    await day('2026-11-20', 100)
    await hour('2026-11-20T10:00:00Z', 7)
    await day('2026-11-21', 200)
    await hour('2026-11-21T10:00:00Z', 8)
    await day('2026-11-22', 300)
    await hour('2026-11-22T10:00:00Z', 9)
    expect(await points('day')).toEqual([
      ['2026-11-20', 100],
      ['2026-11-21', 8],
      ['2026-11-22', 9],
    ])
  })

  it('ends before the day that `to` begins, and takes whole days at both ends', async () => {
    await zone('Asia/Tokyo')
    await day('2026-11-10', 1)
    await day('2026-11-11', 2)
    await day('2026-11-12', 4)
    // Midnight in Tokyo is 15:00 UTC.
    expect(await points('day', { from: '2026-11-10T05:00:00Z', to: '2026-11-11T15:00:00Z' })).toEqual([
      ['2026-11-10', 1],
      ['2026-11-11', 2],
    ])
    expect(await points('day', { from: '2026-11-10T15:00:00Z', to: '2026-11-11T15:00:00.001Z' })).toEqual([
      ['2026-11-11', 2],
      ['2026-11-12', 4],
    ])
  })

  it('has the whole month before now by default, and nothing of before', async () => {
    await zone('UTC')
    await day('2026-10-21', 1)
    await day('2026-10-22', 2)
    expect(await points('day')).toEqual([['2026-10-22', 2]])
  })

  it('loses no octet and puts each on the day of the wall clock, in every zone', async () => {
    const zones = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Asia/Kolkata', 'Pacific/Apia', 'Asia/Kathmandu']
    const start = Date.parse('2026-10-24T00:00:00Z')
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...zones),
        fc.uniqueArray(fc.nat(47), { maxLength: 8 }),
        async (name, hoursIn) => {
          await zone(name)
          await office.pool.query('delete from usage_hour where subscriber_id = $1', [subscriberId])
          const at = hoursIn.map((n) => new Date(start + n * hourMs))
          for (const one of at) await hour(one.toISOString())
          const wanted = new Map<string, number>()
          for (const one of at) wanted.set(dayIn(name, one), (wanted.get(dayIn(name, one)) ?? 0) + 1)
          // The two days before now come from hours in any zone where it is 2026-10-25 by then.
          const now = '2026-10-25T12:00:00Z'
          const found = await points('day', { from: '2026-10-20T00:00:00Z', to: '2026-10-30T00:00:00Z', now })
          const fresh = [...wanted].filter(([text]) => text >= dayIn(name, new Date(Date.parse(now) - 24 * hourMs)))
          expect(Object.fromEntries(found)).toEqual(Object.fromEntries(fresh))
        },
      ),
      { numRuns: 30 },
    )
  })
})

describe('usage by hour', () => {
  it('has the hour that `from` lies in, and not the one that `to` begins', async () => {
    for (const at of ['09', '10', '11', '12']) await hour(`2026-11-22T${at}:00:00Z`, Number(at))
    const asked = { from: '2026-11-22T10:59:59.999Z', to: '2026-11-22T12:00:00Z' }
    expect(await points('hour', asked)).toEqual([
      ['2026-11-22T10:00:00.000Z', 10],
      ['2026-11-22T11:00:00.000Z', 11],
    ])
    expect(await points('hour', { ...asked, from: '2026-11-22T11:00:00Z' })).toHaveLength(1)
  })

  it('adds up both directions beyond what a number holds', async () => {
    const huge = 2n ** 60n
    for (const at of ['10', '11']) {
      await insertRow(office.pool, 'usage_hour', {
        subscriber_id: subscriberId,
        hour: new Date(`2026-11-22T${at}:00:00Z`),
        input_octets: huge + 1n,
        output_octets: 3,
      })
    }
    expect(await series('hour')).toMatchObject({ inputOctets: 2n * huge + 2n, outputOctets: 6n, by: 'hour' })
  })

  it('tells the two hours apart that a clock shows twice', async () => {
    await zone('Europe/Berlin')
    await hour('2026-10-25T00:00:00Z', 1)
    await hour('2026-10-25T01:00:00Z', 2)
    const found = await points('hour', { from: '2026-10-25T00:00:00Z', to: '2026-10-25T02:00:00Z' })
    expect(found.map(([at]) => at)).toEqual(['2026-10-25T00:00:00.000Z', '2026-10-25T01:00:00.000Z'])
  })
})

describe('a span', () => {
  it.each([
    ['hour', '2026-11-22T12:00:00Z', '2026-11-22T12:00:00Z', 'must be before to'],
    ['hour', '2026-11-22T12:00:01Z', '2026-11-22T12:00:00Z', 'must be before to'],
    ['hour', '2026-10-22T11:59:59Z', '2026-11-22T12:00:00Z', 'must be at most 31 days before to'],
    ['day', '2024-09-12T00:00:00Z', '2026-11-22T12:00:00Z', 'must be at most 800 days before to'],
  ] as const)('by %s from %s to %s is refused: from %s', async (by, from, to, text) => {
    const asked = series(by, { from, to })
    await expect(asked).rejects.toBeInstanceOf(FieldError)
    await expect(asked).rejects.toThrow(`from: ${text}`)
  })

  it('may be as long as is said', async () => {
    expect(await points('hour', { from: '2026-10-22T12:00:00Z', to: '2026-11-22T12:00:00Z' })).toEqual([])
    expect(await points('day', { from: '2026-11-22T11:59:59.999Z', to: '2026-11-22T12:00:00Z' })).toEqual([])
  })

  it('is of nobody who is out of reach', async () => {
    const input = { subscriberId, by: 'day' as const }
    for (const scope of [
      { ...everything, ownerId: 77n },
      { ...everything, zones: ['south'] },
      { ...everything, zones: [] },
    ]) {
      await expect(usageSeries(office.db, input, scope, noon)).rejects.toBeInstanceOf(NotFoundError)
    }
    expect(await usageSeries(office.db, input, { ...everything, ownerId: 1n, zones: ['north'] }, noon)).toBeDefined()
  })
})
