import { describe, expect, it } from 'vitest'
import type { ClaimedOrder } from '../../src/domain/coa-delivery.ts'
import type { CoaTarget } from '../../src/domain/coa-target.ts'
import type { Entitlement, LiveSession } from '../../src/domain/live-session.ts'
import { defaultNasSettings } from '../../src/domain/nas-settings.ts'
import { carryOut, type With } from '../../src/jobs/carry-out-order.ts'
import type { Way } from '../../src/jobs/coa-lane.ts'
import type { EndedOnRouter } from '../../src/jobs/end-on-router.ts'
import type { CoaAnswer, CoaRequest } from '../../src/nas/coa.ts'
import { leastAuthorization } from '../support/authorization.ts'
import { noon } from '../support/operator.ts'

const [newer, older] = [Buffer.from('newer'), Buffer.from('older')]
const later = (seconds: number) => new Date(noon.getTime() + seconds * 1_000)
const ack: CoaAnswer = { kind: 'ack', roundTripMs: 3 }
const silence: CoaAnswer = { kind: 'timeout', badReplies: 0 }
const missigned: CoaAnswer = { kind: 'timeout', badReplies: 2 }
const nak = (errorCause?: number): CoaAnswer => ({ kind: 'nak', roundTripMs: 3, errorCause })

type Case = {
  /** An error: it cannot be put into a packet. */
  answers: (CoaAnswer | Error)[]
  order?: Partial<ClaimedOrder>
  target?: Partial<CoaTarget>
  session?: Partial<LiveSession>
  router?: EndedOnRouter
  way?: Way
  lastSecret?: Buffer
  unreadable?: Error
}

/** Carries out an order at a NAS that answers so; what was sent, under which secret, and what came of it. */
async function carriedOut(what: Case) {
  const asked: string[] = []
  const answers = [...what.answers]
  const parts: With = {
    // Nothing that is told here ends a session in the database.
    pool: undefined as never,
    now: () => noon,
    takeWay: () => what.way ?? 'usual',
    lastSecret: what.lastSecret,
    sender: {
      async send({ secret }, { kind, isProbe, withoutAddress }: CoaRequest) {
        const how = `${isProbe === true ? ' once' : ''}${withoutAddress === true ? ' without address' : ''}`
        asked.push(`${kind} ${String(secret)}${how}`)
        const answer = answers.shift()!
        if (answer instanceof Error) throw answer
        return answer
      },
      close: () => undefined,
    },
    ...(what.router === undefined ? {} : { endOnRouter: async () => what.router! }),
  }
  const order = {
    wish: 'disconnect',
    reason: 'a test',
    deadline: later(60),
    isOvertaken: false,
    acknowledged: 0,
    acknowledgedAt: null,
    isTried: false,
    isRemoved: false,
    ...what.order,
  } as ClaimedOrder
  const target = {
    nas: { vendor: 'mikrotik', settings: defaultNasSettings },
    address: '192.0.2.1',
    port: 3799,
    secrets: [newer],
    heardOn: '198.51.100.1',
    ...what.target,
  } as CoaTarget
  const session = { id: 1n, services: [], aliveAt: noon, ...what.session } as Partial<LiveSession> as LiveSession
  const entitlement = {
    kind: 'service',
    authorization: leastAuthorization,
    subject: { plan: { on_block: 'reject', on_expiry: 'reject', on_quota: 'reject' } },
    gardenPools: {},
  } as unknown as Entitlement
  const unreadable = what.unreadable === undefined ? {} : { unreadable: what.unreadable }
  const done = await carryOut(parts, { order, target, session, entitlement, canChange: true, ...unreadable })
  return { ...done, asked, outcomes: done.sent.map(({ kind, outcome }) => `${kind} ${outcome}`) }
}

