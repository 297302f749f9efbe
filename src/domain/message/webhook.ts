// Webhooks: other systems that are told what happens here. Each call is signed with the webhook's own secret, over the instant
// and the body, so that the receiver can tell it from a forged or repeated one.

import { createHmac } from 'node:crypto'
import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { isUniqueViolation } from '../../db/errors.ts'
import { openField, sealField } from '../data-key.ts'
import type { Keyring, Place } from '../data-key.ts'
import { checkText, ConflictError, FieldError, NotFoundError, quote } from '../field.ts'
import { makeSecret } from '../secret.ts'
import { ownedInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'

export type WebhookInput = { name: string; url: string; events: readonly string[]; enabled?: boolean | undefined }

export type WebhookSummary = {
  id: bigint
  name: string
  url: string
  events: string[]
  enabled: boolean
  createdAt: Date
}

/** All webhooks in reach, by name. */
export async function listWebhooks(db: Db, scope: Scope): Promise<WebhookSummary[]> {
  return db
    .selectFrom('webhook')
    .select(['id', 'name', 'url', 'events', 'enabled', 'created_at as createdAt'])
    .where(ownedInScope(scope, 'webhook.owner_id'))
    .orderBy('name')
    .execute()
}

/** One of them. Throws NotFoundError. */
export async function showWebhook(db: Db, id: bigint, scope: Scope): Promise<WebhookSummary> {
  const found = (await listWebhooks(db, scope)).find((webhook) => webhook.id === id)
  if (found === undefined) throw new NotFoundError('webhook', String(id))
  return found
}

/** Adds a webhook; its secret is shown this once. Throws FieldError or ConflictError. */
export async function addWebhook(
  db: Db,
  keyring: Keyring,
  input: WebhookInput & { ownerId: bigint | null },
  now: Date,
): Promise<{ id: bigint; secret: string }> {
  const row = { ...checkInput(input), owner_id: input.ownerId, enabled: input.enabled ?? true, created_at: now }
  const secret = makeSecret()
  const { rows } = await sql<{ id: bigint }>`select nextval(pg_get_serial_sequence('webhook', 'id')) as id`.execute(db)
  const { id } = rows[0]!
  const sealed = sealField(keyring, placeOf(id), Buffer.from(secret))
  await nameConflicts(
    input.name,
    sql`insert into webhook (id, owner_id, name, url, events, secret, enabled, created_at) overriding system value
      values (${id}, ${row.owner_id}, ${row.name}, ${row.url}, ${row.events}, ${sealed}, ${row.enabled}, ${now})`.execute(
      db,
    ),
  )
  return { id, secret }
}

/** Changes a webhook; its secret stays. Throws FieldError, ConflictError or NotFoundError. */
export async function setWebhook(db: Db, id: bigint, input: WebhookInput, scope: Scope): Promise<void> {
  await showWebhook(db, id, scope)
  const changes = { ...checkInput(input), ...(input.enabled === undefined ? {} : { enabled: input.enabled }) }
  await nameConflicts(input.name, db.updateTable('webhook').set(changes).where('id', '=', id).execute())
}

/** Removes a webhook with what waits for it. Throws NotFoundError. */
export async function removeWebhook(db: Db, id: bigint, scope: Scope): Promise<void> {
  await showWebhook(db, id, scope)
  await db.deleteFrom('webhook').where('id', '=', id).execute()
}

/** Where a call goes and what signs it; undefined where it is gone or switched off. */
export async function openWebhook(
  db: Db,
  keyring: Keyring,
  id: bigint,
): Promise<{ url: string; secret: string } | undefined> {
  const row = await db
    .selectFrom('webhook')
    .select(['url', 'secret'])
    .where('id', '=', id)
    .where('enabled', '=', true)
    .executeTakeFirst()
  return row && { url: row.url, secret: openField(keyring, placeOf(id), row.secret).toString() }
}

/** The header `Gatehouse-Signature`: the second of sending and HMAC-SHA-256 over `<second>.<body>`. */
export function webhookSignature(secret: string, body: string, now: Date): string {
  const second = Math.floor(now.getTime() / 1_000)
  return `t=${second},v1=${createHmac('sha256', secret).update(`${second}.${body}`).digest('hex')}`
}

/** Whether an action such as `subscriber.renew` is one of those that a webhook wants to hear. */
export function wantsEvent(events: readonly string[], action: string): boolean {
  return events.some((event) => event === action || event === '*' || event === `${action.split('.', 1)[0]}.*`)
}

function checkInput(input: WebhookInput): { name: string; url: string; events: string[] } {
  if (!URL.canParse(input.url) || input.url.length > 500)
    throw new FieldError('url', `${quote(input.url)} is not a URL`)
  const url = new URL(input.url)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new FieldError('url', 'must be http or https')
  if (url.username !== '' || url.password !== '') throw new FieldError('url', 'holds a name or password')
  if (input.events.length === 0) throw new FieldError('events', 'names nothing: take * for everything')
  for (const event of input.events) {
    if (!/^(\*|[a-z-]+\.(\*|[a-z-]+))$/.test(event)) {
      throw new FieldError('events', `${quote(event)} is not an action such as subscriber.renew or subscriber.*`)
    }
  }
  return { name: checkText('name', input.name, 1, 100), url: url.href, events: [...new Set(input.events)] }
}

async function nameConflicts(name: string, write: Promise<unknown>): Promise<void> {
  try {
    await write
  } catch (error) {
    if (!isUniqueViolation(error, 'webhook_name_key')) throw error
    throw new ConflictError('name', `there is a webhook ${quote(name)} already`)
  }
}

function placeOf(id: bigint): Place {
  return { table: 'webhook', row: id, column: 'secret' }
}
