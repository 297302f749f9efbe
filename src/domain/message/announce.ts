// Tells what the audit trail says: webhooks hear of every action they want, a new subscriber gets its welcome. It follows the
// chain over the trail (audit/chain.ts), which has every entry once and in the order of its commit.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import type { Keyring } from '../data-key.ts'
import { readSettings } from '../setting.ts'
import { queueMail, queueWebhook } from './outbox.ts'
import { wantsEvent } from './webhook.ts'

/** Entries of one turn. */
const turn = 500

type Entry = {
  sequence: bigint
  id: bigint
  at: Date
  action: string
  noun: string
  row_id: bigint | null
  owner_id: bigint | null
  author_name: string
  before: unknown
  after: unknown
}

/** Announces what was committed since the last time; true: there is more. Several instances may call it. */
export function announce(db: Db, keyring: Keyring, now: Date): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const { rows: begun } = await sql<{ until: bigint }>`
      insert into announced (until) select coalesce(max(audit_chain.sequence), 0) from audit_chain
      on conflict (id) do update set until = announced.until returning until`.execute(trx)
    const { rows: entries } = await sql<Entry>`
      select audit_chain.sequence, audit_entry.id, audit_entry.at, audit_entry.action, audit_entry.noun,
        audit_entry.row_id, audit_entry.owner_id, audit_entry.author_name, audit_entry.before, audit_entry.after
      from audit_chain join audit_entry on audit_entry.id = audit_chain.entry_id
      where audit_chain.sequence > ${begun[0]!.until} order by audit_chain.sequence limit ${turn}`.execute(trx)
    const last = entries.at(-1)
    if (last === undefined) return false
    const webhooks = await trx
      .selectFrom('webhook')
      .select(['id', 'owner_id', 'events'])
      .where('enabled', '=', true)
      .execute()
    for (const entry of entries) {
      for (const webhook of webhooks) {
        const isIts = webhook.owner_id === null || webhook.owner_id === entry.owner_id
        if (isIts && wantsEvent(webhook.events, entry.action)) await tell(trx, keyring, webhook.id, entry, now)
      }
    }
    await welcome(trx, keyring, entries, now)
    await sql`update announced set until = ${last.sequence}`.execute(trx)
    return entries.length === turn
  })
}

async function tell(db: Db, keyring: Keyring, webhookId: bigint, entry: Entry, now: Date): Promise<void> {
  // Only what lies open in the entry: personal values are for who may read the trail.
  const body = JSON.stringify({
    id: Number(entry.id),
    at: entry.at.toISOString(),
    event: entry.action,
    noun: entry.noun,
    row_id: entry.row_id === null ? null : Number(entry.row_id),
    owner_id: entry.owner_id === null ? null : Number(entry.owner_id),
    author: entry.author_name,
    before: entry.before,
    after: entry.after,
  })
  const onceKey = `webhook ${webhookId} ${entry.id}`
  await queueWebhook(db, keyring, { webhookId, kind: entry.action, body, ownerId: entry.owner_id, onceKey }, now)
}

async function welcome(db: Db, keyring: Keyring, entries: readonly Entry[], now: Date): Promise<void> {
  const made = entries.filter((entry) => entry.action === 'subscriber.create').flatMap((entry) => entry.row_id ?? [])
  if (made.length === 0 || !(await readSettings(db)).welcome_messages) return
  const subscribers = await db
    .selectFrom('subscriber')
    .innerJoin('plan', 'plan.id', 'subscriber.plan_id')
    .select([
      'subscriber.id',
      'subscriber.email',
      'subscriber.full_name',
      'subscriber.username',
      'subscriber.language',
      'subscriber.owner_id',
      'plan.name as plan',
    ])
    .where('subscriber.id', 'in', made)
    .where('subscriber.email', 'is not', null)
    .where('subscriber.archived_at', 'is', null)
    .execute()
  for (const { id, email, username, language, plan, ...subscriber } of subscribers) {
    const values = { full_name: subscriber.full_name ?? username, username, plan }
    const to = { recipient: email!, language, values, subscriberId: id, ownerId: subscriber.owner_id }
    await queueMail(db, keyring, { kind: 'welcome', ...to, onceKey: `welcome ${id}` }, now)
  }
}
