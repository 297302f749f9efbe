// An Access-Accept for whom nobody knows: into the walled garden of the NAS's group, where it has one, and only for methods that
// need no proof of the server.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Nas } from '../../src/domain/nas.ts'
import { nobody, readClass, readClassMarks } from '../../src/domain/session-class.ts'
import { defaultSettings } from '../../src/domain/setting.ts'
import { checkUnknownGarden } from '../../src/domain/unknown-garden.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { createSecret } from '../../src/radius/authenticator.ts'
import { codes } from '../../src/radius/codes.ts'
import { insertPlan, insertRow, insertSubscriber, testNas } from '../support/access.ts'
import { chap, pap, requestOf, startAccess } from '../support/access-handler.ts'
import type { AccessUnderTest } from '../support/access-handler.ts'
import { useDatabase } from '../support/database.ts'
import { hex, packetOf, vectorCase } from '../support/radius.ts'

const database = useDatabase()
let access: AccessUnderTest
let planId: bigint

const nas: Partial<Nas> = {
  unknownGarden: checkUnknownGarden({ address_list: 'hello', pool: 'guests', down_bps: '2M' }),
}
const accepted = { code: codes.accessAccept }
const rejected = { code: codes.accessReject }

beforeAll(async () => {
  access = await startAccess(database)
  planId = await insertPlan(database.pool, { pool: 'home' })
  await insertSubscriber(
    database.pool,
    { username: 'anna', plan_id: planId },
    { keyring: access.keyring, password: 'secret of anna' },
  )
})
afterAll(() => access.close())
afterEach(() => {
  Object.assign(access.settings, defaultSettings)
})

async function logged(username: string): Promise<Record<string, unknown>[]> {
  await access.handler.flush()
  const { rows } = await database.pool.query(
    'select accepted, subscriber_id, reason, method, detail from access_log where username = $1 order by first_at',
    [username],
  )
  return rows
}

async function inbox(username: string): Promise<string[]> {
  await access.handler.flush()
  const { rows } = await database.pool.query<{ reason: string }>(
    'select reason from unmatched_request where username = $1',
    [username],
  )
  return rows.map(({ reason }) => reason)
}

/** What a DHCP server of RouterOS sends. */
const dhcp = (mac: string): NamedAttribute[] => [
  { name: 'NAS-Port-Type', value: 15 },
  { name: 'Calling-Station-Id', value: `1:${mac}` },
  { name: 'User-Name', value: mac.toUpperCase() },
  { name: 'User-Password', value: Buffer.from('') },
]
const msChap2: NamedAttribute[] = [
  { name: 'MS-CHAP-Challenge', value: Buffer.alloc(16, 1) },
  { name: 'MS-CHAP2-Response', value: Buffer.alloc(50, 2) },
]
const msChap1: NamedAttribute[] = [
  { name: 'MS-CHAP-Challenge', value: Buffer.alloc(8, 1) },
  { name: 'MS-CHAP-Response', value: Buffer.alloc(50, 2) },
]

