// Address pools that we hand out of: their ranges, how full they are, and their addresses one by one.

import { z } from 'zod'
import type { Db } from '../../db/schema.ts'
import { writeAudit } from '../../domain/audit/audit.ts'
import { auditedChange } from '../../domain/audit/audited-change.ts'
import { withoutUndefined } from '../../domain/field.ts'
import { leaseStates, listLeases, releaseLease } from '../../domain/ip-pool/addresses.ts'
import type { LeaseShown } from '../../domain/ip-pool/addresses.ts'
import { addIpPool, changeIpPool, removeIpPool } from '../../domain/ip-pool/pool.ts'
import { poolKinds } from '../../domain/ip-pool/range.ts'
import { listIpPools, showIpPool } from '../../domain/ip-pool/usage.ts'
import type { IpPoolShown } from '../../domain/ip-pool/usage.ts'
import { nextCursor, readCursor } from '../cursor.ts'
import { route } from '../route.ts'
import { byId, idOut, instantOut, isoOrNull, nothing, pageOf, pageQuery } from '../schemas.ts'

const poolOut = z
  .strictObject({
    id: idOut,
    name: z.string(),
    kind: z.enum(poolKinds),
    prefix_length: z.int().meta({ description: 'Of what is handed out' }),
    address_space: z.string(),
    nas_group: z.string().nullable().meta({ description: 'Null: for every group of the space' }),
    ranges: z.array(z.string()),
    excluded: z.array(z.string()),
    on_exhausted: z.enum(['reject', 'nas-pool']),
    sticky: z.boolean(),
    learns: z.boolean(),
    learn_until: instantOut.nullable().meta({ description: 'Until then nothing is handed out; null: it hands out' }),
    created_at: instantOut,
    total: z.int(),
    used: z.int().meta({ description: 'By live sessions' }),
    held: z.int().meta({ description: 'By logins that have no session yet, and for a while after sessions' }),
    static: z.int().meta({ description: "Subscribers' own" }),
    free: z.int(),
  })
  .meta({ id: 'IpPool' })

const range = z.string().max(100).meta({ description: '10.0.0.0/24, 10.0.0.5-10.0.0.9 or one address' })
const fields = {
  excluded: z.array(range).max(1_000).optional(),
  on_exhausted: z
    .string()
    .max(20)
    .optional()
    .meta({ description: 'reject, or nas-pool: the NAS takes one of its own' }),
  sticky: z.boolean().optional().meta({ description: 'Whether a line gets again what it had last' }),
  learns: z
    .boolean()
    .optional()
    .meta({ description: 'Whether it first looks, for a whole interim interval, which addresses are in use' }),
}

const leaseOut = z
  .strictObject({
    address: z.string(),
    state: z.enum(leaseStates),
    subscriber_id: idOut.nullable().meta({ description: 'Of a free one: who had it last' }),
    username: z.string().nullable(),
    line: z.string().nullable(),
    claimed_at: instantOut.nullable(),
    until: instantOut.nullable().meta({ description: 'Held until, or free since' }),
  })
  .meta({ id: 'IpLease' })

/** Where a page of addresses ended. */
const addressKey = z.tuple([z.union([z.ipv4(), z.cidrv6()])])

function present(pool: IpPoolShown): z.input<typeof poolOut> {
  return {
    id: Number(pool.id),
    name: pool.name,
    kind: pool.kind,
    prefix_length: pool.prefixLength,
    address_space: pool.addressSpace,
    nas_group: pool.nasGroup,
    ranges: pool.ranges,
    excluded: pool.excluded,
    on_exhausted: pool.onExhausted,
    sticky: pool.sticky,
    learns: pool.learns,
    learn_until: isoOrNull(pool.learnUntil),
    created_at: pool.createdAt.toISOString(),
    total: pool.total,
    used: pool.used,
    held: pool.held,
    static: pool.static,
    free: pool.free,
  }
}

/** Without the right to see subscribers only how the pool stands is seen. */
function presentLease(lease: LeaseShown, withOwner: boolean): z.input<typeof leaseOut> {
  return {
    address: lease.address,
    state: lease.state,
    subscriber_id: withOwner && lease.subscriberId !== null ? Number(lease.subscriberId) : null,
    username: withOwner ? lease.username : null,
    line: withOwner ? lease.line : null,
    claimed_at: isoOrNull(lease.claimedAt),
    until: isoOrNull(lease.until),
  }
}

/** For the audit trail: what the pool is, not how full; undefined where it is not there. */
async function readPool(db: Db, id: bigint | undefined, now: Date) {
  if (id === undefined) return undefined
  const [shown] = await listIpPools(db, now, id)
  if (shown === undefined) return undefined
  const { total: _total, used: _used, held: _held, static: _static, free: _free, ...pool } = present(shown)
  return pool
}

