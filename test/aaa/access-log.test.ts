import { afterEach, describe, expect, it } from 'vitest'
import { createAccessLog } from '../../src/aaa/access-log.ts'
import type { AccessLog } from '../../src/aaa/access-log.ts'
import { createPool } from '../../src/db/pool.ts'
import { replyAsJson } from '../../src/aaa/reply-json.ts'
import { lastDecisions } from '../../src/domain/access-log.ts'
import type { AccessLogEntry } from '../../src/domain/access-log.ts'
import { after, noon } from '../support/access.ts'
import { startTcpFaultProxy } from '../support/tcp-fault-proxy.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const opened: AccessLog[] = []

const entry = (changes: Partial<AccessLogEntry> = {}): AccessLogEntry => ({
  subscriberId: 7n,
  username: 'anna',
  nasId: 1n,
  line: 'mac:d4:ca:6d:00:00:0a',
  interface: 'vlan12',
  method: 'pap',
  reason: 'wrong-password',
  accepted: false,
  detail: 'the password is wrong',
  reply: undefined,
  ...changes,
})

function open(
  options: {
    pool?: Parameters<typeof createAccessLog>[0]['pool']
    maximum?: number
    zone?: string
    everyMs?: number
  } = {},
) {
  const { pool = database.pool, zone = 'UTC', ...rest } = options
  const errors: unknown[] = []
  const log = createAccessLog({
    pool,
    zone: () => zone,
    onError: (error) => errors.push(error),
    everyMs: 3_600_000,
    ...rest,
  })
  opened.push(log)
  return Object.assign(log, { errors })
}

const rows = async () =>
  (
    await database.pool.query(
      'select day, username, reason, count, first_at, last_at, detail, reply from access_log order by first_at, username',
    )
  ).rows

afterEach(async () => {
  await Promise.all(opened.splice(0).map((log) => log.close()))
  await database.pool.query('delete from access_log')
})

