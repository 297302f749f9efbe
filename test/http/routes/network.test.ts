// NASes, groups, clients, realms, home servers, settings and alarms over the API: what the command line can do, with an audit
// entry for each change and no secret anywhere but in the one answer that shows it.
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { raiseAlarm } from '../../../src/domain/alarm.ts'
import { useApi } from '../../support/api.ts'
import { noon } from '../../support/operator.ts'

const api = useApi()

async function lastAudit(action: string): Promise<Record<string, unknown>> {
  const { rows } = await api.pool.query<Record<string, unknown>>(
    'select * from audit_entry where action = $1 order by id desc limit 1',
    [action],
  )
  return rows[0]!
}

describe('clients', () => {
  it('are added with a secret that is shown once, changed, and given a new secret', async () => {
    const admin = await api.as('administrator')
    const made = await admin.post('/clients', {
      name: 'bng1',
      address: '192.0.2.1',
      vendor: 'mikrotik',
      patience_ms: 900,
    })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ name: 'bng1', prefix: '192.0.2.1/32', secret: expect.stringMatching(/^\w{24}$/) })
    expect((await admin.get('/clients/bng1')).body).not.toHaveProperty('secret')
    expect(inspect(await lastAudit('client.create'))).not.toContain(made.body.secret)

    const changed = await admin.patch('/clients/bng1', { message_authenticator: 'require' })
    expect(changed.body).toMatchObject({ message_authenticator: 'require' })
    expect(await lastAudit('client.edit')).toMatchObject({
      before: { message_authenticator: 'auto' },
      after: { message_authenticator: 'require' },
    })

    const rotated = await admin.post('/clients/bng1/secret', { keep_days: 3 })
    expect(rotated.body.secret).not.toBe(made.body.secret)
    expect((await admin.get('/clients')).body).toMatchObject({
      items: [{ name: 'bng1', secret_count: 2, nas_count: 1 }],
    })
  })

  it('are known over TLS by a certificate, whose change is in the trail', async () => {
    const admin = await api.as('administrator')
    const fingerprint = 'ab'.repeat(32)
    const changed = await admin.patch('/clients/bng1', {
      radsec_fingerprint: fingerprint.toUpperCase(),
      radsec_name: 'bng1.example.net',
    })
    expect(changed.body).toMatchObject({ radsec_fingerprint: fingerprint, radsec_name: 'bng1.example.net' })
    expect(await lastAudit('client.edit')).toMatchObject({
      before: { radsec_fingerprint: null, radsec_name: null },
      after: { radsec_fingerprint: fingerprint, radsec_name: 'bng1.example.net' },
    })
    const wrong = await admin.patch('/clients/bng1', { radsec_fingerprint: 'abc' })
    expect([wrong.status, wrong.body.errors]).toEqual([422, [expect.objectContaining({ field: 'radsec_fingerprint' })]])
    const ended = await admin.patch('/clients/bng1', { radsec_fingerprint: '', radsec_name: '' })
    expect(ended.body).toMatchObject({ radsec_fingerprint: null, radsec_name: null })
  })

  it('name the field that is wrong', async () => {
    const admin = await api.as('administrator')
    const wrong = await admin.post('/clients', { name: 'x', address: 'everywhere' })
    expect([wrong.status, wrong.body.errors]).toEqual([422, [expect.objectContaining({ field: 'address' })]])
    const weak = await admin.post('/clients', { name: 'x', address: '192.0.2.9', secret: 'testing123' })
    expect([weak.status, weak.body.errors]).toEqual([422, [expect.objectContaining({ field: 'secret' })]])
    const twice = await admin.post('/clients', { name: 'bng1', address: '192.0.2.9' })
    expect([twice.status, twice.body.code]).toEqual([409, 'conflict'])
    const unknown = await admin.post('/clients', { name: 'x', address: '192.0.2.9', colour: 'red' })
    expect([unknown.status, unknown.body.errors]).toEqual([400, [expect.objectContaining({ field: 'colour' })]])
  })

  it('stay while a NAS speaks through them', async () => {
    const admin = await api.as('administrator')
    const refused = await admin.delete('/clients/bng1')
    expect([refused.status, refused.body.detail]).toEqual([
      409,
      expect.stringContaining('1 NASes speak through it: bng1'),
    ])
    expect((await admin.delete('/clients/nothing')).status).toBe(404)
  })

  it('want a fresh proof for a new secret, since the old one will end', async () => {
    const admin = await api.as('administrator', { provedAt: new Date(noon.getTime() - 6 * 60_000) })
    expect((await admin.post('/clients/bng1/secret', {})).body.code).toBe('recent-proof-needed')
  })
})

