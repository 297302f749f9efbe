import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkSchedule, gapsOf, showWeekMinute, spansOf, stepAt } from '../../../src/domain/plan/schedule.ts'
import type { ScheduleStepInput } from '../../../src/domain/plan/schedule.ts'
import { anyMinute, anySchedule, anyZone, paintWeek, weekMinute } from '../../support/schedule.ts'

const step = (changes: Partial<ScheduleStepInput>): ScheduleStepInput => ({
  weekdays: [1, 2, 3, 4, 5, 6, 7],
  from: '22:00',
  to: '06:00',
  percent: 200,
  ...changes,
})

describe('the step that holds', () => {
  const nights = checkSchedule([step({ weekdays: [5, 6] })])

  it.each([
    // 2026-03-27 is a Friday; Berlin is an hour ahead until the night of the 29th.
    ['2026-03-27T20:59:00Z', undefined],
    ['2026-03-27T21:00:00Z', 0],
    ['2026-03-28T04:59:59Z', 0],
    ['2026-03-28T05:00:00Z', undefined],
    ['2026-03-29T03:59:00Z', 0],
    ['2026-03-29T04:00:00Z', undefined],
    // The night of Sunday is not among them.
    ['2026-03-29T21:00:00Z', undefined],
  ])('at %s is %s', (at, expected) => {
    expect(stepAt(nights, 'Europe/Berlin', new Date(at))).toBe(expected)
  })

  it('may last the whole day, and begin at midnight', () => {
    const sunday = checkSchedule([step({ weekdays: [7], from: '00:00', to: '24:00' })])
    expect(stepAt(sunday, 'UTC', new Date('2026-03-29T00:00:00Z'))).toBe(0)
    expect(stepAt(sunday, 'UTC', new Date('2026-03-29T23:59:59Z'))).toBe(0)
    expect(stepAt(sunday, 'UTC', new Date('2026-03-30T00:00:00Z'))).toBeUndefined()
  })

  it('is that of the painted week, in every zone and through every change of the clock', () => {
    fc.assert(
      fc.property(anySchedule, anyZone, anyMinute, (schedule, zone, at) => {
        expect(stepAt(schedule, zone, at)).toBe(paintWeek(schedule)[weekMinute(zone, at)])
      }),
      { numRuns: 3_000 },
    )
  })
})

describe('spans and gaps', () => {
  it('are the painted week, without holes between them', () => {
    fc.assert(
      fc.property(anySchedule, (schedule) => {
        const painted = paintWeek(schedule)
        const spans = spansOf(schedule)
        const filled = Array<number | undefined>(painted.length).fill(undefined)
        for (const { from, to, step: index } of spans) filled.fill(index, from, to)
        expect(filled).toEqual(painted)
        const open = Array<boolean>(painted.length).fill(false)
        for (const { from, to } of gapsOf(schedule)) {
          if (from < to) open.fill(true, from, to)
          else open.fill(true, from).fill(true, 0, to)
        }
        if (schedule.length > 0) expect(open).toEqual(painted.map((index) => index === undefined))
      }),
      { numRuns: 300 },
    )
  })

  it('say where they are in words', () => {
    const [gap] = gapsOf(checkSchedule([step({ from: '06:00', to: '05:59' })]))
    expect([gap!.from, gap!.to].map(showWeekMinute)).toEqual(['Monday 05:59', 'Monday 06:00'])
    expect(gapsOf(checkSchedule([step({ from: '00:00', to: '24:00' })]))).toEqual([])
    // One that goes over the end of the week is one.
    const workdays = checkSchedule([step({ weekdays: [1, 2, 3, 4, 5], from: '08:00', to: '07:00' })])
    expect(gapsOf(workdays).at(-1)).toEqual({ from: 5 * 1_440 + 7 * 60, to: 8 * 60 })
  })
})

describe('checking', () => {
  it('keeps weekdays once and in order', () => {
    expect(checkSchedule([step({ weekdays: [7, 1, 7] })])).toEqual([
      { weekdays: [1, 7], from: '22:00', to: '06:00', percent: 200 },
    ])
    const rates = step({ percent: undefined, down_bps: 1_000, up_bps: 500 })
    expect(checkSchedule([rates])[0]).toMatchObject({ down_bps: 1_000, up_bps: 500 })
  })

  it.each<[string, ScheduleStepInput[]]>([
    ['step 1: from is not a time', [step({ from: '24:00' })]],
    ['step 1: to is not a time', [step({ to: '6:00' })]],
    ['step 2: begins when it ends', [step({ weekdays: [1] }), step({ weekdays: [4], to: '22:00' })]],
    ['step 1: names no weekday', [step({ weekdays: [] })]],
    ['step 1: weekdays are from 1', [step({ weekdays: [0] })]],
    ['step 1: needs both rates, or a percentage', [step({ percent: undefined, down_bps: 1 })]],
    ['step 1: has either a percentage or rates', [step({ down_bps: 1, up_bps: 1 })]],
    ['step 1: the percentage is from 1 to 1000', [step({ percent: 0 })]],
    ['step 1: a rate is a whole number', [step({ percent: undefined, down_bps: 0.5, up_bps: 1 })]],
    ['has more than 50 steps', Array.from({ length: 51 }, () => step({}))],
    ['steps 1 and 2 overlap from Monday 05:00', [step({}), step({ from: '05:00', to: '07:00' })]],
    // The night of Sunday reaches into Monday.
    [
      'steps 1 and 2 overlap from Monday 05:00',
      [step({ weekdays: [1], from: '05:00', to: '07:00' }), step({ weekdays: [7] })],
    ],
  ])('says: %s', (reason, steps) => {
    expect(() => checkSchedule(steps)).toThrow(`schedule: ${reason}`)
  })
})
