import { beforeAll, describe, expect, it } from 'vitest'
import { searchAddress, sessionQuery } from '../../src/domain/address-search.ts'
import type { Holder } from '../../src/domain/address-search.ts'
import { after, insertPlan, insertRow, insertSession, insertSubscriber, macA, noon } from '../support/access.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const ids: Record<string, bigint> = {}
let vpn = 0n

const insertArchived = (row: Record<string, unknown>): Promise<bigint> =>
  insertRow(database.pool, 'session_archive', {
    id: Math.floor(Math.random() * 1e9) + 1e9,
    nas_id: 1,
    acct_session_id: String(Math.random()),
    epoch: 0,
    username: 'anna',
    nas_group_id: 1,
    address_space_id: 1,
    event_at: noon,
    updated_at: noon,
    ...row,
  })

beforeAll(async () => {
  const { pool } = database
  const plan_id = await insertPlan(pool)
  vpn = await insertRow(pool, 'address_space', { name: 'vpn' })
  const client = await insertRow(pool, 'radius_client', { name: 'c', prefix: '192.0.2.1', nas_group_id: 1 })
  await pool.query(`insert into nas (client_id, name, nas_group_id) values ($1, 'bng1', 1)`, [client])
  for (const username of ['anna', 'berta', 'carla']) ids[username] = await insertSubscriber(pool, { username, plan_id })
})

const find = async (text: string, at?: Date): Promise<Holder[]> =>
  (await searchAddress(database.pool, { text, at })).holders

const names = (holders: readonly Holder[]): string[] => holders.map(({ username }) => username)

const session = (username: string, row: Record<string, unknown>): Promise<bigint> =>
  insertSession(database.pool, { subscriber_id: ids[username]!, username, ...row })

const address = (username: string, kind: string, prefix: string, space: bigint | number = 1): Promise<bigint> =>
  insertRow(database.pool, 'subscriber_address', {
    subscriber_id: ids[username],
    address_space_id: space,
    kind,
    prefix,
  })

describe('an IPv4 address', () => {
  it('is found open, closed and in the archive, the open one first', async () => {
    await session('anna', { framed_ip: '10.0.0.1', acct_session_id: 'open', mac: macA, interface: 'vlan12' })
    await session('berta', {
      framed_ip: '10.0.0.1',
      started_at: after(-9_000),
      ended_at: after(-4_000),
      ended_by: 'stop',
    })
    await insertArchived({
      framed_ip: '10.0.0.1',
      username: 'carla',
      started_at: after(-900_000),
      ended_at: after(-800_000),
    })
    const found = await find(' 10.0.0.1 ')
    expect(names(found)).toEqual(['anna', 'berta', 'carla'])
    expect(found[0]).toMatchObject({
      source: 'session',
      kind: 'framed-ip',
      held: '10.0.0.1',
      exact: true,
      space: 'default',
      subscriberId: ids.anna,
      nas: 'bng1',
      acctSessionId: 'open',
      mac: macA,
      interface: 'vlan12',
      startedAt: after(-3_600),
      endedAt: null,
    })
    expect(found[2]).toMatchObject({ source: 'archive', endedAt: after(-800_000) })
  })

  it('was held by one at an instant: from its start, and no longer at its end', async () => {
    expect(names(await find('10.0.0.1', after(-5_000)))).toEqual(['berta'])
    expect(names(await find('10.0.0.1', after(-9_000)))).toEqual(['berta'])
    expect(names(await find('10.0.0.1', after(-4_000)))).toEqual([])
    expect(names(await find('10.0.0.1', after(-850_000)))).toEqual(['carla'])
    expect(names(await find('10.0.0.1', after(0)))).toEqual(['anna'])
    expect(names(await find('10.0.0.1', after(-9_000_000)))).toEqual([])
  })

  it('may be static, and is not that of its neighbour', async () => {
    await address('berta', 'framed-ip', '10.0.7.1/32')
    expect(await find('10.0.7.1')).toMatchObject([
      { source: 'static', kind: 'framed-ip', held: '10.0.7.1/32', exact: true, username: 'berta', endedAt: null },
    ])
    expect(await find('10.0.7.2')).toEqual([])
  })

  it('is told apart by space', async () => {
    await session('anna', { framed_ip: '10.0.8.1' })
    await session('berta', { framed_ip: '10.0.8.1', address_space_id: vpn })
    await address('carla', 'framed-ip', '10.0.8.1/32', vpn)
    const found = await find('10.0.8.1')
    expect(
      found
        .map(({ username, space }) => `${username} in ${space ?? ''}`)
        .toSorted((one, other) => (one < other ? -1 : 1)),
    ).toEqual(['anna in default', 'berta in vpn', 'carla in vpn'])
  })

  it('is that of a session of nobody of ours too', async () => {
    await insertArchived({
      framed_ip: '10.0.9.1',
      subscriber_id: null,
      username: 'roamer',
      nas_id: 77,
      started_at: noon,
    })
    expect(await find('10.0.9.1')).toMatchObject([{ username: 'roamer', subscriberId: null, nas: null }])
  })

  it('is not found in service sessions, which only repeat their parent', async () => {
    await session('anna', { framed_ip: '10.0.10.1', service: 'video' })
    expect(await find('10.0.10.1')).toEqual([])
  })

  it('lists the newest fifty', async () => {
    for (let n = 0; n < 60; n++)
      await session('anna', { framed_ip: '10.0.11.1', started_at: after(-n), ended_at: noon })
    const found = await find('10.0.11.1')
    expect(found).toHaveLength(50)
    expect(found[0]!.startedAt).toEqual(noon)
  })
})

