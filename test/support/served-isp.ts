// Gatehouse as an operator runs it, in processes of its own on the test's database, with a few clients and subscribers; and a
// crowd that logs in at a steady rate whatever the answers do. For tests that ask what is still served under an attack.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freeUdpPort } from '../../src/cli/free-port.ts'
import { systemClock } from '../../src/clock.ts'
import { createKysely } from '../../src/db/pool.ts'
import type { Pool } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import { addClient } from '../../src/domain/client.ts'
import { openKeyring } from '../../src/domain/data-key.ts'
import { addPlan } from '../../src/domain/plan.ts'
import { addSubscriber } from '../../src/domain/subscriber.ts'
import { encodeAttributes } from '../../src/radius/attributes.ts'
import { createSecret } from '../../src/radius/authenticator.ts'
import { createRadiusClient } from '../../src/radius/client.ts'
import { codes } from '../../src/radius/codes.ts'
import { makeChapPassword } from '../../src/radius/password.ts'
import { dictionary } from './dictionary.ts'
import { password, secret } from './isp.ts'
import { programEnvironment } from './program-environment.ts'

const program = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export type ServedIsp = {
  authPort: number
  acctPort: number
  /** What all its processes wrote to standard output so far. */
  logLines(): string[]
  /** Resident memory of its RADIUS process in octets. */
  radiusMemory(): number
  close(): Promise<void>
}

/** Starts `serve`; each of the addresses is a client, `sub0` to `sub<n-1>` are subscribers with the password of isp.ts. */
export async function serveIsp(
  database: { url: string; pool: Pool },
  options: { clients: readonly string[]; subscribers: number },
): Promise<ServedIsp> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gatehouse-served-'))
  const [authPort, acctPort, httpPort] = [await freeUdpPort(0), await freeUdpPort(0), await freeUdpPort(0)]
  const logFile = path.join(folder, 'log')
  const log = fs.openSync(logFile, 'w')
  const child = spawn(process.execPath, [program, 'serve'], {
    env: {
      ...programEnvironment,
      DATABASE_URL: database.url,
      GATEHOUSE_DATA_DIR: folder,
      GATEHOUSE_RADIUS_ADDRESSES: '127.0.0.1',
      GATEHOUSE_AUTH_PORT: String(authPort),
      GATEHOUSE_ACCT_PORT: String(acctPort),
      GATEHOUSE_HTTP_PORT: String(httpPort),
      GATEHOUSE_LOG_LEVEL: 'info',
    },
    stdio: ['ignore', log, log],
  })
  fs.closeSync(log)
  const logLines = (): string[] => fs.readFileSync(logFile, 'utf8').split('\n').filter(Boolean)
  while (!logLines().some((line) => line.includes('radius is ready'))) {
    if (child.exitCode !== null) throw new Error(`serve ended: ${logLines().join('\n')}`)
    await sleep(50)
  }
  await fill(database.pool, path.join(folder, 'gatehouse.key'), options)
  const ready = logLines().find((line) => line.includes('radius is ready'))!
  const { pid } = JSON.parse(ready) as { pid: number }
  return {
    authPort,
    acctPort,
    logLines,
    radiusMemory() {
      const kilobytes = /VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
      return Number(kilobytes) * 1024
    },
    async close() {
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
      fs.rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function fill(pool: Pool, keyFile: string, options: { clients: readonly string[]; subscribers: number }) {
  const db = createKysely<Database>(pool)
  const now = systemClock.now()
  const keyring = await openKeyring(pool, keyFile, now)
  for (const address of options.clients) {
    await addClient(db, keyring, { name: address, address, vendor: 'mikrotik', secret }, now)
  }
  await addPlan(db, { name: 'Home50', down: '50M', up: '20M', days: 30 }, () => undefined, now)
  const author = ownAuthor('system', 'test', keyring)
  for (let at = 0; at < options.subscribers; at += 1) {
    await addSubscriber(db, { username: `sub${at}`, password, plan: 'Home50' }, author, now)
  }
}

export type Crowd = {
  /** Since the start: asked, answered at all, and answered at the first try. */
  seen(): { asked: number; accepted: number; firstTry: number; others: number }
  /** Asks no more, and waits for what is on its way. */
  stop(): Promise<void>
}

/** Logs in from an address so many times a second, each as RouterOS does: 300 ms and three tries. */
export function startCrowd(options: {
  localAddress: string
  port: number
  perSecond: number
  subscribers: number
}): Crowd {
  const client = createRadiusClient({ localAddress: options.localAddress, now: () => performance.now() })
  const known = createSecret(secret)
  const seen = { asked: 0, accepted: 0, firstTry: 0, others: 0 }
  const waiting = new Set<Promise<void>>()
  const logIn = async (at: number): Promise<void> => {
    const outcome = await client.exchange({
      address: '127.0.0.1',
      port: options.port,
      secret: known,
      code: codes.accessRequest,
      attributes: (authenticator) => login(`sub${at % options.subscribers}`, at, authenticator),
      timeoutMs: 300,
      tries: 3,
      backoff: 1,
    })
    if (outcome.kind !== 'reply' || outcome.packet.code !== codes.accessAccept) return void (seen.others += 1)
    seen.accepted += 1
    if (outcome.tries === 1) seen.firstTry += 1
  }
  const begun = performance.now()
  const timer = setInterval(() => {
    for (const due = ((performance.now() - begun) * options.perSecond) / 1_000; seen.asked < due;) {
      const one = logIn(seen.asked++)
      waiting.add(one)
      void one.finally(() => waiting.delete(one))
    }
  }, 5)
  return {
    seen: () => ({ ...seen }),
    async stop() {
      clearInterval(timer)
      await Promise.all(waiting)
      client.close()
    },
  }
}

function login(username: string, at: number, authenticator: Buffer): Buffer {
  const mac = (0x020000000000 + (at % 1_000_000))
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?!$)/g, '$&:')
  return encodeAttributes(dictionary, [
    { name: 'User-Name', value: username },
    { name: 'CHAP-Password', value: makeChapPassword(1, authenticator, Buffer.from(password)) },
    { name: 'Calling-Station-Id', value: mac },
    { name: 'Service-Type', value: 2 },
    { name: 'Framed-Protocol', value: 1 },
    { name: 'NAS-Port-Type', value: 15 },
  ])
}
