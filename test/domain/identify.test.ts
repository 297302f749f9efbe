import { beforeAll, describe, expect, it } from 'vitest'
import { identifyLines } from '../../src/domain/identify.ts'
import type { Identified, Identity, IdentityKey } from '../../src/domain/identify.ts'
import { identityKinds, lineOf } from '../../src/domain/line.ts'
import type { LineFacts } from '../../src/domain/line.ts'
import { after, insertPlan, insertRow, insertSession, insertSubscriber, noon, testFacts } from '../support/access.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const intervalS = 300
let planId: bigint
let otherGroup: bigint
let made = 0

beforeAll(async () => {
  planId = await insertPlan(database.pool)
  otherGroup = await insertRow(database.pool, 'nas_group', { name: 'north', address_space_id: 1 })
})

async function subscriber(row: Record<string, unknown> = {}, ...macs: string[]) {
  const username = `line${++made}`
  const id = await insertSubscriber(database.pool, { username, plan_id: planId, account_type: 'ipoe', ...row })
  for (const mac of macs) await insertRow(database.pool, 'device', { subscriber_id: id, mac, bound: true })
  return { id, username }
}

const key = (facts: Partial<LineFacts>, changes: Partial<IdentityKey> = {}): IdentityKey => {
  const whole = testFacts({ mac: undefined, ...facts })
  const order = changes.order ?? identityKinds
  return { facts: whole, line: lineOf(whole, order), order, nasGroupId: 1n, ...changes }
}

const identify = (...keys: IdentityKey[]): Promise<Identity[]> => identifyLines(database.pool, keys, intervalS, noon)

async function one(facts: Partial<LineFacts>, changes: Partial<IdentityKey> = {}): Promise<Identity> {
  const [identity] = await identify(key(facts, changes))
  return identity!
}

async function found(facts: Partial<LineFacts>, changes: Partial<IdentityKey> = {}): Promise<Identified> {
  const identity = await one(facts, changes)
  if (identity.kind !== 'found') throw new Error(`nobody was found: ${identity.kind}`)
  return identity
}

const nobody = { kind: 'nobody' }
const octets = (text: string) => Buffer.from(text)

describe('a line is told by', () => {
  it('the MAC that is bound to its subscriber', async () => {
    const { id, username } = await subscriber({}, '02:00:00:00:01:01')
    expect(await found({ mac: '02:00:00:00:01:01' })).toMatchObject({ by: 'mac', subscriberId: id, username })
    expect(await one({ mac: '02:00:00:00:01:02' })).toEqual(nobody)
  })

  it('no MAC that is only remembered', async () => {
    const { id } = await subscriber()
    await insertRow(database.pool, 'device', { subscriber_id: id, mac: '02:00:00:00:01:03' })
    expect(await one({ mac: '02:00:00:00:01:03' })).toEqual(nobody)
  })

  it('circuit id, remote id and DUID, octet by octet', async () => {
    const circuitId = Buffer.from('000401f40103', 'hex')
    const circuit = await subscriber({ circuit_id: circuitId })
    const remote = await subscriber({ remote_id: octets('modem "7", \\{null}') })
    const duid = await subscriber({ duid: Buffer.from('00030001d4ca6d0a0003', 'hex') })
    expect(await found({ circuitId })).toMatchObject({ by: 'circuit-id', subscriberId: circuit.id })
    expect(await found({ remoteId: octets('modem "7", \\{null}') })).toMatchObject({
      by: 'remote-id',
      subscriberId: remote.id,
    })
    expect(await found({ duid: Buffer.from('00030001d4ca6d0a0003', 'hex') })).toMatchObject({
      by: 'duid',
      subscriberId: duid.id,
    })
    expect(await one({ circuitId: circuitId.subarray(1) })).toEqual(nobody)
  })

  it('circuit id and remote id as a pair where both are known', async () => {
    const circuitId = octets('eth 0/1')
    const west = await subscriber({ circuit_id: circuitId, remote_id: octets('west') })
    const east = await subscriber({ circuit_id: circuitId, remote_id: octets('east') })
    expect(await found({ circuitId, remoteId: octets('west') })).toMatchObject({ subscriberId: west.id })
    expect(await found({ circuitId, remoteId: octets('east') })).toMatchObject({ subscriberId: east.id })
    expect(await one({ circuitId, remoteId: octets('south') })).toEqual(nobody)
    expect(await one({ circuitId })).toEqual({ kind: 'ambiguous', by: 'circuit-id', holders: 2 })
  })

  it('the VLANs that are bound: every part matches', async () => {
    const { id } = await subscriber({ bound_s_vlan: 501, bound_c_vlan: 77 })
    const place = (cVlan: number, sVlan?: number) => ({ raw: 'x', cVlan, ...(sVlan === undefined ? {} : { sVlan }) })
    expect(await found({ interface: place(77, 501) })).toMatchObject({ by: 'interface', subscriberId: id })
    expect(await one({ interface: place(77, 502) })).toEqual(nobody)
    expect(await one({ interface: place(78, 501) })).toEqual(nobody)
    expect(await one({ interface: place(77) })).toEqual(nobody)
  })

  it('the interface or port beside a VLAN', async () => {
    const named = await subscriber({ bound_interface: 'vlan4071' })
    expect(await found({ interface: { raw: 'vlan4071', cVlan: 4071 } })).toMatchObject({ subscriberId: named.id })
    const ported = await subscriber({ bound_port: '1/0/3', bound_c_vlan: 88 })
    expect(await found({ interface: { raw: 'y', port: '1/0/3', cVlan: 88 } })).toMatchObject({
      subscriberId: ported.id,
    })
    expect(await one({ interface: { raw: 'y', port: '1/0/4', cVlan: 88 } })).toEqual(nobody)
  })

  it('no port or S-VLAN alone: they are true of many', async () => {
    await subscriber({ bound_port: '9/9', bound_s_vlan: 909 })
    expect(await one({ interface: { raw: 'z', port: '9/9', sVlan: 909, cVlan: 1 } })).toEqual(nobody)
  })
})

