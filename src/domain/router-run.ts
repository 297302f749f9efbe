// Runs on routers: what is to be read or done there is asked for by a row, carried out by the jobs process, and the result is in
// the row. A run is claimed for a while: one whose carrier died is due again, but not for ever.

import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { Pool } from '../db/pool.ts'
import type { RouterRunTable } from '../db/schema-routers.ts'
import type { Db } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'
import { writeAudit } from './audit/audit.ts'
import type { Author } from './author.ts'
import { ConflictError, FieldError, NotFoundError } from './field.ts'
import { nasGroupInScope } from './scope.ts'
import type { Scope } from './scope.ts'

/** `doctor` needs no access to the router; the others read it, and `disconnect` and `reconcile` may end something there. */
export const routerRunKinds = ['doctor', 'sessions', 'reconcile', 'disconnect'] as const
export type RouterRunKind = (typeof routerRunKinds)[number]

export const routerRunStates = ['waiting', 'running', 'done', 'failed'] as const

/** NOTIFY when there is a new run. */
export const routerRunChannel = 'router_run'

/** So many carriers may die over a run. */
const mostAttempts = 3

/** What a run is asked for beside its kind. */
export type RouterRunParams = {
  /** Of `disconnect` and `counters` (which nobody asks for by hand, see enforcement/ask-readings.ts): which session. */
  readonly session_id?: string
  /** Of `counters`: the direction in which they are believed. */
  readonly way?: 'down' | 'up'
}

export type RouterRun = Omit<Selectable<RouterRunTable>, 'person_ids' | 'attempts' | 'claimed_by' | 'lease_until'> & {
  nas: string
}

/**
 * Asks for a run on the router of a NAS, with its audit entry. Throws NotFoundError (the NAS or the session), FieldError where a
 * session is missing or one too many or the author sees some subscribers only, or ConflictError where nobody gave us access.
 */
