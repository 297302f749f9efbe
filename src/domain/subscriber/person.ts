// A person behind a subscriber: making the service forget it, and handing out what is kept of it.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Author } from '../author.ts'
import { NotFoundError } from '../field.ts'
import { showLineId } from '../line-id.ts'
import { reachableSubscribers } from '../scope.ts'
import { pseudonymOf } from './personal-place.ts'
import type { Person } from './personal-place.ts'
import { personalPlaces } from './personal-places.ts'

/** The persons behind these subscribers, with every name that their sessions were opened under. */
async function personsOf(db: Db, ids: readonly bigint[]): Promise<Person[]> {
  const { rows } = await sql<{ id: bigint; payer_id: bigint; usernames: string[] }>`
    select subscriber.id, subscriber.payer_id, array(
      select subscriber.username
      union select session.username from session where session.subscriber_id = subscriber.id
      union select session_archive.username from session_archive where session_archive.subscriber_id = subscriber.id
    ) as usernames
    from subscriber where subscriber.id = any(${ids}::bigint[])`.execute(db)
  return rows.map(({ id, payer_id: payerId, usernames }) => ({ id, payerId, usernames, pseudonym: pseudonymOf(id) }))
}

/** Removes or pseudonymises all that says something of the persons behind these subscribers. Cannot be undone. */
export async function forgetPersons(trx: Db, ids: readonly bigint[], now: Date): Promise<void> {
  const persons = await personsOf(trx, ids)
  if (persons.length === 0) return
  for (const place of personalPlaces) await place.forget?.(trx, persons, now)
}

/** What is kept of a person, by the table it is kept in. */
export type PersonalData = Readonly<Record<string, readonly unknown[]>>

/** All that is kept of the person, as JSON values; that it was handed out is audited. Throws NotFoundError. */
export async function tellPersonalData(db: Db, id: bigint, by: Author, now: Date): Promise<PersonalData> {
  const [reached] = await reachableSubscribers(db, by.scope, [id])
  const [person] = reached === undefined ? [] : await personsOf(db, [reached])
  if (person === undefined) throw new NotFoundError('subscriber', String(id))
  const data: Record<string, readonly unknown[]> = {}
  for (const place of personalPlaces) {
    if (place.tell === undefined) continue
    data[place.table] = (await place.tell(db, person, by.keyring)).map(jsonOf)
  }
  const { owner_id: ownerId } = await db
    .selectFrom('subscriber')
    .select('owner_id')
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  const deed = { action: 'subscriber.personal-data', noun: 'subscriber', rowId: id, ownerId }
  await writeAudit(db, deed, by, now)
  return data
}

/** As JSON can say it: big numbers as text, octets as people write them, instants in ISO 8601. */
function jsonOf(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (Buffer.isBuffer(value)) return showLineId(value)
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map(jsonOf)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, jsonOf(one)]))
}