describe('NASes', () => {
  it('are added, told settings, and removed once they have no live sessions', async () => {
    const admin = await api.as('administrator')
    await admin.post('/clients', { name: 'farm', address: '198.51.100.0/24' })
    const made = await admin.post('/nases', { client: 'farm', name: 'bng2', vendor: 'juniper', identifier: 'bng2' })
    expect([made.status, made.body]).toEqual([201, expect.objectContaining({ vendor: 'juniper', coa_port: 3799 })])

    const set = await admin.patch('/nases/bng2', {
      settings: { coa_pace: 10, ipoe_password: 'of the line' },
      coa_port: 1700,
    })
    expect(set.body).toMatchObject({
      coa_port: 1700,
      settings: { coa_pace: 10, ipoe_password: '***' },
      written: expect.arrayContaining(['coa_pace']),
    })
    expect(inspect(await lastAudit('nas.edit'))).not.toContain('of the line')
    expect((await admin.patch('/nases/bng2', { settings: { coa_pace: null } })).body).toMatchObject({
      settings: { coa_pace: 50 },
    })
    const wrong = await admin.patch('/nases/bng2', { settings: { coa_pace: 0 } })
    expect([wrong.status, wrong.body.errors]).toEqual([422, [expect.objectContaining({ field: 'coa_pace' })]])

    const { rows } = await api.pool.query<{ id: bigint }>('select id from nas where name = $1', ['bng2'])
    await api.pool.query(
      `insert into session (nas_id, acct_session_id, epoch, username, nas_group_id, address_space_id, started_at, event_at, updated_at)
       values ($1, 'a', 1, 'anna', 1, 1, $2, $2, $2)`,
      [rows[0]!.id, noon],
    )
    expect((await admin.delete('/nases/bng2')).body.detail).toBe('name: has 1 live sessions')
    await api.pool.query('update session set ended_at = $1', [noon])
    expect((await admin.delete('/nases/bng2')).status).toBe(204)
    expect(await lastAudit('nas.delete')).toMatchObject({ before: { name: 'bng2' }, after: null })
  })

  it('take only attributes that exist', async () => {
    const admin = await api.as('administrator')
    const wrong = await admin.patch('/nases/bng1', { attributes: ['No-Such-Attribute = 1'] })
    expect([wrong.status, wrong.body.errors]).toEqual([422, [expect.objectContaining({ field: 'attribute' })]])
  })

  it('are seen by support and changed by administrators only', async () => {
    const support = await api.as('support')
    expect((await support.get('/nases')).status).toBe(200)
    expect((await support.patch('/nases/bng1', { coa_port: 1700 })).body.code).toBe('forbidden')
    const reseller = await api.as('reseller', { organisationId: await api.reseller('Kiosk') })
    expect((await reseller.get('/nases')).body.code).toBe('forbidden')
  })
})