describe('an unknown username', () => {
  it('is refused where its NAS group has no garden, as ever', async () => {
    expect(await access.ask(pap('stranger', 'guess'))).toMatchObject(rejected)
    expect(await logged('stranger')).toMatchObject([{ accepted: false, reason: 'unknown' }])
  })

  it('is let into the garden by PAP and by CHAP, at once, with what fences it and nothing else', async () => {
    for (const request of [
      pap('newcomer', 'guess'),
      chap('newcomer', 'guess'),
      chap('newcomer', '', Buffer.alloc(16, 9)),
    ]) {
      const answer = await access.ask(request, { nas })
      expect(answer).toMatchObject({ ...accepted, delayMs: 0 })
      expect(answer!.list.map(({ name }) => name).toSorted()).toEqual([
        'Acct-Interim-Interval',
        'Class',
        'Framed-Pool',
        'Mikrotik-Address-List',
        'Mikrotik-Rate-Limit',
        'Session-Timeout',
      ])
      expect(answer!.attributes).toMatchObject({
        'Framed-Pool': 'guests',
        'Mikrotik-Address-List': 'hello',
        'Mikrotik-Rate-Limit': '1M/2M',
        'Session-Timeout': 900,
      })
    }
  })

  it('has a Class of ours that is nobody’s, and says that it is of a garden', async () => {
    const answer = await access.ask(pap('newcomer', 'guess'), { nas })
    const read = readClass(access.keyring, answer!.attributes['Class'] as Buffer)!
    expect(read.subscriberId).toBe(nobody)
    expect(readClassMarks(read.classId)).toEqual({ garden: true, listed: true })
    const unlisted = { unknownGarden: checkUnknownGarden({ pool: 'guests' }) }
    access.settings.garden_address_list = ''
    const other = await access.ask(pap('newcomer', 'guess'), { nas: unlisted })
    const marks = readClassMarks(readClass(access.keyring, other!.attributes['Class'] as Buffer)!.classId)
    expect(marks).toEqual({ garden: true, listed: false })
  })

  it('stands in the access log as accepted, unknown, and in the inbox all the same', async () => {
    await access.ask(pap('to-be-attached', 'guess'), { nas })
    expect(await logged('to-be-attached')).toEqual([
      {
        accepted: true,
        subscriber_id: null,
        reason: 'unknown',
        method: 'pap',
        detail: 'no subscriber has this username',
      },
    ])
    expect(await inbox('to-be-attached')).toEqual(['unknown'])
  })

  it('counts as accepted', async () => {
    const counted = async () => {
      const metric = await access.metrics.decisions.get()
      return metric.values.find(({ labels }) => labels['reason'] === 'accepted')?.value ?? 0
    }
    const before = await counted()
    await access.ask(pap('counted', 'guess'), { nas })
    await access.handler.flush()
    expect(await counted()).toBe(before + 1)
  })

  it('is refused by MS-CHAP and EAP: the garden could not prove itself to them', async () => {
    access.settings.mschap_v1 = true
    const named = (more: NamedAttribute[]) => [{ name: 'User-Name', value: 'newcomer' }, ...more]
    const answer = await access.ask(named(msChap2), { nas })
    expect(answer).toMatchObject(rejected)
    expect(answer!.attributes).toHaveProperty('MS-CHAP-Error')
    expect(await access.ask(named(msChap1), { nas })).toMatchObject(rejected)
    const eap = { name: 'EAP-Message', value: Buffer.from('0263000901616e6e61', 'hex') }
    expect(await access.ask(named([eap]), { nas })).toMatchObject(rejected)
  })

  it('is refused without credentials over PPP, and with two kinds of them', async () => {
    const ppp = [
      { name: 'User-Name', value: 'newcomer' },
      { name: 'Framed-Protocol', value: 1 },
    ]
    expect(await access.ask(ppp, { nas })).toMatchObject(rejected)
    expect(await access.ask([...pap('newcomer', 'guess'), ...msChap2], { nas })).toMatchObject(rejected)
  })

  it('is refused where nothing would fence the garden', async () => {
    access.settings.garden_address_list = ''
    const open = { unknownGarden: checkUnknownGarden({}) }
    expect(await access.ask(pap('newcomer', 'guess'), { nas: open })).toMatchObject(rejected)
    access.settings.garden_pool = 'walled'
    expect(await access.ask(pap('newcomer', 'guess'), { nas: open })).toMatchObject({
      ...accepted,
      attributes: { 'Framed-Pool': 'walled' },
    })
  })

  it('is refused by a NAS to which an address list says nothing, unless a pool fences the garden', async () => {
    const listOnly = { unknownGarden: checkUnknownGarden({ address_list: 'hello' }), vendor: 'accel-ppp' } as const
    expect(await access.ask(pap('newcomer', 'guess'), { nas: listOnly })).toMatchObject(rejected)
    for (const vendor of ['mikrotik', 'juniper', 'cisco', 'huawei', 'nokia', 'zte', 'h3c', 'standard'] as const) {
      expect(await access.ask(pap('newcomer', 'guess'), { nas: { ...listOnly, vendor } })).toMatchObject(accepted)
    }
    const withPool = { ...listOnly, unknownGarden: checkUnknownGarden({ pool: 'guests' }) }
    expect(await access.ask(pap('newcomer', 'guess'), { nas: withPool })).toMatchObject({
      ...accepted,
      attributes: { 'Framed-Pool': 'guests', 'Filter-Id': '1000/1000' },
    })
  })

  it('is refused where its realm is', async () => {
    const request = requestOf(pap('newcomer@elsewhere', 'guess'))
    const name = { username: 'newcomer@elsewhere', refused: 'elsewhere' }
    expect(await access.handler.handle(request, testNas(nas), name)).toMatchObject(rejected)
  })

  it.each([
    ['7.1 PAP telnet', 'guests'],
    ['7.2 CHAP framed', 'guests'],
  ])('of RFC 2865 %s is let in with the octets of the RFC', async (name, pool) => {
    const one = vectorCase('rfc2865-section7', name)
    const secret = createSecret(one['secret'] as string)
    const request = { ...requestOf([]), packet: packetOf(hex(one, 'request')), secret }
    const response = await access.handler.handle(
      { ...request, client: { ...request.client, secrets: [secret] } },
      testNas({ ...nas, vendor: 'standard' }),
    )
    expect(response).toMatchObject(accepted)
    expect(Buffer.from(response!.attributes).includes(pool)).toBe(true)
  })
})

