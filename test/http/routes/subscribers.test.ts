import { beforeAll, describe, expect, it } from 'vitest'
import { readPersonKeys, openPersonal } from '../../../src/domain/audit/person-key.ts'
import { openCredential } from '../../../src/domain/credential.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { noon } from '../../support/operator.ts'
import { addTestPlan, addTestSubscriber, openTestSession, queryRows, wrongFields } from '../../support/subscribers.ts'

const api = useApi()
let admin: Client
let support: Client

beforeAll(async () => {
  admin = await api.as('super-administrator')
  support = await api.as('support')
  await addTestPlan(api, 'Home', { grace_hours: 24 })
  await addTestPlan(api, 'Fast')
  await queryRows(api, `insert into nas_group (name, address_space_id) values ('north', 1)`)
})

async function show(id: number, client = admin): Promise<Record<string, unknown>> {
  const answer = await client.get(`/subscribers/${id}`)
  expect(answer.status).toBe(200)
  return answer.body
}

describe('adding a subscriber', () => {
  it('with a name and a plan alone makes up a password, shown once', async () => {
    const answer = await support.post('/subscribers', { username: '  Anna@Example.ORG ', plan: 'Home' })
    expect(answer.status).toBe(201)
    expect(answer.body).toMatchObject({ username: 'anna@example.org', warning: null })
    expect(answer.body['password']).toMatch(/^[a-zA-Z2-9]{12}$/)
    const shown = await show(answer.body['id'] as number)
    expect(JSON.stringify(shown)).not.toContain(answer.body['password'] as string)
    expect(shown).toMatchObject({
      username: 'anna@example.org',
      label: 'new',
      service_period: 'new',
      online: false,
      credential: 'clear',
      plan: { name: 'Home' },
      owner: { name: 'ISP' },
      balance: '0.00',
      created_at: noon.toISOString(),
    })
  })

  it('with everything keeps everything', async () => {
    const id = await addTestSubscriber(admin, {
      username: 'full',
      password: 'her own password',
      full_name: 'Ada Lovelace',
      email: 'ada@example.org',
      phone: '+49 30 123456',
      phone_extension: '12',
      address: '1 Main Street',
      latitude: 52.5,
      longitude: -13.25,
      zone: 'north',
      language: 'pt-br',
      next_plan: 'Fast',
      expires_at: '2027-01-31T12:00:00Z',
      devices: ['AA-BB-CC-00-00-01', 'aabb.cc00.0002'],
      device_limit: 3,
      session_limit: 2,
      addresses: ['198.51.100.7', '2001:db8:7::/56'],
      routes: ['192.0.2.0/24 0.0.0.0 1'],
      bound_port: '1/0/3',
      bound_s_vlan: 100,
      bound_c_vlan: 7,
      bound_nas_group: 'north',
      attributes: ['Filter-Id = "a;b"'],
      group: 'Lake',
      auto_renew: true,
      created_at: '2026-01-01T00:00:00Z',
      comment: 'moved in\nin January',
    })
    expect(await show(id)).toMatchObject({
      label: 'active',
      full_name: 'Ada Lovelace',
      email: 'ada@example.org',
      phone: '+4930123456',
      phone_extension: '12',
      address: '1 Main Street',
      latitude: 52.5,
      longitude: -13.25,
      zone: 'north',
      language: 'pt-BR',
      next_plan: { name: 'Fast' },
      expires_at: '2027-01-31T12:00:00.000Z',
      grace_until: '2027-02-01T12:00:00.000Z',
      devices: [
        { mac: 'aa:bb:cc:00:00:01', bound: true },
        { mac: 'aa:bb:cc:00:00:02', bound: true },
      ],
      device_limit: 3,
      session_limit: 2,
      addresses: [
        { kind: 'framed-ip', prefix: '198.51.100.7/32' },
        { kind: 'delegated-ipv6-prefix', prefix: '2001:db8:7::/56' },
      ],
      routes: ['192.0.2.0/24 0.0.0.0 1'],
      bound_port: '1/0/3',
      bound_s_vlan: 100,
      bound_c_vlan: 7,
      bound_nas_group: { name: 'north' },
      attributes: ['Filter-Id = "a;b"'],
      group: { name: 'Lake' },
      auto_renew: true,
      created_at: '2026-01-01T00:00:00.000Z',
      comments: 1,
    })
    const [stored] = await queryRows(api, 'select secret from credential where subscriber_id = $1', [id])
    expect(openCredential(api.keyring, BigInt(id), 'clear', stored!['secret'] as Buffer).toString()).toBe(
      'her own password',
    )
  })

  it('says in the audit trail who it is under its own key, and never its password', async () => {
    const id = await addTestSubscriber(admin, {
      username: 'audited',
      password: 'canary-word',
      full_name: 'Canary Name',
    })
    const [entry] = await queryRows(
      api,
      `select author_name, after, personal, before from audit_entry where action = 'subscriber.create' and row_id = $1`,
      [id],
    )
    expect(entry!['author_name']).toBe(admin.email)
    expect(JSON.stringify(entry!['after'])).not.toMatch(/canary/i)
    const key = (await readPersonKeys(api.db, api.keyring, [BigInt(id)])).get(BigInt(id))!
    const personal = openPersonal(key, BigInt(id), entry!['personal'] as Buffer)!
    expect(personal).toContain('Canary Name')
    expect(personal).not.toContain('canary-word')
  })

  it.each([
    ['username', { username: ' \u200b ' }],
    ['username', { username: 'x'.repeat(254) }],
    ['full_name', { full_name: 'A' }],
    ['full_name', { full_name: 'x'.repeat(51) }],
    ['email', { email: 'none' }],
    ['phone', { phone: 'none' }],
    ['phone', { phone: '+1' }],
    ['phone_extension', { phone_extension: '12a' }],
    ['address', { address: 'x'.repeat(501) }],
    ['latitude', { latitude: 90.5, longitude: 1 }],
    ['longitude', { latitude: 1, longitude: -181 }],
    ['latitude', { latitude: 1 }],
    ['zone', { zone: 'x'.repeat(101) }],
    ['language', { language: 'not a language' }],
    ['expires_at', { expires_at: 'soon' }],
    ['devices', { devices: ['aa:bb:cc'] }],
    ['devices', { devices: ['ff:ff:ff:ff:ff:ff'] }],
    ['device_limit', { device_limit: 0 }],
    ['session_limit', { session_limit: 1.5 }],
    ['addresses', { addresses: ['10.0.0.0/24'] }],
    ['routes', { routes: ['somewhere'] }],
    ['bound_s_vlan', { bound_s_vlan: 4095 }],
    ['bound_c_vlan', { bound_c_vlan: 0 }],
    ['bound_port', { bound_port: 'x'.repeat(101) }],
    ['bound_interface', { bound_interface: 'x'.repeat(254) }],
    ['circuit_id', { circuit_id: '0xzz' }],
    ['remote_id', { remote_id: '0x1' }],
    ['duid', { duid: '0x' }],
    ['attributes', { attributes: ['No-Such-Attribute = 1'] }],
    ['devices', { account_type: 'ipoe' }],
    ['password', { password: '' }],
    ['nt_hash', { nt_hash: 'xyz' }],
    ['nt_hash', { nt_hash: 'a'.repeat(32), password: 'both' }],
    ['group', { group: 'N' }],
    ['created_at', { created_at: '2027-01-01T00:00:00Z' }],
    ['comment', { comment: ' ' }],
    ['plan', { plan: undefined }],
  ])('names the field %s when it is wrong', async (field, body) => {
    const answer = await admin.post('/subscribers', { username: 'wrong', plan: 'Home', ...body })
    expect([answer.status, wrongFields(answer)]).toEqual([422, [field]])
    expect(await queryRows(api, `select 1 from subscriber where username = 'wrong'`)).toEqual([])
  })

  it.each([
    ['balance', { balance: '100.00' }],
    ['role', { role: 'administrator' }],
    ['isPaid', { isPaid: true }],
    ['createdAt', { createdAt: '2020-01-01T00:00:00Z' }],
    ['payer', { payer: 'somebody' }],
    ['archived_at', { archived_at: null }],
  ])('W06: knows no field %s', async (field, body) => {
    const answer = await admin.post('/subscribers', { username: 'wrong', plan: 'Home', ...body })
    expect([answer.status, wrongFields(answer)]).toEqual([400, [field]])
  })

  it('W06: service without payment needs the permission for it', async () => {
    const body = { username: 'unpaid', plan: 'Home', expires_at: '2030-01-01' }
    const answer = await support.post('/subscribers', body)
    expect([answer.status, answer.body['code']]).toEqual([403, 'forbidden'])
    expect((await admin.post('/subscribers', body)).status).toBe(201)
  })

  it('refuses what others have, and leaves nothing behind', async () => {
    await addTestSubscriber(admin, { username: 'first', addresses: ['203.0.113.0', '2001:db8:100::/56'] })
    const payers = await queryRows(api, 'select count(*) from payer')
    expect(wrongFields(await admin.post('/subscribers', { username: 'FIRST', plan: 'Home' }))).toEqual(['username'])
    for (const address of ['203.0.113.0', '2001:db8:100::/64']) {
      const answer = await admin.post('/subscribers', { username: 'second', plan: 'Home', addresses: [address] })
      expect([answer.status, wrongFields(answer)]).toEqual([409, ['addresses']])
    }
    expect(await queryRows(api, 'select count(*) from payer')).toEqual(payers)
  })

  it('finds plan, owner, group and payer by id or name, as far as they are there', async () => {
    const r1 = await api.reseller('R1')
    const planId = Number(await addTestPlan(api, 'Own of R1', { owner_id: r1 }))
    const id = await addTestSubscriber(admin, { plan: planId, owner: 'R1' })
    expect((await show(id))['owner']).toEqual({ id: Number(r1), name: 'R1' })
    for (const body of [
      { plan: planId },
      { plan: 'No such' },
      { owner: 'No such' },
      { payer_id: 999_999 },
      { group: 9_999 },
    ]) {
      expect((await admin.post('/subscribers', { username: 'lost', plan: 'Home', ...body })).status).toBe(404)
    }
    const { payer } = await show(id)
    const shared = await addTestSubscriber(admin, { plan: planId, owner: 'R1', payer_id: (payer as { id: number }).id })
    expect((await show(shared))['payer']).toEqual(payer)
  })

  it('from a preset takes its fields, and what is named before them', async () => {
    const fields = { plan: 'Fast', zone: 'preset zone', language: 'de', session_limit: 2 }
    expect((await admin.post('/subscriber-presets', { name: 'Company line', fields })).status).toBe(201)
    const id = await addTestSubscriber(admin, { plan: undefined, preset: 'Company line', language: 'fr' })
    expect(await show(id)).toMatchObject({
      plan: { name: 'Fast' },
      zone: 'preset zone',
      language: 'fr',
      session_limit: 2,
    })
    expect((await admin.post('/subscribers', { username: 'x', preset: 'No such' })).status).toBe(404)
  })

  it('of a reseller stops at the number it may have, even at once', async () => {
    const r2 = await api.reseller('R2')
    await queryRows(api, 'update organisation set subscriber_limit = 3 where id = $1', [r2])
    const reseller = await api.as('reseller', { organisationId: r2 })
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, at) => reseller.post('/subscribers', { username: `r2-${at}`, plan: 'Home' })),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(5)
    expect(wrongFields(answers.find(({ status }) => status === 409)!)).toEqual(['owner'])
  })

  it('is done once for one Idempotency-Key, and its password is not shown a second time', async () => {
    const body = { username: 'once', plan: 'Home' }
    const first = await admin.post('/subscribers', body, { 'idempotency-key': 'k1' })
    const again = await admin.post('/subscribers', body, { 'idempotency-key': 'k1' })
    expect([first.status, again.status, again.text]).toEqual([201, 204, ''])
  })
})

