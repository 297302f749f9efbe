// Every field of a subscriber with what it does not take: the answer names the field as the request does, when one is added and
// when one is changed, and nothing is written.
import { beforeAll, describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { addTestPlan, addTestSubscriber, auditOf, queryRows, wrongFields } from '../../support/subscribers.ts'

const api = useApi()
let admin: Client
let id: number

beforeAll(async () => {
  admin = await api.as('super-administrator')
  await addTestPlan(api, 'Home')
  await addTestPlan(api, 'Two devices', { device_limit: 2 })
  id = await addTestSubscriber(admin, { full_name: 'Ada Lovelace' })
})

const long = (length: number) => 'x'.repeat(length)

/** What neither a new subscriber nor an edit takes. */
const wrong: [field: string, why: string, body: Record<string, unknown>][] = [
  ['username', 'blanks', { username: '   ' }],
  ['username', 'nothing that is seen', { username: '\u200b\u0007' }],
  ['username', 'too long', { username: long(254) }],
  ['username', 'octets beyond a User-Name', { username: 'ü'.repeat(127) }],
  ['full_name', 'one character', { full_name: 'A' }],
  ['full_name', 'fifty-one', { full_name: long(51) }],
  ['full_name', 'a line break', { full_name: 'Ada\nLovelace' }],
  ['email', 'no at sign', { email: 'ada.example.org' }],
  ['email', 'two at signs', { email: 'ada@@example.org' }],
  ['email', 'a header behind a line break', { email: 'ada@example.org\nBcc: x@example.org' }],
  ['phone', 'letters', { phone: 'call me' }],
  ['phone', 'too few digits', { phone: '+49 1' }],
  ['phone', 'too many digits', { phone: '+491234567890123456' }],
  ['phone_extension', 'letters', { phone_extension: '12a' }],
  ['phone_extension', 'eleven digits', { phone_extension: '12345678901' }],
  ['address', 'too long', { address: long(501) }],
  ['latitude', 'beyond the pole', { latitude: 90.000001, longitude: 0 }],
  ['longitude', 'beyond the date line', { latitude: 0, longitude: -180.5 }],
  ['latitude', 'alone', { latitude: 50 }],
  ['latitude', 'longitude alone', { longitude: 50 }],
  ['zone', 'too long', { zone: long(101) }],
  ['zone', 'a control character', { zone: 'nor\u0000th' }],
  ['language', 'no language', { language: 'german please' }],
  ['language', 'too long', { language: 'de-'.padEnd(40, 'a') }],
  ['expires_at', 'a word', { expires_at: 'soon' }],
  ['expires_at', 'a day that is none', { expires_at: '2026-02-30' }],
  ['expires_at', 'an hour that is none', { expires_at: '2026-12-24T25:00:00Z' }],
  ['devices', 'no MAC', { devices: ['aa:bb:cc'] }],
  ['devices', 'a MAC of a group', { devices: ['01:00:5e:00:00:01'] }],
  ['devices', 'nobody’s MAC', { devices: ['00:00:00:00:00:00'] }],
  ['device_limit', 'none', { device_limit: 0 }],
  ['device_limit', 'half', { device_limit: 1.5 }],
  ['device_limit', 'too many', { device_limit: 1_001 }],
  ['session_limit', 'below none', { session_limit: -1 }],
  ['session_limit', 'with an exponent', { session_limit: 1e21 }],
  ['addresses', 'a private network', { addresses: ['10.0.0.0/8'] }],
  ['addresses', 'multicast', { addresses: ['224.0.0.1'] }],
  ['addresses', 'host bits', { addresses: ['2001:db8::1/64'] }],
  ['addresses', 'no address', { addresses: ['10.1'] }],
  ['routes', 'no route', { routes: ['somewhere'] }],
  ['routes', 'an IPv6 route', { routes: ['2001:db8::/32'] }],
  ['routes', 'another attribute behind a line break', { routes: ['192.0.2.0/24\n0.0.0.0 1'] }],
  ['routes', 'the second of two', { routes: ['192.0.2.0/24', '192.0.2.0/33'] }],
  ['bound_interface', 'too long', { bound_interface: long(254) }],
  ['bound_port', 'too long', { bound_port: long(101) }],
  ['bound_s_vlan', 'VLAN 0', { bound_s_vlan: 0 }],
  ['bound_c_vlan', 'VLAN 4095', { bound_c_vlan: 4095 }],
  ['circuit_id', 'odd hex', { circuit_id: '0xabc' }],
  ['remote_id', 'too long', { remote_id: long(254) }],
  ['duid', 'no hex', { duid: '0xzz' }],
  ['attributes', 'an attribute that is not there', { attributes: ['No-Such-Attribute = 1'] }],
  ['attributes', 'a value of another kind', { attributes: ['Session-Timeout = soon'] }],
  ['attributes', 'no equals sign', { attributes: ['Filter-Id'] }],
  ['devices', 'a line by nothing', { account_type: 'ipoe' }],
  ['nt_hash', 'thirty-one digits', { nt_hash: 'a'.repeat(31) }],
  ['nt_hash', 'a password beside it', { nt_hash: 'a'.repeat(32), password: 'beside' }],
  ['password', 'too long', { password: 'ü'.repeat(65) }],
  ['password', 'two lines', { password: 'one\ntwo' }],
]

/** What only a new one is asked for. */
const wrongWhenNew: typeof wrong = [
  ['created_at', 'in the future', { created_at: '2026-11-22T12:00:01Z' }],
  ['comment', 'blank', { comment: ' \n ' }],
  ['comment', 'too long', { comment: long(4_001) }],
  ['plan', 'none', { plan: undefined }],
  ['group', 'one character', { group: 'G' }],
  [
    'devices',
    'more than the plan allows',
    { plan: 'Two devices', devices: [1, 2, 3].map((at) => `aa:00:00:00:00:0${at}`) },
  ],
  ['devices', 'more than its own limit', { device_limit: 1, devices: [1, 2].map((at) => `aa:00:00:00:00:0${at}`) }],
]

/** What has not the form at all. */
const malformed: [field: string, body: Record<string, unknown>][] = [
  ['full_name', { full_name: 7 }],
  ['latitude', { latitude: '50' }],
  ['devices', { devices: 'aa:00:00:00:00:01' }],
  ['devices.0', { devices: [null] }],
  ['routes', { routes: Array.from({ length: 101 }, () => '192.0.2.0/24') }],
  ['account_type', { account_type: 'dsl' }],
  ['credential', { credential: 'plain' }],
  ['auto_renew', { auto_renew: 'yes' }],
  ['bound_nas_group', { bound_nas_group: -1 }],
  ['group', { group: 1.5 }],
  ['balance', { balance: '1000.00' }],
  ['owner_id', { owner_id: 2 }],
  ['__proto__x', { __proto__x: {} }],
]

async function counts() {
  return queryRows(
    api,
    `select (select count(*) from subscriber) s, (select count(*) from payer) p, (select count(*) from audit_entry) a,
       (select count(*) from subscriber_group) g, (select count(*) from credential) c, (select count(*) from device) d`,
  )
}

describe('a new subscriber', () => {
  it.each([...wrong, ...wrongWhenNew])('is refused for its %s: %s', async (field, _why, body) => {
    const before = await counts()
    const answer = await admin.post('/subscribers', { username: 'refused', plan: 'Home', ...body })
    expect([answer.status, wrongFields(answer)]).toEqual([422, [field]])
    expect(answer.body['detail']).toMatch(new RegExp(`^${field}: `))
    expect(await counts()).toEqual(before)
  })

  it.each(malformed)('of another form is refused, naming %s', async (field, body) => {
    const answer = await admin.post('/subscribers', { username: 'refused', plan: 'Home', ...body })
    expect([answer.status, wrongFields(answer)[0]]).toEqual([400, field])
  })
})

describe('a change', () => {
  it.each(wrong)('is refused for the %s: %s', async (field, _why, body) => {
    const before = await counts()
    const answer = await admin.patch(`/subscribers/${id}`, { full_name: 'Changed Beside', ...body })
    expect([answer.status, wrongFields(answer)]).toEqual([422, [field]])
    expect(await counts()).toEqual(before)
    expect((await admin.get(`/subscribers/${id}`)).body['full_name']).toBe('Ada Lovelace')
  })

  it.each(malformed)('of another form is refused, naming %s', async (field, body) => {
    const answer = await admin.patch(`/subscribers/${id}`, body)
    expect([answer.status, wrongFields(answer)[0]]).toEqual([400, field])
  })

  it('takes what is just within', async () => {
    const body = {
      full_name: long(50),
      address: long(500),
      latitude: -90,
      longitude: 180,
      zone: long(100),
      session_limit: 1_000,
      bound_s_vlan: 1,
      bound_c_vlan: 4094,
      bound_port: long(100),
      bound_interface: long(253),
      phone_extension: '1234567890',
      password: 'ü'.repeat(64),
    }
    const answer = await admin.patch(`/subscribers/${id}`, body)
    const { password: _password, ...shown } = body
    expect([answer.status, answer.body]).toMatchObject([200, shown])
    expect(await auditOf(api, id)).toHaveLength(2)
  })
})

describe('devices beyond the limit', () => {
  const mac = (at: number) => `aa:00:00:00:01:0${at}`

  it('are not added, and those that are there may go one by one', async () => {
    const one = await addTestSubscriber(admin, {
      plan: 'Two devices',
      device_limit: 3,
      devices: [mac(1), mac(2), mac(3)],
    })
    // The limit of the subscriber goes before that of the plan; taking it away takes no device.
    expect((await admin.patch(`/subscribers/${one}`, { device_limit: null })).status).toBe(200)
    const edit = async (devices: string[]) => wrongFields(await admin.patch(`/subscribers/${one}`, { devices }))
    expect(await edit([mac(1), mac(2), mac(4)])).toEqual(['devices'])
    expect(await edit([mac(1), mac(2), mac(3), mac(4)])).toEqual(['devices'])
    expect(await edit([mac(1), mac(2)])).toEqual([])
    expect(await edit([mac(1), mac(4)])).toEqual([])
  })
})
