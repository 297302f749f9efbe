import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AccessPlan } from '../../../src/domain/access-subject.ts'
import {
  judge,
  noService,
  stateOf,
  type Look,
  type OpenSession,
  type Watch,
  type Watched,
} from '../../../src/domain/enforcement/entitlement-state.ts'
import { jitterMs, longestJitterMs } from '../../../src/domain/enforcement/jitter.ts'
import { nextChange } from '../../../src/domain/plan/next-change.ts'
import { quotaPeriods, windowAt, type WindowUsage } from '../../../src/domain/plan/quota.ts'
import { testPlan } from '../../support/access.ts'
import { after, anyMinute, anySchedule, anyZone } from '../../support/schedule.ts'

const night = [{ weekdays: [1, 2, 3, 4, 5, 6, 7], from: '22:00', to: '06:00', percent: 200 }]
const halfAfter50 = [{ after_octets: '50', down_bps: 1_000, up_bps: 1_000 }]
const noon = new Date('2026-03-10T12:00:00Z')
const down = (octets: number): WindowUsage => ({ down: BigInt(octets), up: 0n })
/** Its turn is at the instant itself. */
const atOnce = BigInt(longestJitterMs)

const lookAt = (now: Date, zone = 'UTC'): Look => ({
  zone,
  now,
  nextChange: (plan, used) => nextChange(plan, used, zone, now),
})

function session(changes: Partial<OpenSession> = {}): OpenSession {
  return { id: 1n, startedAt: after(noon, -60), octets: down(0), order: undefined, ...changes }
}

const ordered = (state: string, createdAt: Date, wish = 'reapply') => ({
  wish,
  state,
  createdAt,
  deadline: after(createdAt, 10),
})

function watched(changes: Partial<Watched> = {}): Watched {
  return {
    subscriberId: atOnce,
    isInService: true,
    terms: 'one',
    plan: testPlan(),
    used: undefined,
    before: undefined,
    sessions: [session()],
    ...changes,
  }
}

/** As a look at `now` has left it. */
function leftAt(now: Date, one: Watched): Watch {
  const { watch } = judge(one, lookAt(now))
  if (watch === undefined) throw new Error('it was left as it was')
  return watch
}

describe('the state of an entitlement', () => {
  it('is the rates and what limits them, or that the quota is used up', () => {
    const fup = testPlan({ fup_steps: halfAfter50 })
    expect(stateOf(fup, down(49), 'UTC', noon)).toMatch(/^free: .*"downBps":50000000/)
    expect(stateOf(fup, down(50), 'UTC', noon)).toMatch(/^fair use: .*"downBps":1000,/)
    for (const on_quota of ['reject', 'garden'] as const) {
      expect(stateOf(testPlan({ quota_octets: '50', on_quota }), down(50), 'UTC', noon)).toBe('used up')
    }
    const slower = testPlan({ quota_octets: '50', on_quota: 'slower', slower: testPlan({ down_bps: 9 }) })
    expect(stateOf(slower, down(50), 'UTC', noon)).toMatch(/^slower: .*"downBps":9,/)
  })

  it('is the same by day and by night where the quota is used up: a garden has one speed', () => {
    const plan = testPlan({ quota_octets: '50', on_quota: 'garden', schedule: night })
    expect(stateOf(plan, down(60), 'UTC', noon)).toBe(stateOf(plan, down(60), 'UTC', after(noon, 11 * 60)))
    expect(stateOf(plan, down(10), 'UTC', noon)).not.toBe(stateOf(plan, down(10), 'UTC', after(noon, 11 * 60)))
  })
})