describe('showing a subscriber', () => {
  it('tells what is live, and money only to who may see it', async () => {
    const id = await addTestSubscriber(admin, { username: 'live' })
    await openTestSession(api, id, { framed_ip: '10.9.9.9', mac: 'aa:bb:cc:dd:ee:ff', interface: 'vlan7' })
    expect(await show(id)).toMatchObject({
      online: true,
      sessions: [{ framed_ip: '10.9.9.9', mac: 'aa:bb:cc:dd:ee:ff', interface: 'vlan7' }],
      last_seen: { at: noon.toISOString(), interface: 'vlan7' },
      balance: '0.00',
    })
    const role = await api.db
      .insertInto('role')
      .values({ name: 'reader', permissions: ['subscriber.read'] })
      .returning('id')
      .executeTakeFirstOrThrow()
    expect((await show(id, await api.as('viewer', { roleId: role.id })))['balance']).toBeNull()
  })

  it('of another organisation or zone is not there', async () => {
    const r3 = await api.reseller('R3')
    const reseller = await api.as('reseller', { organisationId: r3 })
    const foreign = await addTestSubscriber(admin)
    const own = await addTestSubscriber(reseller)
    expect((await reseller.get(`/subscribers/${foreign}`)).status).toBe(404)
    expect((await reseller.patch(`/subscribers/${foreign}`, { full_name: 'Stolen' })).status).toBe(404)
    expect((await show(own, reseller))['owner']).toEqual({ id: Number(r3), name: 'R3' })
    const [team] = await queryRows(api, `insert into team (name, zones) values ('South', '{south}') returning id`)
    const southern = await api.as('support', { teamId: team!['id'] as bigint })
    expect((await southern.get(`/subscribers/${own}`)).status).toBe(404)
    expect(wrongFields(await southern.post('/subscribers', { username: 'n', plan: 'Home' }))).toEqual(['zone'])
    const seen = await addTestSubscriber(southern, { zone: 'south' })
    expect(wrongFields(await southern.patch(`/subscribers/${seen}`, { zone: 'north' }))).toEqual(['zone'])
  })
})
