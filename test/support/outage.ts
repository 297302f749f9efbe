// An outage of Postgres as subscribers see it: a crowd logs in at a steady rate, right and wrong passwords, unknown and blocked
// names, while the service is cut off from its database; some are online whom the truth will not leave there. Counted at the wire.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { lookAgainWorker } from '../../src/jobs/look-again.ts'
import { startWorkers } from '../../src/jobs/workers.ts'
import { createLogger } from '../../src/log.ts'
import { encodeAttributes } from '../../src/radius/attributes.ts'
import { createSecret } from '../../src/radius/authenticator.ts'
import { createRadiusClient } from '../../src/radius/client.ts'
import { codes } from '../../src/radius/codes.ts'
import { makeChapPassword } from '../../src/radius/password.ts'
import { createTestDatabase } from './database.ts'
import { dictionary } from './dictionary.ts'
import { openIsp, password, secret } from './isp.ts'
import type { Isp } from './isp.ts'
import { startTcpFaultProxy } from './tcp-fault-proxy.ts'
import type { TcpFaultProxy } from './tcp-fault-proxy.ts'

const kinds = ['right', 'wrong', 'unknown', 'blocked'] as const
type Kind = (typeof kinds)[number]
type Tally = { asked: number; accepted: number; rejected: number; silent: number }
export type Counts = Record<Kind, Tally> & {
  /** Of accepted ones from the first try to the answer, in milliseconds, sorted. */
  readonly acceptedMs: readonly number[]
}

const subscribers = 60
const blocked = 5
/** Of ten logins. */
const share: readonly Kind[] = [
  'right',
  'right',
  'right',
  'right',
  'right',
  'right',
  'right',
  'wrong',
  'unknown',
  'blocked',
]

export type Outage = { isp: Isp; proxy: TcpFaultProxy; close(): Promise<void> }

/** An ISP of its own whose service reaches its Postgres through a bad network, with everybody that the crowd asks for. */
export async function openOutage(): Promise<Outage> {
  const database = await createTestDatabase()
  const target = { host: new URL(database.url).hostname, port: Number(new URL(database.url).port) }
  const proxy = await startTcpFaultProxy({ seed: 'outage', target })
  const isp = await openIsp({ url: proxy.through(database.url), pool: database.pool }, { loginDeadlineMs: 250 })
  await isp.plan()
  await isp.client('crowd', '127.0.0.22', { vendor: 'mikrotik' })
  for (let n = 0; n < subscribers; n++) await isp.subscriber(`right${n}`)
  for (let n = 0; n < blocked; n++) await isp.subscriber(`blocked${n}`)
  await database.pool.query(
    `update subscriber set blocked_at = now(), block_reason = 'test' where username like 'blocked%'`,
  )
  await isp.service.refresh()
  return {
    isp,
    proxy,
    async close() {
      proxy.heal()
      try {
        await isp.close()
      } finally {
        await proxy.close()
        await database.drop()
      }
    },
  }
}

/** Logs in so many times a second for so long, each as RouterOS does: 300 ms and three tries. */
export async function crowd(isp: Isp, options: { perSecond: number; seconds: number }): Promise<Counts> {
  const client = createRadiusClient({ localAddress: '127.0.0.22', now: () => performance.now() })
  const tally = (): Tally => ({ asked: 0, accepted: 0, rejected: 0, silent: 0 })
  const acceptedMs: number[] = []
  const counts = { right: tally(), wrong: tally(), unknown: tally(), blocked: tally(), acceptedMs }
  const known = createSecret(secret)
  const logIn = async (n: number): Promise<void> => {
    const kind = share[n % share.length]!
    const count = counts[kind]
    count.asked += 1
    const outcome = await client.exchange({
      address: '127.0.0.1',
      port: isp.service.authPort,
      secret: known,
      code: codes.accessRequest,
      attributes: (authenticator) => attributesOf(kind, n, authenticator),
      timeoutMs: 300,
      tries: 3,
      backoff: 1,
      jitter: 0,
    })
    if (outcome.kind !== 'reply') return void (count.silent += 1)
    const isAccepted = outcome.packet.code === codes.accessAccept
    count[isAccepted ? 'accepted' : 'rejected'] += 1
    if (isAccepted) acceptedMs.push(outcome.roundTripMs)
  }
  const begun = performance.now()
  const logins: Promise<void>[] = []
  while (performance.now() - begun < options.seconds * 1_000) {
    const due = Math.floor(((performance.now() - begun) / 1_000) * options.perSecond)
    while (logins.length < due) logins.push(logIn(logins.length))
    await sleep(5)
  }
  await Promise.all(logins)
  client.close()
  acceptedMs.sort((one, other) => one - other)
  return counts
}

function attributesOf(kind: Kind, n: number, authenticator: Buffer): Buffer {
  const names = { right: `right${n % subscribers}`, wrong: `right${n % subscribers}`, unknown: `nobody${n}` }
  const username = kind === 'blocked' ? `blocked${n % blocked}` : names[kind]
  const said = kind === 'wrong' ? 'another password' : password
  return encodeAttributes(dictionary, [
    { name: 'User-Name', value: username },
    { name: 'CHAP-Password', value: makeChapPassword(1, authenticator, Buffer.from(said)) },
    { name: 'Calling-Station-Id', value: `02:00:00:00:00:${String(n % subscribers).padStart(2, '0')}` },
    { name: 'Service-Type', value: 2 },
    { name: 'Framed-Protocol', value: 1 },
    { name: 'NAS-Port-Type', value: 15 },
  ])
}

/** The time within which that share of the logins was accepted, in milliseconds. */
export function acceptedWithin({ acceptedMs }: Counts, part: number): number {
  return acceptedMs[Math.min(acceptedMs.length - 1, Math.floor(acceptedMs.length * part))] ?? Infinity
}

/** D2 and D3: what subscribers may notice of an outage. */
export function expectUnnoticed(counts: Counts): void {
  const { right, wrong, unknown, blocked: refused } = counts
  expect(right.accepted / right.asked).toBeGreaterThanOrEqual(0.99)
  expect(right.rejected).toBe(0)
  expect([wrong.accepted, refused.accepted]).toEqual([0, 0])
  expect(unknown).toMatchObject({ accepted: 0, rejected: 0, silent: unknown.asked })
}

/** Looks again at all who were let in, by the real worker; gives the seconds until each was looked at. */
export async function lookAtAll({ isp }: Outage): Promise<number> {
  const begun = performance.now()
  const context = { pool: isp.pool, db: isp.db, keyring: isp.service.keyring, clock: systemClock, instance: 'test' }
  const rest = { log: createLogger({ level: 'silent' }), listen: () => () => undefined, fileDirectory: '/nowhere' }
  const workers = startWorkers({ ...context, ...rest }, [lookAgainWorker])
  const unseen = async (): Promise<number> => {
    const { rows } = await isp.pool.query<{ unseen: bigint }>(
      `select count(*) filter (where looked_at is null) + case when count(*) = 0 then 1 else 0 end as unseen
       from degraded_accept`,
    )
    return Number(rows[0]!.unseen)
  }
  await expect.poll(unseen, { timeout: 60_000, interval: 100 }).toBe(0)
  await workers.close()
  return (performance.now() - begun) / 1_000
}
