import { afterEach, describe, expect, it } from 'vitest'
import { codes } from '../../src/radius/codes.ts'
import { expectedEnd } from '../../src/simulator/compare.ts'
import { createLedger } from '../../src/simulator/ledger.ts'
import { makeLines, playRounds } from '../../src/simulator/rounds.ts'
import type { RoundsOptions } from '../../src/simulator/rounds.ts'
import { makeDial, makeNas, scriptServer } from './server.ts'
import type { Script } from './server.ts'

const opened: { close(): void }[] = []
afterEach(() => {
  for (const one of opened.splice(0)) one.close()
})

async function play(options: Partial<RoundsOptions> = {}, count = 6, script?: Script) {
  const server = await scriptServer(script)
  const ledger = createLedger()
  const nases = await Promise.all([
    makeNas(server, { ledger }),
    makeNas(server, { ledger, vendor: 'accel-ppp', identifier: 'bng-2', localAddress: '127.0.0.12' }),
  ])
  opened.push(server, ...nases)
  const dials = Array.from({ length: count }, (_, i) =>
    makeDial({ username: `line-${i}`, mac: `d4:ca:6d:00:00:0${i}` }),
  )
  const lines = makeLines(nases, dials)
  const base = { seed: 1, rounds: 3, seconds: 60, paceMs: 0, churn: 0, tell: false, stayOnline: false }
  const summary = await playRounds({ ...base, lines, ...options })
  const sessions = [...ledger.state.nases.values()].flatMap((nas) => [...nas.sessions.values()])
  const statuses = server.named('Acct-Status-Type').filter((status) => status !== undefined)
  return { summary, lines, nases, sessions, statuses, server }
}

describe('a simulation in rounds', () => {
  it('gives subscribers to the NASes in turn, and hangs everybody up at the end', async () => {
    const { summary, lines, sessions, statuses } = await play()
    expect(lines.map(({ nas }) => nas.facts.identifier)).toEqual(['bng-1', 'bng-2', 'bng-1', 'bng-2', 'bng-1', 'bng-2'])
    expect(summary).toEqual({ dials: { online: 6 }, answered: 24, unanswered: 0 })
    expect(statuses.filter((status) => status === 'Interim-Update')).toHaveLength(12)
    expect(sessions.map(expectedEnd)).toEqual(Array.from({ length: 6 }, () => 'ended'))
  })

  it('leaves the sessions open where it is told to', async () => {
    const { nases, sessions, statuses } = await play({ stayOnline: true })
    expect(nases.map((nas) => nas.counts().online)).toEqual([3, 3])
    expect(sessions.map(expectedEnd)).toEqual(Array.from({ length: 6 }, () => 'open'))
    expect(statuses).not.toContain('Stop')
  })

  it('dials again after a reboot, with the session ids of before', async () => {
    const { summary, sessions, statuses } = await play({ rebootAt: 3, tell: true })
    expect(summary.dials).toEqual({ online: 12 })
    expect(new Set(sessions.map(({ acctSessionId }) => acctSessionId)).size).toBe(6)
    expect(statuses.filter((status) => status === 'Accounting-On')).toHaveLength(2)
  })

  it('moves the lines of a NAS that dies to the others', async () => {
    const { summary, nases, lines, statuses } = await play({ failAt: 2 })
    expect(summary.dials).toEqual({ online: 9 })
    expect(new Set(lines.map(({ nas }) => nas))).toEqual(new Set([nases[1]]))
    expect(statuses.filter((status) => status === 'Stop')).toHaveLength(6)
  })

  it('renews leases while they are online, and the lines stay where the only NAS would die', async () => {
    const server = await scriptServer()
    const nas = await makeNas(server, { access: 'ipoe' })
    opened.push(server, nas)
    const lines = makeLines([nas], [makeDial(), makeDial({ mac: 'd4:ca:6d:00:00:02' })])
    const base = { seed: 1, rounds: 3, seconds: 60, paceMs: 0, churn: 0, tell: false, stayOnline: false }
    const summary = await playRounds({ ...base, lines, renewal: 1, failAt: 2 })
    expect(summary.dials).toEqual({ online: 2, renewed: 4 })
    expect(summary.answered).toBe(8)
  })

  it('lets some hang up and dial again', async () => {
    const { summary, statuses } = await play({ churn: 1, rounds: 4 })
    expect(summary.dials).toEqual({ online: 12 })
    expect(statuses.filter((status) => status === 'Stop')).toHaveLength(12)
  })

  it('tries the rejected again in every round', async () => {
    const { summary, sessions } = await play({}, 2, () => ({ code: codes.accessReject }))
    expect(summary).toEqual({ dials: { rejected: 6 }, answered: 0, unanswered: 0 })
    expect(sessions).toEqual([])
  })

  it('hangs up early when it is told to end', async () => {
    const aborter = new AbortController()
    const played: number[] = []
    const { statuses } = await play({
      rounds: 1000,
      paceMs: 60_000,
      signal: aborter.signal,
      onRound: (round) => {
        played.push(round)
        aborter.abort()
      },
    })
    expect(played).toEqual([1])
    expect(statuses.filter((status) => status === 'Stop')).toHaveLength(6)
  })
})
