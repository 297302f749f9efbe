// The night's mail of a small ISP: a day at the desk over the API, then the jobs of the night, until a real mail server and a
// real CRM have heard what they should, once each, and nothing of others.
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { extendChain } from '../../src/domain/audit/chain.ts'
import { announce } from '../../src/domain/message/announce.ts'
import { remindOfExpiry } from '../../src/domain/message/reminder.ts'
import { rollUpReports } from '../../src/domain/report/roll-up.ts'
import { sendDueReports } from '../../src/domain/report/schedule.ts'
import { readSettings } from '../../src/domain/setting.ts'
import { deliverMessages } from '../../src/jobs/deliver-messages.ts'
import { useApi } from '../support/api.ts'
import type { Client } from '../support/api.ts'
import { findBreaches, insist } from '../support/invariants.ts'
import { startMailServer } from '../support/mail.ts'
import type { TestMailServer } from '../support/mail.ts'

const api = useApi()
// Before the database goes: what must hold after every story.
afterAll(async () => insist(await findBreaches(api.pool, api.clock.now())))
let admin: Client
let billing: Client
let reseller: Client
let mail: TestMailServer
let planId: number
let crmSecret: string
let crmId: string
let crmStatus = 200
const crm = { url: '', calls: [] as { signature: string; delivery: string; body: string }[] }
const listener = createServer((request, response) => {
  void text(request).then((body) => {
    const [signature, delivery] = ['gatehouse-signature', 'gatehouse-delivery'].map((name) =>
      String(request.headers[name]),
    )
    crm.calls.push({ signature: signature!, delivery: delivery!, body })
    return response.writeHead(crmStatus).end()
  })
})

