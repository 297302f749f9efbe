// Two IPoE subscribers that would be told by the same fact: then neither could be let in (identify.ts). Found when a subscriber
// is written, with the field that must be another one.

import { sql } from 'kysely'
import type { Transaction } from 'kysely'
import type { Database } from '../db/schema.ts'
import { showLineId } from './line-id.ts'
import type { SubscriberFields } from './subscriber-fields.ts'

export type LineField = 'mac' | 'circuitId' | 'remoteId' | 'duid' | 'boundInterface'

/** What is looked at of a subscriber. */
export type LineIdentity = Pick<
  SubscriberFields,
  'accountType' | 'macs' | 'circuitId' | 'remoteId' | 'duid' | 'binding'
>

/** `value` for a person; `key` is the same for two subscribers that cannot be told apart by it. */
export type LineFact = { readonly field: LineField; readonly value: string; readonly key: string }

/**
 * The facts by which an IPoE subscriber may be told. Circuit id and remote id are a pair, for each alone may repeat from one
 * access node to the next; a shared interface tells a subscriber only where nothing else does.
 */
export function lineFacts({ accountType, macs, circuitId, remoteId, duid, binding }: LineIdentity): LineFact[] {
  if (accountType !== 'ipoe') return []
  const facts: LineFact[] = macs.map((mac) => ({ field: 'mac', value: mac, key: `mac ${mac}` }))
  const pair = `${circuitId?.toString('hex') ?? ''} ${remoteId?.toString('hex') ?? ''}`
  if (circuitId !== null) facts.push({ field: 'circuitId', value: showLineId(circuitId), key: `relay ${pair}` })
  else if (remoteId !== null) facts.push({ field: 'remoteId', value: showLineId(remoteId), key: `relay ${pair}` })
  if (duid !== null) facts.push({ field: 'duid', value: showLineId(duid), key: `duid ${duid.toString('hex')}` })
  const { interface: name, port, sVlan, cVlan } = binding
  if (facts.length === 0) {
    const value = [name, port, sVlan, cVlan].filter((part) => part !== null).join(' ')
    facts.push({ field: 'boundInterface', value, key: `interface ${JSON.stringify([name, port, sVlan, cVlan])}` })
  }
  return facts
}

/** Who holds a fact of one of the subscribers already; `at` counts them from 0. */
export type LineHolder = { readonly at: number; readonly fact: LineFact; readonly username: string }

/**
 * The subscribers that have a fact of these already and are bound to no other NAS group: one for each fact. `ids` are those of
 * subscribers that are written already, which do not stand in their own way.
 */
export async function findLineHolders(
  trx: Transaction<Database>,
  subscribers: readonly LineIdentity[],
  ids: readonly bigint[] = [],
): Promise<LineHolder[]> {
  const wanted = subscribers.flatMap((fields, at) => lineFacts(fields).map((fact) => ({ at, fact, fields })))
  if (wanted.length === 0) return []
  const of = (field: LineField) => wanted.map(({ fact }) => (fact.field === field ? fact.value : null))
  const parts = wanted.map(({ fact, fields }) => (fact.field === 'boundInterface' ? fields.binding : undefined))
  const { rows } = await sql<{ at: bigint; username: string }>`
    select wanted.at, holder.username
    from unnest(${of('mac')}::macaddr[], ${wanted.map(({ fact }) => fact.field)}::text[],
      ${wanted.map(({ fields }) => fields.circuitId)}::bytea[], ${wanted.map(({ fields }) => fields.remoteId)}::bytea[],
      ${wanted.map(({ fields }) => fields.duid)}::bytea[], ${parts.map((part) => part?.interface ?? null)}::text[],
      ${parts.map((part) => part?.port ?? null)}::text[], ${parts.map((part) => part?.sVlan ?? null)}::integer[],
      ${parts.map((part) => part?.cVlan ?? null)}::integer[],
      ${wanted.map(({ at }) => ids[at] ?? null)}::bigint[])
      with ordinality wanted (mac, field, circuit_id, remote_id, duid, interface, port, s_vlan, c_vlan, own_id, at)
    cross join lateral (
      select device.subscriber_id as id from device where device.mac = wanted.mac and device.bound
      union all select subscriber.id from subscriber
        where wanted.field = 'circuitId' and subscriber.circuit_id = wanted.circuit_id
        and (subscriber.remote_id is null or wanted.remote_id is null or subscriber.remote_id = wanted.remote_id)
      union all select subscriber.id from subscriber
        where wanted.field = 'remoteId' and subscriber.remote_id = wanted.remote_id and subscriber.circuit_id is null
      union all select subscriber.id from subscriber where wanted.field = 'duid' and subscriber.duid = wanted.duid
      union all select subscriber.id from subscriber
        where subscriber.bound_c_vlan = wanted.c_vlan and ${sameParts}
      union all select subscriber.id from subscriber
        where wanted.c_vlan is null and subscriber.bound_interface = wanted.interface and ${sameParts}
    ) candidate
    cross join lateral (
      select subscriber.username from subscriber
      where subscriber.id = candidate.id and subscriber.account_type = 'ipoe' and subscriber.archived_at is null
        and subscriber.bound_nas_group_id is null and subscriber.id is distinct from wanted.own_id offset 0
    ) holder`.execute(trx)
  const first = new Map(rows.toReversed().map((row) => [Number(row.at) - 1, row.username]))
  return [...first].map(([index, username]) => ({ ...wanted[index]!, username })).toSorted((a, b) => a.at - b.at)
}

const sameParts = sql`(subscriber.bound_interface, subscriber.bound_port, subscriber.bound_s_vlan, subscriber.bound_c_vlan)
  is not distinct from (wanted.interface, wanted.port, wanted.s_vlan, wanted.c_vlan)`
