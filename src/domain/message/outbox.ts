// The outbox: a message is written in the transaction of the deed that causes it and sent afterwards by whichever instance
// claims it. It is sent again until it was taken or a day has passed; what must be told once has a key.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { openField, sealField, SealError } from '../data-key.ts'
import type { Keyring, Place } from '../data-key.ts'
import { NotFoundError } from '../field.ts'
import { ownedInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { findTemplate, renderMessage, secretKinds } from './template.ts'
import type { MessageKind } from './template.ts'

/** Wakes the worker that sends. */
export const messageChannel = 'gatehouse_message'

/** Minutes before the tries after the first; about a day in all. */
const retryMinutes = [1, 5, 15, 60, 180, 360, 720]
/** A sender that died has its messages taken over after this: longer than a slow mail server takes for all of one turn. */
const leaseMs = 600_000

export type Mail = {
  kind: MessageKind
  recipient: string
  language: string | null
  values: Readonly<Record<string, string>>
  subscriberId?: bigint
  operatorId?: bigint
  ownerId?: bigint | null
  onceKey?: string
  attachment?: Attachment
}

/** A file that goes with a mail; its name is of our making. */
export type Attachment = { name: string; octets: Buffer }

/** Queues a mail. False where one of its key was queued before. Call it in the deed's transaction. */
export async function queueMail(db: Db, keyring: Keyring, mail: Mail, now: Date): Promise<boolean> {
  const template = await findTemplate(db, mail.kind, mail.language)
  const { subject, text } = renderMessage(template, mail.values)
  return queue(
    db,
    keyring,
    {
      channel: 'mail',
      kind: mail.kind,
      recipient: mail.recipient,
      subject,
      body: text,
      holdsSecret: secretKinds.includes(mail.kind),
      subscriberId: mail.subscriberId ?? null,
      operatorId: mail.operatorId ?? null,
      ownerId: mail.ownerId ?? null,
      webhookId: null,
      onceKey: mail.onceKey ?? null,
      attachment: mail.attachment,
    },
    now,
  )
}

/** Queues a call of a webhook with a JSON body. */
export function queueWebhook(
  db: Db,
  keyring: Keyring,
  call: { webhookId: bigint; kind: string; body: string; ownerId: bigint | null; onceKey: string },
  now: Date,
): Promise<boolean> {
  const none = {
    recipient: null,
    subject: null,
    holdsSecret: false,
    subscriberId: null,
    operatorId: null,
    attachment: undefined,
  }
  return queue(db, keyring, { channel: 'webhook', ...call, ...none }, now)
}

type Queued = {
  channel: 'mail' | 'webhook'
  kind: string
  recipient: string | null
  webhookId: bigint | null
  subscriberId: bigint | null
  operatorId: bigint | null
  ownerId: bigint | null
  subject: string | null
  body: string
  holdsSecret: boolean
  onceKey: string | null
  attachment: Attachment | undefined
}

async function queue(db: Db, keyring: Keyring, message: Queued, now: Date): Promise<boolean> {
  // The id comes first: it is part of what the seal authenticates (decision 23).
  const { rows } = await sql<{ id: bigint }>`select nextval(pg_get_serial_sequence('message', 'id')) as id`.execute(db)
  const { id } = rows[0]!
  const body = sealField(keyring, placeOf(id), Buffer.from(message.body))
  const { attachment } = message
  const file = attachment === undefined ? null : sealField(keyring, filePlace(id), attachment.octets)
  const made = await sql`
    insert into message (id, channel, kind, recipient, webhook_id, subscriber_id, operator_id, owner_id, subject, body,
      holds_secret, attachment, attachment_name, once_key, next_at, created_at) overriding system value
    values (${id}, ${message.channel}, ${message.kind}, ${message.recipient}, ${message.webhookId},
      ${message.subscriberId}, ${message.operatorId}, ${message.ownerId}, ${message.subject}, ${body},
      ${message.holdsSecret}, ${file}, ${attachment?.name ?? null}, ${message.onceKey}, ${now}, ${now})
    on conflict (once_key) do nothing returning 1`.execute(db)
  if (made.rows.length === 0) return false
  await sql`select pg_notify(${messageChannel}, '')`.execute(db)
  return true
}

function placeOf(id: bigint): Place {
  return { table: 'message', row: id, column: 'body' }
}

function filePlace(id: bigint): Place {
  return { table: 'message', row: id, column: 'attachment' }
}

/** A message that is this instance's to send. */
export type Claimed = {
  id: bigint
  channel: 'mail' | 'webhook'
  kind: string
  recipient: string | null
  webhookId: bigint | null
  subject: string | null
  body: string
  attachment: Attachment | undefined
  attempts: number
}

/** Claims messages that are due, and those whose sender died. */
export async function claimMessages(db: Db, keyring: Keyring, limit: number, now: Date): Promise<Claimed[]> {
  const { rows } = await sql<ClaimedRow>`
    update message set state = 'sending', attempts = attempts + 1, next_at = ${new Date(now.getTime() + leaseMs)}
    where id in (
      select message.id from message where message.state in ('waiting', 'sending') and message.next_at <= ${now}
      order by message.next_at limit ${limit} for update skip locked
    )
    returning id, channel, kind, recipient, webhook_id as "webhookId", subject, body, attachment,
      attachment_name as "attachmentName", attempts`.execute(db)
  const claimed: Claimed[] = []
  for (const row of rows) {
    try {
      claimed.push(openMessage(keyring, row))
    } catch (error) {
      if (!(error instanceof SealError)) throw error
      // Changed or moved by somebody: this one alone is given up, the others go out.
      const failed = { state: 'failed', last_error: error.message } as const
      await db.updateTable('message').set(failed).where('id', '=', row.id).execute()
    }
  }
  return claimed
}

function openMessage(keyring: Keyring, { attachmentName: name, ...row }: ClaimedRow): Claimed {
  return {
    ...row,
    body: row.body === null ? '' : openField(keyring, placeOf(row.id), row.body).toString(),
    attachment:
      row.attachment === null || name === null
        ? undefined
        : { name, octets: openField(keyring, filePlace(row.id), row.attachment) },
  }
}

type ClaimedRow = Omit<Claimed, 'body' | 'attachment'> & {
  body: Buffer | null
  attachment: Buffer | null
  attachmentName: string | null
}

/**
 * Writes how a try ended; `error` undefined: it was taken. After the last try it has failed. A try that somebody else has taken
 * over meanwhile can still have been taken, but no longer fail: the later one decides.
 */
export async function finishMessage(
  db: Db,
  message: Pick<Claimed, 'id' | 'attempts'>,
  error: string | undefined,
  now: Date,
): Promise<void> {
  if (error === undefined) {
    await sql`update message set state = 'sent', sent_at = ${now}, last_error = null,
      body = case when holds_secret then null else body end where id = ${message.id}`.execute(db)
    return
  }
  const minutes = retryMinutes[message.attempts - 1]
  const state = minutes === undefined ? 'failed' : 'waiting'
  const nextAt = new Date(now.getTime() + (minutes ?? 0) * 60_000)
  await sql`update message set state = ${state}, next_at = ${nextAt}, last_error = ${error.slice(0, 500)},
    body = case when holds_secret and ${state} = 'failed' then null else body end
    where id = ${message.id} and state = 'sending' and attempts = ${message.attempts}`.execute(db)
}

export type MessageSummary = {
  id: bigint
  channel: 'mail' | 'webhook'
  kind: string
  recipient: string | null
  webhook: string | null
  subscriberId: bigint | null
  subject: string | null
  state: 'waiting' | 'sending' | 'sent' | 'failed'
  attempts: number
  lastError: string | null
  createdAt: Date
  sentAt: Date | null
}

export type MessageFilter = { state?: string | undefined; kind?: string | undefined; subscriberId?: bigint | undefined }

/** Messages, newest first, those before the id `before`. */
export async function listMessages(
  db: Db,
  filter: MessageFilter,
  page: { before: bigint | undefined; limit: number },
  scope: Scope,
): Promise<MessageSummary[]> {
  return db
    .selectFrom('message')
    .leftJoin('webhook', 'webhook.id', 'message.webhook_id')
    .select([
      'message.id',
      'message.channel',
      'message.kind',
      'message.recipient',
      'webhook.name as webhook',
      'message.subscriber_id as subscriberId',
      'message.subject',
      'message.state',
      'message.attempts',
      'message.last_error as lastError',
      'message.created_at as createdAt',
      'message.sent_at as sentAt',
    ])
    .where(ownedInScope(scope, 'message.owner_id'))
    .$if(filter.state !== undefined, (query) => query.where(sql`message.state`, '=', filter.state))
    .$if(filter.kind !== undefined, (query) => query.where('message.kind', '=', filter.kind!))
    .$if(filter.subscriberId !== undefined, (query) => query.where('message.subscriber_id', '=', filter.subscriberId!))
    .$if(page.before !== undefined, (query) => query.where('message.id', '<', page.before!))
    .orderBy('message.id', 'desc')
    .limit(page.limit)
    .execute()
}

/** Sends a message once more, from the beginning. Throws NotFoundError: not there, its text is gone because it held a link, or
 * it is just being sent. */
export async function sendAgain(db: Db, id: bigint, scope: Scope, now: Date): Promise<void> {
  const result = await db
    .updateTable('message')
    .set({ state: 'waiting', attempts: 0, next_at: now, last_error: null, sent_at: null })
    .where('id', '=', id)
    .where('body', 'is not', null)
    .where('state', '<>', 'sending')
    .where(ownedInScope(scope, 'message.owner_id'))
    .executeTakeFirst()
  if (result.numUpdatedRows === 0n) throw new NotFoundError('message that can be sent again', String(id))
  await sql`select pg_notify(${messageChannel}, '')`.execute(db)
}

/** Forgets messages that are over and older. Returns how many. */
export async function trimMessages(db: Db, days: number, now: Date): Promise<number> {
  const before = new Date(now.getTime() - days * 86_400_000)
  const result = await db
    .deleteFrom('message')
    .where('state', 'in', ['sent', 'failed'])
    .where('created_at', '<', before)
    .executeTakeFirst()
  return Number(result.numDeletedRows)
}
