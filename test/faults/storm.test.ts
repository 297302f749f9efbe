// More work at once than there is in a day: all lines of a BRAS dial in after its reboot, and all sessions are accounted for in the
// same second. By the service in processes of its own; the figures are printed.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { compareSessions } from '../../src/simulator/compare.ts'
import { openBras, type BrasStage } from '../support/bras.ts'
import { useDatabase } from '../support/database.ts'
import { quantile, tryLogins } from '../support/fault-world.ts'
import { sessionRows } from '../support/isp.ts'
import { playStorm, worstShare } from '../support/login-storm.ts'
import { lineDial } from '../support/many-lines.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)
const lines = 20_000
const flooding = 3_000
const database = useDatabase()
let stage: BrasStage

beforeAll(async () => {
  stage = await openBras({ database, network: 92, lines })
}, 300_000)
afterAll(() => stage.close())

it(`F39: ${lines} lines dial in within a minute of a reboot: all online within two, no reject, no collapse`, async () => {
  const dials = Array.from({ length: lines }, (_, at) => lineDial(at))
  const spreadMs = 60_000
  const storm = await playStorm({ nas: stage.bras, dials, spreadMs, retryMs: [5_000, 10_000], seed: 'F39' })
  const worst = worstShare(storm, spreadMs)
  say(
    `F39: ${storm.online} online after ${(storm.allOnlineMs / 1_000).toFixed(1)} s, ${storm.timeouts} dial-ins again, ` +
      `${storm.rejected} rejected; at best ${Math.max(...storm.perSecond)} a second; the worst five seconds are ${(worst * 100).toFixed(0)} % of the best five`,
  )
  expect(storm.rejected).toBe(0)
  expect(storm.allOnlineMs).toBeLessThanOrEqual(120_000)
  expect(worst).toBeGreaterThanOrEqual(0.7)
  const open = (await sessionRows(database.pool)).filter(({ nas, endedAt }) => nas === 'bras' && endedAt === undefined)
  expect(open.length).toBe(lines)
}, 300_000)

it(`F41: ${flooding} sessions send their interim in the same second: logins are let in as quickly as ever`, async () => {
  await database.pool.query(`update nas set created_at = created_at - interval '30 days'`)
  const { bras, door, fleet } = stage
  const sessions = bras.sessions().slice(0, flooding)
  await tryLogins({ door }, { perSecond: 50, seconds: 1, guests: 200 })
  const flood = (async () => {
    await sleep(300)
    for (const session of sessions) bras.pass(session, 60)
    return Promise.all(sessions.map((session) => bras.interim(session)))
  })()
  const { right, acceptedMs } = await tryLogins({ door }, { perSecond: 50, seconds: 4, guests: 200 })
  const answered = (await flood).filter(Boolean).length
  await bras.quiet()
  say(
    `F41: ${answered} of ${flooding} interims answered; logins meanwhile p50 ${quantile(acceptedMs, 0.5).toFixed(0)}, ` +
      `p99 ${quantile(acceptedMs, 0.99).toFixed(0)} ms, ${right.timeout} silent`,
  )
  expect([right.rejected, right.timeout]).toEqual([0, 0])
  // The emulated NASes take part of the same two processors.
  expect(quantile(acceptedMs, 0.5)).toBeLessThanOrEqual(100)
  const counters = compareSessions(fleet.ledger.state, await sessionRows(database.pool))
  expect(counters.filter(({ kind }) => kind === 'counters' || kind === 'missing' || kind === 'extra')).toEqual([])
}, 120_000)
