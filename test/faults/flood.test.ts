// Floods at full size, sent from a process of their own to `serve` as an operator runs it: what known NASes still get (R34),
// what it costs in memory and log lines. Prints what was reached.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { useDatabase } from '../support/database.ts'
import { flood } from '../support/flood.ts'
import { serveIsp, startCrowd } from '../support/served-isp.ts'
import type { ServedIsp } from '../support/served-isp.ts'

const database = useDatabase()
const subscribers = 50
const seconds = 10
let isp: ServedIsp

beforeAll(async () => {
  isp = await serveIsp(database, { clients: ['127.0.0.51', '127.0.0.52'], subscribers })
  await sleep(1_500)
})
afterAll(() => isp.close())

/** What the collector has not taken back yet; the flood itself leaves nothing. */
const mostMemory = 80e6
const lineOf = 'datagrams from unknown sources were ignored'

it('R34: 50,000 datagrams a second from unknown sources for 10 s', { timeout: 120_000 }, async () => {
  const crowds = ['127.0.0.51', '127.0.0.52'].map((localAddress) =>
    startCrowd({ localAddress, port: isp.authPort, perSecond: 50, subscribers }),
  )
  await sleep(2_000)
  const before = crowds.map((crowd) => crowd.seen())
  const memoryBefore = isp.radiusMemory()
  const linesBefore = isp.logLines().length
  const flooded = await flood({ port: isp.authPort, perSecond: 50_000, seconds, sources: 4_000 })
  const memoryAfter = isp.radiusMemory()
  await Promise.all(crowds.map((crowd) => crowd.stop()))
  const after = crowds.map((crowd) => crowd.seen())
  const gained = after.map((one, at) => ({
    asked: one.asked - before[at]!.asked,
    accepted: one.accepted - before[at]!.accepted,
    firstTry: one.firstTry - before[at]!.firstTry,
  }))
  await sleep(10_000)
  const lines = isp.logLines().slice(linesBefore)
  const rate = Math.round(flooded.sent / flooded.seconds)
  const share = gained.map((one) => one.accepted / one.asked)
  process.stdout.write(
    `R34: ${rate} datagrams/s from ${flooded.sources} addresses; served ${JSON.stringify(gained)}; ` +
      `memory ${Math.round(memoryBefore / 1e6)} to ${Math.round(memoryAfter / 1e6)} MB; ${lines.length} log lines\n${lines.join('\n')}\n`,
  )
  for (const one of share) expect(one).toBeGreaterThanOrEqual(0.9)
  expect(memoryAfter - memoryBefore).toBeLessThan(mostMemory)
  expect(lines.filter((line) => line.includes(lineOf)).length).toBeLessThanOrEqual(3)
  // Of the flood nothing else is said than that.
  expect(lines.filter((line) => /"level":"(warn|error)"/.test(line) && !line.includes(lineOf))).toEqual([])
})