describe('an IPv6 address', () => {
  it.each([
    [
      'delegated_ipv6_prefix',
      'delegated-ipv6-prefix',
      '2001:db8:100::/56',
      '2001:db8:100:ff::1',
      '2001:db8:100:100::1',
    ],
    ['framed_ipv6_prefix', 'framed-ipv6-prefix', '2001:db8:200:1::/64', '2001:db8:200:1:a::1', '2001:db8:200:2::1'],
    ['delegated_ipv6_prefix', 'delegated-ipv6-prefix', '2001:db9::/32', '2001:db9:ffff::1', '2001:dba::1'],
  ])('inside a %s finds the session, one beside it does not', async (column, kind, held, inside, beside) => {
    await session('anna', { [column]: held })
    expect(await find(inside)).toMatchObject([{ username: 'anna', kind, held, exact: false, source: 'session' }])
    expect(await find(beside)).toEqual([])
  })

  it('is found as Framed-IPv6-Address', async () => {
    await session('berta', { framed_ipv6_address: '2001:db8:300::5' })
    expect(await find('2001:0DB8:300:0::5')).toMatchObject([
      { held: '2001:db8:300::5', exact: true, kind: 'framed-ipv6-address' },
    ])
  })

  it('is exactly that of the interface id behind the prefix', async () => {
    await session('berta', { framed_ipv6_prefix: '2001:db8:400::/64', framed_interface_id: '0:0:0:2' })
    await session('anna', {
      framed_ipv6_prefix: '2001:db8:400::/64',
      framed_interface_id: '0:0:a:1',
      started_at: after(-9_000),
    })
    const found = await find('2001:db8:400::a:1')
    expect(found.map(({ username, exact }) => [username, exact])).toEqual([
      ['anna', true],
      ['berta', false],
    ])
  })

  it('inside a static prefix finds the subscriber, the narrowest prefix first', async () => {
    await address('carla', 'delegated-ipv6-prefix', '2001:db8:500::/48')
    await address('anna', 'delegated-ipv6-prefix', '2001:db8:500:8000::/52', vpn)
    expect(await find('2001:db8:500:8001::1')).toMatchObject([
      { username: 'anna', space: 'vpn', exact: false },
      { username: 'carla', space: 'default', source: 'static', held: '2001:db8:500::/48' },
    ])
  })

  it.each(['framed_ipv6_prefix', 'delegated_ipv6_prefix', 'framed_ipv6_address'])(
    'is found in the archive by %s, at an instant',
    async (column) => {
      const group = 0x600 + column.length
      const net = `2001:db8:${group.toString(16)}::`
      const held = column === 'framed_ipv6_address' ? `${net}1` : `${net}/64`
      await insertArchived({ [column]: held, started_at: after(-900), ended_at: after(-800) })
      expect(await find(`${net}1`, after(-850))).toMatchObject([{ source: 'archive', held }])
      expect(await find(`${net}1`, after(-700))).toEqual([])
    },
  )
})

