// What must hold after every story, whatever went wrong in it: money (I4), nights (I5), blocks that bite (I6), addresses (I9) and
// sessions (I10), as the project numbers them. Each rule is a query that gives what breaks it, in words.
import type { Pool } from '../../src/db/pool.ts'
import type { Difference } from '../../src/simulator/compare.ts'

export type Invariant = 'I4' | 'I5' | 'I6' | 'I9' | 'I10'
export type Breach = { invariant: Invariant; what: string }

/** A login that was on its way when the block was committed may still begin. */
const onItsWay = `interval '2 seconds'`

/** Open sessions of lines, with whose they are. */
const openSessions = `
  session join subscriber on subscriber.id = session.subscriber_id join plan on plan.id = subscriber.plan_id
  where session.ended_at is null and session.service is null`

/** Why a subscriber has no service, since when, and whether a garden follows. When one was disabled nobody keeps. */
const facts = `
  lateral (values
    ('archived', subscriber.archived_at, false),
    ('disabled', case when not subscriber.enabled then session.started_at end, false),
    ('blocked', subscriber.blocked_at, plan.on_block = 'garden')
  ) as fact (name, since, garden)`

/** `what`: a sentence for each row that breaks the rule. */
const rules: Record<Exclude<Invariant, 'I10'>, string[]> = {
  I4: [
    `select format('transaction %s does not sum to zero', transaction_id) as what, $1::timestamptz as now
     from ledger_entry group by transaction_id having sum(amount_minor) <> 0`,
    `select format('payer %s has %s and entries of %s', payer.id, payer.balance_minor, coalesce(sum(entry.amount_minor), 0)) as what,
       $1::timestamptz as now
     from payer left join ledger_entry entry on entry.payer_id = payer.id
     group by payer.id having payer.balance_minor <> coalesce(sum(entry.amount_minor), 0)`,
    `select format('wallet %s has %s and entries of %s', wallet.organisation_id, wallet.balance_minor,
       coalesce(sum(entry.amount_minor), 0)) as what, $1::timestamptz as now
     from wallet left join ledger_entry entry on entry.organisation_id = wallet.organisation_id and entry.account = 'wallet'
     group by wallet.organisation_id having wallet.balance_minor <> coalesce(sum(entry.amount_minor), 0)`,
    // One charge for a period: what was taken back does not count.
    `select format('subscriber %s was charged %s times for the period of %s', charge.subscriber_id, count(*),
       charge.period_starts_at) as what, $1::timestamptz as now
     from ledger_transaction charge
     where charge.kind in ('activation', 'renewal') and charge.period_starts_at is not null and charge.subscriber_id is not null
       and not exists (select from ledger_transaction back where back.reverses_id = charge.id)
     group by charge.subscriber_id, charge.period_starts_at having count(*) > 1`,
    `select format('subscriber %s has periods %s and %s for the same time', one.subscriber_id, one.id, other.id) as what,
       $1::timestamptz as now
     from service_period one join service_period other on other.subscriber_id = one.subscriber_id and other.id > one.id
     where one.void_at is null and other.void_at is null
       and tstzrange(one.starts_at, one.ends_at) && tstzrange(other.starts_at, other.ends_at)`,
  ],
  I5: [
    // As of the last night that ran to its end: who was due then is renewed, or has a row that says why not.
    `select format('subscriber %s was due at %s and neither renewed nor listed', subscriber.id, subscriber.expires_at) as what,
       $1::timestamptz as now
     from (select max(started_at) as at from job_run where job = 'renew-due' and finished_at is not null and error is null) as night
     join subscriber on subscriber.auto_renew and subscriber.expires_at <= night.at and subscriber.updated_at < night.at
       and subscriber.expires_at > night.at - interval '1 day'
     where subscriber.enabled and subscriber.blocked_at is null and subscriber.archived_at is null
       and subscriber.activated_at is not null
       and not exists (select from renewal_failure failure where failure.subscriber_id = subscriber.id)`,
    `select format('period %s of subscriber %s should have begun at %s', period.id, period.subscriber_id, period.starts_at) as what,
       $1::timestamptz as now
     from (select max(started_at) as at from job_run where job = 'begin-periods' and finished_at is not null and error is null)
       as night
     join service_period period on period.starts_at <= night.at and period.begun_at is null and period.void_at is null`,
  ],
  I6: [
    `select format('session %s of %s began at %s, and it is %s since %s', session.id, session.username, session.started_at,
       fact.name, fact.since) as what, $1::timestamptz as now
     from ${openSessions.replace('where', `cross join ${facts} where`)}
       and session.started_at > fact.since + ${onItsWay} and not fact.garden`,
    // It began before: some order since then is on its way, flagged, or has led it into the garden.
    `select format('session %s of %s goes on although it is %s since %s, and no order says otherwise', session.id,
       session.username, fact.name, fact.since) as what, $1::timestamptz as now
     from ${openSessions.replace('where', `cross join ${facts} where`)}
       and session.started_at <= fact.since and fact.since <= $1::timestamptz
       and not exists (
         select from coa_order where coa_order.session_id = session.id and coa_order.created_at >= fact.since
           and (coa_order.state in ('waiting', 'claimed', 'timeout', 'acked', 'nacked', 'failed', 'expired')
             or (coa_order.state = 'done' and coa_order.wish = 'reapply')))`,
  ],
  I9: [
    `select format('sessions %s (%s) and %s (%s) both have %s', one.id, one.username, other.id, other.username,
       host(one.framed_ip)) as what, $1::timestamptz as now
     from session one join session other on other.framed_ip = one.framed_ip and other.id > one.id
       and other.address_space_id = one.address_space_id
     where one.ended_at is null and other.ended_at is null and one.service is null and other.service is null`,
    ...['framed_ipv6_prefix', 'delegated_ipv6_prefix'].map(
      (
        column,
      ) => `select format('sessions %s (%s) and %s (%s) both have %s', one.id, one.username, other.id, other.username,
         one.${column}) as what, $1::timestamptz as now
       from session one join session other on other.${column} = one.${column} and other.id > one.id
         and other.address_space_id = one.address_space_id
       where one.ended_at is null and other.ended_at is null and one.service is null and other.service is null`,
    ),
    // A static address belongs to its subscriber: nobody else is live on it.
    `select format('session %s of subscriber %s has %s, which is that of %s', session.id, session.subscriber_id,
       host(session.framed_ip), address.subscriber_id) as what, $1::timestamptz as now
     from session join subscriber_address address on address.kind = 'framed-ip'
       and address.address_space_id = session.address_space_id and host(address.prefix) = host(session.framed_ip)
     where session.ended_at is null and session.subscriber_id <> address.subscriber_id`,
  ],
}

