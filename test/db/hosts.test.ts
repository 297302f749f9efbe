import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { isUnavailable } from '../../src/db/errors.ts'
import { clientAt, createHostFinder, hostsOf, HostMovedError, NoWritableHostError } from '../../src/db/hosts.ts'
import { createPool, type Pool, type PoolOptions } from '../../src/db/pool.ts'
import { migrate } from '../../src/db/migrate.ts'
import { useDatabase } from '../support/database.ts'
import { startReplicatedPostgres, withHosts, type ReplicatedPostgres } from '../support/standby.ts'
import { startTcpFaultProxy, type TcpFaultProxy } from '../support/tcp-fault-proxy.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

function open(url: string, options: Partial<PoolOptions> = {}): Pool {
  const pool = createPool(url, { name: 'hosts', max: 3, ...options })
  ends.push(() => pool.end())
  return pool
}

async function failureOf(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => expect.unreachable('it did not fail'),
    (error: Error) => error,
  )
}

describe('a connection URL', () => {
  it('with one host stays as it is', () => {
    for (const url of [
      'postgres://gatehouse:secret@db:5432/isp',
      'postgresql://db/isp?sslmode=verify-full',
      'postgres:///isp?host=/run/postgresql',
    ])
      expect(hostsOf(url).map((host) => host.url)).toEqual([url])
  })

  it('with several is one URL for each host, in their order', () => {
    expect(hostsOf('postgres://a:b@c@db1:5432,[::1]:5433,db3/isp?sslmode=require')).toEqual([
      { name: 'db1:5432', url: 'postgres://a:b@c@db1:5432/isp?sslmode=require' },
      { name: '[::1]:5433', url: 'postgres://a:b@c@[::1]:5433/isp?sslmode=require' },
      { name: 'db3', url: 'postgres://a:b@c@db3/isp?sslmode=require' },
    ])
  })

  it('keeps every password and host, whatever they are', () => {
    const host = fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map((address) => `[${address}]`),
    )
    const named = fc.tuple(host, fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }))
    fc.assert(
      fc.property(fc.string(), fc.array(named, { minLength: 2, maxLength: 5 }), (password, hosts) => {
        const names = hosts.map(([name, port]) => (port === undefined ? name : `${name}:${port}`))
        const lead = `postgres://gatehouse:${encodeURIComponent(password)}@`
        const found = hostsOf(`${lead}${names.join(',')}/isp`)
        expect(found).toEqual(names.map((name) => ({ name, url: `${lead}${name}/isp` })))
      }),
    )
  })

  it.each(['db1,', ',db2', 'db1,:5432', 'db1,db2:port', 'db1,d b2'])('that says %o names no hosts', (hosts) => {
    expect(() => hostsOf(`postgres://a:hunter2@${hosts}/isp`)).toThrow(TypeError)
    expect(() => hostsOf(`postgres://a:hunter2@${hosts}/isp`)).not.toThrow('hunter2')
  })
})

