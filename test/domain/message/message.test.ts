// Mails and webhooks from the deed to the other side: a real SMTP server and a real HTTP server hear them.
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { SMTPServer } from 'smtp-server'
import { afterEach, describe, expect, it } from 'vitest'
import { writeAudit } from '../../../src/domain/audit/audit.ts'
import { extendChain } from '../../../src/domain/audit/chain.ts'
import { ownAuthor } from '../../../src/domain/author.ts'
import { announce } from '../../../src/domain/message/announce.ts'
import { readMailServer, showMailServer, writeMailServer } from '../../../src/domain/message/mail-server.ts'
import { claimMessages, listMessages, queueMail, sendAgain, trimMessages } from '../../../src/domain/message/outbox.ts'
import type { Mail } from '../../../src/domain/message/outbox.ts'
import { remindOfExpiry } from '../../../src/domain/message/reminder.ts'
import {
  findTemplate,
  listTemplates,
  messageKinds,
  renderMessage,
  writeTemplate,
} from '../../../src/domain/message/template.ts'
import { addWebhook, setWebhook, wantsEvent } from '../../../src/domain/message/webhook.ts'
import { everything } from '../../../src/domain/scope.ts'
import { writeSetting } from '../../../src/domain/setting.ts'
import { deliverMessages } from '../../../src/jobs/deliver-messages.ts'
import { isPublic } from '../../../src/jobs/webhook-request.ts'
import { hours, makePlan, noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
const closing: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  await office.pool.query('delete from message')
  await office.pool.query('delete from webhook')
})

const deliver = (now = noon) => deliverMessages({ db: office.db, keyring: office.keyring, now })
const mail = (changes: Partial<Mail> = {}): Mail => ({
  kind: 'note',
  recipient: 'anna@example.net',
  language: null,
  values: { subject: 'Hello', text: 'A line.' },
  ...changes,
})
const queue = (changes: Partial<Mail> = {}, now = noon) => queueMail(office.db, office.keyring, mail(changes), now)
const listed = () => listMessages(office.db, {}, { before: undefined, limit: 10 }, everything)

type Heard = { to: string[]; raw: string }

/** A mail server on this machine; `refuse` makes it answer that it will not have the mail now. */
async function startMailServer(options: { refuse?: boolean } = {}): Promise<Heard[]> {
  const heard: Heard[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      const hear = async (): Promise<void> => {
        heard.push({ raw: await text(stream), to: session.envelope.rcptTo.map(({ address }) => address) })
        done(options.refuse === true ? Object.assign(new Error('not now'), { responseCode: 451 }) : null)
      }
      void hear()
    },
  })
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  closing.push(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const { port } = server.server.address() as AddressInfo
  const input = { host: '127.0.0.1', port, security: 'none', sender: 'isp@example.net' }
  await writeMailServer(office.db, office.keyring, input, noon)
  return heard
}

type Call = { headers: Record<string, unknown>; body: string }

/** A web server on this machine that answers with the status. */
async function startListener(
  status: () => number,
  headers: Record<string, string> = {},
): Promise<{ url: string; calls: Call[] }> {
  const calls: Call[] = []
  const server = createServer((request, response) => {
    const hear = async (): Promise<void> => {
      calls.push({ headers: request.headers, body: await text(request) })
      response.writeHead(status(), headers).end()
    }
    void hear()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => new Promise<void>((resolve) => server.close(() => resolve())))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, calls }
}

const allowThisMachine = (hosts = ['127.0.0.1']) =>
  writeSetting(office.db, { name: 'webhook_hosts', value: hosts }, noon)
const hook = (url: string, events = ['subscriber.*']) =>
  addWebhook(office.db, office.keyring, { name: 'crm', url, events, ownerId: null }, noon)