describe('the answer to a Disconnect', () => {
  it.each<[string, CoaAnswer, object]>([
    ['ACK', ack, { state: 'acked', evidence: 'acked', nextAt: later(3) }],
    ['NAK 506', nak(506), { state: 'timeout', errorCause: 506, nextAt: later(3) }],
    ['NAK 403', nak(403), { state: 'nacked', errorCause: 403 }],
    ['NAK 501', nak(501), { state: 'nacked', errorCause: 501 }],
    ['NAK without a cause', nak(), { state: 'nacked' }],
    ['silence', silence, { state: 'timeout', detail: 'no answer', nextAt: later(3) }],
    ['another secret', missigned, { state: 'timeout', detail: 'the answers were signed with another secret' }],
    ['an error', { kind: 'error', error: new Error('no route') }, { detail: 'it could not be sent: no route' }],
  ])('%s', async (_name, answer, expected) => {
    expect((await carriedOut({ answers: [answer] })).result).toMatchObject(expected)
  })

  it('is waited for longer where it was acknowledged and ignored before', async () => {
    const ignored = { acknowledged: 2, acknowledgedAt: later(-6) }
    const { result, findings } = await carriedOut({ answers: [ack], order: ignored })
    expect(result).toMatchObject({ state: 'acked', nextAt: later(10) })
    expect(findings).toEqual([{ kind: 'ignored' }])
    const waits = [3, 4, 6, 7, 8, 50].map(async (acknowledged) => {
      const again = await carriedOut({ answers: [ack], order: { acknowledged, acknowledgedAt: later(-60) } })
      return (again.result.nextAt!.getTime() - noon.getTime()) / 1_000
    })
    expect(await Promise.all(waits)).toEqual([20, 40, 160, 300, 300, 300])
    const quiet = await carriedOut({ answers: [ack], order: ignored, session: { aliveAt: later(-7) } })
    expect(quiet.findings).toEqual([])
  })
})

describe('the answer to a change', () => {
  it.each([401, 405, 406, 501])('with %s is a Disconnect, and speaks of the NAS', async (errorCause) => {
    const { outcomes, findings } = await carriedOut({ answers: [nak(errorCause), ack], order: { wish: 'reapply' } })
    expect(outcomes).toEqual(['change nak', 'disconnect ack'])
    expect(findings).toEqual([{ kind: 'cannot-change', errorCause }])
  })

  it.each([402, 403, 404, 407, undefined])('with %s is a Disconnect, and speaks of this request', async (cause) => {
    const { outcomes, findings } = await carriedOut({ answers: [nak(cause), ack], order: { wish: 'reapply' } })
    expect(outcomes).toEqual(['change nak', 'disconnect ack'])
    expect(findings).toEqual([])
  })

  it('that never came is asked for again, and nobody is thrown off', async () => {
    const { outcomes, result } = await carriedOut({
      answers: [silence],
      order: { wish: 'reapply' },
      router: { kind: 'removed' },
    })
    expect(outcomes).toEqual(['change timeout'])
    expect(result.state).toBe('timeout')
  })
})

describe('what a change brought a session to', () => {
  it.each([
    ['juniper', 'shaping', null],
    ['juniper', 'service', leastAuthorization.rates.upBps],
    ['mikrotik', undefined, leastAuthorization.rates.upBps],
  ] as const)('is noted as it was told: %s by %s', async (vendor, form, upBps) => {
    const settings = { ...defaultNasSettings, ...(form === undefined ? {} : { rate_form: form }) }
    const target = { nas: { vendor, settings } as CoaTarget['nas'] }
    const { result } = await carriedOut({ answers: [ack], target, order: { wish: 'reapply' } })
    const { downBps } = leastAuthorization.rates
    expect(result.granted).toMatchObject({ down_bps: downBps, up_bps: upBps, peak_up_bps: upBps })
  })
})

describe('an order whose session is open', () => {
  it('lives on while its NAS is silent or busy; what has ended in our books does not', async () => {
    const lives = { deadline: later(3 + 600), nextAt: later(3) }
    for (const answer of [silence, missigned, nak(506)]) {
      expect((await carriedOut({ answers: [answer] })).result).toMatchObject(lives)
      expect((await carriedOut({ answers: [answer], order: { wish: 'reapply' } })).result).toMatchObject(lives)
    }
    expect((await carriedOut({ answers: [], way: 'router', router: { kind: 'still-there' } })).result).toMatchObject(
      lives,
    )
    expect((await carriedOut({ answers: [ack] })).result.deadline).toBeUndefined()
    const replaced = { order: { reason: 'replaced' }, session: { endedAt: noon, isReplaced: true } }
    const { result } = await carriedOut({ answers: [silence], ...replaced })
    expect(result).toMatchObject({ state: 'timeout', nextAt: later(3) })
    expect(result.deadline).toBeUndefined()
  })
})

