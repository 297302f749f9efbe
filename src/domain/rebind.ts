// Bulk re-binding when an OLT moves: the bound parts of many subscribers change by rule or by file, all or none of them in one
// transaction of a few statements. Two subscribers that would meet on one line are named, and nothing is written.

import { sql } from 'kysely'
import type { Transaction } from 'kysely'
import type { Database, Db } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'
import { bindingText, parseParts, requireGroup } from './binding.ts'
import type { Binding, Groups } from './binding.ts'
import { FieldError, quote } from './field.ts'
import type { ImportError } from './import/error.ts'
import { parseLineId } from './line-id.ts'
import { findConflicts } from './rebind-conflict.ts'
import type { BoundSubscriber, RebindConflict, Target } from './rebind-conflict.ts'
import { readRebindFile } from './rebind-file.ts'
import { readSettings } from './setting.ts'

export type RebindInput = {
  /** Only subscribers bound to this NAS group; where it is the only group those bound to none too. */
  nasGroup?: string | undefined
  /** `port=1/1/4,s-vlan=501` in pairs: what matches, and what it becomes. The first that matches decides. */
  rules?: readonly { from: string; to: string }[]
  /** `OLD=NEW`, text or 0x…: the beginning of circuit ids. */
  circuitIdPrefixes?: readonly string[]
  /** CSV: username and the new parts; in place of rules. */
  file?: AsyncIterable<Uint8Array> | undefined
  /** Write nothing. */
  dryRun?: boolean | undefined
}

/** What changes for one subscriber, in words. */
export type Move = { username: string; before: string; after: string }

/**
 * `withoutGroup`: subscribers that match and are bound to no group, left alone since one was named. `refused`: nothing was
 * written; `errors` are of the file.
 */
export type RebindResult =
  | { kind: 'rebound' | 'dry-run'; count: number; withoutGroup: number; moves: Move[] }
  | { kind: 'refused'; conflicts: RebindConflict[]; errors: ImportError[] }

/** Re-binds what the input names. Throws FieldError where a rule cannot be read. */
export async function rebind(db: Db, input: RebindInput, now: Date): Promise<RebindResult> {
  return inTransaction(db, async (trx) => {
    // Two at once would not see each other's lines.
    await sql`select pg_advisory_xact_lock(hashtext('gatehouse rebind'))`.execute(trx)
    const groups = await readGroups(trx)
    const found = await findTargets(trx, input, groups)
    if (found.errors.length > 0) return { kind: 'refused', conflicts: [], errors: found.errors }
    const targets = found.targets.filter(({ before, after }) => !isSame(before, after))
    const conflicts = findConflicts(targets, await selectAtLines(trx, targets))
    if (conflicts.length > 0) return { kind: 'refused', conflicts, errors: [] }
    if (input.dryRun !== true) await writeTargets(trx, targets, now)
    const moves = targets.map(({ username, before, after }) => ({
      username,
      before: bindingText(before, groups),
      after: bindingText(after, groups),
    }))
    const kind = input.dryRun === true ? 'dry-run' : 'rebound'
    return { kind, count: targets.length, withoutGroup: found.withoutGroup, moves }
  })
}

async function readGroups(trx: Transaction<Database>): Promise<Groups> {
  const rows = await trx.selectFrom('nas_group').select(['id', 'name']).execute()
  return new Map(rows.map(({ id, name }) => [name, id]))
}

type Found = { targets: Target[]; withoutGroup: number; errors: ImportError[] }

