// What a fault may cost the others, at full size: rolling restarts, standstills, no file descriptors, slow reports, locks, a log that
// nobody reads, modems that never stop. Figures are printed.
import { spawn } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createKysely, createPool, retryTransient, withTransaction, type Pool } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { sessionCookie } from '../../src/http/auth.ts'
import { clientOf, signIn } from '../support/api.ts'
import { settled } from '../support/cluster.ts'
import { useDatabase } from '../support/database.ts'
import { guests, openWorld, quantile, tryLogins, type FaultWorld } from '../support/fault-world.ts'
import { password } from '../support/isp.ts'
import { commandLine, descendants, signalAll } from '../support/processes.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)
const few = 50
const modems = 500

async function metric(world: FaultWorld, name: string): Promise<number> {
  const text = await (await fetch(`${world.service.httpUrl}/metrics`)).text()
  const found = [...text.matchAll(new RegExp(`^gatehouse_${name} (\\d+)`, 'gm'))]
  return found.reduce((sum, [, value]) => sum + Number(value), 0)
}

async function administratorOf(world: FaultWorld) {
  const { bearer } = await signIn(createKysely<Database>(world.postgres.pool), 'administrator', {}, new Date())
  return clientOf(() => world.service.httpUrl, { cookie: `${sessionCookie}=${bearer}` })
}

/** Logins at a door while something else happens: none is lost, none rejected. */
async function expectLogins(world: FaultWorld, id: string, input: { perSecond: number; seconds: number }) {
  const { right, wrong, unknown, acceptedMs } = await tryLogins(world, { ...input, guests: few })
  const p99 = Math.round(quantile(acceptedMs, 0.99))
  say(`${id}: ${right.online} let in, ${right.timeout} silent, ${right.rejected} rejected; p99 ${p99} ms`)
  expect([right.timeout, right.rejected, wrong.online, unknown.online]).toEqual([0, 0, 0, 0])
  return { p99 }
}