export const ipPoolRoutes = [
  route({
    method: 'get',
    path: '/ip-pools',
    summary: 'All address pools by name, with how full they are',
    tag: 'Addresses',
    access: 'nas.read',
    answer: z.strictObject({ items: z.array(poolOut) }),
    run: async ({ db, now }) => ({ items: (await listIpPools(db, now)).map(present) }),
  }),
  route({
    method: 'post',
    path: '/ip-pools',
    summary: 'Add an address pool',
    tag: 'Addresses',
    access: 'nas.edit',
    body: z.strictObject({
      name: z.string().max(100),
      kind: z.string().max(30),
      prefix_length: z.int().optional(),
      address_space: z.string().max(100).optional(),
      nas_group: z.string().max(100).optional().meta({ description: 'None: for every group of the space' }),
      ranges: z.array(range).min(1).max(1_000),
      ...fields,
    }),
    answer: poolOut,
    status: 201,
    // A pool may have a million addresses.
    transaction: 'long',
    async run({ db, body, by, now }) {
      const { prefix_length: prefixLength, address_space: addressSpace, nas_group: nasGroup, ...rest } = body
      const { on_exhausted: onExhausted, ...same } = rest
      let id: bigint | undefined
      const change = async () => {
        id = (await addIpPool(db, { ...same, prefixLength, addressSpace, nasGroup, onExhausted }, now)).id
      }
      const read = () => readPool(db, id, now)
      await auditedChange(db, { action: 'ip-pool.create', noun: 'ip-pool', read, change }, by, now)
      return present(await showIpPool(db, id!, now))
    },
  }),
  route({
    method: 'get',
    path: '/ip-pools/:id',
    summary: 'An address pool, with how full it is',
    tag: 'Addresses',
    access: 'nas.read',
    params: byId,
    answer: poolOut,
    run: async ({ db, params, now }) => present(await showIpPool(db, params.id, now)),
  }),
  route({
    method: 'patch',
    path: '/ip-pools/:id',
    summary: 'Change an address pool; addresses in use cannot go',
    tag: 'Addresses',
    access: 'nas.edit',
    params: byId,
    body: z.strictObject({
      name: z.string().max(100).optional(),
      ranges: z.array(range).min(1).max(1_000).optional(),
      ...fields,
    }),
    answer: poolOut,
    transaction: 'long',
    async run({ db, params: { id }, body: { on_exhausted: onExhausted, ...body }, by, now }) {
      const change = () => changeIpPool(db, { id, ...withoutUndefined({ ...body, onExhausted }) }, now)
      const read = () => readPool(db, id, now)
      await auditedChange(db, { action: 'ip-pool.edit', noun: 'ip-pool', read, change }, by, now)
      return present(await showIpPool(db, id, now))
    },
  }),
  route({
    method: 'delete',
    path: '/ip-pools/:id',
    summary: 'Remove an address pool of which nothing is in use',
    tag: 'Addresses',
    access: 'nas.edit',
    params: byId,
    answer: nothing,
    transaction: 'long',
    async run({ db, params: { id }, by, now }) {
      const change = () => removeIpPool(db, id, now)
      const read = () => readPool(db, id, now)
      await auditedChange(db, { action: 'ip-pool.delete', noun: 'ip-pool', read, change }, by, now)
    },
  }),
  route({
    method: 'get',
    path: '/ip-pools/:id/addresses',
    summary: 'The addresses of a pool: who has each, or had it last',
    tag: 'Addresses',
    access: 'nas.read',
    params: byId,
    query: z.strictObject({ ...pageQuery, state: z.enum(leaseStates).optional() }),
    answer: pageOf(leaseOut),
    async run({ db, params, query: { cursor, limit, state }, by, now }) {
      const [after] = readCursor(cursor, addressKey) ?? []
      const rows = await listLeases(db, { poolId: params.id, state, after, limit }, by.scope, now)
      const withOwner = by.permissions.has('subscriber.read')
      const items = rows.map((row) => presentLease(row, withOwner))
      return { items, next_cursor: nextCursor(rows, limit, ({ address }) => [address]) }
    },
  }),
  route({
    method: 'post',
    path: '/ip-pools/:id/release',
    summary: 'Free an address that no session has, and forget whose it was',
    tag: 'Addresses',
    access: 'nas.edit',
    params: byId,
    body: z.strictObject({ address: z.string().max(50) }),
    answer: nothing,
    async run({ db, params: { id }, body, by, now }) {
      const { address, subscriberId } = await releaseLease(db, { poolId: id, address: body.address }, now)
      const before = { address, subscriber_id: subscriberId === null ? null : Number(subscriberId) }
      const deed = { action: 'ip-pool.release', noun: 'ip-pool', rowId: id, before, personId: subscriberId }
      await writeAudit(db, deed, by, now)
    },
  }),
]
