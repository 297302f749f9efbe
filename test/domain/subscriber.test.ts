import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openCredential } from '../../src/domain/credential.ts'
import { addReseller } from '../../src/domain/organisation.ts'
import { writeSetting } from '../../src/domain/setting.ts'
import { showSubscriber } from '../../src/domain/subscriber-profile.ts'
import { addSubscriber } from '../../src/domain/subscriber.ts'
import type { NewSubscriber } from '../../src/domain/subscriber.ts'
import { hours, makePlan, noon, openSession, rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()
const add = (input: Partial<NewSubscriber> & { username: string }) =>
  addSubscriber(office.db, { plan: 'Home', ...input }, office.author, noon)
const show = (username: string, now = noon) => showSubscriber(office.db, username, now)

beforeAll(async () => {
  await makePlan(office, { name: 'Home', graceHours: 24 })
  await addReseller(office.db, { name: 'Village Net' }, noon)
})

beforeEach(async () => {
  await rowsOf(office, 'delete from setting')
})

describe('adding a subscriber', () => {
  it('with a name and a plan alone makes it new, with a password and a payer of its own', async () => {
    const added = await add({ username: '  Anna@Example.ORG ' })
    expect(added).toMatchObject({ username: 'anna@example.org', warning: undefined, password: { made: true } })
    expect(added.password?.password).toMatch(/^[a-zA-Z2-9]{12}$/)
    const profile = await show('ANNA@example.org')
    expect(profile).toMatchObject({
      id: added.id,
      label: 'new',
      plan: 'Home',
      owner: 'ISP',
      accountType: 'pppoe',
      credential: 'clear',
      expiresAt: null,
      activatedAt: null,
      balanceMinor: 0n,
      currency: 'EUR',
      devices: [],
      addresses: [],
      sessions: [],
    })
    const [payer] = await rowsOf(
      office,
      'select p.name from payer p join subscriber s on s.payer_id = p.id where s.id = $1',
      [added.id],
    )
    expect(payer).toEqual({ name: 'anna@example.org' })
  })

  it('with everything keeps everything, in one form', async () => {
    await writeSetting(office.db, { name: 'zone', value: 'Europe/Berlin' }, noon)
    await writeSetting(office.db, { name: 'phone_country_code', value: '+49' }, noon)
    const added = await add({
      username: 'full',
      expiresAt: '2027-01-31',
      mac: 'AA-BB-CC-00-00-01, aabb.cc00.0002 aa:bb:cc:00:00:01',
      staticIp: '198.51.100.7 2001:db8:7::/56',
      fullName: ' Ada  Lovelace ',
      phone: '030 123456',
      email: 'ada@example.org',
      address: '1 Main Street',
      owner: 'Village Net',
      group: 'North',
      password: 'her own',
    })
    const profile = await show('full')
    expect(profile).toMatchObject({
      label: 'active',
      owner: 'Village Net',
      group: 'North',
      expiresAt: new Date('2027-01-31T23:00:00Z'),
      graceUntil: new Date('2027-02-01T23:00:00Z'),
      activatedAt: noon,
      fullName: 'Ada  Lovelace',
      phone: '+4930123456',
      devices: [
        { mac: 'aa:bb:cc:00:00:01', bound: true },
        { mac: 'aa:bb:cc:00:00:02', bound: true },
      ],
      addresses: [
        { kind: 'framed-ip', prefix: '198.51.100.7/32' },
        { kind: 'delegated-ipv6-prefix', prefix: '2001:db8:7::/56' },
      ],
    })
    const [credential] = await rowsOf(office, 'select secret from credential where subscriber_id = $1', [added.id])
    expect(openCredential(office.keyring, added.id, 'clear', credential!.secret as Buffer).toString()).toBe('her own')
    expect((await show('full', new Date('2027-02-01T00:00:00Z'))).label).toBe('grace')
    expect((await show('full', new Date('2027-02-02T00:00:00Z'))).label).toBe('expired')
  })

  it('as IPoE needs a line and no password', async () => {
    await expect(add({ username: 'ipoe', accountType: 'ipoe' })).rejects.toThrow(
      'mac: an IPoE subscriber is known by its line',
    )
    const added = await add({ username: 'ipoe', accountType: 'ipoe', mac: 'aabbcc000003' })
    expect(added.password).toBeUndefined()
    expect(await show('ipoe')).toMatchObject({ accountType: 'ipoe', credential: null })
    await expect(add({ username: 'ipoe2', accountType: 'ipoe', mac: 'nonsense' })).rejects.toThrow(
      'mac: "nonsense" is not a MAC',
    )
  })

  it('as IPoE keeps what tells its line, and is refused where another has it', async () => {
    const circuitId = '0x000400070103'
    await add({
      username: 'olt1',
      accountType: 'ipoe',
      circuitId,
      boundInterface: 'ae0.7',
      port: '1/3',
      sVlan: '7',
      cVlan: '8',
    })
    const { rows } = await office.pool.query(
      `select circuit_id, bound_interface, bound_port, bound_s_vlan, bound_c_vlan from subscriber where username = 'olt1'`,
    )
    expect(rows).toEqual([
      {
        circuit_id: Buffer.from('000400070103', 'hex'),
        bound_interface: 'ae0.7',
        bound_port: '1/3',
        bound_s_vlan: 7,
        bound_c_vlan: 8,
      },
    ])
    expect((await show('olt1')).bound).toEqual({
      circuitId,
      remoteId: null,
      duid: null,
      interface: 'ae0.7',
      port: '1/3',
      sVlan: 7,
      cVlan: 8,
      nasGroup: null,
    })
    await expect(add({ username: 'olt2', accountType: 'ipoe', circuitId })).rejects.toThrow(
      'circuit-id: 0x000400070103 is of the IPoE subscriber olt1 already',
    )
  })

  it('keeps the credential kind that is named, and says what it cannot do', async () => {
    expect((await add({ username: 'verified', credential: 'verifier' })).warning).toContain(
      'cannot answer chap, mschapv2',
    )
    expect((await add({ username: 'hashed', ntHash: '44ebba8d5312b8d611474411f56989ae' })).warning).toContain(
      'cannot answer chap',
    )
    expect((await show('verified')).credential).toBe('verifier')
    expect((await show('hashed')).credential).toBe('nt-hash')
    await expect(add({ username: 'both', ntHash: 'a'.repeat(32), password: 'x' })).rejects.toThrow('nt-hash: ')
    await writeSetting(office.db, { name: 'auth_methods', value: ['chap'] }, noon)
    await expect(add({ username: 'never', credential: 'verifier' })).rejects.toThrow(
      'credential: verifier can prove none of chap',
    )
  })

  it.each([
    ['username', { username: ' \u200b ' }],
    ['username', { username: 'x'.repeat(254) }],
    ['expires', { expiresAt: 'soon' }],
    ['account-type', { accountType: 'dsl' }],
    ['mac', { mac: 'aa:bb:cc' }],
    ['mac', { mac: 'ff:ff:ff:ff:ff:ff' }],
    ['static-ip', { staticIp: '10.0.0.0/24' }],
    ['full-name', { fullName: 'A' }],
    ['phone', { phone: 'none' }],
    ['email', { email: 'none' }],
    ['password', { password: '' }],
    ['group', { group: 'N' }],
  ] satisfies [string, Partial<NewSubscriber>][])('names the field %s when it is wrong', async (field, input) => {
    await expect(add({ username: 'wrong', ...input })).rejects.toThrow(`${field}: `)
    await expect(show('wrong')).rejects.toThrow('there is no subscriber')
  })

  it('refuses what others have, and leaves nothing behind', async () => {
    const before = await rowsOf(office, 'select count(*) as n from payer')
    await add({ username: 'first', staticIp: '203.0.113.0 2001:db8:100::/56', group: 'South' })
    await expect(add({ username: 'FIRST' })).rejects.toThrow('username: there is a subscriber first already')
    await expect(add({ username: 'second', staticIp: '203.0.113.0' })).rejects.toThrow(
      'static-ip: 203.0.113.0/32 is or overlaps',
    )
    await expect(add({ username: 'second', staticIp: '2001:db8:100:1::/64' })).rejects.toThrow('static-ip: ')
    await expect(add({ username: 'second', staticIp: '203.0.113.9 203.0.113.9' })).rejects.toThrow('static-ip: ')
    await expect(add({ username: 'second', plan: 'Nope' })).rejects.toThrow('there is no plan "Nope"')
    await expect(add({ username: 'second', owner: 'Nope' })).rejects.toThrow('there is no organisation "Nope"')
    await expect(show('second')).rejects.toThrow('there is no subscriber "second"')
    const after = await rowsOf(office, 'select count(*) as n from payer')
    expect(after[0]!.n).toBe((before[0]!.n as bigint) + 1n)
    await add({ username: 'neighbour', staticIp: '203.0.113.1 2001:db8:100:100::/56', group: 'South' })
    expect(await rowsOf(office, `select 1 from subscriber_group where name = 'South'`)).toHaveLength(1)
  })
})

describe('showing a subscriber', () => {
  it('shows what is open now, and never a secret', async () => {
    const { id, password } = await add({ username: 'shown' })
    await openSession(office, id, 'open-1')
    await openSession(office, id, 'ended-1', { endedAt: hours(1) })
    const profile = await show('shown')
    expect(profile.sessions).toMatchObject([
      { acctSessionId: 'open-1', framedIp: '10.9.9.9', nas: null, startedAt: noon },
    ])
    const shown = JSON.stringify(profile, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
    expect(shown).not.toContain(password!.password)
    expect(shown).not.toContain('secret')
  })
})
