// Address pools as operators make them: adding, changing and removing one, with a row for each of its addresses. What is in use
// is never taken away under a session.

import { sql } from 'kysely'
import { isUniqueViolation, sqlState, sqlStateOf } from '../../db/errors.ts'
import type { Db } from '../../db/schema.ts'
import { inTransaction } from '../../db/transaction.ts'
import { checkChoice, checkInteger, checkText, ConflictError, FieldError, NotFoundError } from '../field.ts'
import { readSettings } from '../setting.ts'
import { sweepLeases } from './lease-sweep.ts'
import { fullInterimS } from './live.ts'
import { parsePoolRange, poolKinds, seedsOf } from './range.ts'
import type { PoolKind, Range, Seed } from './range.ts'

export type NewIpPool = {
  name: string
  kind: string
  /** Of what is handed out: 32 for IPv4, else 16 to 64; default 64, of delegated prefixes 56. */
  prefixLength?: number | string | undefined
  /** Name; default: the space of the group, else `default`. */
  addressSpace?: string | undefined
  /** Name; none: for every group of the space. */
  nasGroup?: string | undefined
  ranges: readonly string[]
  excluded?: readonly string[] | undefined
  onExhausted?: string | undefined
  sticky?: boolean | undefined
  /** False where nobody online can have one of the addresses yet: then it hands out at once. */
  learns?: boolean | undefined
}

export type IpPoolChange = Partial<
  Pick<NewIpPool, 'name' | 'ranges' | 'excluded' | 'onExhausted' | 'sticky' | 'learns'>
>

const outcomes = ['reject', 'nas-pool'] as const

/**
 * Adds a pool with its addresses, static ones and those of live sessions noted as such. Throws FieldError, NotFoundError, or
 * ConflictError where its name or an address of it is another pool's.
 */
export async function addIpPool(db: Db, input: NewIpPool, now: Date): Promise<{ id: bigint }> {
  const kind = checkChoice('kind', input.kind, poolKinds)
  const name = checkText('name', input.name, 1, 100)
  const prefixLength = checkPrefixLength(kind, input.prefixLength)
  const onExhausted = checkChoice('on-exhausted', input.onExhausted ?? 'reject', outcomes)
  const learns = input.learns ?? true
  const parts = readRanges(input.ranges, input.excluded ?? [], { kind, prefixLength })
  return inTransaction(db, async (trx) => {
    const { spaceId, groupId } = await placeOf(trx, input)
    const row = {
      name,
      address_space_id: spaceId,
      nas_group_id: groupId,
      kind,
      prefix_length: prefixLength,
      on_exhausted: onExhausted,
      sticky: input.sticky ?? true,
      learns,
      learn_until: learns ? await learnUntil(trx, { spaceId, groupId }, now) : null,
      created_at: now,
    }
    const pool = await insertPool(trx, row)
    await writeRanges(trx, { id: pool.id, spaceId }, parts)
    await writeLeases(trx, { id: pool.id, spaceId, prefixLength }, parts.seeds)
    await sweepPool(trx, pool.id, now)
    return pool
  })
}

/**
 * Changes a pool; what is not named stays. `learns` turned on begins a new time of learning. Throws FieldError, NotFoundError, or
 * ConflictError where an address that is to go is in use.
 */
export async function changeIpPool(db: Db, input: IpPoolChange & { id: bigint }, now: Date): Promise<void> {
  await inTransaction(db, async (trx) => {
    const pool = await poolOf(trx, input.id)
    const place = { spaceId: pool.address_space_id, groupId: pool.nas_group_id }
    const changes = {
      ...(input.name === undefined ? {} : { name: checkText('name', input.name, 1, 100) }),
      ...(input.onExhausted === undefined
        ? {}
        : { on_exhausted: checkChoice('on-exhausted', input.onExhausted, outcomes) }),
      ...(input.sticky === undefined ? {} : { sticky: input.sticky }),
      ...(input.learns === undefined
        ? {}
        : { learns: input.learns, learn_until: input.learns ? await learnUntil(trx, place, now) : null }),
    }
    if (Object.keys(changes).length > 0) {
      await named(() => trx.updateTable('ip_pool').set(changes).where('id', '=', pool.id).execute())
    }
    if (input.ranges !== undefined || input.excluded !== undefined) await changeRanges(trx, pool, input, now)
  })
}