describe('the first look', () => {
  const plan = testPlan({ fup_steps: halfAfter50, schedule: night })

  it('tells nobody who has what the plan gave when the session began', () => {
    const { tell, watch } = judge(watched({ plan, used: down(0) }), lookAt(noon))
    expect(tell).toEqual([])
    expect(watch).toMatchObject({ terms: 'one', since: null, sessionId: 1n, nextAt: new Date('2026-03-10T22:00:00Z') })
  })

  it('tells who has crossed a threshold by itself, and nobody who began behind it', () => {
    const crossed = watched({ plan, used: down(60), sessions: [session({ octets: down(30) })] })
    expect(judge(crossed, lookAt(noon)).tell).toEqual([{ sessionId: 1n, reason: 'fair use' }])
    const behind = watched({ plan, used: down(60), sessions: [session({ octets: down(10) })] })
    expect(judge(behind, lookAt(noon)).tell).toEqual([])
  })

  it('counts what all legs of a line moved', () => {
    const sessions = [session({ octets: down(25) }), session({ id: 2n, octets: down(25) })]
    expect(
      judge(watched({ plan, used: down(60), sessions }), lookAt(noon)).tell.map(({ sessionId }) => sessionId),
    ).toEqual([1n, 2n])
  })

  it('tells who began by day and is online at night, and who dialled in at that very moment', () => {
    const at = new Date('2026-03-10T23:00:00Z')
    const begun = (startedAt: string) =>
      judge(watched({ plan, used: down(0), sessions: [session({ startedAt: new Date(startedAt) })] }), lookAt(at)).tell
    expect(begun('2026-03-10T20:00:00Z')).toEqual([{ sessionId: 1n, reason: 'schedule' }])
    expect(begun('2026-03-10T22:00:02Z')).toEqual([{ sessionId: 1n, reason: 'schedule' }])
    expect(begun('2026-03-10T22:00:03Z')).toEqual([])
  })

  it('leaves alone about whom an order is still to be delivered', () => {
    const order = ordered('waiting', noon)
    const crossed = watched({ plan, used: down(60), sessions: [session({ octets: down(30), order })] })
    expect(judge(crossed, lookAt(noon)).tell).toEqual([])
  })
})

