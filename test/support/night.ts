// What stories of a night need: many lines that renew at midnight with their sessions, and a process of its own that runs the
// renewals, to be killed or stopped in the middle of them.

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createTestClock } from '../../src/clock.ts'
import type { TestClock } from '../../src/clock.ts'
import { moneyJobs } from '../../src/jobs/money.ts'
import type { JobRunner } from '../../src/jobs/runner.ts'
import { startJobs } from '../../src/jobs/runner.ts'
import { createLogger } from '../../src/log.ts'
import { createMetrics } from '../../src/metrics.ts'
import { pricedPlan } from './money.ts'
import { noon, rowsOf } from './operator.ts'
import type { Office } from './operator.ts'

/** Midnight of the ISP, at which all lines of a night end; six hours before, they are due. */
export const midnight = new Date('2026-11-23T00:00:00Z')
export const renewalTime = new Date('2026-11-22T18:00:00Z')
const price = 2_000n

export type Night = { planId: bigint; count: number }

/**
 * Adds lines that renew by themselves, each with a payer of its own who has the price of `periods` periods, and a live session.
 * Their service ends at midnight; the ledger knows what the payers have.
 */
export async function makeNight(
  office: Office,
  input: { count: number; periods?: number; name?: string },
): Promise<Night> {
  const { count, periods = 3, name = 'night' } = input
  const planId = await pricedPlan(office, { name, priceMinor: price, graceHours: 48 })
  await rowsOf(
    office,
    `with paying as (
       insert into payer (owner_id, name, currency, balance_minor, created_at)
       select 1, $1 || n, 'EUR', $2::bigint * $3::bigint, $4 from generate_series(1, $5::integer) n returning id, name, balance_minor
     ), paid as (
       insert into ledger_transaction (at, kind, owner_id, payer_id, currency, amount_minor, balance_after_minor, author_kind,
         author_name)
       select $4, 'opening', 1, id, 'EUR', balance_minor, balance_minor, 'system', 'test' from paying where balance_minor > 0
       returning id, payer_id, amount_minor
     ), entered as (
       insert into ledger_entry (transaction_id, account, payer_id, amount_minor)
       select id, 'payer', payer_id, amount_minor from paid union all select id, 'opening', null, -amount_minor from paid
     ), line as (
       insert into subscriber (owner_id, payer_id, plan_id, username, activated_at, expires_at, grace_until, auto_renew, period_started_at,
         created_at, updated_at)
       select 1, id, $6, name, $4, $7, $7::timestamptz + interval '48 hours', true, $4, $4, $4 from paying returning id, username
     )
     insert into session (nas_id, acct_session_id, epoch, subscriber_id, username, nas_group_id, address_space_id, started_at,
       event_at, updated_at)
     select 1, username, 1, id, username, 1, 1, $4, $4, $4 from line`,
    [name, periods, price, noon, count, planId, midnight],
  )
  await rowsOf(office, 'analyze subscriber, payer, session')
  return { planId, count }
}

/** A runner of the renewals alone, at a clock of its own. */
export function startNight(
  office: Pick<Office, 'pool' | 'db' | 'keyring'>,
  options: { now?: Date; instance?: string; leaseMs?: number } = {},
): { runner: JobRunner; clock: TestClock } {
  const clock = createTestClock(options.now ?? renewalTime)
  const runner = startJobs({
    pool: office.pool,
    db: office.db,
    keyring: office.keyring,
    clock,
    jobs: moneyJobs.filter(({ name }) => name === 'renew-due'),
    log: createLogger({ level: 'silent', name: 'test' }),
    metrics: createMetrics(),
    instance: options.instance ?? 'test',
    zone: () => Promise.resolve('UTC'),
    ...(options.leaseMs === undefined ? {} : { leaseMs: options.leaseMs }),
  })
  return { runner, clock }
}

export type NightProcess = {
  child: ChildProcess
  /** How it ended. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

/** Starts a process that runs the renewals once, stopped by fail points as the configuration writes them. */
export function startNightProcess(
  office: Pick<Office, 'url' | 'keyFile'>,
  options: { failPoints?: string; leaseMs?: number } = {},
): NightProcess {
  const { failPoints = '', leaseMs = 60_000 } = options
  const child = fork(fileURLToPath(new URL('night-process.ts', import.meta.url)), [
    office.url,
    office.keyFile,
    failPoints,
    String(leaseMs),
  ])
  const ended = once(child, 'exit').then(([code, signal]: unknown[]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }))
  return { child, ended }
}

/** What every night must come to: each line has one period more, paid once, and its session lives on untouched. */
export async function countNight(office: Pick<Office, 'pool'>, { planId }: Night): Promise<Record<string, number>> {
  const [row] = await rowsOf(
    office,
    `select count(*)::integer as lines,
       count(*) filter (where expires_at = $2::timestamptz + interval '30 days')::integer as renewed,
       (select count(*) from renewal where subscriber_id in (select id from subscriber where plan_id = $1))::integer as renewals,
       (select count(*) from ledger_transaction where kind = 'renewal' and subscriber_id in
         (select id from subscriber where plan_id = $1))::integer as charges,
       (select count(*) from audit_entry where action = 'subscriber.renew' and row_id in
         (select id from subscriber where plan_id = $1))::integer as audited,
       (select count(*) from coa_order where subscriber_id in (select id from subscriber where plan_id = $1))::integer as orders,
       (select count(*) from session where ended_at is null and subscriber_id in
         (select id from subscriber where plan_id = $1))::integer as online
     from subscriber where plan_id = $1`,
    [planId, midnight],
  )
  return row as Record<string, number>
}

/** The same where all went well. */
export function wholeNight({ count }: Night): Record<string, number> {
  return { lines: count, renewed: count, renewals: count, charges: count, audited: count, orders: 0, online: count }
}
