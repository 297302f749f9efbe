// What the network left of a person: sessions, decisions, usage. Sessions and usage stay by their own retention under a made-up
// name, so that totals remain and nobody is found in them.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { personIds } from './personal-place.ts'
import type { Person, PersonalPlace } from './personal-place.ts'

function sessions(table: 'session' | 'session_archive'): PersonalPlace {
  return {
    table,
    tell: async (db, person) =>
      (
        await sql`
          select one.username, one.started_at, one.ended_at, one.mac, host(one.framed_ip) as framed_ip,
            one.framed_ipv6_prefix, one.delegated_ipv6_prefix, one.framed_ipv6_address, one.interface, one.session_time,
            one.input_octets, one.output_octets
          from ${sql.table(table)} one where one.subscriber_id = ${person.id} order by one.started_at`.execute(db)
      ).rows,
    forget: async (db, persons) => {
      await sql`
        update ${sql.table(table)} one set username = 'purged-' || one.subscriber_id, sent_username = null, mac = null,
          line = null, circuit_id = null, remote_id = null, duid = null, interface = null, port = null, s_vlan = null, c_vlan = null,
          framed_interface_id = null
        where one.subscriber_id = any(${personIds(persons)}::bigint[])`.execute(db)
    },
  }
}

/** Decisions are found by the names that were sent: the log has an index on these only. */
async function forgetDecisions(db: Db, persons: readonly Person[]): Promise<void> {
  const names = persons.flatMap(({ usernames, pseudonym }) => usernames.map((username) => ({ username, pseudonym })))
  await sql`
    update access_log set username = t.pseudonym, line = null, interface = null, detail = null, reply = null
    from unnest(${names.map(({ username }) => username)}::text[], ${names.map(({ pseudonym }) => pseudonym)}::text[])
      t (username, pseudonym)
    where access_log.username = t.username
      and (access_log.subscriber_id is null or access_log.subscriber_id = any(${personIds(persons)}::bigint[]))`.execute(
    db,
  )
}

function usage(table: 'usage_day' | 'usage_period', when: 'day' | 'period_started_at'): PersonalPlace {
  return {
    table,
    tell: async (db, person) =>
      (
        await sql`
          select ${sql.ref(`one.${when}`)}, one.input_octets, one.output_octets from ${sql.table(table)} one
          where one.subscriber_id = ${person.id} order by 1`.execute(db)
      ).rows,
  }
}

/** Sessions, decisions and usage. */
export const personalTraces: readonly PersonalPlace[] = [
  sessions('session'),
  sessions('session_archive'),
  {
    table: 'session_claim',
    forget: async (db, persons) => {
      await sql`delete from session_claim where subscriber_id = any(${personIds(persons)}::bigint[])`.execute(db)
    },
  },
  {
    table: 'ip_lease',
    tell: async (db, person) =>
      (
        await sql`
          select lease.address, lease.line, lease.claimed_at from ip_lease lease
          where lease.subscriber_id = ${person.id} order by lease.address`.execute(db)
      ).rows,
    forget: async (db, persons) => {
      await sql`
        update ip_lease set subscriber_id = null, line = null, nas_group_id = null, class_id = null, claimed_at = null
        where subscriber_id = any(${personIds(persons)}::bigint[])`.execute(db)
    },
  },
  {
    table: 'degraded_accept',
    tell: async (db, person) =>
      (
        await sql`
          select accept.line, accept.facts, accept.decided_at, accept.finding from degraded_accept accept
          where accept.subscriber_id = ${person.id} order by accept.decided_at`.execute(db)
      ).rows,
    forget: async (db, persons) => {
      await sql`delete from degraded_accept where subscriber_id = any(${personIds(persons)}::bigint[])`.execute(db)
    },
  },
  {
    table: 'access_log',
    tell: async (db, person) =>
      (
        await sql`
          select access_log.username, access_log.line, access_log.interface, access_log.method, access_log.reason,
            access_log.accepted, access_log.detail, access_log.count, access_log.first_at, access_log.last_at
          from access_log where access_log.username = any(${person.usernames}::text[])
            and access_log.subscriber_id = ${person.id} order by access_log.first_at`.execute(db)
      ).rows,
    forget: forgetDecisions,
  },
  {
    table: 'unmatched_request',
    forget: async (db, persons) => {
      const usernames = persons.flatMap((person) => person.usernames)
      await sql`delete from unmatched_request where username = any(${usernames}::text[])`.execute(db)
    },
  },
  usage('usage_day', 'day'),
  usage('usage_period', 'period_started_at'),
  {
    table: 'subscriber_live',
    forget: async (db, persons) => {
      await sql`
        update subscriber_live set framed_ip = null, mac = null, interface = null, port = null, s_vlan = null, c_vlan = null
        where subscriber_id = any(${personIds(persons)}::bigint[])`.execute(db)
    },
  },
  { table: 'subscriber_usage' },
  // Numbers alone, and for a few days.
  { table: 'usage_hour' },
  // What a plan gives, while its subscriber is online.
  { table: 'entitlement_check' },
  { table: 'entitlement_watch' },
  {
    // Lists of who was online on a router: what they say of one person is told from the sessions.
    table: 'router_run',
    forget: async (db, persons) => {
      await sql`
        update router_run set result = null, person_ids = '{}'
        where person_ids && ${personIds(persons)}::bigint[]`.execute(db)
    },
  },
  // Says which session, and how it went.
  { table: 'coa_order' },
  { table: 'coa_attempt' },
]
