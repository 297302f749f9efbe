import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultNasSettings } from '../../src/domain/nas-settings.ts'
import {
  changesLive,
  emptyLane,
  isPaused,
  leaseMsOf,
  noteAnswer,
  noteUnsent,
  roomOf,
  takeWay,
  waitMsOf,
  type Lane,
} from '../../src/jobs/coa-lane.ts'

const laneOf = (change: Partial<Lane> = {}): Lane => ({ ...emptyLane(0), ...change })

describe('the room of a lane', () => {
  it('is its pace, with a little saved up, and never more than a hundred under way', () => {
    const lane = laneOf({ tokens: 0 })
    expect(roomOf(lane, 0)).toBe(0)
    expect(roomOf(lane, 100)).toBe(5)
    expect(roomOf(lane, 60_000)).toBe(10)
    expect(roomOf(laneOf({ pace: 10_000, tokens: 0 }), 60_000)).toBe(100)
    expect(roomOf(laneOf({ pace: 10_000, tokens: 0, inFlight: 93 }), 60_000)).toBe(7)
    expect(roomOf(laneOf({ pace: 10_000, tokens: 0, inFlight: 100 }), 60_000)).toBe(0)
  })

  it('is one order after three without an answer, once the pause is over and nothing is under way', () => {
    const lane = laneOf()
    for (const _ of [1, 2]) noteAnswer(lane, false, 1_000)
    expect(isPaused(lane)).toBe(false)
    noteAnswer(lane, false, 1_000)
    expect(isPaused(lane)).toBe(true)
    expect(roomOf(lane, 4_999)).toBe(0)
    expect(waitMsOf(lane, 4_999)).toBe(1)
    expect(roomOf(lane, 5_000)).toBe(1)
    lane.inFlight = 1
    expect(roomOf(lane, 5_000)).toBe(0)
    expect(waitMsOf(lane, 5_000)).toBeUndefined()
    noteAnswer(lane, true, 6_000)
    expect(isPaused(lane)).toBe(false)
    expect(roomOf(lane, 6_000)).toBe(10)
  })

  it('is as always while the router of a silent NAS ends its sessions, of which one asks whether the NAS is back', () => {
    const lane = laneOf({ failures: 3, pausedUntilMs: 5_000, routerEnds: true })
    expect(roomOf(lane, 1_000)).toBe(10)
    expect(takeWay(lane, 4_999)).toBe('router')
    expect(takeWay(lane, 5_000)).toBe('probe')
    expect(takeWay(lane, 5_000)).toBe('router')
    expect(takeWay(lane, 9_000)).toBe('probe')
    lane.routerEnds = false
    expect(takeWay(lane, 9_001)).toBe('probe')
    noteAnswer(lane, true, 9_002)
    expect(takeWay(lane, 9_002)).toBe('usual')
  })

  it('comes again when the next order is due by its pace, and not by time where a hundred are under way', () => {
    expect(waitMsOf(laneOf({ tokens: 0.5 }), 0)).toBe(10)
    expect(waitMsOf(laneOf({ tokens: 0, pace: 1 }), 0)).toBe(1_000)
    expect(waitMsOf(laneOf({ tokens: 3, inFlight: 100 }), 0)).toBeUndefined()
    expect(waitMsOf(laneOf({ tokens: 3, inFlight: 99 }), 0)).toBe(0)
  })

  it('is after another pause where nothing could be sent from here, and else untouched by that', () => {
    const lane = laneOf({ failures: 2 })
    noteUnsent(lane, 1_000)
    expect(lane).toEqual(laneOf({ failures: 2 }))
    noteAnswer(lane, false, 1_000)
    expect(roomOf(lane, 5_000)).toBe(1)
    noteUnsent(lane, 5_000)
    expect(roomOf(lane, 8_999)).toBe(0)
    expect(roomOf(lane, 9_000)).toBe(1)
  })

  it('keeps to its pace whenever it is asked, and never starves', () => {
    const step = fc.record({ ms: fc.nat(500), takes: fc.nat(200) })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), fc.array(step, { maxLength: 200 }), (pace, steps) => {
        const lane = laneOf({ pace, tokens: 0 })
        let [nowMs, taken] = [0, 0]
        for (const { ms, takes } of steps) {
          nowMs += ms
          const took = Math.min(takes, roomOf(lane, nowMs))
          lane.tokens -= took
          taken += took
        }
        expect(taken).toBeLessThanOrEqual(Math.max(1, pace / 5) + (nowMs / 1_000) * pace)
        const waitMs = waitMsOf(lane, nowMs)
        expect(roomOf(lane, nowMs + waitMs! + 1)).toBeGreaterThan(0)
      }),
    )
  })
})

describe('the time of an order', () => {
  it('is that of two requests under each secret, of which every try finds silence', () => {
    expect(leaseMsOf(defaultNasSettings, 1)).toBe(39_000)
    expect(leaseMsOf(defaultNasSettings, 2)).toBe(63_000)
    expect(leaseMsOf(defaultNasSettings, 0)).toBe(39_000)
    expect(leaseMsOf({ coa_timeout_ms: 30_000, coa_tries: 10 }, 1)).toBe(1_215_000)
  })
})

describe('a NAS that changes sessions live', () => {
  it('is one that has acknowledged a change within the day', () => {
    const day = 24 * 60 * 60_000
    expect(changesLive(laneOf(), 0)).toBe(false)
    expect(changesLive(laneOf({ changedAtMs: 5 }), day + 4)).toBe(true)
    expect(changesLive(laneOf({ changedAtMs: 5 }), day + 5)).toBe(false)
  })
})
