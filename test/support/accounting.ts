// What tests of accounting stand on: a NAS, a plan, subscribers, and records of one session by a few words.

import type { Pool } from '../../src/db/pool.ts'
import type { AccountingRecord } from '../../src/domain/accounting-record.ts'
import { recordAccounting } from '../../src/domain/accounting.ts'
import type { RecordedSession } from '../../src/domain/accounting.ts'
import type { Nas } from '../../src/domain/nas.ts'
import { identityKinds } from '../../src/domain/line.ts'
import { defaultNasSettings } from '../../src/domain/nas-settings.ts'

/** The start of time in these tests. */
export const noon = new Date('2026-05-04T12:00:00Z')

/** `seconds` after noon. */
export function at(seconds: number): Date {
  return new Date(noon.getTime() + seconds * 1000)
}

let made = 0

/** A NAS of a client of its own, an hour old. */
export async function makeNas(db: Pool, options: { createdAt?: Date; group?: bigint } = {}): Promise<Nas> {
  made += 1
  const createdAt = options.createdAt ?? at(-3600)
  const { rows } = await db.query<{ id: bigint; client_id: bigint; group: bigint; space: bigint }>(
    `with client as (
       insert into radius_client (name, prefix, nas_group_id)
       select 'client ' || $1::text, ('10.' || ($1::integer / 250) || '.' || ($1::integer % 250) || '.0/24')::cidr, id
       from nas_group where id = coalesce($3, (select min(id) from nas_group))
       returning *
     )
     insert into nas (client_id, name, identifier, nas_group_id, created_at)
     select id, 'nas ' || $1::text, 'nas-' || $1::text, nas_group_id, $2 from client
     returning id, client_id, nas_group_id as group,
       (select address_space_id from nas_group where nas_group.id = nas.nas_group_id) as space`,
    [made, createdAt, options.group ?? null],
  )
  const row = rows[0]!
  return {
    id: row.id,
    clientId: row.client_id,
    name: `nas ${made}`,
    vendor: 'standard',
    identifier: `nas-${made}`,
    address: undefined,
    nasGroupId: row.group,
    addressSpaceId: row.space,
    identityOrder: identityKinds,
    settings: defaultNasSettings,
    patienceMs: 900,
    attributes: [],
  }
}

export type TestSubscriber = { id: bigint; username: string }

/** A subscriber with a plan of its own: 50 Mbit/s down, 20 up, unless told otherwise. */
export async function makeSubscriber(
  db: Pool,
  options: { downBps?: number; upBps?: number; quota?: bigint; periodStartedAt?: Date } = {},
): Promise<TestSubscriber> {
  made += 1
  const username = `subscriber${made}`
  const { rows } = await db.query<{ id: bigint }>(
    `with plan as (
       insert into plan (name, down_bps, up_bps, validity, quota_octets) values ($1, $2, $3, 30, $4) returning id
     ), payer as (
       insert into payer (owner_id, name) select id, $1 from organisation where kind = 'isp' returning id, owner_id
     )
     insert into subscriber (owner_id, payer_id, plan_id, username, period_started_at)
     select payer.owner_id, payer.id, plan.id, $1, $5 from payer, plan
     returning id`,
    [
      username,
      options.downBps ?? 50_000_000,
      options.upBps ?? 20_000_000,
      options.quota ?? null,
      options.periodStartedAt ?? at(-86_400),
    ],
  )
  return { id: rows[0]!.id, username }
}

export type Said = Partial<Omit<AccountingRecord, 'nas' | 'eventAt' | 'inputOctets' | 'outputOctets'>> & {
  input?: bigint | number
  output?: bigint | number
  /** Seconds after noon; by default the session time after its start. */
  event?: number
}