describe('NAS groups', () => {
  it('are added, changed, and removed when nothing names them', async () => {
    const admin = await api.as('administrator')
    const made = await admin.post('/nas-groups', { name: 'north', identity_order: ['circuit-id', 'mac'] })
    expect(made.body).toMatchObject({ name: 'north', identity_order: ['circuit-id', 'mac'], address_space: 'default' })
    const changed = await admin.patch('/nas-groups/north', { address_space: 'vrf-a' })
    expect(changed.body).toMatchObject({ address_space: 'vrf-a' })
    expect(await lastAudit('nas-group.edit')).toMatchObject({ before: { address_space: 'default' } })
    expect((await admin.delete('/nas-groups/default')).body.detail).toMatch(/in use by \d+ nases/)
    expect((await admin.delete('/nas-groups/north')).status).toBe(204)
  })

  it('let whom nobody knows into a garden, if they are told', async () => {
    const admin = await api.as('administrator')
    const made = await admin.post('/nas-groups', {
      name: 'open',
      unknown_garden: { address_list: 'hello', down_bps: '2M' },
    })
    const garden = {
      address_list: 'hello',
      pool: null,
      down_bps: 2_000_000,
      up_bps: 1_000_000,
      session_timeout_s: null,
    }
    expect([made.status, made.body.unknown_garden]).toEqual([201, garden])
    const wrong = await admin.patch('/nas-groups/open', { unknown_garden: { session_timeout_s: 5 } })
    expect([wrong.status, wrong.body.errors]).toEqual([
      422,
      [expect.objectContaining({ field: 'unknown_garden.session_timeout_s' })],
    ])
    expect((await admin.patch('/nas-groups/open', { unknown_garden: { speed: '1M' } })).status).toBe(400)
    const closed = await admin.patch('/nas-groups/open', { unknown_garden: null })
    expect(closed.body.unknown_garden).toBeNull()
    expect(await lastAudit('nas-group.edit')).toMatchObject({
      before: { unknown_garden: garden },
      after: { unknown_garden: null },
    })
    const { items } = (await admin.get('/nas-groups')).body
    expect(items).toContainEqual(expect.objectContaining({ name: 'open', unknown_garden: null }))
    expect((await admin.delete('/nas-groups/open')).status).toBe(204)
  })
})

describe('realms and home servers', () => {
  it('lead somewhere', async () => {
    const admin = await api.as('administrator')
    const server = { pool: 'partner', name: 'p1', address: '203.0.113.5', secret: 'a long enough secret', priority: 1 }
    expect((await admin.post('/home-servers', server)).body).toMatchObject({
      name: 'p1',
      pool: 'partner',
      warning: null,
    })
    expect(inspect(await lastAudit('home-server.create'))).not.toContain('a long enough secret')
    const realm = await admin.post('/realms', { name: 'Partner.example', action: 'forward', pool: 'partner' })
    expect(realm.body).toMatchObject({ name: 'partner.example', action: 'forward', pool: 'partner' })
    expect((await admin.delete('/home-servers/p1')).status).toBe(409)
    expect((await admin.delete('/realms/partner.example')).status).toBe(204)
    expect((await admin.delete('/home-servers/p1')).status).toBe(204)
    expect((await admin.get('/realms')).body).toEqual({ items: [] })
    expect((await admin.get('/home-servers')).body).toEqual({ items: [] })
  })
})

describe('settings', () => {
  it('are read with their defaults and written one at a time', async () => {
    const admin = await api.as('administrator')
    const written = await admin.put('/settings/zone', { value: 'Europe/Berlin' })
    const shape = { type: 'string' }
    expect(written.body).toEqual({ name: 'zone', value: 'Europe/Berlin', default: 'UTC', written: true, shape })
    expect(await lastAudit('setting.edit')).toMatchObject({ before: { zone: 'UTC' }, after: { zone: 'Europe/Berlin' } })
    const wrong = await admin.put('/settings/zone', { value: 'Mars' })
    expect([wrong.status, wrong.body.errors]).toEqual([422, [expect.objectContaining({ field: 'zone' })]])
    await admin.put('/settings/date_format', { value: 'month-first' })
    const viewer = await api.as('viewer')
    expect((await viewer.get('/me')).body).toMatchObject({
      zone: 'Europe/Berlin',
      currency: 'EUR',
      date_format: 'month-first',
    })
    expect((await admin.put('/settings/colour', { value: 'red' })).status).toBe(404)
    expect((await admin.put('/settings/__proto__', { value: 'red' })).status).toBe(404)
  })
})

describe('alarms', () => {
  it('are seen and cleared', async () => {
    await raiseAlarm(api.pool, { kind: 'unnamed-reboot', subject: 'nat', text: 'let each device name itself' }, noon)
    const admin = await api.as('administrator')
    expect((await admin.get('/alarms')).body).toMatchObject({ items: [{ kind: 'unnamed-reboot', count: 1 }] })
    expect((await admin.post('/alarms/clear', { kind: 'unnamed-reboot', subject: 'nat' })).status).toBe(204)
    expect((await admin.get('/alarms')).body).toEqual({ items: [] })
    expect((await admin.get('/alarms?all=true')).body).toMatchObject({ items: [{ cleared_at: noon.toISOString() }] })
    expect((await admin.post('/alarms/clear', { kind: 'unnamed-reboot', subject: 'nat' })).status).toBe(404)
  })
})