beforeAll(async () => {
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  crm.url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/hook`
  mail = await startMailServer(api)
  ;[admin, billing] = [await api.as('administrator'), await api.as('billing')]
  reseller = await api.as('reseller', { organisationId: await api.reseller('Kiosk') })
})
afterAll(async () => {
  await mail.close()
  listener.closeAllConnections()
  await new Promise<void>((resolve) => listener.close(() => resolve()))
})

const good = async (answer: Promise<{ status: number; text: string; body: Record<string, unknown> }>) => {
  const { status, text: said, body } = await answer
  expect(status, said).toBeLessThan(300)
  return body
}
/** Everything that the jobs process does of a night, as often as it takes. */
async function night(): Promise<void> {
  const now = api.clock.now()
  const { zone } = await readSettings(api.db)
  await rollUpReports(api.db, zone, now)
  await sendDueReports(api.db, api.keyring, zone, now)
  await remindOfExpiry(api.db, api.keyring, now)
  while ((await extendChain(api.db, now)).isMore);
  while (await announce(api.db, api.keyring, now));
  while (await deliverMessages({ db: api.db, keyring: api.keyring, now }));
}
/** Later; who sat at the desk has to sign in again. */
const forward = async (hours: number) => {
  api.clock.advance(hours * 3_600_000)
  admin = await api.as('administrator')
}
const subjects = () => mail.heard.map(({ raw, to }) => `${to.join()}: ${/^Subject: (.*)$/m.exec(raw)?.[1]}`)

describe('the night of an ISP', () => {
  it('is prepared at the desk: settings, a CRM, a scheduled report, plans', async () => {
    for (const [name, value] of Object.entries({
      zone: 'Europe/Berlin',
      welcome_messages: true,
      reminder_days: [7, 1],
      webhook_hosts: ['127.0.0.1'],
    })) {
      await good(admin.put(`/settings/${name}`, { value }))
    }
    // What was done before the CRM was there is not its business.
    await night()
    const made = await good(admin.post('/webhooks', { name: 'crm', url: crm.url, events: ['subscriber.*'] }))
    ;[crmSecret, crmId] = [String(made.secret), String(made.id)]
    const report = { name: 'Morning', report: 'subscribers', recipients: ['boss@example.net'], every: 'day', hour: 6 }
    await good(billing.post('/report-schedules', report))
    const plan = { name: 'Home', down_bps: '50M', up_bps: '20M', validity: 30, price: '20.00' }
    planId = Number((await good(admin.post('/plans', plan))).id)
    expect(mail.heard).toEqual([])
  })

  it('welcomes who came during the day, and tells the CRM', async () => {
    const anna = { username: 'anna', plan: planId, full_name: 'Anna Ångström', email: 'anna@example.net' }
    const { id } = await good(admin.post('/subscribers', anna))
    await good(admin.post('/subscribers', { username: 'mute', plan: planId, full_name: 'Mute One' }))
    await good(admin.post(`/subscribers/${String(id)}/activate`, { free: true }))
    await good(admin.post(`/subscribers/${String(id)}/block`, { reason: 'unpaid' }))
    await good(admin.post(`/subscribers/${String(id)}/unblock`, {}))
    await night()
    expect(subjects().filter((one) => one.startsWith('anna@'))).toHaveLength(1)
    const events = crm.calls.map(({ body }) => (JSON.parse(body) as { event: string }).event)
    expect(events.toSorted()).toEqual([
      'subscriber.activate',
      'subscriber.block',
      'subscriber.create',
      'subscriber.create',
      'subscriber.unblock',
    ])
    for (const { signature, body } of crm.calls) {
      const [, second, mac] = /^t=(\d+),v1=(\w+)$/.exec(signature)!
      expect(createHmac('sha256', crmSecret).update(`${second}.${body}`).digest('hex')).toBe(mac)
      expect(body).not.toMatch(/Ångström|anna@example\.net/)
    }
  })

  it('brings the boss the report once, and its numbers are those of the API', async () => {
    const reports = mail.heard.filter(({ to }) => to.includes('boss@example.net'))
    expect(reports).toHaveLength(1)
    const part = reports[0]!.raw.split(/^--.*$/m).find((one) => /filename=/.test(one))!
    const file = Buffer.from(part.slice(part.indexOf('\r\n\r\n')), 'base64')
    const [head, row] = parse(file, { bom: true })
    const answer = (await good(billing.get('/reports/subscribers'))) as { rows: Record<string, unknown>[] }
    expect(Object.fromEntries(head!.map((name, at) => [name, row![at]]))).toEqual(
      Object.fromEntries(Object.entries(answer.rows[0]!).map(([name, value]) => [name, String(value)])),
    )
    expect(answer.rows[0]).toMatchObject({ plan: 'Home', total: 2 })
  })

  it('does nothing twice when it runs again, and nothing at all when nothing happened', async () => {
    const before = [mail.heard.length, crm.calls.length]
    await night()
    await forward(1)
    await night()
    expect([mail.heard.length, crm.calls.length]).toEqual(before)
  })

  it('keeps what the CRM would not take, and delivers it when it is back, under the same number', async () => {
    crmStatus = 503
    crm.calls.length = 0
    const { items } = (await good(admin.get('/subscribers?search=anna'))) as { items: { id: number }[] }
    await good(admin.post(`/subscribers/${items[0]!.id}/block`, { reason: 'abuse' }))
    await night()
    const waiting = await good(admin.get('/messages?state=waiting'))
    expect(waiting.items).toMatchObject([{ kind: 'subscriber.block', webhook: 'crm', last_error: 'answered 503' }])
    crmStatus = 200
    await forward(1)
    await night()
    expect((await good(admin.get('/messages?state=waiting'))).items).toEqual([])
    expect(crm.calls).toHaveLength(2)
    expect(new Set(crm.calls.map(({ delivery }) => delivery)).size).toBe(1)
    await good(admin.post(`/subscribers/${items[0]!.id}/unblock`, {}))
  })

  it('reminds a week and a day before the end, in the days of the ISP', async () => {
    await forward(24 * 23)
    await night()
    await night()
    await forward(24 * 6)
    await night()
    const reminders = subjects().filter((one) => /^anna@.*ends on/.test(one))
    expect(reminders).toHaveLength(2)
    expect(new Set(reminders).size).toBe(1)
    expect(reminders[0]).toMatch(/ends on 2026-12-22$/)
  })

  it('shows a reseller none of it', async () => {
    reseller = await api.as('reseller', { organisationId: await api.reseller('Second kiosk') })
    for (const path of ['/messages', '/webhooks', '/report-schedules']) {
      const { status, body } = await reseller.get(path)
      expect([path, status === 403 || JSON.stringify(body.items) === '[]']).toEqual([path, true])
    }
    expect([403, 404]).toContain((await reseller.delete(`/webhooks/${crmId}`)).status)
  })

  it('leaves a trail without secrets: of the desk, not of the mails', async () => {
    const { rows } = await api.pool.query<{ entry: string }>('select audit_entry::text as entry from audit_entry')
    expect(rows.length).toBeGreaterThan(10)
    for (const { entry } of rows) expect(entry).not.toContain(crmSecret)
    const states = await api.pool.query('select distinct state from message')
    expect(states.rows).toEqual([{ state: 'sent' }])
  })
})
