import { afterEach, describe, expect, it } from 'vitest'
import { createUnmatchedLog } from '../../src/aaa/unmatched-log.ts'
import type { UnmatchedEntry, UnmatchedLog, UnmatchedLogOptions } from '../../src/aaa/unmatched-log.ts'
import { createPool } from '../../src/db/pool.ts'
import type { LineFacts } from '../../src/domain/line.ts'
import { encodeAttributes } from '../../src/radius/attributes.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { createSecret } from '../../src/radius/authenticator.ts'
import type { Packet } from '../../src/radius/packet.ts'
import { after, macA, macB, noon, testNas } from '../support/access.ts'
import { packetWith, testContext } from '../support/attributes.ts'
import { useDatabase } from '../support/database.ts'
import { dictionary } from '../support/dictionary.ts'

const database = useDatabase()
const opened: UnmatchedLog[] = []

const facts = (changes: Partial<LineFacts> = {}): LineFacts => ({
  mac: macA,
  circuitId: undefined,
  remoteId: undefined,
  duid: undefined,
  interface: undefined,
  ...changes,
})

const packetOf = (attributes: readonly NamedAttribute[]): Packet =>
  packetWith(encodeAttributes(dictionary, attributes, { ...testContext(), secret: createSecret('testing123') }))

const small = packetOf([{ name: 'User-Name', value: 'anna' }])

const entry = (changes: Partial<UnmatchedEntry> = {}): UnmatchedEntry => ({
  nas: testNas(),
  username: 'anna',
  facts: facts(),
  reason: 'unknown',
  packet: small,
  ...changes,
})

function open(options: Partial<UnmatchedLogOptions> = {}) {
  const errors: unknown[] = []
  const log = createUnmatchedLog({
    pool: database.pool,
    dictionary,
    onError: (error) => errors.push(error),
    everyMs: 3_600_000,
    ...options,
  })
  opened.push(log)
  return Object.assign(log, { errors })
}

const rows = async () =>
  (await database.pool.query('select * from unmatched_request order by first_at, username, id')).rows

afterEach(async () => {
  await Promise.all(opened.splice(0).map((log) => log.close()))
  await database.pool.query('delete from unmatched_request')
})

