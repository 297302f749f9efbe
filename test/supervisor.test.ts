// The whole service as processes: it comes up, shows one set of metrics, ends in order, and says clearly why it cannot start.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createSocket } from 'node:dgram'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { readConfig, type Config } from '../src/config.ts'
import { createLogger } from '../src/log.ts'
import { startService } from '../src/supervisor.ts'
import { useDatabase } from './support/database.ts'
import { startTcpFaultProxy } from './support/tcp-fault-proxy.ts'
import { freeTcpPort, freeUdpPort } from '../src/cli/free-port.ts'
import { programEnvironment } from './support/program-environment.ts'

const database = useDatabase()
const directory = mkdtempSync(join(tmpdir(), 'gatehouse-serve-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const main = new URL('../src/main.ts', import.meta.url).pathname

async function configuration(): Promise<Config> {
  return {
    ...readConfig({ DATABASE_URL: database.url, GATEHOUSE_DATA_DIR: directory, GATEHOUSE_LOG_LEVEL: 'silent' }),
    radiusAddresses: ['127.0.0.1'],
    authPort: await freeUdpPort(0),
    acctPort: await freeUdpPort(0),
    httpPort: 0,
    radiusWorkers: 2,
  }
}

describe('startService', () => {
  it('serves health and the metrics of all its processes', async () => {
    const config = await configuration()
    const service = await startService(config, createLogger({ level: 'silent' }), systemClock)
    try {
      expect(service.radiusPids()).toHaveLength(2)
      expect((await fetch(`${service.httpUrl}/readyz`)).status).toBe(200)
      // A stranger's datagram is counted by whichever RADIUS process the kernel chose.
      const socket = createSocket('udp4')
      socket.send(Buffer.alloc(20), config.authPort, '127.0.0.1')
      await expect
        .poll(async () => (await fetch(`${service.httpUrl}/metrics`)).text())
        .toContain('gatehouse_radius_dropped_total{client="",reason="unknown-source"} 1')
      socket.close()
    } finally {
      await service.close()
    }
    expect(service.radiusPids()).toEqual([])
  })

  it('says which port it cannot have, and leaves nothing running', async () => {
    const config = await configuration()
    const taken = createSocket('udp4')
    taken.bind(config.authPort, '127.0.0.1')
    await once(taken, 'listening')
    const start = startService({ ...config, radiusWorkers: 1 }, createLogger({ level: 'silent' }), systemClock)
    await expect(start).rejects.toThrow(`cannot bind authentication to 127.0.0.1 port ${config.authPort}`)
    taken.close()
  })

  it('F10: without Postgres starts RADIUS at once, and the rest when it comes', async () => {
    const network = await startTcpFaultProxy({ seed: 'start', target: { port: Number(new URL(database.url).port) } })
    network.set({ fresh: 'refuse' })
    const lines: string[] = []
    const stream = { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) }
    const config = { ...(await configuration()), databaseUrl: network.through(database.url), radiusWorkers: 1 }
    const service = await startService(config, createLogger({ level: 'info', stream }), systemClock)
    try {
      const [pid] = service.radiusPids()
      expect(pid).toBeGreaterThan(0)
      expect(service.httpUrl).toBe('')
      // Two more tries in vain: nothing ends, nothing is started again, one line is written.
      await expect.poll(() => network.counts.begun + lines.length).toBeGreaterThan(0)
      await sleep(2_500)
      expect(lines).toEqual(['Postgres is away: RADIUS works without it, HTTP and jobs wait for it'])
      network.heal()
      const healedAt = performance.now()
      await service.whole
      expect(performance.now() - healedAt).toBeLessThan(20_000)
      expect((await fetch(`${service.httpUrl}/readyz`)).status).toBe(200)
      expect(service.radiusPids()).toEqual([pid])
    } finally {
      await service.close()
      await network.close()
    }
  }, 60_000)

  it('F10: a RADIUS process that is killed while it waits for Postgres is started again, and the service lives', async () => {
    const network = await startTcpFaultProxy({ seed: 'killed', target: { port: Number(new URL(database.url).port) } })
    network.set({ fresh: 'refuse' })
    const config = { ...(await configuration()), databaseUrl: network.through(database.url), radiusWorkers: 1 }
    const state = mkdtempSync(join(tmpdir(), 'gatehouse-serve-'))
    const service = await startService(
      { ...config, stateDirectory: state },
      createLogger({ level: 'silent' }),
      systemClock,
    )
    try {
      const [first] = service.radiusPids()
      process.kill(first!, 'SIGKILL')
      await expect.poll(() => service.radiusPids()[0] ?? first, { timeout: 5_000 }).not.toBe(first)
      network.heal()
      await service.whole
      expect((await fetch(`${service.httpUrl}/readyz`)).status).toBe(200)
    } finally {
      await service.close()
      await network.close()
      rmSync(state, { recursive: true, force: true })
    }
  }, 60_000)

  it('F10: ended while it still waits for Postgres, it ends', async () => {
    const config = { ...(await configuration()), databaseUrl: 'postgres://nobody@127.0.0.1:1/none', radiusWorkers: 1 }
    const service = await startService(config, createLogger({ level: 'silent' }), systemClock)
    const askedAt = performance.now()
    await service.close()
    expect(performance.now() - askedAt).toBeLessThan(10_000)
    await expect(service.whole).rejects.toMatchObject({ name: 'AbortError' })
  }, 60_000)
})

describe('gatehouse serve', () => {
  it('names every bad variable in one message and ends with exit code 2', async () => {
    const env = {
      ...programEnvironment,
      GATEHOUSE_AUTH_PORT: '70000',
      GATEHOUSE_LOG_LEVEL: 'loud',
      GATEHOUSE_TYPO: '1',
    }
    const outcome = await new Promise<{ code: unknown; stderr: string }>((resolve) =>
      execFile(process.execPath, [main, 'serve'], { env }, (error, _stdout, stderr) =>
        resolve({ code: error?.code, stderr }),
      ),
    )
    expect(outcome.code).toBe(2)
    for (const name of ['GATEHOUSE_AUTH_PORT', 'GATEHOUSE_LOG_LEVEL', 'GATEHOUSE_TYPO']) {
      expect(outcome.stderr).toContain(name)
    }
  })

  it('ends within 3 s on SIGTERM while the database does not let itself be prepared', async () => {
    const env = { ...programEnvironment, DATABASE_URL: database.url, GATEHOUSE_DATA_DIR: directory }
    const holder = await database.pool.connect()
    await holder.query(`select pg_advisory_lock(hashtext('gatehouse schema_migration'))`)
    const child = spawn(process.execPath, [main, 'serve'], { env, stdio: ['ignore', 'ignore', 'inherit'] })
    try {
      const waits = `select 1 from pg_stat_activity where application_name = 'gatehouse migrate' and wait_event = 'advisory'`
      await expect.poll(async () => (await database.pool.query(waits)).rowCount, { timeout: 10_000 }).toBe(1)
      const askedAt = performance.now()
      child.kill('SIGTERM')
      expect(await once(child, 'exit')).toEqual([0, null])
      expect(performance.now() - askedAt).toBeLessThan(3_000)
    } finally {
      child.kill('SIGKILL')
      await holder.query('select pg_advisory_unlock_all()')
      holder.release()
    }
  }, 30_000)

  it('says which lock its start waits for, tries again, and ends within 2 s on SIGTERM', async () => {
    const state = mkdtempSync(join(tmpdir(), 'gatehouse-serve-'))
    const env = {
      PATH: process.env.PATH,
      DATABASE_URL: database.url,
      GATEHOUSE_DATA_DIR: directory,
      GATEHOUSE_STATE_DIR: state,
      GATEHOUSE_RADIUS_ADDRESSES: '127.0.0.1',
      GATEHOUSE_AUTH_PORT: String(await freeUdpPort(0)),
      GATEHOUSE_ACCT_PORT: String(await freeUdpPort(0)),
    }
    const holder = await database.pool.connect()
    await holder.query('begin')
    await holder.query('lock table data_key in access exclusive mode')
    const child = spawn(process.execPath, [main, 'serve'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      const said: { msg: string; waits_for?: string }[] = []
      createInterface({ input: child.stdout }).on('line', (line) =>
        said.push(JSON.parse(line) as (typeof said)[number]),
      )
      const waits = () => said.filter((line) => line.waits_for?.endsWith('relation data_key'))
      // The second one is of the second try. By then there is a RADIUS process, which waits too.
      await expect.poll(() => waits().length, { timeout: 20_000 }).toBe(2)
      const silent = 'Postgres cannot be asked and nothing is known of before: silent until it can'
      await expect.poll(() => said.map(({ msg }) => msg), { timeout: 20_000 }).toContain(silent)
      const askedAt = performance.now()
      child.kill('SIGTERM')
      expect(await once(child, 'exit')).toEqual([0, null])
      expect(performance.now() - askedAt).toBeLessThan(2_000)
    } finally {
      child.kill('SIGKILL')
      await holder.query('rollback')
      holder.release()
      rmSync(state, { recursive: true, force: true })
    }
  }, 40_000)

  it('drains and ends with exit code 0 on SIGTERM', async () => {
    const env = {
      ...programEnvironment,
      DATABASE_URL: database.url,
      GATEHOUSE_DATA_DIR: directory,
      GATEHOUSE_RADIUS_ADDRESSES: '127.0.0.1',
      GATEHOUSE_AUTH_PORT: String(await freeUdpPort(0)),
      GATEHOUSE_ACCT_PORT: String(await freeUdpPort(0)),
      GATEHOUSE_HTTP_PORT: String(await freeTcpPort(0)),
    }
    const serving = spawn(process.execPath, [main, 'serve'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    const lines: string[] = []
    for await (const line of createInterface({ input: serving.stdout })) {
      lines.push(line)
      if (line.includes('gatehouse is serving')) serving.kill('SIGTERM')
    }
    const [code] = serving.exitCode === null ? ((await once(serving, 'exit')) as [number]) : [serving.exitCode]
    expect(code).toBe(0)
    // Every line is JSON, and none shows the password of the database.
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).not.toContain('error')
    expect(lines.join('\n')).not.toContain(new URL(database.url).password)
  })
})