export async function askRun(
  db: Db,
  input: { nas: string; kind: RouterRunKind; sessionId?: bigint | undefined },
  by: Author,
  now: Date,
): Promise<RouterRun> {
  const { nas: name, kind, sessionId } = input
  if ((kind === 'disconnect') !== (sessionId !== undefined)) {
    throw new FieldError('session-id', kind === 'disconnect' ? 'says which session' : `is not for ${kind}`)
  }
  return inTransaction(db, async (trx) => {
    const nas = await readTarget(trx, name, by.scope)
    if (!nas.hasRouter && kind !== 'doctor') {
      throw new ConflictError('router', `nobody gave us access to the router of ${name}`)
    }
    if (sessionId !== undefined) await checkSession(trx, nas.id, sessionId)
    const params: RouterRunParams = sessionId === undefined ? {} : { session_id: String(sessionId) }
    const row = await trx
      .insertInto('router_run')
      .values({
        nas_id: nas.id,
        kind,
        params: JSON.stringify(params),
        author_kind: by.kind,
        operator_id: by.operatorId,
        author_name: by.name,
        created_at: now,
        due_at: now,
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    const after = { nas: name, kind, ...params }
    await writeAudit(trx, { action: 'router-run.ask', noun: 'router-run', rowId: row.id, after }, by, now)
    return readRun(trx, row.id, by.scope)
  })
}

async function readTarget(db: Db, name: string, scope: Scope): Promise<{ id: bigint; hasRouter: boolean }> {
  refuseNarrow(scope)
  const { rows } = await sql<{ id: bigint; hasRouter: boolean }>`
    select nas.id, exists (select from nas_router where nas_router.nas_id = nas.id) as "hasRouter"
    from nas where nas.name = ${name} and ${nasGroupInScope(scope, 'nas.nas_group_id')}`.execute(db)
  const nas = rows[0]
  if (nas === undefined) throw new NotFoundError('NAS', name)
  return nas
}

/** A router tells of everybody on it. */
function refuseNarrow({ zones, ownerId }: Scope): void {
  if (zones === undefined && ownerId === undefined) return
  throw new FieldError('nas', 'its router tells of all subscribers, and you see some of them only')
}

async function checkSession(db: Db, nasId: bigint, sessionId: bigint): Promise<void> {
  const session = await db
    .selectFrom('session')
    .select('service')
    .where('id', '=', sessionId)
    .where('nas_id', '=', nasId)
    .executeTakeFirst()
  if (session === undefined) throw new NotFoundError('session of this NAS', String(sessionId))
  if (session.service !== null) throw new ConflictError('session-id', 'is a service: it ends with its session')
}

/**
 * Asks for a run of this kind on each of these NASes, unless one waits or runs there already: of what runs by itself, which needs
 * no audit entry. They become due one after the other over `spreadMs`. Returns how many.
 */
export async function askRegularRuns(
  pool: Pool,
  input: { kind: RouterRunKind; nasIds: readonly bigint[]; author: string; spreadMs: number },
  now: Date,
): Promise<number> {
  const { kind, nasIds, author, spreadMs } = input
  const stepS = spreadMs / 1_000 / Math.max(1, nasIds.length)
  const { rowCount } = await pool.query(
    `insert into router_run (nas_id, kind, author_kind, author_name, created_at, due_at)
     select asked.nas_id, $2, 'system', $3, $4, $4::timestamptz + make_interval(secs => (asked.place - 1) * $5::float8)
     from unnest($1::bigint[]) with ordinality as asked (nas_id, place)
     where exists (select from nas where nas.id = asked.nas_id)
       and not exists (select from router_run one where one.nas_id = asked.nas_id and one.kind = $2
         and one.state in ('waiting', 'running'))`,
    [`{${nasIds.join(',')}}`, kind, author, now, stepS],
  )
  return rowCount ?? 0
}

export type ClaimedRun = {
  readonly id: bigint
  readonly nasId: bigint
  readonly kind: string
  readonly params: RouterRunParams
  /** This one counted. */
  readonly attempts: number
}

/** Takes up to `most` due runs until `until`, those that people wait for first, then the longest due; what somebody else takes at this moment is left. */
export async function claimRuns(
  pool: Pool,
  input: { most: number; instance: string; until: Date },
  now: Date,
): Promise<ClaimedRun[]> {
  await pool.query({
    name: 'give-up-router-runs',
    text: `update router_run set state = 'failed', finished_at = $1, claimed_by = null, lease_until = null,
        error = 'who carried it out died over it again and again'
      where state = 'running' and lease_until <= $1 and attempts >= ${mostAttempts}`,
    values: [now],
  })
  const { rows } = await pool.query<ClaimedRun>({
    name: 'claim-router-runs',
    text: `update router_run set state = 'running', claimed_by = $2, lease_until = $3, attempts = attempts + 1,
        started_at = $4
      where id in (
        select id from router_run
        where (state = 'waiting' and due_at <= $4) or (state = 'running' and lease_until <= $4)
        order by author_kind = 'system', due_at, id limit $1 for update skip locked
      )
      returning id, nas_id as "nasId", kind, params, attempts`,
    values: [input.most, input.instance, input.until, now],
  })
  return rows
}

/** Keeps claimed runs for longer: whoever carries them out is alive. */
export async function keepRuns(pool: Pool, runs: readonly ClaimedRun[], until: Date): Promise<void> {
  await pool.query({
    name: 'keep-router-runs',
    text: `update router_run set lease_until = $3 from unnest($1::bigint[], $2::integer[]) as mine (id, attempts)
      where router_run.id = mine.id and router_run.attempts = mine.attempts and router_run.state = 'running'`,
    values: [`{${runs.map(({ id }) => id).join(',')}}`, `{${runs.map(({ attempts }) => attempts).join(',')}}`, until],
  })
}

/** What came of a run. */
export type RouterRunOutcome =
  /** `personIds`: of which subscribers the result says something, so that a purge finds it. */
  | { readonly kind: 'done'; readonly result: unknown; readonly personIds: readonly bigint[] }
  | { readonly kind: 'failed'; readonly error: string }

/** Writes what came of a run, if it is still this carrier's. False: somebody else has taken it over. */
export async function finishRun(pool: Pool, run: ClaimedRun, outcome: RouterRunOutcome, now: Date): Promise<boolean> {
  const done = outcome.kind === 'done'
  const { rowCount } = await pool.query({
    name: 'finish-router-run',
    text: `update router_run set state = $3, result = $4, person_ids = $5, error = $6, finished_at = $7, claimed_by = null,
        lease_until = null
      where id = $1 and attempts = $2 and state = 'running'`,
    values: [
      run.id,
      run.attempts,
      outcome.kind,
      done ? JSON.stringify(outcome.result, storable) : null,
      done ? `{${[...new Set(outcome.personIds)].join(',')}}` : '{}',
      done ? null : storable('', outcome.error),
      now,
    ],
  })
  return rowCount === 1
}

/** What a router says may be anything; Postgres keeps neither NUL nor half a character. */
function storable(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\ufffd') : value
}

/** Gives back what was not carried out because the process ends. */
export async function releaseRun(pool: Pool, run: ClaimedRun): Promise<void> {
  await pool.query({
    name: 'release-router-run',
    text: `update router_run set state = 'waiting', attempts = attempts - 1, started_at = null, claimed_by = null,
        lease_until = null
      where id = $1 and attempts = $2 and state = 'running'`,
    values: [run.id, run.attempts],
  })
}

const shownColumns = [
  'router_run.id',
  'router_run.nas_id',
  'nas.name as nas',
  'router_run.kind',
  'router_run.params',
  'router_run.author_kind',
  'router_run.operator_id',
  'router_run.author_name',
  'router_run.state',
  'router_run.error',
  'router_run.created_at',
  'router_run.due_at',
  'router_run.started_at',
  'router_run.finished_at',
] as const

/** A run with its result. Throws NotFoundError, or FieldError where the author sees some subscribers only. */
export async function readRun(db: Db, id: bigint, scope: Scope): Promise<RouterRun> {
  refuseNarrow(scope)
  const run = await db
    .selectFrom('router_run')
    .innerJoin('nas', 'nas.id', 'router_run.nas_id')
    .select([...shownColumns, 'router_run.result'])
    .where('router_run.id', '=', id)
    .where(nasGroupInScope(scope, 'nas.nas_group_id'))
    .executeTakeFirst()
  if (run === undefined) throw new NotFoundError('router run', String(id))
  return run
}

/** A page of the runs of a NAS, newest first, without their results. Throws as readRun. */
export async function listRuns(
  db: Db,
  input: { nas: string; kind?: RouterRunKind | undefined; before?: bigint | undefined; limit: number },
  scope: Scope,
): Promise<Omit<RouterRun, 'result'>[]> {
  const nas = await readTarget(db, input.nas, scope)
  let query = db
    .selectFrom('router_run')
    .innerJoin('nas', 'nas.id', 'router_run.nas_id')
    .select(shownColumns)
    .where('router_run.nas_id', '=', nas.id)
  if (input.kind !== undefined) query = query.where('router_run.kind', '=', input.kind)
  if (input.before !== undefined) query = query.where('router_run.id', '<', input.before)
  return query.orderBy('router_run.id', 'desc').limit(input.limit).execute()
}