describe('createAccessLog', () => {
  it('writes the first of equal outcomes, then adds up its repeats and keeps the newest words', async () => {
    const log = open()
    log.add(entry(), noon)
    log.add(entry({ detail: 'again' }), after(1))
    log.add(entry({ reason: 'unknown', subscriberId: undefined }), after(2))
    log.add(entry({ detail: 'and again' }), after(60))
    await log.flush()
    expect(await rows()).toMatchObject([
      { day: '2026-03-10', reason: 'wrong-password', count: 1n, first_at: noon, last_at: noon },
      { reason: 'wrong-password', count: 2n, first_at: after(1), last_at: after(60), detail: 'and again' },
      { reason: 'unknown', count: 1n },
    ])
    await log.flush()
    expect(await rows()).toHaveLength(3)
  })

  it('writes what a looping modem does as two rows in half a minute', async () => {
    const log = open({ everyMs: 2 })
    for (let n = 0; n < 300; n++) log.add(entry(), after(n / 10))
    const counts = async () => (await rows()).map((row) => row.count)
    await expect.poll(counts).toEqual([1n, 299n])
  })

  it.each([
    ['username', { username: 'berta' }],
    ['NAS', { nasId: 2n }],
    ['line', { line: undefined }],
    ['interface', { interface: 'vlan13' }],
    ['method', { method: 'chap' }],
    ['reason', { reason: 'expired' }],
    ['reply', { reply: '{"Framed-Pool":"home"}' }],
  ])('tells outcomes apart by %s', async (_, changes) => {
    const log = open()
    log.add(entry(), noon)
    log.add(entry(changes), noon)
    await log.flush()
    expect(await rows()).toHaveLength(2)
  })

  it('has one row for every day of the ISP’s zone', async () => {
    const log = open({ zone: 'Asia/Tokyo' })
    log.add(entry(), new Date('2026-03-10T14:59:59Z'))
    await log.flush()
    log.add(entry(), new Date('2026-03-10T15:00:00Z'))
    await log.flush()
    expect((await rows()).map((row) => row.day)).toEqual(['2026-03-10', '2026-03-11'])
  })

  it('keeps the attributes as they were sent', async () => {
    const log = open()
    const reply = replyAsJson([
      { name: 'Framed-Pool', value: 'home' },
      { name: 'Framed-Route', value: 'a' },
      { name: 'Framed-Route', value: 'b' },
      { name: 'Framed-Route', value: 'c' },
      { name: 'Framed-MTU', value: 1492 },
      { name: 'Some-Octets', value: Buffer.from('00ff', 'hex') },
      { name: 'Some-Counter', value: 2n ** 60n },
    ])
    log.add(entry({ accepted: true, reason: 'accepted', reply }), noon)
    await log.flush()
    expect(JSON.parse((await rows())[0].reply)).toEqual({
      'Framed-Pool': 'home',
      'Framed-Route': ['a', 'b', 'c'],
      'Framed-MTU': 1492,
      'Some-Octets': '0x00ff',
      'Some-Counter': '1152921504606846976',
    })
  })

  it('writes by itself, and what is left when it is closed', async () => {
    const log = open({ everyMs: 5 })
    log.add(entry(), noon)
    await expect.poll(rows).toHaveLength(1)
    log.add(entry({ username: 'berta' }), noon)
    await log.close()
    expect(await rows()).toHaveLength(2)
  })

  it('holds no more than it may, drops and counts the oldest, and goes on', async () => {
    const log = open({ maximum: 2 })
    for (const username of ['a', 'b', 'c', 'd']) log.add(entry({ username }), noon)
    expect(log.dropped()).toBe(2)
    await log.flush()
    log.add(entry({ username: 'c' }), noon)
    await log.flush()
    expect((await rows()).map((row) => row.username)).toEqual(['c', 'c', 'd'])
  })

  it('F12: holds what a database that is away did not take, and writes it when that is back', async () => {
    const proxy = await startTcpFaultProxy({ seed: 'access log', target: { port: Number(new URL(database.url).port) } })
    proxy.set({ fresh: 'refuse' })
    const pool = createPool(proxy.through(database.url), { name: 'away' })
    const log = open({ pool, maximum: 3, everyMs: 10 })
    for (const username of ['a', 'b']) log.add(entry({ username }), noon)
    await log.flush()
    await expect.poll(() => log.errors.length).toBeGreaterThan(1)
    expect(log.dropped()).toBe(0)
    for (const username of ['c', 'd']) log.add(entry({ username }), after(1))
    await expect.poll(() => log.dropped()).toBeGreaterThan(0)
    proxy.heal()
    const written = async () => (await rows()).map((row) => row.username as string)
    await expect.poll(written).toContain('d')
    // Of four one at least had to go, and the oldest went.
    expect((await written()).length + log.dropped()).toBe(4)
    expect(await written()).not.toContain('a')
    await log.close()
    await pool.end()
    await proxy.close()
  })

  it('drops what can never be written, and nothing else with it', async () => {
    const log = open()
    log.add(entry({ line: 'a\0b' }), noon)
    await log.flush()
    expect([log.errors.length, log.dropped()]).toEqual([1, 1])
    log.add(entry(), noon)
    await log.flush()
    expect(await rows()).toHaveLength(1)
  })

  it('writes thousands of different outcomes', async () => {
    const log = open()
    for (let n = 0; n < 5_000; n++) log.add(entry({ username: `user${n}` }), noon)
    await log.flush()
    const { rows: counted } = await database.pool.query('select count(*) from access_log')
    expect(counted[0].count).toBe(5_000n)
    expect(log.errors).toEqual([])
  })
})

describe('lastDecisions', () => {
  it('gives the newest first, no more than asked for', async () => {
    const log = open()
    log.add(entry(), noon)
    log.add(entry({ reason: 'expired' }), after(5))
    log.add(entry({ username: 'berta' }), after(9))
    await log.flush()
    expect((await lastDecisions(database.pool, 'anna', 10)).map((decision) => decision.reason)).toEqual([
      'expired',
      'wrong-password',
    ])
    expect(await lastDecisions(database.pool, 'anna', 1)).toHaveLength(1)
  })

  it('shows equal outcomes of a day as one', async () => {
    const log = open()
    for (const second of [0, 1, 70]) log.add(entry({ detail: `at ${second}` }), after(second))
    await log.flush()
    log.add(entry(), after(86_400))
    await log.flush()
    expect(await lastDecisions(database.pool, 'anna', 10)).toMatchObject([
      { firstAt: after(86_400), count: 1n },
      { firstAt: noon, lastAt: after(70), count: 3n, detail: 'at 70' },
    ])
  })
})