describe('one service', () => {
  let world: FaultWorld
  beforeAll(async () => {
    world = await openWorld({ seed: 'bounds', network: 93, subscribers: 20, others: guests(few + modems) })
  }, 120_000)
  afterAll(() => world.close())

  it('F04: ends on SIGTERM under load within 10 s with code 0, and loses nothing', async () => {
    world.begin()
    for (let round = 0; round < 3; round += 1) {
      await sleep(1_500)
      const { code, ms } = await world.service.stop()
      say(`F04: SIGTERM under load: code ${code} after ${Math.round(ms)} ms`)
      expect(code).toBe(0)
      expect(ms).toBeLessThan(10_000)
      await world.service.start()
    }
    await world.settle()
    await world.fleet.dialAll()
  }, 120_000)

  it('F05: stands still for 10 s: what nobody waits for any more is dropped, and within 5 s all is as before', async () => {
    await expectLogins(world, 'F05 before', { perSecond: 20, seconds: 1 })
    world.service.freeze('radius')
    // Its NAS gives up after 1.2 s: none of these may be worked on afterwards.
    const frozen = await tryLogins(world, { perSecond: 100, seconds: 8, guests: few })
    expect(frozen.right.online).toBe(0)
    await sleep(2_000)
    world.service.thaw()
    const thawedAt = performance.now()
    await expectLogins(world, 'F05 after', { perSecond: 50, seconds: 2 })
    const late = await metric(world, String.raw`radius_dropped_total\{[^}]*reason="too-late"[^}]*\}`)
    say(`F05: logins served ${Math.round(performance.now() - thawedAt - 2_000)} ms after; ${late} too late to work on`)
    expect(late).toBeGreaterThan(100)
    await world.settle()
    await world.fleet.dialAll()
  }, 120_000)

  it('F07: HTTP and jobs stand still while a core is burnt: logins do not notice, and callers are served when it is over', async () => {
    const client = await administratorOf(world)
    const burner = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' })
    world.service.freeze('admin')
    const asked = client.get('/subscribers')
    try {
      const { p99 } = await expectLogins(world, 'F07', { perSecond: 50, seconds: 4 })
      expect(p99).toBeLessThanOrEqual(50)
    } finally {
      world.service.thaw()
      burner.kill('SIGKILL')
    }
    expect((await asked).status).toBe(200)
  }, 60_000)

  it('F20: 200 slow reports at once are answered or told to come again, and logins do not notice', async () => {
    const client = await administratorOf(world)
    const holder = await world.postgres.pool.connect()
    await holder.query('begin')
    await holder.query('lock table usage_day in access exclusive mode')
    const begun = performance.now()
    const statuses = new Map<string, number>()
    const reports = Promise.all(
      Array.from({ length: 200 }, async () => {
        const { status, headers } = await client.get('/reports/top-usage')
        const key = `${status}${status === 503 ? `, Retry-After ${headers.get('retry-after')}` : ''}`
        statuses.set(key, (statuses.get(key) ?? 0) + 1)
      }),
    )
    await expectLogins(world, 'F20', { perSecond: 50, seconds: 6 })
    const listed = await client.get('/subscribers')
    expect(listed.status).toBe(200)
    await holder.query('rollback')
    holder.release()
    await reports
    say(`F20: ${JSON.stringify([...statuses])} within ${Math.round(performance.now() - begun)} ms`)
    expect([...statuses.keys()].toSorted()).toEqual(['200', '503, Retry-After 5'])
  }, 60_000)

  it('F21: the table of subscribers locked for 30 s: logins by what was last known, and no pile of connections', async () => {
    const holder = await world.postgres.pool.connect()
    await holder.query('begin')
    await holder.query('lock table subscriber in access exclusive mode')
    let most = 0
    const counting = setInterval(() => {
      void world.postgres.pool
        .query<{ n: string }>(`select count(*) as n from pg_stat_activity where application_name like 'gatehouse-%'`)
        .then(({ rows }) => (most = Math.max(most, Number(rows[0]!.n))))
    }, 500)
    const { p99 } = await expectLogins(world, 'F21', { perSecond: 20, seconds: 30 })
    clearInterval(counting)
    await holder.query('rollback')
    holder.release()
    say(`F21: at most ${most} connections; p99 ${p99} ms`)
    // All pools of two processes together.
    expect(most).toBeLessThanOrEqual(60)
    await settled(world.service)
    await world.settle()
    await world.fleet.dialAll()
  }, 120_000)

  it('F40: far more logins than it can serve for 20 s: none is wrongly refused, and 5 s later all is as before', async () => {
    const { right, wrong, unknown } = await tryLogins(world, { perSecond: 1_500, seconds: 20, guests: few })
    say(`F40: of 24,000 right ones ${right.online} let in, ${right.timeout} silent, ${right.rejected} rejected`)
    expect([right.rejected, wrong.online, unknown.online]).toEqual([0, 0, 0])
    await sleep(5_000)
    const { p99 } = await expectLogins(world, 'F40 afterwards', { perSecond: 50, seconds: 5 })
    expect(p99).toBeLessThan(1_000)
    await world.settle()
    await world.fleet.dialAll()
  }, 180_000)

  it('F42: 500 blocked modems dial for ever: refused at once, few log lines, little work', async () => {
    await world.postgres.pool.query(
      `update subscriber set blocked_at = now(), block_reason = 'test' where username = any($1)`,
      [guests(few + modems).slice(few)],
    )
    const linesBefore = world.service.said.length
    const [pid] = world.service.pids('radius')
    const ticksBefore = ticksOf(pid!)
    const seconds = 15
    const begun = performance.now()
    let rejected = 0
    const modem = async (at: number): Promise<void> => {
      await sleep((at * 5_000) / modems)
      while (performance.now() - begun < seconds * 1_000) {
        const outcome = await world.door.dial({
          username: `guest${few + at}`,
          password: at % 10 === 0 ? 'wrong' : password,
          method: 'pap',
          mac: `0a:00:00:01:${(at >> 8).toString(16).padStart(2, '0')}:${(at & 255).toString(16).padStart(2, '0')}`,
        })
        if (outcome.kind === 'rejected') rejected += 1
        await sleep(5_000)
      }
    }
    await Promise.all(Array.from({ length: modems }, (_, at) => modem(at)))
    const cpu = (ticksOf(pid!) - ticksBefore) / 100 / ((performance.now() - begun) / 1_000)
    const lines = (world.service.said.length - linesBefore) / seconds
    say(`F42: ${rejected} rejects, ${lines.toFixed(1)} log lines a second, ${Math.round(cpu * 100)} % of a CPU`)
    expect(rejected).toBeGreaterThan(1_000)
    expect(lines).toBeLessThanOrEqual(10)
    expect(cpu).toBeLessThanOrEqual(0.3)
    await world.postgres.pool.query(`update subscriber set blocked_at = null, block_reason = null`)
  }, 60_000)
})

