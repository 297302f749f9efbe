// The RADIUS process is killed at random moments while accounting flows: what was acknowledged is in the database, and
// nothing is in it twice. The ledgers of the NASes decide.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { readConfig } from '../../src/config.ts'
import { createKysely } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import { addClient } from '../../src/domain/client.ts'
import { openKeyring } from '../../src/domain/data-key.ts'
import { addPlan } from '../../src/domain/plan.ts'
import { addSubscriber } from '../../src/domain/subscriber.ts'
import { createLogger } from '../../src/log.ts'
import { createSecret } from '../../src/radius/authenticator.ts'
import { createRadiusClient } from '../../src/radius/client.ts'
import { codes } from '../../src/radius/codes.ts'
import { compareSessions } from '../../src/simulator/compare.ts'
import { createLedger } from '../../src/simulator/ledger.ts'
import type { NasSession } from '../../src/simulator/nas-session.ts'
import { createNas, type SimulatedNas } from '../../src/simulator/nas.ts'
import { createRandom } from '../../src/simulator/random.ts'
import { startService, type Service } from '../../src/supervisor.ts'
import { useDatabase } from '../support/database.ts'
import { dictionary } from '../support/dictionary.ts'
import { password, secret, sessionRows } from '../support/isp.ts'
import { freeUdpPort } from '../../src/cli/free-port.ts'

/** Twenty, and the figures: test/faults/kills.test.ts. */
const kills = 5
const subscribers = 30

const database = useDatabase()
const directory = mkdtempSync(join(tmpdir(), 'gatehouse-kill-'))
let service: Service
let nases: SimulatedNas[]
const ledger = createLedger()

beforeAll(async () => {
  const config = {
    ...readConfig({ DATABASE_URL: database.url, GATEHOUSE_DATA_DIR: directory, GATEHOUSE_LOG_LEVEL: 'silent' }),
    radiusAddresses: ['127.0.0.1'],
    authPort: await freeUdpPort(0),
    acctPort: await freeUdpPort(0),
    httpPort: 0,
  }
  service = await startService(config, createLogger({ level: 'silent' }), systemClock)
  const db = createKysely<Database>(database.pool)
  const keyring = await openKeyring(database.pool, config.keyFile, systemClock.now())
  const now = systemClock.now()
  await addPlan(db, { name: 'Home50', down: '50M', up: '20M', days: 30, sessionLimit: 1 }, () => undefined, now)
  for (let at = 0; at < subscribers; at += 1) {
    await addSubscriber(
      db,
      { username: `sub${at}`, password, plan: 'Home50' },
      ownAuthor('system', 'test', keyring),
      now,
    )
  }
  nases = []
  for (const [at, vendor] of (['mikrotik', 'accel-ppp'] as const).entries()) {
    const localAddress = `127.0.0.${41 + at}`
    await addClient(db, keyring, { name: vendor, address: localAddress, vendor, secret }, now)
    const server = { address: '127.0.0.1', authPort: service.authPort, acctPort: service.acctPort }
    const timers = { timeoutMs: 150, tries: 40 }
    const about = { vendor, identifier: vendor, localAddress, server, secret, dictionary, seed: 'kill', timers }
    nases.push(await createNas({ ...about, clock: systemClock, ledger }))
  }
})

afterAll(async () => {
  for (const nas of nases) nas.close()
  await service.close()
  rmSync(directory, { recursive: true, force: true })
})

/** Resolves when the service answers. */
async function serving(): Promise<void> {
  const client = createRadiusClient({ localAddress: '127.0.0.41', now: () => performance.now() })
  const outcome = await client.exchange({
    address: '127.0.0.1',
    port: service.acctPort,
    secret: createSecret(secret),
    code: codes.statusServer,
    attributes: Buffer.alloc(0),
    timeoutMs: 50,
    tries: 200,
    backoff: 1,
  })
  client.close()
  expect(outcome.kind).toBe('reply')
}

/** Resolves when the journal, which takes what Postgres does not commit in time, has nothing more for the books. */
async function drained(): Promise<void> {
  const left = async (): Promise<string[]> => {
    const text = await (await fetch(`${service.httpUrl}/metrics`)).text()
    return [...text.matchAll(/^gatehouse_journal_records(?:\{[^}]*\})? (\d+)/gm)].map(([, records]) => records!)
  }
  await expect.poll(left, { interval: 50, timeout: 30_000 }).toEqual(['0'])
}

async function dialAll(): Promise<{ nas: SimulatedNas; session: NasSession }[]> {
  const lines = await Promise.all(
    Array.from({ length: subscribers }, async (_, at) => {
      const nas = nases[at % 2]!
      const mac = `02:00:00:00:02:${at.toString(16).padStart(2, '0')}`
      const outcome = await nas.dial({ username: `sub${at}`, password, method: 'pap', mac })
      return outcome.kind === 'online' ? [{ nas, session: outcome.session }] : []
    }),
  )
  return lines.flat()
}

describe('kill -9 of the RADIUS process', () => {
  it(`at ${kills} random moments loses no acknowledged record and counts none twice`, async () => {
    await serving()
    const lines = await dialAll()
    expect(lines.length).toBe(subscribers)
    const over = new AbortController()
    const load = lines.map(async ({ nas, session }) => {
      while (!over.signal.aborted) {
        nas.pass(session, 60)
        await nas.interim(session)
      }
    })
    const random = createRandom('moments')
    const killed = new Set<number>()
    for (let kill = 0; kill < kills; kill += 1) {
      await serving()
      // The moment itself is what is drawn here; there is no event to wait for.
      await sleep(20 + random.integer(180))
      const [pid] = service.radiusPids()
      process.kill(pid!, 'SIGKILL')
      killed.add(pid!)
    }
    await serving()
    over.abort()
    await Promise.all(load)
    await Promise.all(lines.map(({ nas, session }) => nas.stop(session, 'User-Request')))
    await Promise.all(nases.map((nas) => nas.quiet()))

    await drained()
    expect(killed.size).toBe(kills)
    expect(compareSessions(ledger.state, await sessionRows(database.pool))).toEqual([])
    const usage = await database.pool.query(
      `select (select sum(input_octets) from session) = (select sum(input_octets) from usage_hour) as hours,
              (select sum(input_octets) from session) = (select sum(input_octets) from usage_period) as periods`,
    )
    expect(usage.rows).toEqual([{ hours: true, periods: true }])
  }, 120_000)
})
