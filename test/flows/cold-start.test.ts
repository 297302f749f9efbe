// F10: a RADIUS process that starts while Postgres is away serves from what it kept on its disk, and goes over to Postgres by
// itself when it comes; without such a file it is silent, and lives. Nothing of this ends the process.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { begin } from '../../src/aaa/snapshot/cold-start.ts'
import { systemClock } from '../../src/clock.ts'
import { readConfig } from '../../src/config.ts'
import { createPool } from '../../src/db/pool.ts'
import { encodeAttributes } from '../../src/radius/attributes.ts'
import { createSecret } from '../../src/radius/authenticator.ts'
import { createRadiusClient, type RadiusUdpClient } from '../../src/radius/client.ts'
import { codeName, codes } from '../../src/radius/codes.ts'
import { silentLog, useDatabase } from '../support/database.ts'
import { dictionary } from '../support/dictionary.ts'
import { openIsp, password, secret } from '../support/isp.ts'
import { openTestKeyring } from '../support/keyring.ts'
import { startTestService, type TestService } from '../support/service.ts'
import { startTcpFaultProxy, type TcpFaultProxy } from '../support/tcp-fault-proxy.ts'

const database = useDatabase()
const key = createSecret(secret)
const folders: string[] = []
let network: TcpFaultProxy
let nas: RadiusUdpClient
let keys: { keyFile: string; remove(): void }
/** With the file of a process that knew everything. */
let kept: string

beforeAll(async () => {
  const { hostname: host, port } = new URL(database.url)
  network = await startTcpFaultProxy({ seed: 'cold start', target: { host, port: Number(port) } })
  nas = createRadiusClient({ localAddress: '127.0.61.1', now: () => performance.now() })
  keys = await openTestKeyring(database.pool)
  kept = folder()
  const isp = await openIsp(database, { stateDirectory: kept, keyFile: keys.keyFile })
  await isp.plan()
  await isp.subscriber('anna')
  await isp.subscriber('bert')
  await database.pool.query(`update subscriber set enabled = false where username = 'bert'`)
  await isp.client('bng', '127.0.61.1')
  await login(isp.service, 'anna')
  await isp.service.refresh()
  await isp.close()
})
afterAll(async () => {
  nas.close()
  await network.close()
  for (const one of folders) rmSync(one, { recursive: true, force: true })
  keys.remove()
})

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'gatehouse-state-'))
  folders.push(made)
  return made
}

const copyOfKept = (): string => {
  const copy = folder()
  copyFileSync(join(kept, 'snapshot-1'), join(copy, 'snapshot-1'))
  return copy
}

function start(stateDirectory: string, lastKnown: 'subscribers' | 'nothing' = 'subscribers'): Promise<TestService> {
  const url = network.through(database.url)
  const options = { stateDirectory, keyFile: keys.keyFile, loginDeadlineMs: 250, lastKnown }
  return startTestService({ url, pool: database.pool }, options)
}

function leave(): void {
  network.set({ fresh: 'refuse' })
  network.cut()
}

/** The name of what came back, or what else became of the request. */
async function login(
  service: Pick<TestService, 'authPort'>,
  username: string,
  { word = password, identifier = 'bng-1' } = {},
): Promise<string> {
  const outcome = await nas.exchange({
    address: '127.0.0.1',
    port: service.authPort,
    secret: key,
    code: codes.accessRequest,
    attributes: (authenticator) =>
      encodeAttributes(
        dictionary,
        [
          { name: 'User-Name', value: username },
          { name: 'User-Password', value: word },
          { name: 'NAS-Identifier', value: identifier },
        ],
        { secret: key, authenticator },
      ),
    messageAuthenticator: true,
    timeoutMs: 1_500,
    tries: 1,
  })
  return outcome.kind === 'reply' ? codeName(outcome.packet.code) : outcome.kind
}

async function until(holds: () => Promise<boolean>, withinMs: number): Promise<number> {
  const begun = performance.now()
  while (!(await holds())) {
    if (performance.now() - begun > withinMs) throw new Error(`it does not hold after ${withinMs} ms`)
    await sleep(50)
  }
  return performance.now() - begun
}