describe('what is no address', () => {
  it('may be a MAC in any form, known as a device', async () => {
    await insertRow(database.pool, 'device', { subscriber_id: ids.berta, mac: macA })
    const search = await searchAddress(database.pool, { text: 'D4CA.6D00.000A' })
    expect(search).toMatchObject({
      kind: 'mac',
      sought: macA,
      holders: [{ username: 'berta', source: 'device', held: macA }],
    })
    expect(await find('02:00:00:00:00:99')).toEqual([])
  })

  it('may be a circuit id, as text or in hexadecimal', async () => {
    await database.pool.query(`update subscriber set circuit_id = 'OLT 1/1/4:7' where id = $1`, [ids.carla])
    await database.pool.query(`update subscriber set circuit_id = '\\x0004000a' where id = $1`, [ids.anna])
    expect(await find('OLT 1/1/4:7')).toMatchObject([{ username: 'carla', source: 'circuit-id', held: 'OLT 1/1/4:7' }])
    expect(await find('0x0004000A')).toMatchObject([{ username: 'anna', held: '0x0004000a' }])
    expect(await find('no such line')).toEqual([])
  })

  it.each(['10.0.0', '300.1.1.1', '2001:db8::g', ':::', '224.0.0.1', '::'])(
    'is told so where it is meant as one: %s',
    async (text) => {
      const search = searchAddress(database.pool, { text })
      if (text.includes('g')) expect((await search).kind).toBe('circuit-id')
      else await expect(search).rejects.toThrow('address: ')
    },
  )
})

type PlanNode = { 'Node Type': string; 'Relation Name'?: string; 'Index Name'?: string; Plans?: PlanNode[] }

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]

describe('among many sessions', () => {
  beforeAll(async () => {
    const columns = `nas_id, acct_session_id, epoch, username, nas_group_id, address_space_id, started_at, event_at, updated_at,
      framed_ip, framed_ipv6_prefix, delegated_ipv6_prefix, framed_ipv6_address`
    const values = `1, n::text, 0, 'many', 1, 1, $1::timestamptz, $1, $1, '100.64.0.0'::inet + n, ('fd00:0:' || to_hex(n) || '::/64')::inet,
      ('fd01:0:' || to_hex(n) || '::/56')::inet, 'fd02::'::inet + n`
    const { pool } = database
    await pool.query(`insert into session (${columns}) select ${values} from generate_series(1, 20000) n`, [noon])
    await pool.query(
      `insert into session_archive (id, ${columns}) select n + 5000000, ${values} from generate_series(1, 20000) n`,
      [after(-86_400 * 40)],
    )
    await pool.query('analyze session, session_archive')
  })

  it.each([
    ['100.64.1.1', ['session_framed_ip']],
    ['fd00::1', ['session_framed_ipv6_address', 'session_framed_ipv6_prefix', 'session_delegated_ipv6_prefix']],
  ])('%s is looked up by index, never by reading a whole table', async (text, indexes) => {
    const { text: statement, values } = sessionQuery(text, noon)
    const { rows } = await database.pool.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
      `explain (format json) ${statement}`,
      values,
    )
    const nodes = nodesOf(rows[0]!['QUERY PLAN'][0].Plan)
    const large = /^session$|^session_archive_default$|^session_archive_2026/
    const scans = nodes.filter((node) => large.test(node['Relation Name'] ?? ''))
    const filled = await database.pool.query<{ name: string }>(
      'select distinct tableoid::regclass::text as name from session_archive',
    )
    for (const name of ['session', ...filled.rows.map((row) => row.name)]) {
      const types = scans.filter((node) => node['Relation Name'] === name).map((node) => node['Node Type'])
      expect(types).not.toEqual([])
      expect(types).not.toContain('Seq Scan')
    }
    const used = nodes.map((node) => node['Index Name'])
    for (const index of indexes) expect(used).toContain(index)
  })

  it('finds the one', async () => {
    expect(names(await find('100.64.1.1', noon))).toEqual(['many', 'many'])
    expect(await find('fd00:0:1::1')).toMatchObject([{ source: 'session' }, { source: 'archive' }])
  })
})
