// Webhooks, texts, the mail server and settings over the API: refusals that name the field, what two resellers see, what stands
// in the trail, and many at once.
import { describe, expect, it } from 'vitest'
import { permissions } from '../../../src/domain/operator/permission.ts'
import { defaultSettings, settingNames } from '../../../src/domain/setting.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'

const api = useApi()
const hook = (name: string) => ({ name, url: 'https://crm.example.net/hook', events: ['subscriber.*'] })
const fieldsOf = (answer: { body: Record<string, unknown> }) =>
  (answer.body.errors as { field: string }[] | undefined)?.map(({ field }) => field)
async function lastAudit(action: string): Promise<Record<string, unknown>> {
  const { rows } = await api.pool.query<Record<string, unknown>>(
    'select * from audit_entry where action = $1 order by id desc limit 1',
    [action],
  )
  return rows[0]!
}
/** An administrator of a reseller of its own. */
async function resellerWithAll(name: string): Promise<Client> {
  const { rows } = await api.pool.query<{ id: bigint }>(
    'insert into role (name, permissions) values ($1, $2) returning id',
    [`all of ${name}`, Object.keys(permissions)],
  )
  return api.as('reseller', { organisationId: await api.reseller(name), roleId: rows[0]!.id })
}

describe('a webhook', () => {
  it.each([
    ['name', 422, { name: '' }],
    ['name', 400, { name: 7 }],
    ['url', 422, { url: 'ftp://crm.example.net/' }],
    ['url', 422, { url: 'https://user:password@crm.example.net/' }],
    ['url', 422, { url: '//crm.example.net' }],
    ['events', 422, { events: [] }],
    ['events', 422, { events: ['everything'] }],
    ['events', 400, { events: 'subscriber.*' }],
    ['events', 400, { events: Array.from({ length: 51 }, () => '*') }],
    ['enabled', 400, { enabled: 'yes' }],
    ['secret', 400, { secret: 'mine' }],
    ['owner_id', 400, { owner_id: 1 }],
  ])('is refused for its %s: %i', async (field, status, changes) => {
    const admin = await api.as('administrator')
    const answer = await admin.post('/webhooks', { ...hook('x'), ...changes })
    expect([answer.status, fieldsOf(answer)]).toEqual([status, [field]])
    if (field === 'url') expect(answer.text).not.toContain('user:password')
  })

  it('of a name is made by one of twenty who make it at once', async () => {
    const admin = await api.as('administrator')
    const answers = await Promise.all(Array.from({ length: 20 }, () => admin.post('/webhooks', hook('raced'))))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ status, body }) => status === 409 && body.code === 'conflict')).toHaveLength(19)
  })

  it('is the business of the ISP alone: a reseller makes, sees and tries none, whatever its role says', async () => {
    const admin = await api.as('administrator')
    const made = await admin.post('/webhooks', hook('of the isp'))
    const path = `/webhooks/${String(made.body.id)}`
    const reseller = await resellerWithAll('North')
    const answers = [
      await reseller.post('/webhooks', hook('x')),
      await reseller.put(path, hook('x')),
      await reseller.delete(path),
      await reseller.post(`${path}/test`),
    ]
    for (const { status, text } of answers) {
      expect([403, 404]).toContain(status)
      expect(text).not.toContain('crm.example.net')
    }
    expect((await reseller.get('/webhooks')).text).not.toContain('of the isp')
    expect((await admin.post(`${path}/test`)).status).toBe(204)
    expect((await admin.get('/messages')).body).toMatchObject({
      items: [{ kind: 'webhook.test', webhook: 'of the isp' }],
    })
    expect((await reseller.get('/messages')).text).not.toContain('of the isp')
  })

  it('wants a fresh proof, and leaves no secret in the trail', async () => {
    const stale = await api.as('administrator', { provedAt: new Date(api.clock.now().getTime() - 6 * 60_000) })
    expect((await stale.post('/webhooks', hook('stale'))).body.code).toBe('recent-proof-needed')
    const admin = await api.as('administrator')
    const made = await admin.post('/webhooks', hook('fresh'))
    const { rows } = await api.pool.query<{ entry: string }>('select audit_entry::text as entry from audit_entry')
    for (const { entry } of rows) expect(entry).not.toContain(String(made.body.secret))
    await admin.put(`/webhooks/${String(made.body.id)}`, { ...hook('fresh'), events: ['plan.edit'] })
    expect(await lastAudit('webhook.edit')).toMatchObject({
      before: { events: ['subscriber.*'] },
      after: { events: ['plan.edit'] },
    })
  })
})