describe('F09: 64 file descriptors for each process', () => {
  let world: FaultWorld
  const sockets: Socket[] = []
  beforeAll(async () => {
    const serve = { wrapper: ['prlimit', '--nofile=64'] }
    world = await openWorld({ seed: 'files', network: 94, subscribers: 4, others: guests(few), serve })
  }, 120_000)
  afterAll(() => world.close())
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy()
  })

  it('HTTP takes no more callers when they run out, RADIUS answers, and afterwards both do', async () => {
    const { hostname, port } = new URL(world.service.httpUrl)
    for (let at = 0; at < 200; at += 1) {
      const socket = connect(Number(port), hostname)
      socket.on('error', () => undefined)
      sockets.push(socket)
    }
    const { p99 } = await expectLogins(world, 'F09', { perSecond: 50, seconds: 3 })
    expect(p99).toBeLessThan(1_200)
    for (const socket of sockets.splice(0)) socket.destroy()
    await settled(world.service)
    await world.settle()
  }, 60_000)
})

describe('F31: a log that nobody reads', () => {
  let world: FaultWorld
  beforeAll(async () => {
    // The service writes to a pipe; whoever reads it is stopped.
    const serve = { wrapper: ['bash', '-c', 'exec "$0" "$@" > >(exec cat)'] }
    world = await openWorld({ seed: 'pipe', network: 95, subscribers: 4, others: guests(few), serve })
  }, 120_000)
  afterAll(() => world.close())

  it('holds up no login, and not the end', async () => {
    const [supervisor] = world.service.pids('supervisor')
    const reader = descendants(supervisor!).find((pid) => commandLine(pid).startsWith('cat'))!
    signalAll([reader], 'SIGSTOP')
    try {
      // Each is a line of its own: more than a pipe holds.
      for (let at = 0; at < 500; at += 1) await world.door.reboot({ tell: true })
      await expectLogins(world, 'F31', { perSecond: 50, seconds: 3 })
      const { code, ms } = await world.service.stop()
      say(`F31: ended with code ${code} after ${Math.round(ms)} ms though nobody reads`)
      expect(ms).toBeLessThan(12_000)
    } finally {
      signalAll([reader], 'SIGCONT')
    }
  }, 120_000)
})

describe('F22: transactions that meet in reverse order', () => {
  const database = useDatabase({ empty: true })
  it('1,000 collisions: each is done once, none is lost', async () => {
    // Postgres looks for deadlocks after a second otherwise: the collisions would take minutes.
    const name = new URL(database.url).pathname.slice(1)
    await database.pool.query(`alter database "${name}" set deadlock_timeout = '5ms'`)
    const pool: Pool = createPool(database.url, { name: 'collide', max: 4 })
    await pool.query('create table counter (id int primary key, n bigint not null)')
    await pool.query('insert into counter select id, 0 from generate_series(1, 2) as id')
    let tries = 0
    let given = 0
    const add = (first: number, second: number) =>
      retryTransient(async () => {
        tries += 1
        await withTransaction(pool, async (client) => {
          await client.query('update counter set n = n + 1 where id = $1', [first])
          await client.query('update counter set n = n + 1 where id = $1', [second])
        })
      }).catch(() => (given += 1))
    for (let round = 0; round < 500; round += 1) await Promise.all([add(1, 2), add(2, 1)])
    const { rows } = await pool.query<{ n: bigint }>('select n from counter order by id')
    say(`F22: 1,000 transactions in ${tries} tries, ${given} given up`)
    expect(rows.map(({ n }) => Number(n))).toEqual([1_000 - given, 1_000 - given])
    expect(given).toBe(0)
    expect(tries).toBeGreaterThan(1_000)
    await pool.end()
  }, 120_000)
})

/** CPU time of a process, user and system, in hundredths of a second (proc(5), fields 14 and 15). */
function ticksOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}
