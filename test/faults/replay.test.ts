// F30: after a long outage half a million records lie in the journal, and Postgres comes back while everybody goes on. The figures
// are printed.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openJournal } from '../../src/aaa/journal/journal.ts'
import { systemClock } from '../../src/clock.ts'
import { createSecret } from '../../src/radius/authenticator.ts'
import type { NasSession } from '../../src/simulator/nas-session.ts'
import { encodeAccounting } from '../../src/simulator/nas-packets.ts'
import { openBras, type BrasStage } from '../support/bras.ts'
import { useDatabase } from '../support/database.ts'
import { dictionary } from '../support/dictionary.ts'
import { quantile, tryLogins } from '../support/fault-world.ts'
import { secret } from '../support/isp.ts'
import { inWindow, lineDial } from '../support/many-lines.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)
const lines = 2_000
const records = 500_000
const database = useDatabase()
let stage: BrasStage

beforeAll(async () => {
  stage = await openBras({ database, network: 93, lines })
  const { bras } = stage
  const all = Array.from({ length: lines }, (_, at) => at)
  await inWindow(all, 32, async (at) => {
    const outcome = await bras.dial(lineDial(at))
    if (outcome.kind === 'online') await outcome.started
  })
  await database.pool.query(`update nas set created_at = created_at - interval '30 days'`)
}, 300_000)
afterAll(() => stage.close())

/** What an interim of this session says now, as it would lie in a journal. */
function interimOf(session: NasSession): Buffer {
  const { shape, facts } = stage.bras
  session.records += 1
  const attributes = shape.accountingAttributes(facts, session, {
    status: 'interim',
    sessionTime: session.sessionTime,
    counters: session.counters,
    cause: 'User-Request',
    eventAt: Math.floor(systemClock.now().getTime() / 1_000),
    gigawords: true,
    delay: 0,
  })
  return encodeAccounting({ dictionary, secret: createSecret(secret) }, 0, attributes)
}

async function fillJournal(): Promise<void> {
  const { rows } = await database.pool.query<{ id: bigint }>(
    `select id from nas where coalesce(identifier, name) = 'bras'`,
  )
  const journal = await openJournal({
    directory: join(stage.service.directory, 'state', 'journal-1'),
    capOctets: 4 * 2 ** 30,
    clock: systemClock,
    onTrouble: () => undefined,
  })
  const sessions = stage.bras.sessions()
  for (let round = 0; round < records / lines; round += 1) {
    const appends = sessions.map((session) => {
      stage.bras.pass(session, 1)
      const packet = interimOf(session)
      return journal.append({ receivedAt: systemClock.now(), nasId: rows[0]!.id, username: session.username, packet })
    })
    await Promise.all(appends)
  }
  await journal.close()
}

it(`F30: ${records} records are replayed while subscribers dial in and are accounted for`, async () => {
  const { service, bras, door } = stage
  expect(bras.sessions().length).toBe(lines)
  await service.stop()
  await fillJournal()
  const begun = performance.now()
  await service.start()
  const sessions = bras.sessions()
  const wanted = sessions.reduce((sum, session) => sum + session.counters.inputOctets, 0n)
  const isDrained = async (): Promise<boolean> => {
    const { rows } = await database.pool.query<{ sum: bigint | string }>(
      `select coalesce(sum(input_octets), 0) as sum from session where service is null and ended_at is null
       and nas_id = (select id from nas where coalesce(identifier, name) = 'bras')`,
    )
    return BigInt(rows[0]!.sum) === wanted
  }
  const logins: number[] = []
  let [silent, rejected] = [0, 0]
  let drainedMs: number | undefined
  while (drainedMs === undefined && performance.now() - begun < 400_000) {
    const tally = await tryLogins({ door }, { perSecond: 50, seconds: 2, guests: 200 })
    logins.push(...tally.acceptedMs)
    silent += tally.right.timeout
    rejected += tally.right.rejected
    if (await isDrained()) drainedMs = performance.now() - begun
  }
  await sleep(500)
  logins.sort((one, other) => one - other)
  const rate = records / ((drainedMs ?? Infinity) / 1_000)
  say(
    `F30: ${records} records replayed in ${((drainedMs ?? 0) / 1_000).toFixed(1)} s, ${Math.round(rate)} a second beside 100 ` +
      `live ones; logins p50 ${quantile(logins, 0.5).toFixed(0)}, p99 ${quantile(logins, 0.99).toFixed(0)} ms, ${silent} silent`,
  )
  // Five times what is live here: 45 logins a second with a Start and a Stop each.
  expect(rate).toBeGreaterThanOrEqual(500)
  expect(rejected).toBe(0)
  expect(quantile(logins, 0.5)).toBeLessThanOrEqual(100)
}, 600_000)