describe('the text of a mail', () => {
  it('puts values in place and nothing else: a value is never a template', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const { text: written } = renderMessage({ subject: 'x', text: '<{{full_name}}>' }, { full_name: value })
        expect(written).toBe(`<${value}>`)
      }),
    )
    expect(renderMessage({ subject: '{{constructor}}', text: '{{nothing}}' }, {})).toEqual({ subject: '', text: '' })
  })

  it('has one line of subject whatever a value holds', () => {
    const { subject } = renderMessage({ subject: '{{a}}', text: '' }, { a: 'one\r\nBcc: all@example.net' })
    expect(subject).toBe('one Bcc: all@example.net')
  })

  it('is what was written for the language, else ours', async () => {
    const german = { kind: 'welcome', language: 'de', subject: 'Willkommen, {{full_name}}', text: 'Hallo' }
    await writeTemplate(office.db, german, noon)
    expect((await findTemplate(office.db, 'welcome', 'de')).subject).toBe('Willkommen, {{full_name}}')
    expect((await findTemplate(office.db, 'welcome', 'fr')).subject).toBe('Welcome, {{full_name}}')
    expect((await listTemplates(office.db)).length).toBe(messageKinds.length + 1)
  })

  it('names the field of a text that cannot be', async () => {
    const wrong = (changes: object) =>
      writeTemplate(office.db, { kind: 'welcome', language: 'de', subject: 'x', text: 'y', ...changes }, noon)
    await expect(wrong({ subject: '{{password}}' })).rejects.toMatchObject({ field: 'subject' })
    await expect(wrong({ text: ' ' })).rejects.toMatchObject({ field: 'text' })
    await expect(wrong({ language: 'German' })).rejects.toMatchObject({ field: 'language' })
    await expect(wrong({ kind: 'spam' })).rejects.toThrow('there is no kind of message "spam"')
  })
})

describe('a mail', () => {
  it('goes out through the named server', async () => {
    const heard = await startMailServer()
    expect(await queue()).toBe(true)
    await deliver()
    expect(heard).toEqual([{ to: ['anna@example.net'], raw: expect.stringContaining('A line.') }])
    expect(heard[0]!.raw).toContain('Subject: Hello')
    expect(await listed()).toMatchObject([{ state: 'sent', attempts: 1, sentAt: noon }])
    expect(await deliver(hours(1))).toBe(false)
    expect(heard).toHaveLength(1)
  })

  it('is told once where it has a key', async () => {
    expect(await queue({ onceKey: 'a' })).toBe(true)
    expect(await queue({ onceKey: 'a' })).toBe(false)
    expect(await listed()).toHaveLength(1)
  })

  it('waits with the reason when the server does not take it, and is given up after a day', async () => {
    await startMailServer({ refuse: true })
    await queue()
    let now = noon
    for (let tries = 1; tries <= 8; tries += 1) {
      await deliver(now)
      expect(await listed()).toMatchObject([{ attempts: tries, lastError: expect.stringContaining('not now') }])
      now = hours(13, now)
    }
    expect(await listed()).toMatchObject([{ state: 'failed' }])
    const [message] = await listed()
    const heard = await startMailServer()
    await sendAgain(office.db, message!.id, everything, now)
    await deliver(now)
    expect(heard).toHaveLength(1)
    expect(await trimMessages(office.db, 90, hours(24 * 100))).toBe(1)
  })

  it('says so where no server is named', async () => {
    await office.pool.query('delete from mail_server')
    await queue()
    await deliver()
    expect(await listed()).toMatchObject([{ state: 'waiting', lastError: 'no mail server is named' }])
  })

  it('is taken over when its sender died, and by one instance only', async () => {
    await queue()
    const claim = (now: Date) => claimMessages(office.db, office.keyring, 5, now)
    const claims = await Promise.all([claim(noon), claim(noon), claim(noon)])
    expect(claims.flat()).toHaveLength(1)
    expect(await claim(noon)).toEqual([])
    expect(await claim(hours(1))).toHaveLength(1)
  })

  it('with a link in it lies sealed, and is forgotten when it was sent', async () => {
    await startMailServer()
    const link = 'https://panel.example.net/reset/canary-of-a-link'
    await queue({ kind: 'password-reset', values: { email: 'a@example.net', link } })
    const [before] = await rowsOf(office, 'select body from message')
    expect((before!.body as Buffer).toString('latin1')).not.toContain('canary')
    await deliver()
    expect(await rowsOf(office, 'select body from message')).toEqual([{ body: null }])
    const [message] = await listed()
    await expect(sendAgain(office.db, message!.id, everything, noon)).rejects.toThrow('sent again')
  })
})