describe('the mail server', () => {
  const server = { host: 'mail.example.net', port: 465, security: 'tls', sender: 'isp@example.net', username: 'isp' }

  it.each([
    ['host', 422, { host: 'mail example net' }],
    ['host', 422, { host: '' }],
    ['port', 422, { port: 0 }],
    ['port', 422, { port: 65_536 }],
    ['port', 400, { port: 2.5 }],
    ['security', 422, { security: 'ssl' }],
    ['security', 422, { security: 'none', password: 'x' }],
    ['sender', 422, { sender: 'isp' }],
    ['password', 400, { password: 7 }],
  ])('is refused for its %s: %i', async (field, status, changes) => {
    const admin = await api.as('administrator')
    const answer = await admin.put('/mail-server', { ...server, ...changes })
    expect([answer.status, fieldsOf(answer)]).toEqual([status, [field]])
  })

  it('never sends a password in the clear that was named for TLS', async () => {
    const admin = await api.as('administrator')
    expect((await admin.put('/mail-server', { ...server, password: 'canary' })).status).toBe(200)
    const refused = await admin.put('/mail-server', { ...server, security: 'none' })
    expect([refused.status, fieldsOf(refused)]).toEqual([422, ['security']])
    expect((await admin.get('/mail-server')).body).toMatchObject({ security: 'tls', has_password: true })
    const without = await admin.put('/mail-server', { ...server, security: 'none', password: null })
    expect(without.body).toMatchObject({ security: 'none', has_password: false })
  })

  it('is none of a reseller', async () => {
    const reseller = await resellerWithAll('Mailer')
    const answers = [await reseller.get('/mail-server'), await reseller.put('/mail-server', server)]
    for (const { status, text } of answers) {
      expect(status).toBeGreaterThanOrEqual(400)
      expect(text).not.toMatch(/mail\.example\.net|permission denied/)
    }
  })
})

describe('settings', () => {
  it('are all listed with their defaults, and written back as they are read', async () => {
    const admin = await api.as('administrator')
    const { items } = (await admin.get('/settings')).body as {
      items: { name: string; value: unknown; default: unknown }[]
    }
    expect(items.map(({ name }) => name)).toEqual(settingNames)
    for (const { name, value, default: fallback } of items) {
      expect(fallback).toEqual(Object.entries(defaultSettings).find(([other]) => other === name)![1])
      const answer = await admin.put(`/settings/${name}`, { value })
      expect([name, answer.status, answer.body.value], answer.text).toEqual([name, 200, value])
    }
  })

  it.each([
    ['welcome_messages', 'yes'],
    ['reminder_days', [0]],
    ['reminder_days', [61]],
    ['reminder_days', [1, 2, 3, 4, 5, 6]],
    ['reminder_days', ['7']],
    ['webhook_hosts', ['']],
    ['message_days', 0],
    ['panel_url', 'https://panel.example.net/path'],
    ['panel_url', 'javascript:alert(1)'],
    ['sign_in_networks', ['192.0.2.0/33']],
    ['import_maximum_rows', 0],
    ['import_maximum_mb', 2_001],
    ['export_keep_days', 91],
    ['deleted_retention_days', 0],
    ['bulk_rate', 0],
    ['bulk_large', 1.5],
    ['renew_ahead_hours', -1],
    ['phone_country_code', '0049'],
    ['secret_minimum_length', 7],
  ])('%s does not take %j, and stays', async (name, value) => {
    const admin = await api.as('administrator')
    const answer = await admin.put(`/settings/${name}`, { value })
    expect([answer.status, fieldsOf(answer)]).toEqual([422, [name]])
    const { items } = (await admin.get('/settings')).body as { items: { name: string; value: unknown }[] }
    expect(items.find((one) => one.name === name)!.value).toEqual(
      Object.entries(defaultSettings).find(([other]) => other === name)![1],
    )
  })

  it('that are not there are not made, whatever objects are made of', async () => {
    const admin = await api.as('administrator')
    for (const name of ['zome', 'toString', '__proto__', 'constructor']) {
      expect([name, (await admin.put(`/settings/${name}`, { value: 'UTC' })).status]).toEqual([name, 404])
    }
  })

  it('written by many at once have one of their values, and a trail of each', async () => {
    const admin = await api.as('administrator')
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => admin.put('/settings/message_days', { value: 100 + at })),
    )
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    const { items } = (await admin.get('/settings')).body as { items: { name: string; value: number }[] }
    const value = items.find(({ name }) => name === 'message_days')!.value
    expect(value).toBeGreaterThanOrEqual(100)
    const { rows } = await api.pool.query(
      `select count(*)::int as n from audit_entry where action = 'setting.edit' and after ? 'message_days' and author_name = $1`,
      [admin.email],
    )
    expect(rows).toEqual([{ n: 20 }])
  })
})
