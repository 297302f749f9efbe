// Reminders before a service period ends: one mail per subscriber, end and distance, however often it is looked.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import type { Keyring } from '../data-key.ts'
import { readSettings } from '../setting.ts'
import { queueMail } from './outbox.ts'

type Due = {
  id: bigint
  owner_id: bigint
  email: string
  username: string
  full_name: string | null
  language: string | null
  plan: string
  expires_at: Date
}

/** Queues the reminders that are due now; those who renew by themselves are not bothered. Returns how many were new. */
export async function remindOfExpiry(db: Db, keyring: Keyring, now: Date): Promise<number> {
  const { reminder_days: distances, zone } = await readSettings(db)
  let queued = 0
  for (const days of distances.toSorted((one, other) => one - other)) {
    for (const due of await expiringWithin(db, days, distances, now)) {
      const expiresOn = new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(due.expires_at)
      const left = Math.max(0, Math.ceil((due.expires_at.getTime() - now.getTime()) / 86_400_000))
      const isNew = await queueMail(
        db,
        keyring,
        {
          kind: 'expiry-reminder',
          recipient: due.email,
          language: due.language,
          values: {
            full_name: due.full_name ?? due.username,
            username: due.username,
            plan: due.plan,
            expires_on: expiresOn,
            days: String(left),
          },
          subscriberId: due.id,
          ownerId: due.owner_id,
          onceKey: `expiry-reminder ${due.id} ${due.expires_at.toISOString()} ${days}`,
        },
        now,
      )
      if (isNew) queued += 1
    }
  }
  return queued
}

/** Those whose end is at most so many days away, and further than the next smaller distance. */
async function expiringWithin(db: Db, days: number, distances: readonly number[], now: Date): Promise<Due[]> {
  const nearer = Math.max(0, ...distances.filter((other) => other < days))
  const after = new Date(now.getTime() + nearer * 86_400_000)
  const until = new Date(now.getTime() + days * 86_400_000)
  const { rows } = await sql<Due>`
    select subscriber.id, subscriber.owner_id, subscriber.email, subscriber.username, subscriber.full_name,
      subscriber.language, subscriber.expires_at, plan.name as plan
    from subscriber join plan on plan.id = subscriber.plan_id
    where subscriber.expires_at > ${after} and subscriber.expires_at <= ${until}
      and subscriber.email is not null and subscriber.archived_at is null and subscriber.enabled
      and subscriber.blocked_at is null and not subscriber.auto_renew
      and not exists (
        select from message where message.once_key =
          'expiry-reminder ' || subscriber.id || ' ' ||
          to_char(subscriber.expires_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || ' ' || ${days}::int
      )
    order by subscriber.expires_at limit 10000`.execute(db)
  return rows
}