describe('createUnmatchedLog', () => {
  it('adds up equal requests, from one write to the next', async () => {
    const log = open()
    for (const second of [0, 1, 2]) log.add(entry(), after(second))
    await log.flush()
    log.add(entry(), after(60))
    await log.flush()
    expect(await rows()).toMatchObject([
      { username: 'anna', mac: macA, reason: 'unknown', count: 4n, first_at: noon, last_at: after(60) },
    ])
  })

  it.each([
    ['NAS', { nas: testNas({ id: 2n }) }],
    ['MAC', { facts: facts({ mac: macB }) }],
    ['interface', { facts: facts({ interface: { raw: 'vlan12' } }) }],
    ['circuit id', { facts: facts({ circuitId: Buffer.from('olt 1/1') }) }],
    ['username', { username: 'berta' }],
  ])('tells requests apart by %s', async (_, changes) => {
    const log = open()
    log.add(entry(), noon)
    log.add(entry(changes), noon)
    await log.flush()
    expect(await rows()).toHaveLength(2)
  })

  it('keeps the newest reason of a request in its one row', async () => {
    const log = open()
    log.add(entry({ reason: 'mac-not-bound' }), noon)
    log.add(entry({ reason: 'wrong-interface' }), after(5))
    await log.flush()
    expect(await rows()).toMatchObject([{ reason: 'wrong-interface', count: 2n, first_at: noon, last_at: after(5) }])
  })

  it.each(['unknown', 'ambiguous-identity', 'mac-not-bound', 'wrong-interface', 'nas-not-allowed'])(
    'is for %s',
    async (reason) => {
      const log = open()
      log.add(entry({ reason }), noon)
      await log.flush()
      expect(await rows()).toHaveLength(1)
    },
  )

  it.each(['wrong-password', 'expired', 'blocked', 'too-many-sessions', 'no-credentials'])(
    'is not for %s, which no line can mend',
    async (reason) => {
      const log = open()
      log.add(entry({ reason }), noon)
      await log.flush()
      expect(await rows()).toEqual([])
    },
  )

  it('keeps every part of the line', async () => {
    const log = open()
    const [circuitId, remoteId, duid] = [
      Buffer.from('00040001', 'hex'),
      Buffer.from('olt-1'),
      Buffer.from('0003', 'hex'),
    ]
    const parts = { raw: '1/1/4:501.7', port: '1/1/4', sVlan: 501, cVlan: 7 }
    log.add(entry({ facts: facts({ circuitId, remoteId, duid, interface: parts }) }), noon)
    await log.flush()
    expect(await rows()).toMatchObject([
      {
        circuit_id: circuitId,
        remote_id: remoteId,
        duid,
        interface: '1/1/4:501.7',
        port: '1/1/4',
        s_vlan: 501,
        c_vlan: 7,
      },
    ])
  })

  it('shows what was sent by name, octets in hexadecimal', async () => {
    const log = open()
    const packet = packetOf([
      { name: 'User-Name', value: 'anna "the \\ first"' },
      { name: 'NAS-Port', value: 7 },
      { name: 'Framed-IP-Address', value: '10.1.2.3' },
      { name: 'ADSL-Agent-Circuit-Id', value: Buffer.from('0004000a', 'hex') },
      { name: 'Reply-Message', value: 'a\u0000b' },
    ])
    log.add(entry({ packet }), noon)
    await log.flush()
    expect(JSON.parse((await rows())[0].sent)).toMatchObject({
      'User-Name': 'anna "the \\ first"',
      'NAS-Port': 7,
      'Framed-IP-Address': '10.1.2.3',
      'ADSL-Agent-Circuit-Id': '0x0004000a',
    })
  })

  it('never keeps what proves something', async () => {
    const log = open()
    const octets = (length: number): Buffer => Buffer.alloc(length, 0x5a)
    const packet = packetOf([
      { name: 'User-Name', value: 'anna' },
      { name: 'User-Password', value: 'ZZZZ hidden' },
      { name: 'CHAP-Password', value: octets(17) },
      { name: 'CHAP-Challenge', value: octets(16) },
      { name: 'MS-CHAP-Challenge', value: octets(16) },
      { name: 'MS-CHAP-Response', value: octets(50) },
      { name: 'MS-CHAP2-Response', value: octets(50) },
      { name: 'EAP-Message', value: octets(20) },
      { name: 'Message-Authenticator', value: octets(16) },
      { name: 'State', value: octets(8) },
      { name: 'Tunnel-Password', value: 'ZZZZ' },
      { name: 'Cisco-AVPair', value: 'ftp:password=ZZZZ' },
      { name: 'Attr-26.311.99', value: octets(8) },
      { name: 'Proxy-State', value: octets(8) },
    ])
    log.add(entry({ packet }), noon)
    await log.flush()
    expect(JSON.parse((await rows())[0].sent)).toEqual({ 'User-Name': 'anna' })
  })

  it('folds the names that one line makes up into a row of their own', async () => {
    const log = open()
    for (let n = 0; n < 500; n++) log.add(entry({ username: `guess${n}` }), after(n))
    await log.flush()
    for (let n = 500; n < 600; n++) log.add(entry({ username: `guess${n}` }), after(n))
    await log.flush()
    const kept = await rows()
    expect(kept).toHaveLength(9)
    expect(kept.at(-1)).toMatchObject({ count: 592n, last_at: after(599) })
    expect(log.dropped()).toBe(0)
  })

  it('leaves names alone that are of subscribers, and those of a NAS that tells no line', async () => {
    const log = open()
    for (let n = 0; n < 50; n++) {
      log.add(entry({ username: `known${n}`, reason: 'wrong-interface' }), noon)
      log.add(entry({ username: `lineless${n}`, facts: facts({ mac: undefined }) }), noon)
    }
    await log.flush()
    expect(await rows()).toHaveLength(100)
  })

  it('holds no more than it may, counts what it drops, and goes on', async () => {
    const log = open({ maximum: 2 })
    for (const mac of [macA, macB, '02:00:00:00:00:03', '02:00:00:00:00:04'])
      log.add(entry({ facts: facts({ mac }) }), noon)
    expect(log.dropped()).toBe(2)
    await log.flush()
    log.add(entry({ facts: facts({ mac: '02:00:00:00:00:03' }) }), noon)
    await log.flush()
    expect(await rows()).toHaveLength(3)
  })

  it('keeps the table bounded under a flood of MACs, the newest', async () => {
    const log = open({ maximum: 10_000 })
    for (let n = 0; n < 3_000; n++) {
      const mac = `02:00:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`
      log.add(entry({ facts: facts({ mac }) }), after(n))
    }
    await log.flush()
    const kept = await rows()
    expect(kept).toHaveLength(2_000)
    expect(kept[0].first_at).toEqual(after(1_000))
  })

  it('writes by itself, repeats at most every half minute, and what is left when it is closed', async () => {
    const log = open({ everyMs: 20 })
    log.add(entry(), noon)
    await expect.poll(async () => (await rows()).length).toBe(1)
    for (let n = 1; n <= 5; n++) log.add(entry(), after(n))
    expect((await rows())[0].count).toBe(1n)
    await log.close()
    expect((await rows())[0].count).toBe(6n)
  })

  it('writes repeats when their window ends', async () => {
    const log = open({ everyMs: 2 })
    for (let n = 0; n < 4; n++) log.add(entry(), after(n))
    await expect.poll(async () => (await rows())[0]?.count).toBe(4n)
    log.add(entry(), after(10))
    await expect.poll(async () => (await rows())[0]?.count).toBe(5n)
  })

  it('outlives a database that is away', async () => {
    const pool = createPool('postgres://nobody@127.0.0.1:1/nothing', { name: 'away' })
    const log = open({ pool })
    log.add(entry(), noon)
    log.add(entry(), noon)
    await log.flush()
    expect(log.errors).toHaveLength(1)
    expect(log.dropped()).toBe(2)
    await log.close()
    await pool.end()
  })
})
