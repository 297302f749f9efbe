// What our own books know of a NAS: how its requests fared, how it accounts, how it takes orders. Facts only, read at one moment;
// what they mean is judged elsewhere (src/nas/doctor).

import type { Pool } from '../../db/pool.ts'
import { findCoaTarget } from '../coa-target.ts'
import type { CoaTarget } from '../coa-target.ts'
import type { Keyring } from '../data-key.ts'
import { loadAccessFacts, loadOrderFacts, loadSessionFacts } from './record-facts.ts'
import type { AccessFacts, OrderFacts, SessionFacts } from './record-facts.ts'
import type { TallyKind } from './tally.ts'

/** Looked back for what is wrong now. */
export const recentMs = 3_600_000

/** What was counted in the last hour. */
export type Tally = {
  readonly kind: TallyKind
  readonly clientId: bigint | null
  readonly source: string | null
  readonly count: number
  readonly worst: number | null
  readonly lastAt: Date
}

/** The client that a NAS speaks through. */
export type ClientFacts = {
  readonly id: bigint
  readonly name: string
  /** CIDR text. */
  readonly prefix: string
  readonly onlyHost: boolean
  readonly messageAuthenticator: 'require' | 'auto' | 'off'
  readonly messageAuthenticatorSeen: boolean
}

export type NasFacts = {
  readonly at: Date
  readonly target: CoaTarget
  readonly client: ClientFacts
  /** Where its packets come from; undefined: never heard. */
  readonly source: string | undefined
  readonly tallies: readonly Tally[]
  /** Of no client, and near an address of the NAS or its client. */
  readonly strangers: readonly Tally[]
  /** In ms, of the worst minute of the last ten; undefined: too few answers to tell. */
  readonly p99Ms: { readonly authentication: number | undefined; readonly accounting: number | undefined }
  readonly access: AccessFacts
  readonly sessions: SessionFacts
  readonly orders: OrderFacts
  /** Standing ones, of the NAS or its client. */
  readonly alarms: readonly { readonly kind: string; readonly text: string }[]
}

/** Fewer answers in a minute say nothing of the slowest hundredth. */
const fewestAnswers = 20

/** The facts of a NAS as they are now; undefined where there is no such NAS. */
export async function loadNasFacts(
  pool: Pool,
  keyring: Keyring,
  nasId: bigint,
  now: Date,
): Promise<NasFacts | undefined> {
  const target = await findCoaTarget(pool, keyring, nasId, now)
  if (target === undefined) return undefined
  const { source, ...client } = await loadClient(pool, nasId)
  const strangers = await loadStrangers(pool, nasId, now)
  return {
    at: now,
    target,
    client,
    source: source ?? undefined,
    tallies: await loadTallies(pool, { nasId, clientId: client.id }, now),
    strangers,
    p99Ms: await loadAnswerTimes(pool, now),
    access: await loadAccessFacts(pool, nasId, now),
    sessions: await loadSessionFacts(pool, nasId, now),
    orders: await loadOrderFacts(pool, nasId, now),
    alarms: await loadAlarms(pool, [target.nas.name, client.name]),
  }
}

async function loadClient(pool: Pool, nasId: bigint): Promise<ClientFacts & { source: string | null }> {
  const { rows } = await pool.query<ClientFacts & { source: string | null }>(
    `select client.id, client.name, client.prefix::text as prefix,
       masklen(client.prefix) = case family(client.prefix) when 4 then 32 else 128 end as "onlyHost",
       client.message_authenticator as "messageAuthenticator",
       client.message_authenticator_seen_at is not null as "messageAuthenticatorSeen",
       host(contact.source) as source
     from nas join radius_client client on client.id = nas.client_id
     left join nas_contact contact on contact.nas_id = nas.id
     where nas.id = $1`,
    [nasId],
  )
  return rows[0]!
}

const tallyColumns = `kind, client_id as "clientId", host(source) as source, sum(count)::float8 as count,
  (array_agg(worst order by abs(worst) desc nulls last))[1]::float8 as worst, max(last_at) as "lastAt"`
const inRecentHours = `hour >= date_trunc('hour', $1::timestamptz) - interval '2 hours' and last_at > $2::timestamptz`

async function loadTallies(
  pool: Pool,
  { nasId, clientId }: { nasId: bigint; clientId: bigint },
  now: Date,
): Promise<Tally[]> {
  const { rows } = await pool.query<Tally>(
    `select ${tallyColumns} from nas_tally
     where ${inRecentHours} and (nas_id = $3 or client_id = $4)
     group by kind, client_id, source order by kind, source`,
    [now, recentSince(now), nasId, clientId],
  )
  return rows
}

/** Those that have become a client since are left out. */
async function loadStrangers(pool: Pool, nasId: bigint, now: Date): Promise<Tally[]> {
  const { rows } = await pool.query<Tally>(
    `select ${tallyColumns} from nas_tally
     where ${inRecentHours} and kind = 'unknown-source' and source is not null
       and not exists (select from radius_client client where client.prefix >>= nas_tally.source)
       and exists (
         select from (
           select client.prefix::inet as address from nas join radius_client client on client.id = nas.client_id where nas.id = $3
           union all select nas.address from nas where nas.id = $3
           union all select nas.coa_address from nas where nas.id = $3
           union all select contact.source from nas_contact contact where contact.nas_id = $3
         ) own
         where family(own.address) = family(nas_tally.source)
           and set_masklen(own.address, least(masklen(own.address), case family(own.address) when 4 then 24 else 64 end))
             >>= nas_tally.source
       )
     group by kind, client_id, source order by count desc, source limit 20`,
    [now, recentSince(now), nasId],
  )
  return rows
}

async function loadAnswerTimes(pool: Pool, now: Date): Promise<NasFacts['p99Ms']> {
  const { rows } = await pool.query<{ kind: 'authentication' | 'accounting'; p99: number }>(
    `select kind, max(p99_ms) as p99 from answer_time
     where minute > $1::timestamptz - interval '10 minutes' and minute <= $1 and answers >= $2 group by kind`,
    [now, fewestAnswers],
  )
  const of = (kind: string): number | undefined => rows.find((row) => row.kind === kind)?.p99
  return { authentication: of('authentication'), accounting: of('accounting') }
}

async function loadAlarms(pool: Pool, subjects: readonly string[]): Promise<{ kind: string; text: string }[]> {
  const { rows } = await pool.query<{ kind: string; text: string }>(
    `select kind, text from alarm where cleared_at is null and subject = any($1::text[]) order by kind`,
    [subjects],
  )
  return rows
}

function recentSince(now: Date): Date {
  return new Date(now.getTime() - recentMs)
}
