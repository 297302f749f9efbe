// Every place where something of a person is kept. The purge goes through this list, and so does what is handed out to a person
// who asks; a test finds tables that refer to a subscriber and are not in it.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { openPersonal, readPersonKeys, destroyPersonKeys } from '../audit/person-key.ts'
import { personalBooks } from './personal-books.ts'
import { personalTraces } from './personal-traces.ts'
import { personIds } from './personal-place.ts'
import type { Person, PersonalPlace } from './personal-place.ts'

/** Rows that a person's row is the only reason for: they are removed, and handed out as they are. */
function removed(table: string, idColumn: string, columns: readonly string[] = []): PersonalPlace {
  const where = sql`${sql.ref(`${table}.${idColumn}`)}`
  const place: PersonalPlace = {
    table,
    forget: async (db, persons) => {
      await sql`delete from ${sql.table(table)} where ${where} = any(${personIds(persons)}::bigint[])`.execute(db)
    },
  }
  if (columns.length === 0) return place
  const selected = sql.join(columns.map((column) => sql.ref(`${table}.${column}`)))
  return {
    ...place,
    tell: async (db, person) =>
      (await sql`select ${selected} from ${sql.table(table)} where ${where} = ${person.id}`.execute(db)).rows,
  }
}

/** Names one of each subscriber's columns that stays: ids, facts and instants, none of them personal. */
async function forgetSubscriber(db: Db, persons: readonly Person[], now: Date): Promise<void> {
  await sql`
    update subscriber set username = 'purged-' || subscriber.id, username_reserved = false, full_name = null, email = null,
      phone = null, phone_extension = null, address = null, latitude = null, longitude = null, zone = null, language = null,
      block_reason = null, group_id = null, bound_interface = null, bound_port = null, bound_s_vlan = null,
      bound_c_vlan = null, bound_nas_group_id = null, circuit_id = null, remote_id = null, duid = null, attributes = '{}',
      learn_mac_until = null, archived_at = coalesce(subscriber.archived_at, ${now}), purged_at = ${now}, updated_at = ${now}
    where subscriber.id = any(${personIds(persons)}::bigint[])`.execute(db)
}

async function tellSubscriber(db: Db, person: Person): Promise<readonly unknown[]> {
  const { rows } = await sql`
    select subscriber.id, subscriber.username, subscriber.full_name, subscriber.email, subscriber.phone,
      subscriber.phone_extension, subscriber.address, subscriber.latitude, subscriber.longitude, subscriber.zone,
      subscriber.language, subscriber.account_type, subscriber.enabled, subscriber.block_reason, subscriber.blocked_at,
      subscriber.activated_at, subscriber.expires_at, subscriber.grace_until, subscriber.created_at, subscriber.archived_at,
      subscriber.bound_interface, subscriber.bound_port, subscriber.bound_s_vlan, subscriber.bound_c_vlan,
      subscriber.circuit_id, subscriber.remote_id, subscriber.duid, subscriber.attributes, plan.name as plan,
      organisation.name as owner, subscriber_group.name as group
    from subscriber join plan on plan.id = subscriber.plan_id join organisation on organisation.id = subscriber.owner_id
      left join subscriber_group on subscriber_group.id = subscriber.group_id
    where subscriber.id = ${person.id}`.execute(db)
  return rows
}

/** A payer that pays for somebody else too keeps its name: it is not this person's, or not this person's alone. */
async function forgetPayer(db: Db, persons: readonly Person[]): Promise<void> {
  await sql`
    update payer set name = 'purged-' || payer.id, email = null, phone = null, address = null
    where payer.id = any(${persons.map(({ payerId }) => payerId)}::bigint[]) and not exists (select from subscriber
      where subscriber.payer_id = payer.id and subscriber.purged_at is null
        and not subscriber.id = any(${personIds(persons)}::bigint[]))`.execute(db)
}

const audit: PersonalPlace = {
  table: 'audit_entry',
  // Its entries stay as they are; without the person's key nobody reads the personal values in them.
  tell: async (db, person, keyring) => {
    const key = (await readPersonKeys(db, keyring, [person.id])).get(person.id)
    const entries = await db
      .selectFrom('audit_entry')
      .select(['at', 'author_kind', 'author_name', 'action', 'before', 'after', 'personal', 'person_id'])
      .where((eb) =>
        eb.or([eb('person_id', '=', person.id), eb.and([eb('noun', '=', 'subscriber'), eb('row_id', '=', person.id)])]),
      )
      .orderBy('id')
      .execute()
    return entries.map(({ personal, person_id: personId, ...entry }) => ({
      ...entry,
      personal:
        personal === null || key === undefined || personId !== person.id
          ? null
          : (JSON.parse(openPersonal(key, person.id, personal) ?? 'null') as unknown),
    }))
  },
}

/** In the order in which they are handed out. */
export const personalPlaces: readonly PersonalPlace[] = [
  { table: 'subscriber', tell: tellSubscriber, forget: forgetSubscriber },
  {
    table: 'payer',
    tell: async (db, person) =>
      db
        .selectFrom('payer')
        .select(['id', 'name', 'email', 'phone', 'address', 'currency', 'balance_minor', 'created_at'])
        .where('id', '=', person.payerId)
        .execute(),
    forget: forgetPayer,
  },
  removed('subscriber_comment', 'subscriber_id', ['text', 'author_name', 'created_at']),
  removed('device', 'subscriber_id', ['mac', 'bound', 'learnt_at']),
  removed('subscriber_address', 'subscriber_id', ['kind', 'prefix']),
  removed('subscriber_route', 'subscriber_id', ['route']),
  removed('credential', 'subscriber_id'),
  removed('portal_session', 'subscriber_id', ['address', 'user_agent', 'created_at', 'last_seen_at', 'ended_at']),
  removed('portal_login', 'subscriber_id'),
  // Also those that still wait: nobody is left to write to.
  removed('message', 'subscriber_id', ['channel', 'kind', 'recipient', 'subject', 'created_at', 'sent_at']),
  ...personalTraces,
  ...personalBooks,
  audit,
  { table: 'person_key', forget: (db, persons) => destroyPersonKeys(db, personIds(persons)) },
]