/** Removes a pool. Throws NotFoundError, or ConflictError while sessions or logins have addresses of it. */
export async function removeIpPool(db: Db, id: bigint, now: Date): Promise<void> {
  await inTransaction(db, async (trx) => {
    await poolOf(trx, id)
    await sweepPool(trx, id, now)
    const live = await countLive(trx, id, sql`true`, now)
    if (live > 0) throw new ConflictError('id', `${live} of its addresses are in use`)
    await trx.deleteFrom('ip_lease').where('pool_id', '=', id).execute()
    await trx.deleteFrom('ip_pool').where('id', '=', id).execute()
  })
}

function checkPrefixLength(kind: PoolKind, given: number | string | undefined): number {
  if (kind === 'ipv4') return checkInteger('prefix-length', given ?? 32, 32, 32)
  // RFC 3162 §2.3: what a link has; RFC 6177: what a site is given.
  return checkInteger('prefix-length', given ?? (kind === 'ipv6-prefix' ? 64 : 56), 16, 64)
}

type Parts = { ranges: Range[]; excluded: Range[]; seeds: Seed[] }

function readRanges(
  ranges: readonly string[],
  excluded: readonly string[],
  of: { kind: PoolKind; prefixLength: number },
): Parts {
  const read = (field: string) => (text: string) => parsePoolRange(field, text, of.kind, of.prefixLength)
  const parts = { ranges: ranges.map(read('ranges')), excluded: excluded.map(read('excluded')) }
  return { ...parts, seeds: seedsOf(parts.ranges, parts.excluded, of) }
}

async function placeOf(
  db: Db,
  { addressSpace, nasGroup }: Pick<NewIpPool, 'addressSpace' | 'nasGroup'>,
): Promise<{ spaceId: bigint; groupId: bigint | null }> {
  if (nasGroup === undefined) {
    const name = addressSpace ?? 'default'
    const space = await db.selectFrom('address_space').select('id').where('name', '=', name).executeTakeFirst()
    if (space === undefined) throw new NotFoundError('address space', name)
    return { spaceId: space.id, groupId: null }
  }
  const group = await db
    .selectFrom('nas_group')
    .innerJoin('address_space', 'address_space.id', 'nas_group.address_space_id')
    .select(['nas_group.id', 'address_space.id as spaceId', 'address_space.name as space'])
    .where('nas_group.name', '=', nasGroup)
    .executeTakeFirst()
  if (group === undefined) throw new NotFoundError('NAS group', nasGroup)
  if (addressSpace !== undefined && addressSpace !== group.space) {
    throw new FieldError('address-space', `the NAS group ${nasGroup} is in the space ${group.space}`)
  }
  return { spaceId: group.spaceId, groupId: group.id }
}

/** When every session on the NASes of a place has told of itself once. */
async function learnUntil(db: Db, place: { spaceId: bigint; groupId: bigint | null }, now: Date): Promise<Date> {
  const settings = await readSettings(db)
  const nases = await db
    .selectFrom('nas')
    .innerJoin('nas_group', 'nas_group.id', 'nas.nas_group_id')
    .select(['nas.settings', 'nas.observed_interval_s as observed'])
    .where('nas_group.address_space_id', '=', place.spaceId)
    .$if(place.groupId !== null, (query) => query.where('nas_group.id', '=', place.groupId!))
    .execute()
  const plans = await db
    .selectFrom('plan')
    .select(({ fn }) => fn.max('interim_interval_s').as('longest'))
    .where('archived_at', 'is', null)
    .executeTakeFirst()
  const longestOfPlans = plans?.longest ?? 0
  const alone = { settings: {}, observed: null }
  const seconds = Math.max(...[alone, ...nases].map((nas) => fullInterimS({ ...nas, longestOfPlans }, settings)))
  return new Date(now.getTime() + seconds * 1000)
}

type PoolRow = Awaited<ReturnType<typeof poolOf>>

async function poolOf(db: Db, id: bigint) {
  const pool = await db.selectFrom('ip_pool').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
  if (pool === undefined) throw new NotFoundError('address pool', String(id))
  return pool
}

async function insertPool(db: Db, row: Omit<PoolRow, 'id'>): Promise<{ id: bigint }> {
  return named(() => db.insertInto('ip_pool').values(row).returning('id').executeTakeFirstOrThrow())
}

