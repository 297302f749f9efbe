import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { addSubscriber } from '../../src/domain/subscriber.ts'
import { attachUnmatched, openLearnWindow } from '../../src/domain/unmatched-attach.ts'
import type { AttachableFact } from '../../src/domain/unmatched-attach.ts'
import { listUnmatched, trimUnmatched, unmatchedFingerprint, writeUnmatched } from '../../src/domain/unmatched.ts'
import type { UnmatchedRow } from '../../src/domain/unmatched.ts'
import type { LineFacts } from '../../src/domain/line.ts'
import { insertRow } from '../support/access.ts'
import { hours, makePlan, noon, rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()
const mac = 'd4:ca:6d:00:00:0a'
let nasId = 0n
let otherGroup = 0n

beforeAll(async () => {
  await makePlan(office, { name: 'Home' })
  const clientId = await insertRow(office.pool, 'radius_client', { name: 'c', prefix: '192.0.2.1', nas_group_id: 1 })
  nasId = await insertRow(office.pool, 'nas', { client_id: clientId, name: 'bng1', nas_group_id: 1 })
  otherGroup = await insertRow(office.pool, 'nas_group', { name: 'south', address_space_id: 1 })
})

beforeEach(async () => {
  for (const table of ['unmatched_request', 'subscriber']) await office.pool.query(`delete from ${table}`)
})

const none: LineFacts = {
  mac: undefined,
  circuitId: undefined,
  remoteId: undefined,
  duid: undefined,
  interface: undefined,
}
const vlan = { raw: '1/1/4:501.7', port: '1/1/4', sVlan: 501, cVlan: 7 }

function row(changes: Partial<UnmatchedRow> = {}): UnmatchedRow {
  const facts = changes.facts ?? { ...none, mac }
  const username = changes.username ?? 'anna'
  return {
    nasId,
    fingerprint: unmatchedFingerprint(facts, username),
    username,
    facts,
    reason: 'unknown',
    sent: '{"User-Name":"anna"}',
    count: 1,
    firstAt: noon,
    lastAt: noon,
    ...changes,
  }
}

/** Puts a request into the inbox and gives its id. */
async function arrive(facts: Partial<LineFacts>, changes: Partial<UnmatchedRow> = {}): Promise<bigint> {
  await writeUnmatched(office.pool, [row({ facts: { ...none, ...facts }, ...changes })])
  const [{ id } = {}] = await rowsOf(office, 'select max(id) as id from unmatched_request')
  return id as bigint
}

async function subscriber(username: string, columns: Record<string, unknown> = {}): Promise<bigint> {
  const { id } = await addSubscriber(office.db, { username, plan: 'Home' }, office.author, noon)
  for (const [name, value] of Object.entries(columns))
    await office.pool.query(`update subscriber set ${name} = $1 where id = $2`, [value, id])
  return id
}

const bindings = async (username: string) =>
  (
    await rowsOf(
      office,
      `select bound_interface, bound_port, bound_s_vlan, bound_c_vlan, bound_nas_group_id, circuit_id, remote_id, duid,
         account_type from subscriber where username = $1`,
      [username],
    )
  )[0]!

const attach = (id: bigint, username: string, ...facts: AttachableFact[]) =>
  attachUnmatched(office.db, { id, username, ...(facts.length > 0 ? { facts } : {}) }, hours(1))

describe('writing the inbox', () => {
  it('says how many are new, and adds to those that are there', async () => {
    expect(await writeUnmatched(office.pool, [row(), row({ username: 'berta' })])).toBe(2)
    const again = row({ count: 4, firstAt: hours(1), lastAt: hours(2), reason: 'ambiguous-identity' })
    expect(await writeUnmatched(office.pool, [again, row({ username: 'carla' })])).toBe(1)
    expect(await listUnmatched(office.db)).toMatchObject([
      { username: 'anna', count: 5n, firstAt: noon, lastAt: hours(2), reason: 'ambiguous-identity' },
      { username: 'carla' },
      { username: 'berta' },
    ])
  })

  it('takes names and texts of any kind', async () => {
    const odd = 'a"b\\c, {NULL} \\xff é'
    await writeUnmatched(office.pool, [row({ username: odd, sent: JSON.stringify({ 'Reply-Message': 'a\u0000b' }) })])
    expect(await listUnmatched(office.db)).toMatchObject([{ username: odd, sent: { 'Reply-Message': 'a\u0000b' } }])
  })

  it('has a fingerprint of one length, whatever was sent', () => {
    const long = { ...none, circuitId: Buffer.alloc(250, 1), interface: { raw: 'x'.repeat(253) } }
    expect(unmatchedFingerprint(long, 'n'.repeat(1_000))).toHaveLength(32)
    expect(unmatchedFingerprint(none, undefined)).not.toBe(unmatchedFingerprint(none, ''))
    expect(unmatchedFingerprint({ ...none, circuitId: Buffer.of(1) }, 'a')).not.toBe(
      unmatchedFingerprint({ ...none, remoteId: Buffer.of(1) }, 'a'),
    )
  })
})

describe('listing the inbox', () => {
  it('shows the line, and whose name it is if anybody’s', async () => {
    await subscriber('anna')
    await arrive({ mac, circuitId: Buffer.from('olt 1'), remoteId: Buffer.from('0001', 'hex'), interface: vlan })
    await arrive({ mac }, { username: 'nobody', lastAt: hours(1) })
    const [newest, oldest] = await listUnmatched(office.db)
    expect(newest).toMatchObject({
      username: 'nobody',
      known: false,
      nas: 'bng1',
      nasGroup: 'default',
      circuitId: null,
    })
    expect(oldest).toMatchObject({
      username: 'anna',
      known: true,
      circuitId: 'olt 1',
      remoteId: '0x0001',
      sVlan: 501,
    })
    expect(oldest!.sent).toEqual({ 'User-Name': 'anna' })
    expect(await listUnmatched(office.db, { limit: 1 })).toHaveLength(1)
  })

  it('is of one NAS where one is named', async () => {
    await arrive({ mac })
    await arrive({ mac }, { nasId: 999n })
    expect(await listUnmatched(office.db)).toHaveLength(2)
    expect(await listUnmatched(office.db, { nas: 'bng1' })).toHaveLength(1)
    await expect(listUnmatched(office.db, { nas: 'bng9' })).rejects.toThrow('there is no NAS "bng9"')
  })
})

describe('trimming the inbox', () => {
  it('forgets what is older than seven days', async () => {
    await arrive({ mac })
    await arrive({ mac }, { username: 'new', lastAt: hours(24) })
    expect(await trimUnmatched(office.pool, hours(24 * 7))).toBe(0)
    expect(await trimUnmatched(office.pool, hours(24 * 7 + 1))).toBe(1)
    expect(await listUnmatched(office.db)).toMatchObject([{ username: 'new' }])
  })

  it('keeps the newest 2,000 of each NAS', async () => {
    const many = Array.from({ length: 2_010 }, (_, n) =>
      row({ username: `u${n}`, lastAt: new Date(noon.getTime() + n) }),
    )
    await writeUnmatched(office.pool, [...many, row({ nasId: 999n })])
    expect(await trimUnmatched(office.pool, noon)).toBe(10)
    const [{ oldest } = {}] = await rowsOf(
      office,
      'select min(last_at) as oldest from unmatched_request where nas_id = $1',
      [nasId],
    )
    expect(oldest).toEqual(new Date(noon.getTime() + 10))
  })
})

describe('attaching a request', () => {
  it('binds the new MAC of a subscriber and removes the row', async () => {
    const id = await subscriber('anna')
    const request = await arrive({ mac }, { reason: 'mac-not-bound' })
    expect(await attach(request, ' ANNA ')).toEqual({ username: 'anna', facts: [{ fact: 'mac', value: mac }] })
    expect(await rowsOf(office, 'select mac, bound from device where subscriber_id = $1', [id])).toEqual([
      { mac, bound: true },
    ])
    expect(await listUnmatched(office.db)).toEqual([])
    expect((await bindings('anna')).account_type).toBe('pppoe')
  })

  it('takes several facts at once', async () => {
    await subscriber('anna')
    const circuitId = Buffer.from('olt 1')
    const remoteId = Buffer.from('00ff', 'hex')
    const duid = Buffer.from('000300', 'hex')
    const request = await arrive({ mac, circuitId, remoteId, duid })
    const { facts } = await attach(request, 'anna', 'circuit-id', 'remote-id', 'duid', 'nas-group', 'duid')
    expect(facts.map(({ value }) => value)).toEqual(['olt 1', '0x00ff', '0x000300', 'default'])
    expect(await bindings('anna')).toMatchObject({
      circuit_id: circuitId,
      remote_id: remoteId,
      duid,
      bound_nas_group_id: 1n,
    })
  })

  it('binds the VLANs where they could be read, else the interface as sent', async () => {
    await subscriber('anna')
    await attach(await arrive({ interface: vlan }), 'anna', 'interface')
    expect(await bindings('anna')).toMatchObject({
      bound_interface: null,
      bound_port: '1/1/4',
      bound_s_vlan: 501,
      bound_c_vlan: 7,
      bound_nas_group_id: 1n,
    })
    await subscriber('berta')
    await attach(await arrive({ interface: { raw: 'vlan12' } }), 'berta', 'interface')
    expect(await bindings('berta')).toMatchObject({ bound_interface: 'vlan12', bound_c_vlan: null })
  })

  it('moves only the parts that are bound, and leaves a missing group missing', async () => {
    await subscriber('anna', { bound_port: '9/9/9' })
    const request = await arrive({ interface: vlan }, { reason: 'wrong-interface' })
    expect((await attach(request, 'anna')).facts).toEqual([{ fact: 'interface', value: 'port 1/1/4' }])
    expect(await bindings('anna')).toMatchObject({ bound_port: '1/1/4', bound_c_vlan: null, bound_nas_group_id: null })
    await subscriber('berta', { bound_interface: 'vlan1', bound_nas_group_id: otherGroup })
    await attach(await arrive({ interface: { raw: 'vlan2' } }, { reason: 'wrong-interface' }), 'berta')
    expect(await bindings('berta')).toMatchObject({ bound_interface: 'vlan2', bound_nas_group_id: 1n })
    await subscriber('carla', { bound_c_vlan: 9 })
    const untold = await arrive({ interface: { raw: 'vlan3' } }, { reason: 'wrong-interface' })
    await expect(attach(untold, 'carla')).rejects.toThrow('bound by c_vlan, which the request does not tell')
  })

  it('chooses what was refused, else what tells the lines of the NAS group', async () => {
    await subscriber('anna')
    const refused = await arrive({ mac }, { reason: 'nas-not-allowed' })
    expect((await attach(refused, 'anna')).facts).toEqual([{ fact: 'nas-group', value: 'default' }])
    await subscriber('berta', { account_type: 'ipoe' })
    await office.pool.query(`update nas_group set identity_order = '{circuit-id,mac}' where id = 1`)
    const both = await arrive({ mac, circuitId: Buffer.from('olt 1') })
    expect((await attach(both, 'berta')).facts).toEqual([{ fact: 'circuit-id', value: 'olt 1' }])
    await subscriber('carla')
    const dialled = await arrive({ mac, circuitId: Buffer.from('olt 1') })
    expect((await attach(dialled, 'carla')).facts).toEqual([{ fact: 'mac', value: mac }])
    await office.pool.query(`update nas_group set identity_order = default where id = 1`)
    await expect(attach(await arrive({}), 'berta')).rejects.toThrow('nothing that tells a line')
  })

  it('chooses the id that differs, where an IPoE line was refused for that', async () => {
    const old = Buffer.from('old')
    await subscriber('anna', { account_type: 'ipoe', circuit_id: Buffer.from('same'), remote_id: old, duid: old })
    const facts = { mac, circuitId: Buffer.from('same'), remoteId: Buffer.from('new'), duid: Buffer.from('01', 'hex') }
    const moved = await arrive(facts, { reason: 'wrong-interface' })
    expect((await attach(moved, 'anna')).facts).toEqual([{ fact: 'remote-id', value: 'new' }])
    const other = await arrive(facts, { reason: 'mac-not-bound' })
    expect((await attach(other, 'anna')).facts).toEqual([{ fact: 'duid', value: '0x01' }])
    const again = await arrive(facts, { reason: 'mac-not-bound' })
    expect((await attach(again, 'anna')).facts).toEqual([{ fact: 'mac', value: mac }])
  })

  it('refuses a fact that was not sent, and keeps the row', async () => {
    await subscriber('anna')
    const request = await arrive({ mac })
    await expect(attach(request, 'anna', 'mac', 'circuit-id')).rejects.toThrow(
      'fact: the request carried no circuit-id',
    )
    expect(await listUnmatched(office.db)).toHaveLength(1)
    expect(await rowsOf(office, 'select from device')).toEqual([])
  })

  it.each<[AttachableFact, Partial<LineFacts>, string]>([
    ['mac', { mac }, 'mac "d4:ca:6d:00:00:0a"'],
    ['circuit-id', { circuitId: Buffer.from('olt 1') }, 'circuit-id "olt 1"'],
    ['remote-id', { remoteId: Buffer.from('r 1') }, 'remote-id "r 1"'],
    ['duid', { duid: Buffer.from('000300', 'hex') }, 'duid "0x000300"'],
    ['interface', { interface: vlan }, 'interface "port 1/1/4, s_vlan 501, c_vlan 7"'],
  ])('refuses two IPoE subscribers with one %s, naming the other', async (fact, facts, shown) => {
    for (const name of ['anna', 'berta']) await subscriber(name, { account_type: 'ipoe' })
    await attach(await arrive(facts), 'anna', fact)
    const request = await arrive(facts)
    await expect(attach(request, 'berta', fact)).rejects.toThrow(
      `fact: ${shown} is that of the subscriber "anna" already`,
    )
    expect(await listUnmatched(office.db)).toHaveLength(1)
    await office.pool.query(`update subscriber set archived_at = now() where username = 'anna'`)
    await attach(request, 'berta', fact)
  })

  it('lets two PPPoE subscribers share a router', async () => {
    for (const name of ['anna', 'berta']) {
      await subscriber(name)
      await attach(await arrive({ mac }), name, 'mac')
    }
    expect(await rowsOf(office, 'select from device')).toHaveLength(2)
  })

  it('wants a row, a subscriber, and one that is not archived', async () => {
    await expect(attach(1n, 'anna')).rejects.toThrow('there is no inbox entry "1"')
    const request = await arrive({ mac })
    await expect(attach(request, 'anna')).rejects.toThrow('there is no subscriber "anna"')
    await subscriber('anna', { archived_at: noon })
    await expect(attach(request, 'anna')).rejects.toThrow('"anna" is archived')
  })
})

describe('accepting the next MAC', () => {
  it('is open for 15 minutes, or as long as said', async () => {
    await subscriber('anna')
    const until = async () => (await rowsOf(office, 'select learn_mac_until from subscriber'))[0]!.learn_mac_until
    expect(await openLearnWindow(office.db, { username: 'Anna' }, noon)).toEqual({
      username: 'anna',
      until: hours(0.25),
    })
    expect(await until()).toEqual(hours(0.25))
    await openLearnWindow(office.db, { username: 'anna', minutes: '120' }, noon)
    expect(await until()).toEqual(hours(2))
  })

  it.each(['0', '1441', 'x', '1.5'])('is not open for %s minutes', async (minutes) => {
    await expect(openLearnWindow(office.db, { username: 'anna', minutes }, noon)).rejects.toThrow('minutes: ')
  })

  it('wants a subscriber that is not archived', async () => {
    await expect(openLearnWindow(office.db, { username: 'anna' }, noon)).rejects.toThrow('there is no subscriber')
    await subscriber('anna', { archived_at: noon })
    await expect(openLearnWindow(office.db, { username: 'anna' }, noon)).rejects.toThrow('archived')
  })
})
