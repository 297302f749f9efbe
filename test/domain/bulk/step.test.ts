import { sql } from 'kysely'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createKysely, createPool } from '../../../src/db/pool.ts'
import type { Database } from '../../../src/db/schema.ts'
import { armFailPoint } from '../../../src/fail-points.ts'
import { stopRun } from '../../../src/domain/bulk/run.ts'
import { startBulkRun, type NewBulkRun } from '../../../src/domain/bulk/start.ts'
import { workBulkRuns } from '../../../src/domain/bulk/step.ts'
import type { Author } from '../../../src/domain/author.ts'
import type { SubscriberAction } from '../../../src/domain/subscriber-action/action.ts'
import {
  addMany,
  authorLike,
  makeMarkTable,
  markActions,
  marksOf,
  outcomesOf,
  runOf,
  workAll,
} from '../../support/bulk.ts'
import { hours, noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
let ids: bigint[]
let by: Author

beforeAll(async () => {
  await makeMarkTable(office.pool)
  ids = await addMany(office.pool, 23)
  by = authorLike(office.keyring)
})
beforeEach(async () => {
  await office.pool.query('delete from bulk_mark; delete from bulk_item; delete from bulk_run')
})

const numbers = (list: readonly bigint[]): number[] => list.map(Number)

async function start(params: NewBulkRun['params'] = {}, author = by, target = ids): Promise<bigint> {
  const input = { action: 'mark', params, target: { ids: numbers(target) } }
  return (await startBulkRun(office.db, input, author, noon, markActions)).run.id
}

const work = (options: Parameters<typeof workAll>[2] = {}) => workAll(office.db, office.keyring, options)

describe('a bulk run', () => {
  it('does its action once upon everybody, in chunks, and says how it went', async () => {
    const runId = await start()
    expect(await runOf(office.db, runId)).toMatchObject({ state: 'waiting', total: 23, worked_position: 0 })
    await work({ turns: 1 })
    expect(await runOf(office.db, runId)).toMatchObject({
      state: 'running',
      worked_position: 5,
      done: 5,
      started_at: noon,
    })
    expect(await work({ now: hours(1) })).toEqual([])
    expect(await runOf(office.db, runId)).toMatchObject({
      state: 'done',
      done: 23,
      unchanged: 0,
      refused: 0,
      failed: 0,
      finished_at: hours(1),
      error: null,
    })
    expect(await marksOf(office.pool)).toEqual(new Map(ids.map((id) => [id, 1])))
    expect(await outcomesOf(office.db, runId)).toEqual(ids.map(() => 'done'))
  })

  it('keeps a result for each, with what would undo it, and ids as text', async () => {
    const runId = await start({ word: 'blue', refuse: [Number(ids[3])] })
    await work()
    const rows = await rowsOf(
      office,
      `select outcome, reason, detail, undo, revealed from bulk_item where run_id = $1 and position in (3, 4) order by position`,
      [runId],
    )
    expect(rows).toEqual([
      {
        outcome: 'done',
        reason: null,
        detail: { word: 'blue', id: String(ids[2]) },
        undo: { action: 'unmark', params: { word: 'blue' } },
        revealed: null,
      },
      { outcome: 'refused', reason: 'it will not', detail: null, undo: null, revealed: null },
    ])
    expect(await runOf(office.db, runId)).toMatchObject({ state: 'done', done: 22, refused: 1 })
  })

  it('writes the audit entries of its deeds in the name of its author and under the request that began it', async () => {
    const operator = await addOperator('super-administrator')
    const author = { ...authorLike(office.keyring, { operatorId: operator }), name: 'eve', requestId: 'r-1' }
    await start({}, author, ids.slice(0, 2))
    await work()
    const rows = await rowsOf(
      office,
      `select action, noun, operator_id, author_name from audit_entry where request_id = 'r-1' order by id`,
    )
    const entry = { operator_id: operator, author_name: 'eve' }
    expect(rows).toEqual([
      { action: 'bulk-run.create', noun: 'bulk-run', ...entry },
      { action: 'subscriber.mark', noun: 'subscriber', ...entry },
      { action: 'subscriber.mark', noun: 'subscriber', ...entry },
    ])
  })

  it('lets runs take turns, so that a short one does not wait for a long one', async () => {
    const [long, short] = [await start(), await start({}, by, ids.slice(0, 4))]
    await work({ turns: 1, now: noon })
    await work({ turns: 1, now: hours(1) })
    expect(await runOf(office.db, short)).toMatchObject({ state: 'done' })
    expect(await runOf(office.db, long)).toMatchObject({ state: 'running', done: 5 })
  })

  it('fails with the sentence when what it is told is wrong for all', async () => {
    const runId = await start({ wrong: true })
    await work()
    expect(await runOf(office.db, runId)).toMatchObject({
      state: 'failed',
      error: 'word: cannot be',
      worked_position: 0,
    })
    expect(await marksOf(office.pool)).toEqual(new Map())
  })

  it('fails when a release without its action goes on with it', async () => {
    const runId = await start()
    await work({ actions: () => undefined })
    expect(await runOf(office.db, runId)).toMatchObject({ state: 'failed', error: 'there is no action "mark"' })
  })

  it('counts as failed upon whom its action said nothing', async () => {
    const target = { ids: numbers(ids.slice(0, 2)) }
    const { run } = await startBulkRun(office.db, { action: 'silent', params: {}, target }, by, noon, markActions)
    await work()
    expect(await runOf(office.db, run.id)).toMatchObject({ state: 'done', failed: 2 })
  })
})

describe('a poison row', () => {
  it('fails alone; the others of its chunk are done once', async () => {
    const poison = ids[7]!
    const runId = await start({ poison: [Number(poison)] })
    const errors = await work()
    expect(errors.map(({ error }) => String(error))).toContain('Error: an index is broken')
    expect(errors.flatMap(({ subscriberId }) => subscriberId ?? [])).toEqual([poison])
    expect(await runOf(office.db, runId)).toMatchObject({ state: 'done', done: 22, failed: 1 })
    expect(await marksOf(office.pool)).toEqual(new Map(ids.filter((id) => id !== poison).map((id) => [id, 1])))
    const [item] = await rowsOf(office, `select reason from bulk_item where run_id = $1 and outcome = 'failed'`, [
      runId,
    ])
    expect(item!.reason).toBe('something went wrong on our side: the log of the server says what')
  })

  it('that somebody else holds for too long fails with a sentence that says so', async () => {
    const held = ids[1]!
    const client = await office.pool.connect()
    try {
      await client.query('begin')
      await client.query('select 1 from subscriber where id = $1 for update', [held])
      const target = { ids: numbers(ids.slice(0, 3)) }
      const lock = {
        ...markActions('mark')!,
        run: async (db: Parameters<typeof workBulkRuns>[0], input: { subscriberIds: readonly bigint[] }) => {
          await db.selectFrom('subscriber').select('id').where('id', 'in', input.subscriberIds).forUpdate().execute()
          return input.subscriberIds.map((subscriberId) => ({ subscriberId, kind: 'done' as const }))
        },
      }
      const { run } = await startBulkRun(office.db, { action: 'mark', params: {}, target }, by, noon, markActions)
      expect(await work({ actions: () => lock })).toHaveLength(1)
      expect(await outcomesOf(office.db, run.id)).toEqual(['done', 'failed', 'done'])
      const [item] = await rowsOf(office, `select reason from bulk_item where run_id = $1 and position = 2`, [run.id])
      expect(item!.reason).toBe('somebody else was changing it: try again')
    } finally {
      await client.query('rollback')
      client.release()
    }
  })
})

describe('two workers', () => {
  it('never do the same twice', async () => {
    const runs = [await start(), await start({ word: 'two' }), await start({ word: 'three' }, by, ids.slice(0, 7))]
    const pools = [1, 2, 3].map((at) => createPool(office.url, { name: `worker ${at}`, max: 1 }))
    try {
      await Promise.all(
        pools.map((pool) => workAll(createKysely<Database>(pool), office.keyring, { actions: markActions })),
      )
      // Whoever found everything in other hands has gone home: what is left is done by who comes next.
      await work()
    } finally {
      await Promise.all(pools.map((pool) => pool.end()))
    }
    const { rows } = await office.pool.query<{ most: number; all: number }>(
      `select max(count)::int as most, sum(count)::int as all
       from (select count(*) as count from bulk_mark group by subscriber_id, word) marks`,
    )
    expect(rows).toEqual([{ most: 1, all: 23 + 23 + 7 }])
    for (const id of runs) expect(await runOf(office.db, id)).toMatchObject({ state: 'done' })
  })

  it('leave a run alone that another is busy with', async () => {
    const runId = await start()
    const disarm = armFailPoint('bulk_acted', 'pause')
    const other = createPool(office.url, { name: 'other worker', max: 1 })
    try {
      const held = work({ turns: 1 })
      await lockTaken()
      const options = { keyring: office.keyring, largestChunk: 500, onError: () => undefined, actions: markActions }
      expect(await workBulkRuns(createKysely<Database>(other), options, noon)).toEqual({ kind: 'idle' })
      disarm()
      await held
    } finally {
      disarm()
      await other.end()
    }
    expect(await runOf(office.db, runId)).toMatchObject({ done: 5 })
  })
})

/** Resolves when somebody holds the lock of a run. */
async function lockTaken(): Promise<void> {
  for (;;) {
    const rows = await rowsOf(
      office,
      `select 1 from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
    )
    if (rows.length > 0) return
  }
}

describe('a run that is asked to stop', () => {
  it('stops with the chunk under way, without waiting for it, and keeps what was done', async () => {
    const runId = await start()
    await work({ turns: 1 })
    const disarm = armFailPoint('bulk_acted', 'pause')
    const held = work({ turns: 1 })
    await lockTaken()
    // The chunk is held in the middle: asking does not wait for it.
    await stopRun(office.db, runId, by, hours(1), markActions)
    disarm()
    await held
    await work({ now: hours(1) })
    expect(await runOf(office.db, runId)).toMatchObject({
      state: 'stopped',
      stop_requested_at: hours(1),
      done: 10,
      worked_position: 10,
      error: null,
    })
    expect((await marksOf(office.pool)).size).toBe(10)
  })

  it('stops before it has begun', async () => {
    const runId = await start()
    await stopRun(office.db, runId, by, noon, markActions)
    await work()
    expect(await runOf(office.db, runId)).toMatchObject({ state: 'stopped', done: 0 })
  })
})

async function addOperator(role: string, organisationId = 1n): Promise<bigint> {
  const [row] = await rowsOf(
    office,
    `insert into operator (organisation_id, role_id, name, email, created_at, updated_at)
     select $2, role.id, 'Eve', 'eve' || nextval('operator_id_seq') || '@example.net', $3, $3 from role where role.name = $1
     returning id`,
    [role, organisationId, noon],
  )
  return row!.id as bigint
}

describe('the author of a run', () => {
  const cases: [string, string, string][] = [
    ['is disabled', 'update operator set enabled = false where id = $1', 'its author is no longer in service'],
    ['is deleted', 'update operator set archived_at = now() where id = $1', 'its author is no longer in service'],
    [
      'loses the permission',
      `update operator set role_id = (select id from role where name = 'viewer') where id = $1`,
      'its author may no longer do this: it needs subscriber.block',
    ],
  ]
  it.each(cases)('who %s in mid-run does nothing more', async (_what, change, error) => {
    const operatorId = await addOperator('support')
    const runId = await start({}, authorLike(office.keyring, { operatorId }))
    await work({ turns: 2 })
    await office.pool.query(change, [operatorId])
    await work()
    expect(await runOf(office.db, runId)).toMatchObject({ state: 'stopped', done: 10, error })
    expect((await marksOf(office.pool)).size).toBe(10)
  })

  it('does no more than it might when it began, whatever it may now', async () => {
    const operatorId = await addOperator('super-administrator')
    const author = authorLike(office.keyring, { operatorId, permissions: ['subscriber.block'] })
    const runId = await start({}, author)
    await office.pool.query(`update bulk_run set permissions = '{subscriber.read}' where id = $1`, [runId])
    await work()
    expect(await runOf(office.db, runId)).toMatchObject({ state: 'stopped', done: 0 })
  })

  it('who moved to another organisation does nothing more', async () => {
    const [one, two] = [await addReseller('North'), await addReseller('South')]
    const operatorId = await addOperator('reseller', one)
    const own = await addMany(office.pool, 3, { name: 'north', ownerId: one })
    const runId = await start({}, authorLike(office.keyring, { operatorId, scope: { ownerId: one } }), own)
    await office.pool.query('update operator set organisation_id = $2 where id = $1', [operatorId, two])
    await work()
    expect(await runOf(office.db, runId)).toMatchObject({
      state: 'stopped',
      error: 'its author belongs to another organisation now',
    })
  })

  it('whose API token is revoked does nothing more', async () => {
    const operatorId = await addOperator('support')
    const [token] = await rowsOf(
      office,
      `insert into api_token (operator_id, name, prefix, token_hash, permissions, created_at, expires_at)
       values ($1, 'crm', 'gh', '\\x00', '{subscriber.block}', $2, $2::timestamptz + interval '1 year') returning id`,
      [operatorId, noon],
    )
    const input = { action: 'mark', params: {}, target: { ids: numbers(ids) }, tokenId: token!.id as bigint }
    const author = authorLike(office.keyring, { operatorId })
    const { run } = await startBulkRun(office.db, input, author, noon, markActions)
    await work({ turns: 1 })
    await office.pool.query('update api_token set revoked_at = now() where id = $1', [token!.id])
    await work()
    expect(await runOf(office.db, run.id)).toMatchObject({ state: 'stopped', done: 5 })
  })
})

async function addReseller(name: string): Promise<bigint> {
  const [row] = await rowsOf(
    office,
    `insert into organisation (kind, name, parent_id) values ('reseller', $1, 1) returning id`,
    [name],
  )
  return row!.id as bigint
}

describe('the deeds of a reseller', () => {
  it('are done behind row level security, their results are not', async () => {
    const owner = await addReseller('Fenced')
    const operatorId = await addOperator('reseller', owner)
    const own = await addMany(office.pool, 3, { name: 'fenced', ownerId: owner })
    const runId = await start({}, authorLike(office.keyring, { operatorId, scope: { ownerId: owner } }), own)
    const looking: SubscriberAction = {
      ...markActions('mark')!,
      run: async (db, { subscriberIds }) => {
        const { rows } = await sql<{ seen: bigint; role: string }>`
          select count(*) as seen, current_setting('role') as role from subscriber`.execute(db)
        return subscriberIds.map((subscriberId) => ({ subscriberId, kind: 'done', detail: rows[0]! }))
      },
    }
    expect(await work({ actions: () => looking })).toEqual([])
    const items = await rowsOf(office, 'select detail from bulk_item where run_id = $1', [runId])
    expect(items).toEqual(own.map(() => ({ detail: { seen: '3', role: 'gatehouse_reseller' } })))
    // The connection is as it was.
    expect(await rowsOf(office, `select current_setting('role') as role`)).toEqual([{ role: 'none' }])
  })
})

describe('subscribers that left the reach of the author', () => {
  it('are refused, and nothing is done upon them', async () => {
    const owner = await addReseller('East')
    const operatorId = await addOperator('reseller', owner)
    const own = await addMany(office.pool, 4, { name: 'east', ownerId: owner })
    const runId = await start({}, authorLike(office.keyring, { operatorId, scope: { ownerId: owner } }), own)
    await office.pool.query('update subscriber set owner_id = 1 where id = $1', [own[2]])
    await work()
    expect(await outcomesOf(office.db, runId)).toEqual(['done', 'done', 'refused', 'done'])
    expect(await runOf(office.db, runId)).toMatchObject({ state: 'done', done: 3, refused: 1 })
    expect([...(await marksOf(office.pool)).keys()]).toEqual([own[0], own[1], own[3]])
  })

  it('are refused when a team narrowed the author meanwhile', async () => {
    const operatorId = await addOperator('support')
    const own = await addMany(office.pool, 2, { name: 'hill', zone: 'hill' })
    const runId = await start({}, authorLike(office.keyring, { operatorId }), [ids[0]!, ...own])
    const [team] = await rowsOf(office, `insert into team (name, zones) values ('hill', '{hill}') returning id`)
    await office.pool.query('update operator set team_id = $2 where id = $1', [operatorId, team!.id])
    await work()
    expect(await outcomesOf(office.db, runId)).toEqual(['refused', 'done', 'done'])
  })
})