describe('the order of the NAS group', () => {
  it('decides where two facts lead to two subscribers', async () => {
    const byMac = await subscriber({}, '02:00:00:00:02:01')
    const byCircuit = await subscriber({ circuit_id: octets('order') })
    const facts = { mac: '02:00:00:00:02:01', circuitId: octets('order') }
    expect(await found(facts)).toMatchObject({ by: 'mac', subscriberId: byMac.id })
    const order = ['circuit-id', 'mac'] as const
    expect(await found(facts, { order })).toMatchObject({ by: 'circuit-id', subscriberId: byCircuit.id })
  })

  it('goes on where a fact is nobody’s, and never to a kind that is not in it', async () => {
    const { id } = await subscriber({ circuit_id: octets('next') })
    const facts = { mac: '02:00:00:00:02:02', circuitId: octets('next') }
    expect(await found(facts)).toMatchObject({ by: 'circuit-id', subscriberId: id })
    expect(await one(facts, { order: ['mac', 'interface'] })).toEqual(nobody)
  })
})

describe('nobody is found', () => {
  it('of another kind of account, and no archived one', async () => {
    await subscriber({ account_type: 'pppoe', circuit_id: octets('ppp') }, '02:00:00:00:03:01')
    await subscriber({ archived_at: noon, circuit_id: octets('gone') }, '02:00:00:00:03:02')
    expect(await one({ mac: '02:00:00:00:03:01', circuitId: octets('ppp') })).toEqual(nobody)
    expect(await one({ mac: '02:00:00:00:03:02', circuitId: octets('gone') })).toEqual(nobody)
  })

  it('for a request without a fact', async () => {
    expect(await one({})).toEqual(nobody)
  })

  it('by an id that is bound inside another NAS group', async () => {
    const { id } = await subscriber({ circuit_id: octets('grouped'), bound_nas_group_id: otherGroup })
    expect(await one({ circuitId: octets('grouped') })).toEqual(nobody)
    expect(await found({ circuitId: octets('grouped') }, { nasGroupId: otherGroup })).toMatchObject({
      subscriberId: id,
    })
  })
})

describe('two subscribers with one fact', () => {
  it('are told, and never guessed between', async () => {
    await subscriber({}, '02:00:00:00:04:01')
    await subscriber({ circuit_id: octets('mine') }, '02:00:00:00:04:01')
    const facts = { mac: '02:00:00:00:04:01', circuitId: octets('mine') }
    expect(await one(facts)).toEqual({ kind: 'ambiguous', by: 'mac', holders: 2 })
  })
})

