// The outbox between instances that die, come late, or work at the same time; who may see what; what is forgotten when.
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  claimMessages,
  finishMessage,
  listMessages,
  queueMail,
  queueWebhook,
  sendAgain,
  trimMessages,
} from '../../../src/domain/message/outbox.ts'
import type { Mail } from '../../../src/domain/message/outbox.ts'
import { remindOfExpiry } from '../../../src/domain/message/reminder.ts'
import { findTemplate, removeTemplate, renderMessage, writeTemplate } from '../../../src/domain/message/template.ts'
import { addWebhook, listWebhooks, removeWebhook, setWebhook } from '../../../src/domain/message/webhook.ts'
import { everything } from '../../../src/domain/scope.ts'
import { writeSetting } from '../../../src/domain/setting.ts'
import { line, pricedPlan } from '../../support/money.ts'
import { hours, noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
const owners: bigint[] = []
beforeAll(async () => {
  for (const name of ['North', 'South']) {
    const [row] = await rowsOf(
      office,
      `insert into organisation (kind, name, parent_id) values ('reseller', $1, 1) returning id`,
      [name],
    )
    owners.push(row!.id as bigint)
  }
})
afterEach(async () => {
  await office.pool.query('delete from message')
  await office.pool.query('delete from webhook')
})

const queue = (changes: Partial<Mail> = {}, now = noon) => {
  const values = { subject: 'Hello', text: 'x' }
  const mail = { kind: 'note' as const, recipient: 'a@example.net', language: null, values, ...changes }
  return queueMail(office.db, office.keyring, mail, now)
}
const claim = async (now = noon, limit = 20) => claimMessages(office.db, office.keyring, limit, now)
const finish = (message: { id: bigint; attempts: number }, error: string | undefined, now = noon) =>
  finishMessage(office.db, message, error, now)
const listed = (filter: Parameters<typeof listMessages>[1] = {}, scope = everything) =>
  listMessages(office.db, filter, { before: undefined, limit: 100 }, scope)

describe('a message', () => {
  it('with a key is queued by one of many who come at once', async () => {
    const made = await Promise.all(Array.from({ length: 40 }, () => queue({ onceKey: 'the same' })))
    expect(made.filter(Boolean)).toHaveLength(1)
    expect(await listed()).toHaveLength(1)
  })

  it('is claimed by one of many who come at once', async () => {
    for (let at = 0; at < 30; at += 1) await queue()
    const claims = await Promise.all(Array.from({ length: 20 }, () => claim(noon, 3)))
    const ids = claims.flat().map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect([...ids, ...(await claim(noon, 100)).map(({ id }) => id)]).toHaveLength(30)
  })

  it('is claimed in the order it was due, and not before', async () => {
    await queue({ recipient: 'second@example.net' }, hours(1))
    await queue({ recipient: 'first@example.net' }, noon)
    expect((await claim(noon, 1)).map(({ recipient }) => recipient)).toEqual(['first@example.net'])
    expect(await claim(noon, 5)).toEqual([])
    expect((await claim(hours(1), 1))[0]).toBeDefined()
  })

  it('that was taken over stays sent, whatever the one who came late says', async () => {
    await queue()
    const [late] = await claim()
    const [second] = await claim(hours(1))
    expect([late!.attempts, second!.attempts]).toEqual([1, 2])
    await finish(second!, undefined, hours(1))
    await finish(late!, 'timeout', hours(1))
    expect(await listed()).toMatchObject([{ state: 'sent', lastError: null }])
    expect(await claim(hours(48))).toEqual([])
  })

  it('that was taken over does not wait because of who came late, while the second tries', async () => {
    await queue()
    const [late] = await claim()
    const [second] = await claim(hours(1))
    await finish(late!, 'timeout', hours(1))
    expect(await listed()).toMatchObject([{ state: 'sending', attempts: 2 }])
    await finish(second!, 'refused', hours(1))
    expect(await listed()).toMatchObject([{ state: 'waiting', lastError: 'refused' }])
  })

  it('that the late one had sent after all is sent', async () => {
    await queue()
    const [late] = await claim()
    const [second] = await claim(hours(1))
    await finish(late!, undefined, hours(1))
    await finish(second!, 'the server had it already', hours(1))
    expect(await listed()).toMatchObject([{ state: 'sent' }])
  })

  it('is not sent a second time by an impatient operator while it is being sent', async () => {
    await queue()
    const [message] = await claim()
    await expect(sendAgain(office.db, message!.id, everything, noon)).rejects.toThrow('sent again')
    await finish(message!, 'refused')
    await sendAgain(office.db, message!.id, everything, noon)
    expect(await listed()).toMatchObject([{ state: 'waiting', attempts: 0, lastError: null }])
  })

  it('waits longer after each try, a day in all, and then has failed', async () => {
    await queue()
    const gaps: number[] = []
    let now = noon
    for (;;) {
      const [message] = await claim(now)
      await finish(message!, 'refused', now)
      const [row] = await rowsOf(office, 'select state, next_at from message')
      if (row!.state === 'failed') break
      const next = row!.next_at as Date
      gaps.push((next.getTime() - now.getTime()) / 60_000)
      now = next
    }
    expect(gaps).toEqual(gaps.toSorted((one, other) => one - other))
    expect((now.getTime() - noon.getTime()) / 3_600_000).toBeGreaterThan(20)
    expect((now.getTime() - noon.getTime()) / 3_600_000).toBeLessThan(30)
    expect(await claim(hours(1_000))).toEqual([])
  })

  it('keeps a bounded part of an endless reason', async () => {
    await queue()
    const [message] = await claim()
    await finish(message!, 'é'.repeat(10_000))
    expect((await listed())[0]!.lastError).toHaveLength(500)
  })

  it('with a link that could not be sent is forgotten when it is given up, and not before', async () => {
    await queue({ kind: 'operator-invitation', values: { name: 'x', email: 'y', link: 'https://canary' } })
    for (let tries = 1; tries <= 8; tries += 1) {
      expect((await rowsOf(office, 'select body from message'))[0]!.body).not.toBeNull()
      const [message] = await claim(hours(24 * tries))
      expect(message!.body).toContain('canary')
      await finish(message!, 'refused', hours(24 * tries))
    }
    expect(await rowsOf(office, 'select state, body from message')).toEqual([{ state: 'failed', body: null }])
  })

  it('cannot be read where its sealed text was put into another row', async () => {
    await queue({ recipient: 'a@example.net', values: { subject: 's', text: 'for a' } })
    await queue({ recipient: 'b@example.net', values: { subject: 's', text: 'for b' } })
    await office.pool.query(
      `update message set body = (select body from message where recipient = 'a@example.net') where recipient = 'b@example.net'`,
    )
    // It is given up alone, and says why; the other goes out.
    expect((await claim()).map((message) => message.recipient)).toEqual(['a@example.net'])
    expect(await listed({ state: 'failed' })).toMatchObject([
      { recipient: 'b@example.net', lastError: expect.stringContaining('cannot be opened') },
    ])
  })

  it('that waits is never trimmed, however old', async () => {
    await queue({ recipient: 'sent@example.net' })
    await finish((await claim())[0]!, undefined)
    await queue({ recipient: 'waits@example.net' })
    expect(await trimMessages(office.db, 1, hours(24))).toBe(0)
    expect(await trimMessages(office.db, 1, hours(25))).toBe(1)
    expect(await listed()).toMatchObject([{ recipient: 'waits@example.net' }])
  })
})

describe('the list of messages', () => {
  it('is filtered by each of its fields, and paged without gaps while more come', async () => {
    const planId = await pricedPlan(office, { name: 'Filtered' })
    const { id } = await line(office, { planId })
    await queue({ subscriberId: id })
    await queue({ kind: 'welcome' })
    for (let at = 0; at < 5; at += 1) await queue()
    await finish((await claim(noon, 1))[0]!, undefined)
    expect(await listed({ subscriberId: id })).toHaveLength(1)
    expect(await listed({ kind: 'welcome' })).toHaveLength(1)
    expect(await listed({ state: 'sent' })).toHaveLength(1)
    expect(await listed({ state: 'sent', kind: 'report' })).toEqual([])
    const seen: bigint[] = []
    let before: bigint | undefined
    for (;;) {
      const page = await listMessages(office.db, {}, { before, limit: 2 }, everything)
      if (page.length === 0) break
      seen.push(...page.map((message) => message.id))
      before = page.at(-1)!.id
      await queue({ recipient: 'meanwhile@example.net' })
    }
    expect(seen).toHaveLength(7)
    expect(seen).toEqual(seen.toSorted((one, other) => Number(other - one)))
  })

  it('and sending again stay within an organisation', async () => {
    for (const ownerId of owners) await queue({ ownerId })
    await queue({})
    const ofNorth = { ...everything, ownerId: owners[0] }
    expect(await listed({}, ofNorth)).toHaveLength(1)
    expect(await listed()).toHaveLength(3)
    const foreign = (await listed({}, { ...everything, ownerId: owners[1] }))[0]!
    await expect(sendAgain(office.db, foreign.id, ofNorth, noon)).rejects.toThrow('there is no message')
  })
})

describe('webhooks', () => {
  it('of one organisation are not there for another', async () => {
    const input = { name: 'north', url: 'https://north.example.net/', events: ['*'] }
    const { id } = await addWebhook(office.db, office.keyring, { ...input, ownerId: owners[0]! }, noon)
    const ofSouth = { ...everything, ownerId: owners[1] }
    expect(await listWebhooks(office.db, ofSouth)).toEqual([])
    await expect(removeWebhook(office.db, id, ofSouth)).rejects.toThrow('there is no webhook')
    await expect(setWebhook(office.db, id, input, ofSouth)).rejects.toThrow('there is no webhook')
    expect(await listWebhooks(office.db, { ...everything, ownerId: owners[0] })).toHaveLength(1)
  })

  it('are told the same event once, however often it is announced', async () => {
    const input = { name: 'crm', url: 'https://crm.example.net/', events: ['*'], ownerId: null }
    const { id } = await addWebhook(office.db, office.keyring, input, noon)
    const call = { webhookId: id, kind: 'plan.edit', body: '{}', ownerId: null, onceKey: 'webhook 1 7' }
    const told = await Promise.all(
      Array.from({ length: 25 }, () => queueWebhook(office.db, office.keyring, call, noon)),
    )
    expect(told.filter(Boolean)).toHaveLength(1)
  })

  it.each([
    ['name', { name: '' }],
    ['name', { name: 'x'.repeat(101) }],
    ['url', { url: 'nowhere' }],
    ['url', { url: `https://example.net/${'x'.repeat(500)}` }],
    ['url', { url: 'gopher://example.net/' }],
    ['url', { url: 'javascript:alert(1)' }],
    ['events', { events: ['*.*'] }],
    ['events', { events: ['subscriber.block', 'Subscriber.Block'] }],
    ['events', { events: [''] }],
  ])('name %s where it cannot be: %j', async (field, changes) => {
    const input = { name: 'crm', url: 'https://crm.example.net/', events: ['*'], ownerId: null, ...changes }
    await expect(addWebhook(office.db, office.keyring, input, noon)).rejects.toMatchObject({ field })
  })
})

describe('texts', () => {
  const written = { kind: 'welcome', language: 'de', subject: 'Hallo {{full_name}}', text: 'Gut, {{username}}' }

  it('fall back from a language that has none to English, and to ours when that is taken away', async () => {
    await writeTemplate(office.db, { ...written, language: 'en', subject: 'Our own' }, noon)
    await writeTemplate(office.db, written, noon)
    expect((await findTemplate(office.db, 'welcome', 'de')).subject).toBe('Hallo {{full_name}}')
    expect((await findTemplate(office.db, 'welcome', 'fr')).subject).toBe('Our own')
    expect((await findTemplate(office.db, 'welcome', null)).subject).toBe('Our own')
    await removeTemplate(office.db, { kind: 'welcome', language: 'en' })
    expect((await findTemplate(office.db, 'welcome', 'fr')).subject).toBe('Welcome, {{full_name}}')
    await expect(removeTemplate(office.db, { kind: 'welcome', language: 'en' })).rejects.toThrow('there is no text')
  })

  it.each([
    ['subject', { subject: 'Hi {{ full_name }}' }],
    ['text', { text: '{{#if plan}}x{{/if}}' }],
    ['text', { text: '{{constructor}}' }],
    ['text', { text: 'x'.repeat(10_001) }],
    ['subject', { subject: ' ' }],
    ['language', { language: 'deu' }],
    ['language', { language: 'de-at' }],
  ])('name %s where they cannot be: %j', async (field, changes) => {
    await expect(writeTemplate(office.db, { ...written, ...changes }, noon)).rejects.toMatchObject({ field })
  })

  it('put a value that looks like a template in as it is', () => {
    const { text } = renderMessage(
      { subject: '', text: '{{full_name}} {{username}}' },
      {
        full_name: '{{username}}',
        username: '$& $1 {{full_name}}',
      },
    )
    expect(text).toBe('{{username}} $& $1 {{full_name}}')
  })
})

describe('reminders', () => {
  const reminded = async () =>
    (await listed({ kind: 'expiry-reminder' })).map(({ recipient }) => String(recipient)).toSorted()
  const subscriber = async (email: string, columns: Record<string, unknown>) => {
    const [plan] = await rowsOf(office, `select id from plan where name = 'Reminded'`)
    const planId = (plan?.id as bigint | undefined) ?? (await pricedPlan(office, { name: 'Reminded' }))
    const { id } = await line(office, { planId })
    await office.db
      .updateTable('subscriber')
      .set({ email, ...columns })
      .where('id', '=', id)
      .execute()
    return id
  }

  it('go to each once where two instances look at the same time, with the day of the ISP', async () => {
    await writeSetting(office.db, { name: 'reminder_days', value: [3, 7] }, noon)
    await writeSetting(office.db, { name: 'zone', value: 'Pacific/Auckland' }, noon)
    for (let at = 0; at < 12; at += 1) await subscriber(`r${at}@example.net`, { expires_at: hours(24 * 2) })
    const queued = await Promise.all([1, 2, 3, 4].map(() => remindOfExpiry(office.db, office.keyring, noon)))
    expect(queued.reduce((sum, count) => sum + count)).toBe(12)
    // Noon of the 24th in UTC is the first hour of the 25th there.
    expect((await listed())[0]!.subject).toBe('Your subscription ends on 2026-11-25')
    await office.pool.query('update subscriber set email = null')
  })

  it('go to nobody who is blocked, disabled, deleted, renews alone, or has ended already', async () => {
    const soon = hours(24 * 2)
    await subscriber('blocked@example.net', { expires_at: soon, blocked_at: noon, block_reason: 'other' })
    await subscriber('disabled@example.net', { expires_at: soon, enabled: false })
    await subscriber('deleted@example.net', { expires_at: soon, archived_at: noon })
    await subscriber('renews@example.net', { expires_at: soon, auto_renew: true })
    await subscriber('ended@example.net', { expires_at: hours(-1) })
    await subscriber('now@example.net', { expires_at: noon })
    await subscriber('later@example.net', { expires_at: hours(24 * 7 + 1) })
    await subscriber('week@example.net', { expires_at: hours(24 * 7) })
    await remindOfExpiry(office.db, office.keyring, noon)
    expect(await reminded()).toEqual(['week@example.net'])
    await office.pool.query('update subscriber set email = null')
  })

  it('begin anew for a new period, and speak the language of the subscriber', async () => {
    await writeTemplate(
      office.db,
      { kind: 'expiry-reminder', language: 'de', subject: 'Ende am {{expires_on}}', text: 'in {{days}} Tagen' },
      noon,
    )
    const id = await subscriber('anna@example.net', { expires_at: hours(24 * 2), language: 'de' })
    await remindOfExpiry(office.db, office.keyring, noon)
    await office.db
      .updateTable('subscriber')
      .set({ expires_at: hours(24 * 32) })
      .where('id', '=', id)
      .execute()
    expect(await remindOfExpiry(office.db, office.keyring, hours(24))).toBe(0)
    expect(await remindOfExpiry(office.db, office.keyring, hours(24 * 26))).toBe(1)
    expect((await listed()).map(({ subject }) => subject)).toEqual(['Ende am 2026-12-25', 'Ende am 2026-11-25'])
  })

  it('are not sent at all where no distance is named', async () => {
    await writeSetting(office.db, { name: 'reminder_days', value: [] }, noon)
    await subscriber('none@example.net', { expires_at: hours(24) })
    expect(await remindOfExpiry(office.db, office.keyring, noon)).toBe(0)
  })
})
