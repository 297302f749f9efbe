import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Nas } from '../../src/domain/nas.ts'
import { defaultNasSettings } from '../../src/domain/nas-settings.ts'
import { readClass } from '../../src/domain/session-class.ts'
import { createSecret } from '../../src/radius/authenticator.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { codes } from '../../src/radius/codes.ts'
import { chap, clientSecret, decidedBy, pap, startAccess } from '../support/access-handler.ts'
import type { AccessUnderTest, Answer } from '../support/access-handler.ts'
import { after, insertPlan, insertRow, insertSession, insertSubscriber, noon } from '../support/access.ts'
import { useDatabase } from '../support/database.ts'

describe.each(decidedBy)('decided by %s:', (by) => {
  // Where the two differ: what is not known is silence, the log says by what it was decided, and nothing is written or renewed.
  const isLastKnown = by === 'what is last known'
  const ofTheBooks = isLastKnown ? [] : [by]
  const acceptedReason = isLastKnown ? 'last-known' : 'accepted'
  const unknownCode = isLastKnown ? undefined : codes.accessReject
  const database = useDatabase()
  let access: AccessUnderTest
  let planId: bigint
  let made = 0

  beforeAll(async () => {
    access = await startAccess(database, { by })
    planId = await insertPlan(database.pool, { pool: 'home' })
  })
  afterAll(() => access.close())

  /** An IPoE subscriber bound to a MAC of its own. */
  async function line(row: Record<string, unknown> = {}) {
    const last = String(++made).padStart(2, '0')
    const mac = `02:00:00:00:00:${last}`
    const username = `line${last}`
    const id = await insertSubscriber(database.pool, { username, plan_id: planId, account_type: 'ipoe', ...row })
    await insertRow(database.pool, 'device', { subscriber_id: id, mac, bound: true })
    return { id, username, mac }
  }

  /** What a DHCP server of RouterOS sends; `password` undefined: none. */
  const dhcp = (mac: string, password: string | undefined = '', ...more: NamedAttribute[]): NamedAttribute[] => [
    { name: 'NAS-Port-Type', value: 15 },
    { name: 'Calling-Station-Id', value: `1:${mac}` },
    { name: 'User-Name', value: mac.toUpperCase() },
    ...(password === undefined ? [] : [{ name: 'User-Password', value: Buffer.from(password) }]),
    ...more,
  ]

  const withSettings = (settings: Partial<Nas['settings']>): Partial<Nas> => ({
    settings: { ...defaultNasSettings, ...settings },
  })
  const accepted = { code: codes.accessAccept }
  const rejected = { code: codes.accessReject }
  const classOf = (answer: Answer | undefined) =>
    readClass(access.keyring, answer!.attributes['Class'] as Buffer)!.classId

  async function logged(username: string): Promise<{ reason: string; method: string; line: string; detail: string }[]> {
    await access.handler.flush()
    const { rows } = await database.pool.query('select * from access_log where username = $1 order by first_at', [
      username,
    ])
    return rows
  }

  describe('an IPoE line is let in', () => {
    it('RouterOS DHCP: with an empty password, one blank or none', async () => {
      const { mac, username, id } = await line()
      for (const password of ['', ' ', undefined]) {
        const answer = await access.ask(dhcp(mac, password))
        expect(answer).toMatchObject({ ...accepted, attributes: { 'Framed-Pool': 'home' } })
        expect(readClass(access.keyring, answer!.attributes['Class'] as Buffer)?.subscriberId).toBe(id)
      }
      const entries = await logged(username)
      for (const entry of entries)
        expect(entry).toMatchObject({ reason: acceptedReason, method: 'line', line: `mac:${mac}` })
      expect(entries).not.toEqual([])
    })

    it('accel-ppp: with its User-Name as password', async () => {
      const { mac } = await line({ bound_c_vlan: 4071 })
      const request = [
        { name: 'User-Name', value: 'vlan4071' },
        { name: 'User-Password', value: Buffer.from('vlan4071') },
        { name: 'NAS-Port-Id', value: 'vlan4071' },
        { name: 'Called-Station-Id', value: 'vlan4071' },
        { name: 'Calling-Station-Id', value: mac },
      ]
      expect(await access.ask(request, { nas: { vendor: 'accel-ppp' } })).toMatchObject(accepted)
    })

    it('Cisco: with the constant that its NAS is known to send, and no other', async () => {
      const { mac } = await line()
      const nas = withSettings({ ipoe_password: 'cisco' })
      expect(await access.ask(dhcp(mac, 'cisco'), { nas })).toMatchObject(accepted)
      expect((await access.ask(dhcp(mac, 'cisco')))?.code).toBe(unknownCode)
      expect((await access.ask(dhcp(mac, 'cisc0'), { nas }))?.code).toBe(unknownCode)
    })

    it('by its circuit id where the NAS group says so', async () => {
      const { mac } = await line()
      const other = await line({ circuit_id: Buffer.from('000400070103', 'hex') })
      const circuit = { name: 'ADSL-Agent-Circuit-Id', value: Buffer.from('000400070103', 'hex') }
      const answer = await access.ask(dhcp('02:ff:00:00:00:01', '', circuit))
      // Its bound MAC is another one.
      expect(answer).toMatchObject(rejected)
      await database.pool.query('delete from device where subscriber_id = $1', [other.id])
      expect(await access.ask(dhcp('02:ff:00:00:00:01', '', circuit))).toMatchObject(accepted)
      const first = await access.ask(dhcp(mac, '', circuit), { nas: { identityOrder: ['circuit-id', 'mac'] } })
      expect(readClass(access.keyring, first!.attributes['Class'] as Buffer)?.subscriberId).toBe(other.id)
    })

    it('signed with the secret under which its empty password came out', async () => {
      const { mac } = await line()
      const old = createSecret('the secret before')
      const how = { client: { secrets: [clientSecret, old] }, hiddenBy: old }
      const answer = await access.ask(dhcp(mac, ''), how)
      expect(answer).toMatchObject(accepted)
    })
  })

  describe('an IPoE line is refused', () => {
    it('as unknown where it is nobody’s, and is put into the inbox with what it sent', async () => {
      const mac = '02:ff:00:00:00:02'
      expect((await access.ask(dhcp(mac)))?.code).toBe(unknownCode)
      if (isLastKnown) return expect(await logged(mac)).toEqual([])
      expect(await logged(mac)).toMatchObject([{ reason: 'unknown', detail: expect.stringContaining(`MAC ${mac}`) }])
      const { rows } = await database.pool.query('select reason, username from unmatched_request where mac = $1', [mac])
      expect(rows).toEqual([{ reason: 'unknown', username: mac }])
    })

    it('where two subscribers have its MAC', async () => {
      const { mac } = await line()
      const other = await line()
      await insertRow(database.pool, 'device', { subscriber_id: other.id, mac, bound: true })
      expect((await access.ask(dhcp(mac)))?.code).toBe(unknownCode)
      expect(await logged(mac)).toMatchObject(isLastKnown ? [] : [{ reason: 'ambiguous-identity' }])
    })

    it('by the rules of its subscriber, found in the log under its name', async () => {
      const { mac, username } = await line({ blocked_at: noon, block_reason: 'unpaid' })
      expect(await access.ask(dhcp(mac))).toMatchObject(rejected)
      expect(await logged(username)).toMatchObject([{ reason: 'blocked', method: 'line' }])
    })
  })

  describe('a password and a line are kept apart', () => {
    const ppp = { name: 'Framed-Protocol', value: 1 }

    it('PPPoE never gets in by typing a MAC, or the name of an IPoE subscriber', async () => {
      const { mac, username } = await line()
      for (const name of [mac, mac.toUpperCase(), username]) {
        for (const password of ['', ' ', name, 'x']) {
          // A MAC is nobody's name; that of a line is known.
          const code = name === username ? codes.accessReject : unknownCode
          expect((await access.ask(pap(name, password, [ppp])))?.code).toBe(code)
          expect((await access.ask([...chap(name, password), ppp]))?.code).toBe(code)
        }
      }
      expect(new Set((await logged(username)).map(({ reason }) => reason))).toEqual(new Set(['wrong-password']))
    })

    it('an IPoE subscriber that has a password cannot use it', async () => {
      const { keyring } = access
      const row = { username: 'withpassword', plan_id: planId, account_type: 'ipoe' }
      await insertSubscriber(database.pool, row, { keyring, password: 'right' })
      expect(await access.ask(pap('withpassword', 'right'))).toMatchObject(rejected)
      expect(await logged('withpassword')).toMatchObject([{ reason: 'wrong-password', method: 'pap' }])
    })

    it('a line with a PPPoE subscriber’s MAC is not let in', async () => {
      const id = await insertSubscriber(database.pool, { username: 'pppoe-only', plan_id: planId })
      const mac = '02:ff:00:00:00:03'
      await insertRow(database.pool, 'device', { subscriber_id: id, mac, bound: true })
      expect((await access.ask(dhcp(mac)))?.code).toBe(unknownCode)
    })

    it('a person whose password is its name still proves it', async () => {
      const { keyring } = access
      await insertSubscriber(database.pool, { username: 'same', plan_id: planId }, { keyring, password: 'same' })
      expect(await access.ask(pap('same', 'same'))).toMatchObject(accepted)
      expect(await logged('same')).toMatchObject([{ reason: acceptedReason, method: 'pap' }])
    })
  })

  describe('a renewal of a line that is online', () => {
    const classId = 4711n
    async function onlineLine(row: Record<string, unknown> = {}, session: Record<string, unknown> = {}) {
      const owner = await line(row)
      const live = { subscriber_id: owner.id, line: `mac:${owner.mac}`, class_id: classId, framed_ip: '10.9.8.7' }
      return { ...owner, sessionId: await insertSession(database.pool, { ...live, ...session }) }
    }

    it.each(ofTheBooks)('keeps Class and address, whatever the pool and the limit', async () => {
      const { mac, id } = await onlineLine({ session_limit: 1 })
      for (let i = 0; i < 3; i++) {
        const answer = await access.ask(dhcp(mac))
        expect(answer).toMatchObject({ ...accepted, attributes: { 'Framed-IP-Address': '10.9.8.7' } })
        expect(answer?.attributes).not.toHaveProperty('Framed-Pool')
        expect(classOf(answer)).toBe(classId)
      }
      const { rows } = await database.pool.query('select from session_claim where subscriber_id = $1', [id])
      expect(rows).toEqual([])
    })

    it('gets its static address where it has one', async () => {
      const { mac, id } = await onlineLine()
      const address = { subscriber_id: id, address_space_id: 1, kind: 'framed-ip', prefix: '192.0.2.44' }
      await insertRow(database.pool, 'subscriber_address', address)
      expect(await access.ask(dhcp(mac))).toMatchObject({ attributes: { 'Framed-IP-Address': '192.0.2.44' } })
    })

    it.each(ofTheBooks)('is counted and not logged', async () => {
      const { mac, username } = await onlineLine()
      const count = async () => (await access.metrics.renewals.get()).values[0]?.value ?? 0
      const before = await count()
      await access.ask(dhcp(mac))
      expect(await count()).toBe(before + 1)
      expect(await logged(username)).toEqual([])
    })

    it('is refused when the subscriber is blocked meanwhile, and logged', async () => {
      const { mac, username, id } = await onlineLine()
      await database.pool.query('update subscriber set blocked_at = $2 where id = $1', [id, noon])
      expect(await access.ask(dhcp(mac))).toMatchObject(rejected)
      expect(await logged(username)).toMatchObject([{ reason: 'blocked' }])
    })

    it.each(ofTheBooks)('is a sign of life', async () => {
      const old = { updated_at: after(-400), interim_interval_s: 300 }
      const { mac, sessionId } = await onlineLine({}, old)
      await access.ask(dhcp(mac))
      const seen = async () => {
        const { rows } = await database.pool.query('select updated_at from session where id = $1', [sessionId])
        return rows[0].updated_at
      }
      await expect.poll(seen).toEqual(noon)
    })

    it('follows a login whose Start has not come: the same Class', async () => {
      const { mac } = await line({ session_limit: 1 })
      const [discover, request] = [await access.ask(dhcp(mac)), await access.ask(dhcp(mac))]
      expect(classOf(request)).toBe(classOf(discover))
    })

    it('is a new login once the session has ended', async () => {
      const { mac } = await onlineLine({}, { ended_at: noon, ended_by: 'stop' })
      const answer = await access.ask(dhcp(mac))
      expect(classOf(answer)).not.toBe(classId)
      expect(answer?.attributes).toMatchObject({ 'Framed-Pool': 'home' })
    })
  })

  describe.each(ofTheBooks)('the next MAC of a line is accepted', () => {
    const macsOf = async (id: bigint): Promise<string[]> => {
      const { rows } = await database.pool.query('select mac from device where subscriber_id = $1 and bound', [id])
      return rows.map(({ mac }) => mac)
    }

    it('once, inside its window, over IPoE', async () => {
      const { id } = await line({ learn_mac_until: after(900), device_limit: 1, bound_c_vlan: 333 })
      const place = { name: 'NAS-Port-Id', value: 'vlan333' }
      const nas = { identityOrder: ['mac'] as const }
      expect(await access.ask(dhcp('02:ff:00:00:00:11', '', place), { nas })).toMatchObject(accepted)
      expect(await macsOf(id)).toContain('02:ff:00:00:00:11')
      expect(await access.ask(dhcp('02:ff:00:00:00:12', '', place), { nas })).toMatchObject(rejected)
      expect(await access.ask(dhcp('02:ff:00:00:00:11', '', place), { nas })).toMatchObject(accepted)
    })

    it('over PPPoE', async () => {
      const { keyring } = access
      const row = { username: 'newrouter', plan_id: planId, learn_mac_until: after(900) }
      const id = await insertSubscriber(database.pool, row, { keyring, password: 'right' })
      await insertRow(database.pool, 'device', { subscriber_id: id, mac: '02:ff:00:00:00:21', bound: true })
      const from = (mac: string) => [
        ...pap('newrouter', 'right').slice(0, 2),
        { name: 'Calling-Station-Id', value: mac },
      ]
      expect(await access.ask(from('02:ff:00:00:00:22'))).toMatchObject(accepted)
      expect(await access.ask(from('02:ff:00:00:00:23'))).toMatchObject(rejected)
      expect(await macsOf(id)).toEqual(['02:ff:00:00:00:21', '02:ff:00:00:00:22'])
    })
  })

  it('strips what the rule of the NAS says from the username', async () => {
    const { keyring } = access
    await insertSubscriber(database.pool, { username: 'berta', plan_id: planId }, { keyring, password: 'right' })
    const nas = withSettings({ username_rule: 'strip-both' })
    expect(await access.ask(pap('ISP\\Berta@isp.example', 'right'), { nas })).toMatchObject(accepted)
    expect((await access.ask(pap('Berta@isp.example', 'right')))?.code).toBe(unknownCode)
  })
})