async function findTargets(trx: Transaction<Database>, input: RebindInput, groups: Groups): Promise<Found> {
  const rules = readRules(input, groups)
  if (input.file === undefined) return findByRules(trx, rules, groups)
  if (rules.groupId !== undefined || rules.parts.length + rules.prefixes.length > 0) {
    throw new FieldError('file', 'stands in place of rules, not beside them')
  }
  const { import_maximum_rows: maximumRows, import_maximum_mb: megabytes } = await readSettings(trx)
  const limits = { maximumRows, maximumOctets: megabytes * 1_000_000 }
  const { rows, errors } = await readRebindFile(input.file, limits, groups)
  const wanted = rows.map(({ username }) => username)
  const subscribers = await selectBound(trx, sql`subscriber.username = any(${wanted}::text[])`)
  const byName = new Map(subscribers.map((subscriber) => [subscriber.username, subscriber]))
  const targets: Target[] = []
  for (const { line, username, parts } of rows) {
    const subscriber = byName.get(username)
    if (subscriber !== undefined) targets.push({ ...subscriber, after: { ...subscriber.before, ...parts } })
    else errors.push({ line, field: 'username', reason: `there is no subscriber ${quote(username)}` })
  }
  return { targets, withoutGroup: 0, errors: errors.toSorted((one, other) => one.line - other.line) }
}

type Rules = {
  groupId: bigint | undefined
  parts: { from: Partial<Binding>; to: Partial<Binding> }[]
  prefixes: { old: Buffer; new: Buffer }[]
}

function readRules(input: RebindInput, groups: Groups): Rules {
  const parts = (input.rules ?? []).map(({ from, to }) => ({
    from: parseParts('from', from, groups),
    to: parseParts('to', to, groups),
  }))
  const prefixes = (input.circuitIdPrefixes ?? []).map((text) => {
    const at = text.indexOf('=')
    if (at === -1) throw new FieldError('circuit-id-prefix', 'is written OLD=NEW')
    const read = (part: string): Buffer => parseLineId('circuit-id-prefix', part)
    return { old: read(text.slice(0, at)), new: read(text.slice(at + 1)) }
  })
  if (input.file === undefined && parts.length + prefixes.length === 0) {
    throw new FieldError('from', 'there is nothing to change: name rules, a circuit id prefix or a file')
  }
  const groupId = input.nasGroup === undefined ? undefined : requireGroup('nas-group', input.nasGroup, groups)
  return { groupId, parts, prefixes }
}

async function findByRules(trx: Transaction<Database>, rules: Rules, groups: Groups): Promise<Found> {
  const conditions = [
    ...rules.parts.map(({ from }) => matchSql(from)),
    ...rules.prefixes.map(
      ({ old }) => sql<boolean>`substring(subscriber.circuit_id from 1 for ${old.length}) = ${old}`,
    ),
  ]
  const matching = await selectBound(trx, sql`(${sql.join(conditions, sql` or `)})`)
  const { groupId } = rules
  const inGroup = ({ before }: BoundSubscriber): boolean =>
    groupId === undefined || before.nasGroupId === groupId || (before.nasGroupId === null && groups.size === 1)
  const targets = matching.filter(inGroup).map((one) => ({ ...one, after: applyRules(one.before, rules) }))
  const outside = matching.filter((one) => !inGroup(one) && one.before.nasGroupId === null)
  return { targets, withoutGroup: outside.length, errors: [] }
}

function applyRules(before: Binding, { parts, prefixes }: Rules): Binding {
  const to = parts.find(({ from }) => isSame(before, { ...before, ...from }))?.to
  const id = before.circuitId
  const prefix = prefixes.find(({ old }) => id?.subarray(0, old.length).equals(old))
  const circuitId = id !== null && prefix ? Buffer.concat([prefix.new, id.subarray(prefix.old.length)]) : id
  return { ...before, ...to, circuitId }
}

function isSame(one: Binding, other: Binding): boolean {
  const { circuitId, ...parts } = one
  const names = Object.keys(parts) as (keyof typeof parts)[]
  return names.every((name) => parts[name] === other[name]) && sameOctets(circuitId, other.circuitId)
}

function sameOctets(one: Buffer | null, other: Buffer | null): boolean {
  return one === null || other === null ? one === other : one.equals(other)
}

const columns = {
  nasGroupId: 'bound_nas_group_id',
  interface: 'bound_interface',
  port: 'bound_port',
  sVlan: 'bound_s_vlan',
  cVlan: 'bound_c_vlan',
  circuitId: 'circuit_id',
} as const satisfies Record<keyof Binding, string>