describe('the mail server', () => {
  it('keeps its password sealed, and when it is not named again', async () => {
    const input = {
      host: 'mail.example.net',
      port: 587,
      security: 'starttls',
      sender: 'isp@example.net',
      username: 'isp',
    }
    await writeMailServer(office.db, office.keyring, { ...input, password: 'canary of mail' }, noon)
    await writeMailServer(office.db, office.keyring, { ...input, port: 25 }, noon)
    expect(await readMailServer(office.db, office.keyring)).toMatchObject({ port: 25, password: 'canary of mail' })
    expect(await showMailServer(office.db)).toEqual({ ...input, port: 25, hasPassword: true })
    const [row] = await rowsOf(office, 'select password from mail_server')
    expect((row!.password as Buffer).toString('latin1')).not.toContain('canary')
  })

  it.each([
    ['host', { host: 'a b' }],
    ['port', { port: 0 }],
    ['security', { security: 'none', password: 'x' }],
    ['sender', { sender: 'nobody' }],
  ])('names %s where it cannot be', async (field, changes) => {
    const input = { host: 'mail.example.net', port: 25, security: 'tls', sender: 'isp@example.net', ...changes }
    await expect(writeMailServer(office.db, office.keyring, input, noon)).rejects.toMatchObject({ field })
  })
})

describe('a webhook', () => {
  const author = () => ownAuthor('system', 'test', office.keyring)
  const happens = async (action: string, rowId: bigint) => {
    const after = { enabled: true, full_name: 'Canary Personal' }
    await writeAudit(office.db, { action, noun: action.split('.')[0]!, rowId, ownerId: 1n, after }, author(), noon)
    await extendChain(office.db, noon)
  }

  it('hears of each action it wants, once, signed, without what is personal', async () => {
    await announce(office.db, office.keyring, noon)
    await allowThisMachine()
    const listener = await startListener(() => 200)
    const { secret } = await hook(listener.url)
    await happens('subscriber.block', 7n)
    await happens('plan.edit', 1n)
    for (let turn = 0; turn < 3; turn += 1) await announce(office.db, office.keyring, noon)
    await deliver()
    await deliver(hours(1))
    expect(listener.calls).toHaveLength(1)
    const { headers, body } = listener.calls[0]!
    expect(JSON.parse(body)).toMatchObject({ event: 'subscriber.block', row_id: 7, after: { enabled: true } })
    expect(body).not.toContain('Canary')
    const [, second, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['gatehouse-signature']))!
    expect(createHmac('sha256', secret).update(`${second}.${body}`).digest('hex')).toBe(signature)
  })

  it('is called again until it takes the event', async () => {
    await allowThisMachine()
    const answers = [503, 302, 200]
    const listener = await startListener(() => answers.shift()!, { location: 'http://127.0.0.1:1/' })
    await hook(listener.url)
    await happens('subscriber.renew', 8n)
    await announce(office.db, office.keyring, noon)
    await deliver()
    expect(await listed()).toMatchObject([{ state: 'waiting', lastError: 'answered 503' }])
    await deliver(hours(1))
    expect(await listed()).toMatchObject([{ state: 'waiting', lastError: 'answered 302' }])
    await deliver(hours(2))
    expect(await listed()).toMatchObject([{ state: 'sent', attempts: 3 }])
    expect(new Set(listener.calls.map((call) => call.headers['gatehouse-delivery'])).size).toBe(1)
  })

  it('reaches no private network unless its host is named', async () => {
    await allowThisMachine([])
    const listener = await startListener(() => 200)
    await hook(listener.url)
    await happens('subscriber.block', 9n)
    await announce(office.db, office.keyring, noon)
    await deliver()
    expect(await listed()).toMatchObject([{ lastError: expect.stringContaining('private network') }])
    expect(listener.calls).toEqual([])
    const open = ['8.8.8.8', '2001:4860:4860::8888']
    const closed = [
      '127.0.0.1',
      '10.1.2.3',
      '169.254.169.254',
      '100.64.0.1',
      '::1',
      'fe80::1',
      'fd00::1',
      '::ffff:10.0.0.1',
      '0.0.0.0',
    ]
    expect(open.filter(isPublic)).toEqual(open)
    expect(closed.filter(isPublic)).toEqual([])
  })

  it('names the field that cannot be', async () => {
    const add = (changes: object) => {
      const input = { name: 'x', url: 'https://example.net/', events: ['*'], ownerId: null, ...changes }
      return addWebhook(office.db, office.keyring, input, noon)
    }
    await expect(add({ url: 'file:///etc/passwd' })).rejects.toMatchObject({ field: 'url' })
    await expect(add({ url: 'https://a:b@example.net/' })).rejects.toMatchObject({ field: 'url' })
    await expect(add({ events: [] })).rejects.toMatchObject({ field: 'events' })
    await expect(add({ events: ['subscriber'] })).rejects.toMatchObject({ field: 'events' })
    const { id } = await add({})
    await expect(add({})).rejects.toMatchObject({ field: 'name' })
    const elsewhere = { ...everything, ownerId: 999n }
    await expect(
      setWebhook(office.db, id, { name: 'y', url: 'https://example.net/', events: ['*'] }, elsewhere),
    ).rejects.toThrow('no webhook')
  })

  it('wants an action by its name, its noun, or everything', () => {
    expect(wantsEvent(['subscriber.block'], 'subscriber.block')).toBe(true)
    expect(wantsEvent(['subscriber.*'], 'subscriber.renew')).toBe(true)
    expect(wantsEvent(['*'], 'plan.edit')).toBe(true)
    expect(wantsEvent(['subscriber.block', 'plan.*'], 'subscriber.renew')).toBe(false)
  })
})

