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
  answers: CoaAnswer[]
  order?: Partial<ClaimedOrder>
  target?: Partial<CoaTarget>
  session?: Partial<LiveSession>
  router?: EndedOnRouter
  way?: Way
  lastSecret?: Buffer
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
      async send({ secret }, { kind, isProbe }: CoaRequest) {
        asked.push(`${kind} ${String(secret)}${isProbe === true ? ' once' : ''}`)
        return answers.shift()!
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
  const done = await carryOut(parts, { order, target, session, entitlement, canChange: true })
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

describe('the secrets of a client', () => {
  const secrets = [newer, older]
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