function matchSql(from: Partial<Binding>) {
  const equal = Object.entries(from).map(([name, value]) => {
    const column = sql.ref(`subscriber.${columns[name as keyof Binding]}`)
    return value === null ? sql`${column} is null` : sql`${column} = ${value}`
  })
  return sql`(${sql.join(equal, sql` and `)})`
}

async function selectBound(trx: Transaction<Database>, condition: ReturnType<typeof sql>): Promise<BoundSubscriber[]> {
  const { rows } = await sql<Row>`
    select subscriber.id, subscriber.username, subscriber.account_type as "accountType",
      subscriber.bound_nas_group_id as "nasGroupId", subscriber.bound_interface as interface, subscriber.bound_port as port,
      subscriber.bound_s_vlan as "sVlan", subscriber.bound_c_vlan as "cVlan", subscriber.circuit_id as "circuitId"
    from subscriber
    where subscriber.archived_at is null and subscriber.username_reserved and ${condition}
    order by subscriber.username
    for update`.execute(trx)
  return rows.map(({ id, username, accountType, ...before }) => ({ id, username, accountType, before }))
}

type Row = Pick<BoundSubscriber, 'id' | 'username' | 'accountType'> & Binding

/** Who is bound already to the VLANs, interfaces and circuit ids that targets get. */
async function selectAtLines(trx: Transaction<Database>, targets: readonly Target[]): Promise<BoundSubscriber[]> {
  if (targets.length === 0) return []
  const after = targets.map((target) => target.after)
  const vlans = [...new Map(after.map(({ sVlan, cVlan }) => [`${sVlan} ${cVlan}`, { sVlan, cVlan }])).values()]
  const interfaces = [...new Set(after.map((binding) => binding.interface).filter((name) => name !== null))]
  const circuitIds = after.map(({ circuitId }) => circuitId?.toString('hex')).filter((id) => id !== undefined)
  return selectBound(
    trx,
    sql`subscriber.id in (
      select other.id from subscriber as other
        join unnest(${vlans.map(({ sVlan }) => sVlan)}::integer[], ${vlans.map(({ cVlan }) => cVlan)}::integer[])
          as vlan (s_vlan, c_vlan) on other.bound_c_vlan = vlan.c_vlan and other.bound_s_vlan = vlan.s_vlan
      union all select other.id from subscriber as other
        where other.bound_s_vlan is null
          and other.bound_c_vlan = any(${vlans.filter(({ sVlan }) => sVlan === null).map(({ cVlan }) => cVlan)}::integer[])
      union all select other.id from subscriber as other where other.bound_interface = any(${interfaces}::text[])
      union all select other.id from subscriber as other
        join unnest(${circuitIds}::text[]) as wanted (hex) on other.circuit_id = decode(wanted.hex, 'hex'))`,
  )
}

async function writeTargets(trx: Transaction<Database>, targets: readonly Target[], now: Date): Promise<void> {
  if (targets.length === 0) return
  const of = <T>(read: (after: Binding) => T): T[] => targets.map(({ after }) => read(after))
  await sql`
    update subscriber set bound_nas_group_id = moved.nas_group_id, bound_interface = moved.interface,
      bound_port = moved.port, bound_s_vlan = moved.s_vlan, bound_c_vlan = moved.c_vlan,
      circuit_id = decode(moved.circuit_id, 'hex'), updated_at = ${now}
    from unnest(${targets.map(({ id }) => id)}::bigint[], ${of((after) => after.nasGroupId)}::bigint[],
      ${of((after) => after.interface)}::text[], ${of((after) => after.port)}::text[],
      ${of((after) => after.sVlan)}::integer[], ${of((after) => after.cVlan)}::integer[],
      ${of((after) => after.circuitId?.toString('hex') ?? null)}::text[])
      as moved (id, nas_group_id, interface, port, s_vlan, c_vlan, circuit_id)
    where subscriber.id = moved.id`.execute(trx)
}