describe('a known subscriber', () => {
  it('gets in with its password, and with a wrong one gets a reject and no garden', async () => {
    expect(await access.ask(pap('anna', 'secret of anna'), { nas })).toMatchObject({
      ...accepted,
      attributes: { 'Framed-Pool': 'home' },
    })
    expect(await access.ask(pap('anna', 'guess'), { nas })).toMatchObject(rejected)
    expect(await access.ask(chap('anna', 'guess'), { nas })).toMatchObject(rejected)
    expect(await inbox('anna')).toEqual([])
  })

  it('that is archived, without a password, or told by its line is known all the same', async () => {
    const archived = { username: 'archived', plan_id: planId, archived_at: new Date('2026-01-01') }
    await insertSubscriber(database.pool, archived, { keyring: access.keyring, password: 'x' })
    await insertSubscriber(database.pool, { username: 'wordless', plan_id: planId })
    await insertSubscriber(database.pool, { username: 'shop', plan_id: planId, account_type: 'ipoe' })
    for (const username of ['archived', 'wordless', 'shop']) {
      expect(await access.ask(pap(username, 'guess'), { nas })).toMatchObject(rejected)
    }
  })
})

describe('an IPoE line', () => {
  it('that nobody has is let into the garden, renewal after renewal, and is in the inbox', async () => {
    const mac = '02:00:00:00:09:01'
    const answers = [await access.ask(dhcp(mac), { nas }), await access.ask(dhcp(mac), { nas })]
    for (const answer of answers) {
      expect(answer).toMatchObject({ ...accepted, attributes: { 'Framed-Pool': 'guests', 'Session-Timeout': 900 } })
    }
    const [entry] = await logged(mac.toUpperCase())
    expect(entry).toMatchObject({ accepted: true, reason: 'unknown', method: 'line', subscriber_id: null })
    expect(entry!['detail']).toBe(`no IPoE subscriber has this line; it sent MAC ${mac}`)
    expect(await inbox(mac.toUpperCase())).toEqual(['unknown'])
  })

  it('is refused without a garden', async () => {
    expect(await access.ask(dhcp('02:00:00:00:09:02'))).toMatchObject(rejected)
  })

  it('that two subscribers have is refused: it is not unknown', async () => {
    const circuit = Buffer.from('olt 1/1/1')
    for (const username of ['twin1', 'twin2']) {
      const row = { username, plan_id: planId, account_type: 'ipoe', circuit_id: circuit }
      await insertSubscriber(database.pool, row)
    }
    const request = [...dhcp('02:00:00:00:09:03'), { name: 'ADSL-Agent-Circuit-Id', value: circuit }]
    expect(await access.ask(request, { nas })).toMatchObject(rejected)
    expect(await logged('02:00:00:00:09:03'.toUpperCase())).toMatchObject([{ reason: 'ambiguous-identity' }])
  })

  it('is full service at the first renewal after it was attached', async () => {
    const mac = '02:00:00:00:09:04'
    expect(await access.ask(dhcp(mac), { nas })).toMatchObject({ attributes: { 'Framed-Pool': 'guests' } })
    const id = await insertSubscriber(database.pool, { username: 'attached', plan_id: planId, account_type: 'ipoe' })
    await insertRow(database.pool, 'device', { subscriber_id: id, mac, bound: true })
    const answer = await access.ask(dhcp(mac), { nas })
    expect(answer).toMatchObject({ ...accepted, attributes: { 'Framed-Pool': 'home' } })
    expect(readClass(access.keyring, answer!.attributes['Class'] as Buffer)?.subscriberId).toBe(id)
  })

  it('whose name is its password and a PPPoE subscriber’s with another password is refused', async () => {
    const request = [
      { name: 'User-Name', value: 'anna' },
      { name: 'User-Password', value: Buffer.from('anna') },
      { name: 'Calling-Station-Id', value: '02:00:00:00:09:05' },
    ]
    expect(await access.ask(request, { nas })).toMatchObject(rejected)
  })
})