describe('a later look', () => {
  const plan = testPlan({ quota_octets: '100', on_quota: 'garden', fup_steps: halfAfter50, quota_period: 'day' })
  const before = leftAt(noon, watched({ plan, used: down(10) }))
  const later = after(noon, 5)

  it('tells every session once, with the reason', () => {
    const sessions = [session(), session({ id: 2n })]
    const first = judge(watched({ plan, used: down(60), before, sessions }), lookAt(later))
    expect(first.tell).toEqual([
      { sessionId: 1n, reason: 'fair use' },
      { sessionId: 2n, reason: 'fair use' },
    ])
    const again = watched({ plan, used: down(70), before: first.watch, sessions })
    expect(judge(again, lookAt(after(later, 5)))).toEqual({ tell: [], watch: undefined })
    const usedUp = judge(watched({ plan, used: down(100), before: first.watch, sessions }), lookAt(after(later, 5)))
    expect(usedUp.tell.map(({ reason }) => reason)).toEqual(['quota', 'quota'])
    const tomorrow = new Date('2026-03-11T00:00:00Z')
    expect(usedUp.watch?.nextAt).toEqual(tomorrow)
    const anew = judge(watched({ plan, used: down(0), before: usedUp.watch, sessions }), lookAt(tomorrow))
    expect(anew.tell.map(({ reason }) => reason)).toEqual(['new window', 'new window'])
    expect(anew.watch).toMatchObject({ since: tomorrow, nextAt: null })
  })

  it('tells nobody who began with what the time of day has brought, and who was let in before it came', () => {
    const scheduled = testPlan({ schedule: night })
    const left = leftAt(noon, watched({ plan: scheduled }))
    const ten = new Date('2026-03-10T22:00:00Z')
    const sessions = [
      session(),
      session({ id: 2n, startedAt: after(ten, 1) }),
      session({ id: 3n, startedAt: new Date(ten.getTime() + 2_000) }),
    ]
    const { tell } = judge(watched({ plan: scheduled, before: left, sessions }), lookAt(after(ten, 2)))
    expect(tell.map(({ sessionId }) => sessionId)).toEqual([1n, 3n])
  })

  it('tells a session that came into the books after the change and began before it', () => {
    const changed = leftAt(later, watched({ plan, used: down(60), before }))
    const late = (startedAt: Date, order?: OpenSession['order']) =>
      judge(
        watched({
          plan,
          used: down(60),
          before: changed,
          sessions: [session(), session({ id: 2n, startedAt, order })],
        }),
        lookAt(after(later, 1)),
      ).tell.map(({ sessionId }) => sessionId)
    expect(late(after(later, -1))).toEqual([2n])
    expect(late(after(later, 0.5))).toEqual([])
    expect(late(after(later, -1), ordered('done', later))).toEqual([])
  })

  it('leaves alone who is to be thrown out, and who has an order that is made of what is true later', () => {
    const told = (state: string, wish = 'reapply') =>
      judge(
        watched({ plan, used: down(60), before, sessions: [session({ order: ordered(state, noon, wish) })] }),
        lookAt(later),
      ).tell.length
    expect(['waiting', 'timeout', 'acked'].map((state) => told(state))).toEqual([0, 0, 0])
    expect(told('claimed', 'disconnect')).toBe(0)
    expect(
      judge(
        watched({ plan, used: down(60), before, sessions: [session({ order: ordered('waiting', after(noon, -60)) })] }),
        lookAt(later),
      ).tell,
    ).toHaveLength(1)
    // Made of what was true when it was claimed.
    expect(['claimed', 'done', 'nacked', 'expired'].map((state) => told(state))).toEqual([1, 1, 1, 1])
  })

  it('does not repeat what the deed has ordered that changed plan or period', () => {
    const usedUp = leftAt(later, watched({ plan, used: down(100), before }))
    const renewed = (order: OpenSession['order'], id = 1n, terms = 'two') =>
      judge(
        watched({
          plan,
          terms,
          used: down(0),
          before: usedUp,
          sessions: [session({ id, startedAt: after(later, 2), order })],
        }),
        lookAt(after(later, 3)),
      ).tell
    const byDeed = ordered('done', after(later, 1))
    expect(renewed(byDeed)).toEqual([])
    expect(renewed(undefined)).toEqual([{ sessionId: 1n, reason: 'new window' }])
    // Who has dialled in since then has it from there.
    expect(renewed(undefined, 2n)).toEqual([])
  })

  it('tells nobody without service, and afterwards only whom no deed has told', () => {
    const none = judge(watched({ plan, used: down(60), before, isInService: false }), lookAt(later))
    expect(none.tell).toEqual([])
    expect(none.watch).toMatchObject({ state: noService, nextAt: null })
    const back = (order: OpenSession['order']) =>
      judge(
        watched({ plan, used: down(60), before: none.watch, sessions: [session({ order })] }),
        lookAt(after(later, 5)),
      )
    expect(back(ordered('done', after(later, 4))).tell).toEqual([])
    expect(back(undefined).tell).toEqual([{ sessionId: 1n, reason: 'fair use' }])
  })

  it('says of slower plans and of steps that come back what happened', () => {
    const slower = { ...testPlan({ down_bps: 9, schedule: night }) }
    const plans = testPlan({
      quota_octets: '100',
      on_quota: 'slower',
      slower,
      fup_steps: halfAfter50,
      quota_period: 'day',
    })
    const reason = (was: number, is: number, at = later, first = noon) =>
      judge(
        watched({ plan: plans, used: down(is), before: leftAt(first, watched({ plan: plans, used: down(was) })) }),
        lookAt(at),
      ).tell[0]?.reason
    expect(reason(10, 100)).toBe('quota')
    expect(reason(100, 60)).toBe('new window')
    expect(reason(60, 10)).toBe('new window')
    expect(reason(100, 100, new Date('2026-03-10T22:00:00Z'))).toBe('schedule')
  })
})