/** Everything in the database that breaks a rule at this moment. */
export async function findBreaches(pool: Pool, now: Date): Promise<Breach[]> {
  const breaches: Breach[] = []
  for (const [invariant, queries] of Object.entries(rules) as [Exclude<Invariant, 'I10'>, string[]][]) {
    for (const query of queries) {
      const { rows } = await pool.query<{ what: string }>(query, [now])
      breaches.push(...rows.map(({ what }) => ({ invariant, what })))
    }
  }
  return breaches
}

/** I10: who is online by the books and who by the ledger of the NASes; what only differs in counters is not of this rule. */
export function sessionBreaches(differences: readonly Difference[]): Breach[] {
  return differences
    .filter(({ kind }) => ['missing', 'extra', 'open', 'ended'].includes(kind))
    .map(({ kind, nas, acctSessionId, username, expected, found }) => ({
      invariant: 'I10',
      what: `${kind}: ${acctSessionId} of ${username} on ${nas}: ${expected} was expected, ${found} found`,
    }))
}

/** What a story breaks on purpose: by rule, what the sentences of it have in common. */
export type Except = Partial<Record<Invariant, RegExp>>

/** Throws an error that names the breaches, but for those that the story makes on purpose. */
export function insist(breaches: readonly Breach[], except: Except = {}): void {
  const left = breaches.filter(({ invariant, what }) => except[invariant]?.test(what) !== true)
  if (left.length === 0) return
  const shown = left.slice(0, 10).map(({ invariant, what }) => `${invariant}: ${what}`)
  throw new Error(`the story ends with ${left.length} broken rules (see Isp.close):\n${shown.join('\n')}`)
}
