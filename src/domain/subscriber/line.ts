// By what the lines of subscribers are told, from their rows, and who else would be told by the same.

import { sql } from 'kysely'
import type { Selectable, Transaction } from 'kysely'
import type { Database, SubscriberTable } from '../../db/schema.ts'
import { findLineHolders, lineFacts } from '../line-conflict.ts'
import type { LineFact, LineField, LineIdentity } from '../line-conflict.ts'
import type { Scope } from '../scope.ts'
import { acrossOrganisations } from './across.ts'

export type LineColumns = Pick<
  Selectable<SubscriberTable>,
  | 'id'
  | 'username'
  | 'account_type'
  | 'circuit_id'
  | 'remote_id'
  | 'duid'
  | 'bound_interface'
  | 'bound_port'
  | 'bound_s_vlan'
  | 'bound_c_vlan'
>

/** What a line is told by, of the columns of a subscriber and its bound MACs. */
export function lineIdentity(row: LineColumns, macs: readonly string[]): LineIdentity {
  return {
    accountType: row.account_type,
    macs: [...macs],
    circuitId: row.circuit_id,
    remoteId: row.remote_id,
    duid: row.duid,
    binding: {
      interface: row.bound_interface,
      port: row.bound_port,
      sVlan: row.bound_s_vlan,
      cVlan: row.bound_c_vlan,
    },
  }
}

/** How another subscriber is called: by its username only to who reaches all of them. */
export function otherName(username: string, scope: Scope): string {
  const reachesAll = scope.ownerId === undefined && scope.zones === undefined
  return reachesAll ? username : 'another subscriber'
}

export type LineConflict = {
  field: LineField
  /** Without a subject: `is of the IPoE subscriber … already`. */
  reason: string
  /** The same as a sentence that starts with `it`. */
  sentence: string
}

/** Lets nobody else change by what lines are told until the transaction ends: two at once would not see each other's. */
export async function lockLines(trx: Transaction<Database>): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('gatehouse lines'))`.execute(trx)
}

/** For each IPoE line that another subscriber has already, or one before it here: what stands against it, by the id. */
export async function lineConflicts(
  trx: Transaction<Database>,
  lines: readonly { row: LineColumns; macs: readonly string[] }[],
  scope: Scope,
): Promise<Map<bigint, LineConflict>> {
  const identities = lines.map(({ row, macs }) => lineIdentity(row, macs))
  const ids = lines.map(({ row }) => row.id)
  if (identities.some(({ accountType }) => accountType === 'ipoe')) await lockLines(trx)
  const conflicts = new Map<bigint, LineConflict>()
  const tell = (id: bigint, { field, value }: LineFact, other: string): void => {
    const name = otherName(other, scope)
    const sentence = `it cannot have ${value}, by which ${name} is told`
    conflicts.set(id, { field, reason: `${value} is of the IPoE subscriber ${name} already`, sentence })
  }
  const first = new Map<string, number>()
  for (const [at, identity] of identities.entries()) {
    for (const fact of lineFacts(identity)) {
      const earlier = first.get(fact.key)
      if (earlier === undefined) first.set(fact.key, at)
      else tell(ids[at]!, fact, lines[earlier]!.row.username)
    }
  }
  const holders = await acrossOrganisations(trx, scope, () => findLineHolders(trx, identities, ids))
  for (const { at, fact, username } of holders) tell(ids[at]!, fact, username)
  return conflicts
}