/** A session of the tests: says its records. `start` is in seconds after noon. */
export function makeSession(facts: {
  nas: Nas
  id?: string
  subscriber?: TestSubscriber
  classId?: bigint
  mac?: string
  start?: number
  framedIp?: string
}) {
  made += 1
  const { nas, subscriber, classId, mac = macOf(made), start = 0 } = facts
  const acctSessionId = facts.id ?? `81${made.toString(16).padStart(6, '0')}`
  const say = (status: AccountingRecord['status'], sessionTime: number, said: Said): AccountingRecord => {
    const { input = 0, output = 0, event = start + sessionTime, ...others } = said
    return {
      status,
      nas,
      acctSessionId,
      username: subscriber?.username ?? 'nobody',
      class: classId === undefined ? undefined : { classId, subscriberId: subscriber?.id ?? 0n },
      line: `mac:${mac}`,
      mac,
      interface: { raw: 'vlan4071' },
      addresses: facts.framedIp === undefined ? {} : { framedIp: facts.framedIp },
      sessionTime,
      inputOctets: BigInt(input),
      outputOctets: BigInt(output),
      gigawords: false,
      inputPackets: 0,
      outputPackets: 0,
      eventAt: at(event),
      terminateCause: undefined,
      multiSessionId: undefined,
      interimIntervalS: undefined,
      flag: undefined,
      raw: undefined,
      ...others,
    }
  }
  return {
    acctSessionId,
    start: (said: Said = {}) => say('start', 0, said),
    interim: (sessionTime: number, said: Said = {}) => say('interim', sessionTime, said),
    stop: (sessionTime: number, said: Said = {}) => say('stop', sessionTime, { terminateCause: 1, ...said }),
  }
}

function macOf(number: number): string {
  return `02:00:00:00:${(number >> 8).toString(16).padStart(2, '0')}:${(number & 255).toString(16).padStart(2, '0')}`
}

/** Records one after the other, each arriving at its event; gives the outcome of the last. */
export async function recordEach(db: Pool, ...records: AccountingRecord[]): Promise<RecordedSession> {
  let last: RecordedSession | undefined
  for (const record of records) {
    const [outcome] = await recordAccounting(db, [record], record.eventAt)
    if (outcome?.kind !== 'recorded') throw new Error(`not recorded but ${outcome?.kind}`)
    last = outcome
  }
  if (last === undefined) throw new Error('no record was given')
  return last
}

export type SessionRow = {
  id: bigint
  epoch: number
  subscriber_id: bigint | null
  username: string
  class_id: bigint | null
  framed_ip: string | null
  delegated_ipv6_prefix: string | null
  started_at: Date
  start_seen: boolean
  event_at: Date
  ended_at: Date | null
  ended_by: string | null
  terminate_cause: number | null
  session_time: bigint
  input_octets: bigint
  output_octets: bigint
  segment_input: bigint
  segment_output: bigint
  input_packets: bigint
  output_packets: bigint
  gigawords: boolean
  anomalies: number
  last_anomaly: string | null
}

/** The rows of one Acct-Session-Id, by epoch. */
export async function sessionRows(db: Pool, nas: Nas, acctSessionId: string): Promise<SessionRow[]> {
  const { rows } = await db.query<SessionRow>(
    `select *, host(framed_ip) as framed_ip from session where nas_id = $1 and acct_session_id = $2 order by epoch`,
    [nas.id, acctSessionId],
  )
  return rows
}

/** The only row of one Acct-Session-Id. */
export async function onlyRow(db: Pool, nas: Nas, acctSessionId: string): Promise<SessionRow> {
  const rows = await sessionRows(db, nas, acctSessionId)
  if (rows.length !== 1) throw new Error(`${rows.length} rows of ${acctSessionId}`)
  return rows[0]!
}

/** What a subscriber has used: by hours, and by service periods. */
export async function usageOf(db: Pool, subscriberId: bigint) {
  const sums = async (table: 'usage_hour' | 'usage_period') => {
    const { rows } = await db.query<{ input: bigint; output: bigint }>(
      `select coalesce(sum(input_octets), 0)::bigint as input, coalesce(sum(output_octets), 0)::bigint as output
       from ${table} where subscriber_id = $1`,
      [subscriberId],
    )
    return rows[0]!
  }
  return { hours: await sums('usage_hour'), periods: await sums('usage_period') }
}
