// The grid of two instances: which of them, what happens to it, and in what moment. 72 cells, of which twelve are drawn by a seed so
// that every fault and every moment comes twice and each instance six times; drawn anew, other pairs meet.
import { mkdtempSync, copyFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/clock.ts'
import { migrate, migrationsDirectory } from '../../src/db/migrate.ts'
import { createKysely } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import { askForRun } from '../../src/domain/job-ask.ts'
import { findAction } from '../../src/domain/subscriber-action/list.ts'
import { createRandom } from '../../src/simulator/random.ts'
import { poll } from './cluster.ts'
import { tryLogins, type LoginTally } from './fault-world.ts'
import { instanceFaults, pass, strike, type InstanceFault, type TwoInstances } from './two-instances.ts'

export const moments = ['idle', 'logins', 'accounting', 'nightly job', 'bulk orders', 'migration'] as const
export type Moment = (typeof moments)[number]
export type Cell = { readonly role: 'a' | 'b'; readonly fault: InstanceFault; readonly moment: Moment }

/** All 72. */
export function allCells(): Cell[] {
  return (['a', 'b'] as const).flatMap((role) =>
    instanceFaults.flatMap((fault) => moments.map((moment) => ({ role, fault, moment }))),
  )
}

/** Twelve of them. */
export function drawCells(seed: string): Cell[] {
  const random = createRandom(`${seed}/grid`)
  const shuffled = <T>(list: readonly T[]): T[] => {
    const rest = [...list]
    return list.map(() => rest.splice(random.integer(rest.length), 1)[0]!)
  }
  return (['a', 'b'] as const).flatMap((role) => {
    const drawn = shuffled(moments)
    return shuffled(instanceFaults).map((fault, at) => ({ role, fault, moment: drawn[at]! }))
  })
}

export type CellFigures = { readonly logins: LoginTally; readonly wholeMs: number }

const guestCount = 40

/** One cell: the moment begins, the fault lasts for so long while others log in, and all is whole again. Throws what is broken. */
export async function runCell(two: TwoInstances, cell: Cell, seconds: number): Promise<CellFigures> {
  const rejected = two.rejected()
  const end = await begin(two, cell)
  await pass(200)
  const heal = strike(two[cell.role], cell.fault)
  const logins = await tryLogins({ door: two.doors.both }, { perSecond: 10, seconds, guests: guestCount })
  const healed = performance.now()
  await heal()
  await end()
  await two.whole()
  const { right, wrong, unknown } = logins
  const lost = [right.rejected, right.timeout, right['wrong-proof'], wrong.online, unknown.online]
  if (lost.some((count) => count > 0)) throw new Error(`logins went wrong: ${JSON.stringify(logins)}`)
  const refused = two.rejected() - rejected - wrong.rejected - unknown.rejected
  if (refused > 0) throw new Error(`${refused} logins of the fleet were rejected`)
  return { logins, wholeMs: performance.now() - healed }
}

/** Begins what belongs to a moment; gives back how it ends, with what must have come of it. */
async function begin(two: TwoInstances, { moment }: Cell): Promise<() => Promise<void>> {
  const { fleet } = two
  switch (moment) {
    case 'idle':
      return async () => undefined
    case 'logins':
      return fleet.load({ pauseMs: 5, churn: 1 })
    case 'accounting':
      return fleet.load({ pauseMs: 0 })
    case 'nightly job':
      return beginNight(two)
    case 'bulk orders':
      return beginOrders(two)
    case 'migration':
      return beginMigration(two)
  }
}

let made = 0

/** Lines that end within the hour, and a run of the renewals that either instance may take: each is renewed once. */
async function beginNight({ postgres: { pool }, keyring }: TwoInstances): Promise<() => Promise<void>> {
  const name = `night.${(made += 1)}.`
  const count = 300
  await pool.query(
    `with priced as (
       insert into plan (name, down_bps, up_bps, validity, validity_unit, price_minor, currency, created_at)
       values ($1, 50000000, 20000000, 30, 'days', 2000, 'EUR', now()) returning id
     ), paying as (
       insert into payer (owner_id, name, currency, balance_minor, created_at)
       select 1, $1 || n, 'EUR', 6000, now() from generate_series(1, $2::integer) n returning id, name, balance_minor
     ), paid as (
       insert into ledger_transaction (at, kind, owner_id, payer_id, currency, amount_minor, balance_after_minor, author_kind,
         author_name)
       select now(), 'opening', 1, id, 'EUR', balance_minor, balance_minor, 'system', 'test' from paying
       returning id, payer_id, amount_minor
     ), entered as (
       insert into ledger_entry (transaction_id, account, payer_id, amount_minor)
       select id, 'payer', payer_id, amount_minor from paid union all select id, 'opening', null, -amount_minor from paid
     )
     insert into subscriber (owner_id, payer_id, plan_id, username, activated_at, expires_at, auto_renew, period_started_at,
       created_at, updated_at)
     select 1, paying.id, priced.id, paying.name, now(), now() + interval '1 hour', true, now() - interval '30 days', now(), now()
     from paying cross join priced`,
    [name, count],
  )
  const run = { job: 'renew-due', zone: 'UTC' }
  await askForRun(createKysely<Database>(pool), run, ownAuthor('system', 'test', keyring), systemClock.now())
  const counted = async (): Promise<{ renewed: number; charges: number }> => {
    const { rows } = await pool.query<{ renewed: number; charges: number }>(
      `select count(*) filter (where expires_at > now() + interval '20 days')::int as renewed,
         (select count(*)::int from ledger_transaction charge join subscriber on subscriber.id = charge.subscriber_id
            where charge.kind = 'renewal' and starts_with(username, $1)) as charges
       from subscriber where plan_id = (select id from plan where name = $1)`,
      [name],
    )
    return rows[0]!
  }
  return async () => {
    // An instance that is gone holds its run until its lease is over, for a minute, and it is taken over at the next full minute.
    await poll(async () => (await counted()).renewed === count, 180_000, 'the night is not renewed')
    const { charges } = await counted()
    if (charges !== count) throw new Error(`${count} lines were charged ${charges} times`)
  }
}

/** Everybody is told to go, by orders that either instance may deliver, and dials anew. */
async function beginOrders({ postgres: { pool }, keyring, fleet }: TwoInstances): Promise<() => Promise<void>> {
  const db = createKysely<Database>(pool)
  const disconnect = findAction('disconnect')!
  const { rows } = await pool.query<{ id: bigint }>(`select id from subscriber where starts_with(username, 'sub')`)
  const input = { subscriberIds: rows.map(({ id }) => id), params: disconnect.params.parse({}) }
  const by = ownAuthor('system', 'test', keyring)
  const before = new Set(fleet.nases.flatMap((nas) => nas.sessions()))
  await disconnect.run(db, input, by, systemClock.now())
  const end = fleet.load({ pauseMs: 50 })
  return async () => {
    const gone = async (): Promise<boolean> => [...before].every(({ endedBy }) => endedBy !== undefined)
    await poll(gone, 60_000, 'not everybody was disconnected')
    await end()
  }
}

/** A later release expands the schema while both work. */
async function beginMigration({ postgres }: TwoInstances): Promise<() => Promise<void>> {
  const number = 9000 + (made += 1)
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-migrations-'))
  for (const file of readdirSync(migrationsDirectory))
    copyFileSync(join(migrationsDirectory, file), join(directory, file))
  const { rows } = await postgres.pool.query<{ name: string }>(
    `select name from schema_migration where name > '9' order by name`,
  )
  const lead = '-- oldest release that may run on it: 0.1.0\n'
  for (const { name } of rows) writeFileSync(join(directory, `${name}.sql`), `${lead}select 1;`)
  const name = `later_${number}`
  const text = `create table ${name} (id bigint primary key); alter table subscriber add column ${name} text;
    alter table session add column ${name} text; select fence();`
  writeFileSync(join(directory, `${number}_${name}.sql`), `${lead}${text}`)
  const migrating = migrate(postgres.url, { directory }).finally(() => rmSync(directory, { recursive: true }))
  migrating.catch(() => undefined)
  return async () => {
    const applied = await migrating
    if (applied.length !== 1) throw new Error(`applied: ${applied.join(' ')}`)
  }
}