describe('F10: a start without Postgres', () => {
  it('serves from the file, and goes over to Postgres within 5 s of its return', async () => {
    leave()
    const service = await start(copyOfKept())
    try {
      expect(await login(service, 'anna')).toBe('Access-Accept')
      expect(await login(service, 'anna', { word: 'wrong' })).toBe('Access-Reject')
      expect(await login(service, 'bert')).toBe('Access-Reject')
      expect(await login(service, 'nobody')).toBe('timeout')
      // A device that nobody had seen cannot be made now.
      expect(await login(service, 'anna', { identifier: 'bng-2' })).toBe('timeout')
      await database.pool.query(
        `update subscriber set blocked_at = now(), block_reason = 'meanwhile' where username = 'anna'`,
      )
      network.heal()
      expect(await until(async () => (await login(service, 'anna')) === 'Access-Reject', 5_000)).toBeLessThan(5_000)
      await database.pool.query(`update subscriber set blocked_at = null, block_reason = null where username = 'anna'`)
      await until(async () => (await login(service, 'anna', { identifier: 'bng-2' })) === 'Access-Accept', 5_000)
    } finally {
      network.heal()
      await service.close()
    }
  })

  it('is silent without a file, and serves when Postgres comes', async () => {
    leave()
    const waiting = start(folder())
    let started = false
    void waiting.then(() => (started = true))
    await sleep(1_100)
    expect(started).toBe(false)
    network.heal()
    const service = await waiting
    try {
      expect(await login(service, 'anna')).toBe('Access-Accept')
    } finally {
      await service.close()
    }
  })
})

describe('a process that is to hold nothing', () => {
  it('answers no login while Postgres is away, keeps no file, and goes on when Postgres is back', async () => {
    const directory = copyOfKept()
    const service = await start(directory, 'nothing')
    try {
      await service.refresh()
      expect(await login(service, 'anna')).toBe('Access-Accept')
      leave()
      for (const name of ['anna', 'bert', 'nobody']) expect(await login(service, name)).toBe('timeout')
      network.heal()
      await until(async () => (await login(service, 'anna')) === 'Access-Accept', 5_000)
      expect(await login(service, 'bert')).toBe('Access-Reject')
    } finally {
      network.heal()
      await service.close()
    }
    expect(existsSync(join(directory, 'snapshot-1'))).toBe(false)
  })
})

describe('a process that waits for Postgres', () => {
  it.each(['stop', 'disconnect'] as const)('lives, and ends when it hears %s', async (how) => {
    const env = { GATEHOUSE_KEY_FILE: keys.keyFile, GATEHOUSE_STATE_DIR: folder(), GATEHOUSE_LOG_LEVEL: 'silent' }
    const child = fork(new URL('../../src/radius-process.ts', import.meta.url), {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    const gone = once(child, 'exit')
    const databaseUrl = 'postgres://nobody:x@127.0.0.1:1/none'
    child.send({ kind: 'start', config: readConfig(env), databaseUrl, worker: 1 })
    const early = await Promise.race([
      gone.then(() => 'gone'),
      once(child, 'message').then(() => 'said something'),
      sleep(2_000),
    ])
    expect(early).toBe(undefined)
    if (how === 'stop') child.send({ kind: 'stop' })
    else child.disconnect()
    expect(await Promise.race([gone, sleep(15_000)])).toEqual([how === 'stop' ? 0 : 1, null])
  })
})

describe('what a process begins with', () => {
  const away = () => {
    const pool = createPool('postgres://nobody:x@127.0.0.1:1/none', { name: 'away', max: 1 })
    return { pool, keyFile: keys.keyFile, clock: systemClock, log: silentLog }
  }

  it('is the file where Postgres hangs for three seconds', async () => {
    network.set({ fresh: 'silent' })
    const pool = createPool(network.through(database.url), { name: 'hangs', max: 1, connectTimeoutMs: 10_000 })
    try {
      const begun = performance.now()
      const { kept: found } = await begin({ ...away(), pool, file: join(kept, 'snapshot-1') })
      expect(performance.now() - begun).toBeLessThan(4_500)
      expect(found!.known.store.find('uanna')).toHaveLength(1)
      expect(found!.house.registry.clients.map((client) => client.name)).toEqual(['bng'])
    } finally {
      network.heal()
      network.cut()
      await pool.end()
    }
  })

  it('is no damaged file: it is told once, and the process waits', async () => {
    const lines: unknown[] = []
    const file = join(folder(), 'snapshot-1')
    const octets = readFileSync(join(kept, 'snapshot-1'))
    octets[octets.length - 1]! ^= 1
    writeFileSync(file, octets)
    const ending = new AbortController()
    const log = {
      ...silentLog,
      warn: (fields: object, message?: string) => void lines.push([message, Object.keys(fields)]),
    }
    const beginning = begin({ ...away(), log, file, signal: ending.signal })
    await sleep(1_300)
    ending.abort()
    await expect(beginning).rejects.toThrow('aborted')
    expect(lines).toEqual([
      ['the kept snapshot is not used', ['error', 'file']],
      ['Postgres cannot be asked and nothing is known of before: silent until it can', ['error']],
    ])
  })

  it('F11: is nothing without the right key file: the process ends with one sentence', async () => {
    const file = join(kept, 'snapshot-1')
    const none = { ...away(), keyFile: join(folder(), 'gatehouse.key') }
    await expect(begin({ ...none, file })).rejects.toThrow('is missing')
    const [first] = readFileSync(keys.keyFile, 'utf8').split(' ')
    writeFileSync(none.keyFile, `${first} ${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 })
    await expect(begin({ ...none, file })).rejects.toThrow('is not the one that this database was sealed with')
  })
})