describe('a fault of ours', () => {
  it('is not the silence of the NAS', async () => {
    const unsent: CoaAnswer = { kind: 'error', error: new Error('EADDRNOTAVAIL') }
    const { result, heard } = await carriedOut({ answers: [unsent] })
    expect(result).toMatchObject({ state: 'timeout', detail: 'it could not be sent: EADDRNOTAVAIL', nextAt: later(3) })
    expect(heard).toBeUndefined()
    const secrets = [newer, older]
    expect((await carriedOut({ answers: [silence, unsent], target: { secrets } })).heard).toBe(false)
  })

  it('ends the order that cannot be made, with its message, and is thrown to nobody', async () => {
    const unreadable = new Error('its plan is broken')
    const order = { wish: 'reapply' } as const
    const unread = await carriedOut({ answers: [], order, unreadable })
    expect(unread).toMatchObject({ asked: [], heard: undefined })
    expect(unread.result).toEqual({ state: 'failed', detail: 'it could not be made: its plan is broken' })
    const unwritten = await carriedOut({ answers: [new Error('a text longer than 253 octets')], order })
    expect(unwritten.result).toEqual({
      state: 'failed',
      detail: 'it could not be made: a text longer than 253 octets',
    })
    // What was sent before it is kept.
    const half = await carriedOut({ answers: [nak(402), new Error('no')], order })
    expect(half).toMatchObject({ outcomes: ['change nak'], heard: true, result: { state: 'failed' } })
  })
})

describe('the secrets of a client', () => {
  const secrets = [newer, older]
  it('are tried first with that which was answered for the same order', async () => {
    const session = { acctSessionId: '81', username: 'anna', framedIp: '10.0.0.1', facts: {} } as Partial<LiveSession>
    const answers = [silence, nak(503), ack]
    const { asked } = await carriedOut({ answers, target: { secrets }, session, lastSecret: newer })
    expect(asked).toEqual(['disconnect newer', 'disconnect older', 'disconnect older without address'])
  })

  it('are tried in turn, that of the last answer first', async () => {
    const first = await carriedOut({ answers: [silence, ack], target: { secrets } })
    expect(first.asked).toEqual(['disconnect newer', 'disconnect older'])
    expect(first.secret).toEqual(older)
    expect(first.heard).toBe(true)
    const next = await carriedOut({ answers: [ack], target: { secrets }, lastSecret: older })
    expect(next.asked).toEqual(['disconnect older'])
    const gone = await carriedOut({ answers: [ack], target: { secrets: [newer] }, lastSecret: older })
    expect(gone.asked).toEqual(['disconnect newer'])
  })

  it('where none is answered, one that was answered wrongly says most', async () => {
    const { result, outcomes, heard } = await carriedOut({ answers: [missigned, silence], target: { secrets } })
    expect(result.detail).toBe('the answers were signed with another secret')
    expect(outcomes).toEqual(['disconnect bad-authenticator', 'disconnect timeout'])
    expect(heard).toBe(false)
  })

  it('that cannot be opened, and an address that nobody knows, leave the router', async () => {
    for (const target of [{ secrets: [] }, { address: undefined }]) {
      expect((await carriedOut({ answers: [], target })).result.state).toBe('failed')
      const { result } = await carriedOut({ answers: [], target, router: { kind: 'removed' } })
      expect(result).toMatchObject({ state: 'acked', detail: 'removed on the router' })
      const change = { target, order: { wish: 'reapply' }, router: { kind: 'removed' } } as const
      expect((await carriedOut({ answers: [], ...change })).result.state).toBe('failed')
    }
  })
})

describe('a silent NAS', () => {
  it('is asked once where it is asked whether it is back', async () => {
    expect((await carriedOut({ answers: [silence], way: 'probe' })).asked).toEqual(['disconnect newer once'])
  })

  it('is left alone where its router ends sessions; what the router cannot do waits', async () => {
    const removed = await carriedOut({ answers: [], way: 'router', router: { kind: 'removed' } })
    expect(removed).toMatchObject({ asked: [], heard: undefined, byRouter: true, result: { state: 'acked' } })
    const still = await carriedOut({ answers: [], way: 'router', router: { kind: 'still-there' } })
    expect(still).toMatchObject({ byRouter: false, result: { state: 'timeout', detail: 'the NAS does not answer' } })
    const change = { order: { wish: 'reapply' }, way: 'router', router: { kind: 'removed' } } as const
    expect((await carriedOut({ answers: [], ...change })).result.state).toBe('timeout')
  })

  it('has no router to be entered where nobody said how', async () => {
    const { outcomes, byRouter } = await carriedOut({ answers: [silence], router: { kind: 'none' } })
    expect(outcomes).toEqual(['disconnect timeout'])
    expect(byRouter).toBeUndefined()
  })
})