describe('of two hosts that lead to one server', () => {
  const database = useDatabase({ empty: true })
  let first: TcpFaultProxy
  let second: TcpFaultProxy
  let url: string
  beforeAll(async () => {
    const { hostname: host, port } = new URL(database.url)
    const target = { host, port: Number(port) }
    first = await startTcpFaultProxy({ seed: 'first', target })
    second = await startTcpFaultProxy({ seed: 'second', target })
    url = withHosts(first.through(database.url), second.through(database.url))
  })
  afterEach(() => {
    first.heal()
    second.heal()
  })
  afterAll(() => Promise.all([first.close(), second.close()]))

  const one = async (pool: Pool): Promise<unknown> => (await pool.query('select 1 as one')).rows
  const fine = [{ one: 1 }]

  it('the first is taken, and the other when that refuses', async () => {
    const pool = open(`${url}?a=1`)
    expect(await one(pool)).toEqual(fine)
    expect(first.counts.open).toBe(1)
    first.set({ fresh: 'refuse' })
    first.cut()
    // Until somebody has met the refusal the first is thought to be the one.
    await expect.poll(() => one(pool).catch(() => undefined), { timeout: 5_000 }).toEqual(fine)
    expect(first.counts.open).toBe(0)
    expect(second.counts.open).toBe(1)
  })

  it('the one that serves is kept when the other is back', async () => {
    first.set({ fresh: 'refuse' })
    const pool = open(`${url}?a=2`)
    expect(await one(pool)).toEqual(fine)
    first.heal()
    await Promise.all([one(pool), one(pool), one(pool)])
    expect([first.counts.open, second.counts.open]).toEqual([0, 3])
  })

  it('F16: a host that is silent holds nobody up for longer than a connection may take, and is left behind by all', async () => {
    const broken: Error[] = []
    const busy = open(`${url}?a=3`, { onError: (error) => broken.push(error) })
    expect(await one(busy)).toEqual(fine)
    const working = busy.query('select pg_sleep(60)')
    working.catch(() => undefined)
    await busy.query('select 1')
    first.halfOpen()
    first.set({ fresh: 'silent' })
    const probe = open(`${url}?a=3`, { connectTimeoutMs: 300, max: 1 })
    const begun = performance.now()
    await expect.poll(() => one(probe).catch(() => undefined), { timeout: 10_000 }).toEqual(fine)
    expect(performance.now() - begun).toBeLessThan(5_000)
    // The pools of a process share what they know: an idle connection is broken off, and a statement on its way ends.
    expect(await failureOf(working)).toBeInstanceOf(HostMovedError)
    expect(broken.map(({ name }) => name)).toContain('HostMovedError')
    expect(await one(busy)).toEqual(fine)
  })

  it('neither serving is a database that is away, told with the reason of each', async () => {
    first.set({ fresh: 'refuse' })
    second.set({ fresh: 'refuse' })
    const error = await failureOf(one(open(`${url}?a=4`)))
    expect(error).toBeInstanceOf(NoWritableHostError)
    expect(isUnavailable(error)).toBe(true)
    for (const { name } of hostsOf(url)) expect(error.message).toContain(`${name}: `)
    expect(error.message).not.toContain(new URL(database.url).password)
  })

  it('a pool that gives up waiting leaves no connection behind', async () => {
    first.set({ fresh: 'silent' })
    second.set({ fresh: 'silent' })
    const pool = open(`${url}?a=5`, { connectTimeoutMs: 200 })
    expect(isUnavailable(await failureOf(one(pool)))).toBe(true)
    expect(pool.totalCount).toBe(0)
    await expect.poll(() => [first.counts.open, second.counts.open], { timeout: 5_000 }).toEqual([0, 0])
  })

  it('a server that only reads by now ends the connection: a statement hears its own error first', async () => {
    const pool = open(`${url}?a=6`, { max: 1 })
    const client = await pool.connect()
    client.on('error', () => undefined)
    const ended = new Promise((resolve) => client.once('end', resolve))
    await client.query('begin read only')
    const error = await failureOf(client.query('create table never (id int)'))
    expect(error).toMatchObject({ code: '25006' })
    await ended
    client.release(true)
    expect((await pool.query('create temporary table once (id int)')).command).toBe('CREATE')
  })

  it('a connection that says of itself that it only reads is left at once', async () => {
    const pool = open(`${url}?a=7`, { max: 1 })
    const client = await pool.connect()
    client.on('error', () => undefined)
    const ended = new Promise((resolve) => client.once('end', resolve))
    // As a standby says in_hot_standby: the server reports both by itself.
    await client.query('set default_transaction_read_only = on').catch(() => undefined)
    await ended
    client.release(true)
    expect(await one(pool)).toEqual(fine)
  })

  it('many who ask at once make one look', async () => {
    const finder = createHostFinder(hostsOf(url))
    const before = first.counts.begun + second.counts.begun
    const found = await Promise.all(Array.from({ length: 20 }, () => finder.find()))
    expect(new Set(found).size).toBe(1)
    expect(first.counts.begun + second.counts.begun - before).toBe(2)
  })
})

describe('a primary and its standby', () => {
  let both: ReplicatedPostgres
  beforeAll(async () => {
    both = await startReplicatedPostgres()
  }, 60_000)
  afterAll(() => both.close())

  it('a host that was the primary and is a standby by now is left while the connection is made', async () => {
    const [host] = hostsOf(both.standby.url)
    const doubted: string[] = []
    const finder = {
      find: () => Promise.resolve(host!),
      doubt: ({ name }: { name: string }) => void doubted.push(name),
      onMove: () => () => undefined,
    }
    const client = new (clientAt(finder))({ connectionString: both.standby.url })
    client.on('error', () => undefined)
    expect(await failureOf(client.connect())).toBeInstanceOf(NoWritableHostError)
    expect(new Set(doubted)).toEqual(new Set([host!.name]))
  })

  it('a standby is never taken, be it named first; after a promotion everybody goes there, and nothing acknowledged is lost', async () => {
    const url = withHosts(both.standby.url, both.primary.url)
    await migrate(url)
    const pool = open(url, { max: 4 })
    const port = Number(new URL(both.primary.url).port)
    const where = async (): Promise<number> =>
      (await pool.query<{ port: number }>(`select current_setting('port')::int as port`)).rows[0]!.port
    expect(await where()).toBe(port)
    await pool.query('create table kept (id int primary key)')
    let acknowledged = 0
    for (; acknowledged < 50; acknowledged += 1) await pool.query('insert into kept values ($1)', [acknowledged])

    await both.primary.kill()
    const away = await failureOf(where())
    expect(isUnavailable(away)).toBe(true)
    const promotedMs = await both.promote()
    const begun = performance.now()
    await expect.poll(() => where().catch(() => undefined), { timeout: 5_000 }).not.toBeUndefined()
    expect(await where()).toBe(Number(new URL(both.standby.url).port))
    expect(promotedMs + performance.now() - begun).toBeLessThan(10_000)
    expect((await pool.query('select count(*)::int as count from kept')).rows).toEqual([{ count: acknowledged }])
    await pool.query('insert into kept values (1000)')

    // Whoever starts now finds two that write; only one of them is where the others went on.
    await both.primary.start()
    await both.primary.pool.query(`alter system set synchronous_standby_names = ''`)
    await both.primary.pool.query('select pg_reload_conf()')
    const finder = createHostFinder(hostsOf(both.url))
    expect((await finder.find()).url).toBe(both.standby.url)
  }, 60_000)
})