async function named<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (!isUniqueViolation(error, 'ip_pool_name')) throw error
    throw new ConflictError('name', 'there is a pool of this name and kind there already')
  }
}

async function writeRanges(
  db: Db,
  pool: { id: bigint; spaceId: bigint },
  { ranges, excluded }: Pick<Parts, 'ranges' | 'excluded'>,
): Promise<void> {
  const rowOf = (isExcluded: boolean) => (range: Range) => ({
    pool_id: pool.id,
    address_space_id: pool.spaceId,
    ...range,
    excluded: isExcluded,
  })
  try {
    await db
      .insertInto('ip_pool_range')
      .values([...ranges.map(rowOf(false)), ...excluded.map(rowOf(true))])
      .execute()
  } catch (error) {
    if (sqlStateOf(error) !== sqlState.exclusionViolation) throw error
    throw new ConflictError('ranges', 'another pool of the address space has some of these addresses')
  }
}

/** A row for each address that has none yet, in their order, in which they are first given; the steps of all seeds are walked together. */
async function writeLeases(
  db: Db,
  pool: { id: bigint; spaceId: bigint; prefixLength: number },
  seeds: readonly Seed[],
): Promise<void> {
  await sql`
    with recursive walk as (
      select set_masklen(seed.first, ${pool.prefixLength}::integer) as address, seed.count as left
      from unnest(${seeds.map(({ first }) => first)}::inet[], ${seeds.map(({ count }) => count)}::integer[])
        as seed (first, count)
      union all
      select set_masklen(broadcast(walk.address) + 1, ${pool.prefixLength}::integer), walk.left - 1
      from walk where walk.left > 1
    )
    insert into ip_lease (address_space_id, address, pool_id)
    select ${pool.spaceId}::bigint, walk.address, ${pool.id}::bigint from walk order by walk.address
    on conflict do nothing`.execute(db)
}

async function changeRanges(
  db: Db,
  pool: PoolRow,
  input: Pick<IpPoolChange, 'ranges' | 'excluded'>,
  now: Date,
): Promise<void> {
  const before = await db.selectFrom('ip_pool_range').selectAll().where('pool_id', '=', pool.id).execute()
  const keptOf = (excluded: boolean) =>
    before.filter((range) => range.excluded === excluded).map(({ first, last }) => `${first}-${last}`)
  const of = { kind: pool.kind, prefixLength: pool.prefix_length }
  const parts = readRanges(input.ranges ?? keptOf(false), input.excluded ?? keptOf(true), of)
  const place = { id: pool.id, spaceId: pool.address_space_id, prefixLength: pool.prefix_length }
  await db.deleteFrom('ip_pool_range').where('pool_id', '=', pool.id).execute()
  await writeRanges(db, place, parts)
  await writeLeases(db, place, parts.seeds)
  await sweepPool(db, pool.id, now)
  const inside = (excluded: boolean) => sql`exists (select from ip_pool_range span
    where span.pool_id = lease.pool_id and span.excluded = ${excluded}
      and inetrange(span.first, span.last, '[]') && address_range(lease.address))`
  const gone = sql`(not ${inside(false)} or ${inside(true)})`
  const live = await countLive(db, pool.id, gone, now)
  if (live > 0) throw new ConflictError('ranges', `${live} addresses that would go are in use`)
  // In the order of all others who lock several.
  await sql`
    with leaving as materialized (
      select lease.address from ip_lease lease where lease.pool_id = ${pool.id} and ${gone}
      order by lease.address for update of lease
    )
    delete from ip_lease lease using leaving
    where lease.address_space_id = ${pool.address_space_id} and lease.address = leaving.address`.execute(db)
}

async function sweepPool(db: Db, id: bigint, now: Date): Promise<void> {
  const { address_quiet_s: quietS } = await readSettings(db)
  await sweepLeases(db, { poolIds: [id], quietS }, now)
}

/** How many addresses sessions and logins have; static ones belong to their subscribers in any case. */
async function countLive(db: Db, id: bigint, which: ReturnType<typeof sql>, now: Date): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from ip_lease lease
    where lease.pool_id = ${id} and not lease.is_static and lease.leased_until > ${now} and lease.subscriber_id is not null
      and ${which}`.execute(db)
  return rows[0]!.count
}