describe('subscribers are told', () => {
  async function subscriber(username: string, columns: Record<string, unknown>): Promise<bigint> {
    const [plan] = await rowsOf(office, 'select id from plan limit 1')
    const planId = plan?.id ?? (await makePlan(office, { name: 'Home' })).id
    const [payer] = await rowsOf(office, `insert into payer (owner_id, name) values (1, 'x') returning id`)
    const made = await office.db
      .insertInto('subscriber')
      .values({ owner_id: 1n, payer_id: payer!.id as bigint, plan_id: planId as bigint, username, ...columns })
      .returning('id')
      .executeTakeFirstOrThrow()
    return made.id
  }

  it('before the end of their period, once for each distance', async () => {
    await writeSetting(office.db, { name: 'reminder_days', value: [7, 1] }, noon)
    await subscriber('anna', { email: 'anna@example.net', full_name: 'Anna', expires_at: hours(24 * 6) })
    await subscriber('renews', { email: 'r@example.net', auto_renew: true, expires_at: hours(24 * 6) })
    await subscriber('later', { email: 'l@example.net', expires_at: hours(24 * 20) })
    await subscriber('mute', { expires_at: hours(24 * 6) })
    const remind = (now: Date) => remindOfExpiry(office.db, office.keyring, now)
    expect(await remind(noon)).toBe(1)
    expect(await remind(hours(1))).toBe(0)
    expect(await remind(hours(24 * 5 + 1))).toBe(1)
    expect(await listed()).toMatchObject([
      { recipient: 'anna@example.net', subject: 'Your subscription ends on 2026-11-28' },
      { recipient: 'anna@example.net' },
    ])
  })

  it('that they are welcome, where the ISP wants that', async () => {
    await announce(office.db, office.keyring, noon)
    const id = await subscriber('new', { email: 'new@example.net', full_name: 'New One' })
    const author = ownAuthor('system', 'test', office.keyring)
    const made = { action: 'subscriber.create', noun: 'subscriber', rowId: id, ownerId: 1n }
    await writeAudit(office.db, made, author, noon)
    await extendChain(office.db, noon)
    await announce(office.db, office.keyring, noon)
    expect(await listed()).toEqual([])
    await writeSetting(office.db, { name: 'welcome_messages', value: true }, noon)
    await writeAudit(office.db, made, author, noon)
    await extendChain(office.db, noon)
    await announce(office.db, office.keyring, noon)
    expect(await listed()).toMatchObject([
      { kind: 'welcome', subject: 'Welcome, New One', recipient: 'new@example.net' },
    ])
  })
})