describe('turns at one instant', () => {
  it('are spread over half a minute, and none comes early', () => {
    const turns = Array.from({ length: 2_000 }, (_, id) => jitterMs(BigInt(id)))
    expect(Math.min(...turns)).toBe(0)
    expect(Math.max(...turns)).toBeLessThan(longestJitterMs)
    const perSecond = Map.groupBy(turns, (ms) => Math.floor(ms / 1_000))
    expect(Math.max(...[...perSecond.values()].map((ones) => ones.length))).toBeLessThan(100)
    const plan = testPlan({ schedule: night })
    const left = leftAt(noon, watched({ plan, subscriberId: 1n }))
    expect(left.nextAt).toEqual(new Date(new Date('2026-03-10T22:00:00Z').getTime() + jitterMs(1n)))
    // Somebody's record comes between the instant and the turn: then is as good.
    const { tell } = judge(watched({ plan, subscriberId: 1n, before: left }), lookAt(new Date('2026-03-10T22:00:01Z')))
    expect(tell).toHaveLength(1)
  })

  it('have nothing to tell to who dials in between the instant and the turn', () => {
    const plan = testPlan({ schedule: night })
    const last = BigInt(
      Array.from({ length: longestJitterMs }, (_, id) => jitterMs(BigInt(id))).indexOf(longestJitterMs - 1),
    )
    const before = leftAt(noon, watched({ plan, subscriberId: last, sessions: [] }))
    const dialled = (second: number) => {
      const sessions = [session({ startedAt: new Date(Date.UTC(2026, 2, 10, 22, 0, second)) })]
      const now = new Date(Date.UTC(2026, 2, 10, 22, 0, second + 1))
      return judge(watched({ plan, subscriberId: last, before, sessions }), lookAt(now))
    }
    expect(dialled(20)).toMatchObject({ tell: [], watch: { since: new Date('2026-03-10T22:00:00Z'), sessionId: 1n } })
    expect(dialled(3).tell).toEqual([])
    // Its Accept may have been made a moment before.
    expect(dialled(2).tell).toEqual([{ sessionId: 1n, reason: 'schedule' }])
  })
})

const anyPlan: fc.Arbitrary<AccessPlan> = fc
  .record({
    schedule: anySchedule,
    slowerSchedule: anySchedule,
    quota_octets: fc.constantFrom(null, '100'),
    quota_down_octets: fc.constantFrom(null, '80'),
    on_quota: fc.constantFrom('reject' as const, 'garden' as const, 'slower' as const),
    quota_period: fc.constantFrom(...quotaPeriods),
    fup_steps: fc.constantFrom([], halfAfter50),
  })
  .map(({ slowerSchedule, ...plan }) => {
    const slower = plan.on_quota === 'slower' ? { ...testPlan({ down_bps: 999, schedule: slowerSchedule }) } : null
    return testPlan({ ...plan, slower })
  })
const anyRecords = fc.array(
  fc.record({ minute: fc.integer({ min: 1, max: 2_880 }), down: fc.nat(40), up: fc.nat(20) }),
  { maxLength: 12 },
)

describe('the watch', () => {
  it('tells a session exactly when a look at every minute finds something else than the one before', () => {
    fc.assert(
      fc.property(anyPlan, anyRecords, fc.nat(60), anyZone, anyMinute, (plan, records, unseen, zone, minute) => {
        const begun = after(minute, 0.5)
        const usedAt = (now: Date): WindowUsage => {
          const since = plan.quota_period === 'period' ? new Date(0) : windowAt(plan.quota_period, zone, now).since
          const counted = records.filter(
            (record) => after(minute, record.minute) >= since && after(minute, record.minute) <= now,
          )
          const start = begun >= since ? BigInt(unseen) : 0n
          const sum = (way: 'down' | 'up') => counted.reduce((total, record) => total + BigInt(record[way]), 0n)
          return { down: start + sum('down'), up: sum('up') }
        }
        const movedAt = (now: Date): WindowUsage => {
          const until = records.filter((record) => after(minute, record.minute) <= now)
          const sum = (way: 'down' | 'up') => until.reduce((total, record) => total + BigInt(record[way]), 0n)
          return { down: sum('down'), up: sum('up') }
        }
        const naive: number[] = []
        const found: number[] = []
        let state = stateOf(plan, usedAt(begun), zone, begun)
        let before: Watch | undefined
        let order: OpenSession['order']
        const look = (now: Date): boolean => {
          const sessions = [session({ startedAt: begun, octets: movedAt(now), order })]
          const { tell, watch } = judge(watched({ plan, used: usedAt(now), before, sessions }), lookAt(now, zone))
          before = watch ?? before
          if (tell.length > 0) order = ordered('done', now)
          return tell.length > 0
        }
        expect(look(begun)).toBe(false)
        for (let i = 1; i <= 2_880; i += 1) {
          const now = after(minute, i)
          const is = stateOf(plan, usedAt(now), zone, now)
          if (is !== state) naive.push(i)
          state = is
          const isMarked = records.some((record) => record.minute === i)
          const isDue = before?.nextAt != null && before.nextAt <= now
          if ((isMarked || isDue) && look(now)) found.push(i)
        }
        expect(found).toEqual(naive)
      }),
      { numRuns: 60 },
    )
  })
})