describe('an open window for a new MAC', () => {
  const window = { learn_mac_until: after(900) }

  it('tells the line by its place where the order names none that matches', async () => {
    const { id } = await subscriber({ ...window, circuit_id: octets('window'), bound_c_vlan: 601 })
    const order = ['mac'] as const
    const mac = '02:00:00:00:05:01'
    expect(await found({ mac, circuitId: octets('window') }, { order })).toMatchObject({
      by: 'learning',
      subscriberId: id,
    })
    expect(await found({ mac, interface: { raw: 'v', cVlan: 601 } }, { order })).toMatchObject({ subscriberId: id })
    expect(await one({ mac, circuitId: octets('elsewhere') }, { order })).toEqual(nobody)
    expect(await one({ circuitId: octets('window') }, { order })).toEqual(nobody)
  })

  it('is over at its end, and not for a MAC that another has', async () => {
    await subscriber({ learn_mac_until: noon, circuit_id: octets('over') })
    const order = ['mac'] as const
    expect(await one({ mac: '02:00:00:00:05:02', circuitId: octets('over') }, { order })).toEqual(nobody)
    await subscriber({ ...window, circuit_id: octets('taken') })
    const owner = await subscriber({}, '02:00:00:00:05:03')
    const facts = { mac: '02:00:00:00:05:03', circuitId: octets('taken') }
    expect(await found(facts, { order })).toMatchObject({ by: 'mac', subscriberId: owner.id })
  })
})

describe('the live session of a line', () => {
  const mac = (last: number) => `02:00:00:00:06:${String(last).padStart(2, '0')}`
  const lineWith = async (last: number, row: Record<string, unknown> = {}) => {
    const owner = await subscriber({}, mac(last))
    const session = { subscriber_id: owner.id, line: `mac:${mac(last)}`, class_id: 77, framed_ip: '10.0.0.7', ...row }
    return { ...owner, sessionId: await insertSession(database.pool, session) }
  }
  const liveOf = async (last: number, changes: Partial<IdentityKey> = {}) =>
    (await found({ mac: mac(last) }, changes)).live

  it('comes with its Class, its addresses and its last sign of life', async () => {
    const addresses = { framed_ipv6_prefix: '2001:db8:1::/64', delegated_ipv6_prefix: '2001:db8:2::/56' }
    const { sessionId } = await lineWith(1, addresses)
    expect(await liveOf(1)).toEqual({
      classId: 77n,
      session: { id: sessionId, updatedAt: noon, intervalS },
      framedIp: '10.0.0.7',
      framedIpv6Prefix: '2001:db8:1::/64',
      delegatedIpv6Prefix: '2001:db8:2::/56',
    })
  })

  it.each([
    ['an ended one', { ended_at: noon, ended_by: 'stop' }],
    ['one without a sign of life for three intervals', { updated_at: after(-3 * intervalS) }],
    ['a service', { service: 'internet' }],
    ['another line', { line: 'mac:02:00:00:00:06:99' }],
    ['a session of another NAS group', { nas_group_id: 99 }],
  ])('is not %s', async (_, row) => {
    await lineWith(2 + made, row)
    expect(await liveOf(1 + made)).toBeUndefined()
  })

  it('is the one with an address where the line has two legs', async () => {
    const { id } = await lineWith(60, { started_at: after(-100) })
    await insertSession(database.pool, { subscriber_id: id, line: `mac:${mac(60)}`, leg: 'v6', class_id: 78 })
    expect((await liveOf(60))?.classId).toBe(77n)
  })

  it('is a login that was accepted a moment ago and has no session yet', async () => {
    const { id } = await subscriber({}, mac(70))
    const claim = {
      subscriber_id: id,
      slot: 1,
      line: `mac:${mac(70)}`,
      nas_group_id: 1,
      class_id: 79,
      claimed_at: after(-59),
    }
    await database.pool.query(
      `insert into session_claim (${Object.keys(claim).join(', ')}) values ($1, $2, $3, $4, $5, $6)`,
      Object.values(claim),
    )
    expect(await liveOf(70)).toMatchObject({ classId: 79n, session: undefined })
    expect(await liveOf(70, { line: 'mac:02:00:00:00:06:71' })).toBeUndefined()
  })
})

it('answers a batch in the order of its keys', async () => {
  const first = await subscriber({}, '02:00:00:00:07:01')
  const second = await subscriber({ circuit_id: octets('batch') })
  const identities = await identify(
    key({ circuitId: octets('batch') }),
    key({ mac: '02:00:00:00:07:02' }),
    key({ mac: '02:00:00:00:07:01' }, { order: ['mac'] }),
  )
  expect(identities).toMatchObject([{ subscriberId: second.id }, nobody, { subscriberId: first.id }])
})
