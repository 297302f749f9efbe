// Messages out: what was sent and what failed, the texts, the mail server, and webhooks.

import { z } from 'zod'
import type { Db } from '../../db/schema.ts'
import { writeAudit } from '../../domain/audit/audit.ts'
import { auditedChange } from '../../domain/audit/audited-change.ts'
import { NotFoundError } from '../../domain/field.ts'
import { readMailServer, showMailServer, writeMailServer } from '../../domain/message/mail-server.ts'
import { listMessages, queueMail, sendAgain } from '../../domain/message/outbox.ts'
import { listTemplates, messageKinds, removeTemplate, writeTemplate } from '../../domain/message/template.ts'
import { Problem } from '../errors.ts'
import { route } from '../route.ts'
import { byId, idOut, idText, instantOut, isoOrNull, nothing, pageOf, pageQuery } from '../schemas.ts'

const states = ['waiting', 'sending', 'sent', 'failed'] as const

const messageOut = z.strictObject({
  id: idOut,
  channel: z.enum(['mail', 'webhook']),
  kind: z.string(),
  recipient: z.string().nullable(),
  webhook: z.string().nullable(),
  subscriber_id: idOut.nullable(),
  subject: z.string().nullable(),
  state: z.enum(states),
  attempts: z.int(),
  last_error: z.string().nullable(),
  created_at: instantOut,
  sent_at: instantOut.nullable(),
})

export const messageRoutes = [
  route({
    method: 'get',
    path: '/messages',
    summary: 'Messages out, newest first',
    tag: 'Messages',
    access: 'message.read',
    query: z.strictObject({
      ...pageQuery,
      state: z.enum(states).optional(),
      kind: z.string().max(100).optional(),
      subscriber_id: idText.optional(),
    }),
    answer: pageOf(messageOut),
    async run({ db, by, query: { cursor, limit, state, kind, subscriber_id: subscriberId } }) {
      const before = cursor === undefined ? undefined : cursorId(cursor)
      const found = await listMessages(db, { state, kind, subscriberId }, { before, limit: limit + 1 }, by.scope)
      const items = found.slice(0, limit).map((message) => ({
        id: Number(message.id),
        channel: message.channel,
        kind: message.kind,
        recipient: message.recipient,
        webhook: message.webhook,
        subscriber_id: message.subscriberId === null ? null : Number(message.subscriberId),
        subject: message.subject,
        state: message.state,
        attempts: message.attempts,
        last_error: message.lastError,
        created_at: message.createdAt.toISOString(),
        sent_at: isoOrNull(message.sentAt),
      }))
      return { items, next_cursor: found.length > limit ? String(items.at(-1)!.id) : null }
    },
  }),
  route({
    method: 'post',
    path: '/messages/:id/send-again',
    summary: 'Send a message once more',
    tag: 'Messages',
    access: 'message.edit',
    params: byId,
    answer: nothing,
    async run({ db, by, params, now }) {
      await sendAgain(db, params.id, by.scope, now)
      await writeAudit(db, { action: 'message.send-again', noun: 'message', rowId: params.id }, by, now)
    },
  }),
]

function cursorId(cursor: string): bigint {
  if (!/^\d{1,18}$/.test(cursor)) throw new Problem('invalid-request', 'cursor: is not one of ours')
  return BigInt(cursor)
}

const templateOut = z.strictObject({
  kind: z.string(),
  /** Empty: our own text. */
  language: z.string(),
  subject: z.string(),
  text: z.string(),
  /** What `{{…}}` may name. */
  values: z.array(z.string()),
  updated_at: instantOut.nullable(),
})
const templateKey = z.strictObject({ kind: z.enum(messageKinds), language: z.string().max(5) })

async function readTemplate(db: Db, key: { kind: string; language: string }) {
  const found = (await listTemplates(db)).find((text) => text.kind === key.kind && text.language === key.language)
  return found && { subject: found.subject, text: found.text }
}

export const templateRoutes = [
  route({
    method: 'get',
    path: '/message-templates',
    summary: 'The texts of mails, ours and those written in their place',
    tag: 'Messages',
    access: 'message.read',
    answer: z.strictObject({ items: z.array(templateOut) }),
    async run({ db }) {
      const items = (await listTemplates(db)).map(({ updatedAt, values, ...text }) => ({
        ...text,
        values: [...values],
        updated_at: isoOrNull(updatedAt),
      }))
      return { items }
    },
  }),
  route({
    method: 'put',
    path: '/message-templates/:kind/:language',
    summary: 'Write a text for a kind of mail and a language',
    tag: 'Messages',
    access: 'message.edit',
    params: templateKey,
    body: z.strictObject({ subject: z.string().max(1_000), text: z.string().max(20_000) }),
    answer: z.strictObject({ subject: z.string(), text: z.string() }),
    async run({ db, by, params, body, now }) {
      const change = () => writeTemplate(db, { ...params, ...body }, now)
      const deed = { action: 'message-template.edit', noun: 'message-template' }
      await auditedChange(db, { ...deed, read: () => readTemplate(db, params), change }, by, now)
      return (await readTemplate(db, params))!
    },
  }),
  route({
    method: 'delete',
    path: '/message-templates/:kind/:language',
    summary: 'Take a written text away: ours is used again',
    tag: 'Messages',
    access: 'message.edit',
    params: templateKey,
    answer: nothing,
    async run({ db, by, params, now }) {
      const change = () => removeTemplate(db, params)
      const deed = { action: 'message-template.delete', noun: 'message-template' }
      await auditedChange(db, { ...deed, read: () => readTemplate(db, params), change }, by, now)
    },
  }),
]

const mailServerOut = z.strictObject({
  host: z.string(),
  port: z.int(),
  security: z.enum(['none', 'starttls', 'tls']),
  sender: z.string(),
  username: z.string().nullable(),
  has_password: z.boolean(),
})

async function readServer(db: Db) {
  const server = await showMailServer(db)
  if (server === undefined) return undefined
  const { hasPassword, ...shown } = server
  return { ...shown, has_password: hasPassword }
}

async function requireServer(db: Db) {
  const server = await readServer(db)
  if (server === undefined) throw new NotFoundError('mail server', 'yet')
  return server
}

export const mailServerRoutes = [
  route({
    method: 'get',
    path: '/mail-server',
    summary: 'The server that mail goes through',
    tag: 'Messages',
    access: 'message.read',
    answer: mailServerOut,
    run: ({ db }) => requireServer(db),
  }),
  route({
    method: 'put',
    path: '/mail-server',
    summary: 'Name the server that mail goes through; without a password the one there is stays',
    tag: 'Messages',
    access: 'message.edit',
    grave: true,
    body: z.strictObject({
      host: z.string().max(300),
      port: z.int(),
      security: z.string().max(20),
      sender: z.string().max(300),
      username: z.string().max(300).nullable().optional(),
      password: z.string().max(300).nullable().optional(),
    }),
    answer: mailServerOut,
    async run({ db, by, body, now }) {
      const change = () => writeMailServer(db, by.keyring, body, now)
      const deed = { action: 'mail-server.edit', noun: 'mail-server' }
      await auditedChange(db, { ...deed, read: () => readServer(db), change }, by, now)
      return requireServer(db)
    },
  }),
  route({
    method: 'post',
    path: '/mail-server/test',
    summary: 'Queue a mail to yourself; what became of it is among the messages',
    tag: 'Messages',
    access: 'message.edit',
    answer: nothing,
    status: 204,
    async run({ db, by, now }) {
      if ((await readMailServer(db, by.keyring)) === undefined) throw new NotFoundError('mail server', 'yet')
      const values = { subject: 'A test from Gatehouse', text: 'Mail goes out.' }
      await queueMail(db, by.keyring, { kind: 'note', recipient: by.name, language: null, values }, now)
      await writeAudit(db, { action: 'mail-server.test', noun: 'mail-server', rowId: null }, by, now)
    },
  }),
]
