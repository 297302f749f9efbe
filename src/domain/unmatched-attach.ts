// What a support desk does with the inbox: a request that matched nobody is attached to a subscriber, or the next unknown MAC on
// a line is taken as the subscriber's own for a while.

import { sql } from 'kysely'
import type { Transaction } from 'kysely'
import type { Database, Db } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'
import { bindDevice } from './device.ts'
import { checkInteger, FieldError, NotFoundError, quote } from './field.ts'
import { showLineId } from './line-id.ts'
import { canonicalUsername } from './username.ts'

/** What of a request may become the subscriber's. `interface` means the parts that tell the line, in its NAS group. */
export const attachableFacts = ['mac', 'circuit-id', 'remote-id', 'duid', 'interface', 'nas-group'] as const
export type AttachableFact = (typeof attachableFacts)[number]

/** What was written, as it is shown. */
export type Attached = { username: string; facts: { fact: AttachableFact; value: string }[] }

/**
 * Writes the facts of an inbox row onto a subscriber and removes the row. Without facts: the one that was refused, else that by
 * which the NAS group tells its lines first. The account type stays. Throws FieldError (a fact that the request does not carry
 * or that would make two IPoE subscribers one line, an archived subscriber) or NotFoundError.
 */
export async function attachUnmatched(
  db: Db,
  input: { id: bigint; username: string; facts?: readonly AttachableFact[] | undefined },
  now: Date,
): Promise<Attached> {
  return inTransaction(db, async (trx) => {
    const request = await lockRequest(trx, input.id)
    const subscriber = await lockSubscriber(trx, input.username)
    const facts = input.facts ?? [defaultFact(request, subscriber)]
    const written: Attached['facts'] = []
    for (const fact of new Set(facts)) {
      if (valueOf(request, fact) === undefined) throw new FieldError('fact', `the request carried no ${fact}`)
      const value = await attachFact(trx, { request, subscriber, fact }, now)
      written.push({ fact, value })
    }
    await trx.deleteFrom('unmatched_request').where('id', '=', input.id).execute()
    return { username: subscriber.username, facts: written }
  })
}

/**
 * Takes the next unknown MAC of the subscriber as its own, for 15 minutes unless told otherwise (1 to 1440). Throws FieldError
 * or NotFoundError.
 */
export async function openLearnWindow(
  db: Db,
  input: { username: string; minutes?: number | string | undefined },
  now: Date,
): Promise<{ username: string; until: Date }> {
  const minutes = checkInteger('minutes', input.minutes ?? 15, 1, 1_440)
  const until = new Date(now.getTime() + minutes * 60_000)
  return inTransaction(db, async (trx) => {
    const { id, username } = await lockSubscriber(trx, input.username)
    await trx.updateTable('subscriber').set({ learn_mac_until: until, updated_at: now }).where('id', '=', id).execute()
    return { username, until }
  })
}

type Request = Awaited<ReturnType<typeof lockRequest>>
type Subscriber = Awaited<ReturnType<typeof lockSubscriber>>
type Deed = { request: Request; subscriber: Subscriber; fact: AttachableFact }

async function lockRequest(trx: Transaction<Database>, id: bigint) {
  const row = await trx
    .selectFrom('unmatched_request as request')
    .innerJoin('nas', 'nas.id', 'request.nas_id')
    .innerJoin('nas_group', 'nas_group.id', 'nas.nas_group_id')
    .select(['request.mac', 'request.interface', 'request.port', 'request.s_vlan', 'request.c_vlan', 'request.reason'])
    .select(['request.circuit_id', 'request.remote_id', 'request.duid'])
    .select(['nas_group.id as groupId', 'nas_group.name as group', 'nas_group.identity_order as identityOrder'])
    .where('request.id', '=', id)
    .forUpdate('request')
    .executeTakeFirst()
  if (row === undefined) throw new NotFoundError('inbox entry', String(id))
  return row
}

async function lockSubscriber(trx: Transaction<Database>, username: string) {
  const row = await trx
    .selectFrom('subscriber')
    .select(['id', 'username', 'account_type', 'archived_at', 'bound_interface', 'bound_port', 'bound_s_vlan'])
    .select(['bound_c_vlan', 'bound_nas_group_id', 'circuit_id', 'remote_id', 'duid'])
    .where('username', '=', canonicalUsername(username))
    .where('username_reserved', '=', true)
    .forUpdate()
    .executeTakeFirst()
  if (row === undefined) throw new NotFoundError('subscriber', username)
  if (row.archived_at !== null) throw new FieldError('subscriber', `${quote(row.username)} is archived`)
  return row
}

/** What each refusal looked at, in the order of the rules (access-decision.ts); ids are looked at where both sides have one. */
const refusedFacts: Readonly<Record<string, readonly AttachableFact[]>> = {
  'mac-not-bound': ['duid', 'mac'],
  'wrong-interface': ['circuit-id', 'remote-id', 'interface'],
  'nas-not-allowed': ['nas-group'],
}

function defaultFact(request: Request, subscriber: Subscriber): AttachableFact {
  const refused = refusedFacts[request.reason]?.find((fact) => {
    if (fact !== 'duid' && fact !== 'circuit-id' && fact !== 'remote-id') return true
    const [sent, bound] = [request[idColumns[fact]], subscriber[idColumns[fact]]]
    return subscriber.account_type === 'ipoe' && sent !== null && bound !== null && !bound.equals(sent)
  })
  if (refused !== undefined) return refused
  // A PPPoE subscriber proves itself by a password: all that can be missing is its MAC.
  const order = subscriber.account_type === 'pppoe' ? ['mac', ...request.identityOrder] : request.identityOrder
  const fact = order.flatMap((kind) => attachableFacts.filter((one) => one === kind))
  const carried = fact.find((one) => valueOf(request, one) !== undefined)
  if (carried === undefined) throw new FieldError('fact', 'the request carried nothing that tells a line')
  return carried
}

/** A fact of the request as text; undefined where it carries none. */
function valueOf(request: Request, fact: AttachableFact): string | undefined {
  const id = (octets: Buffer | null): string | undefined => (octets === null ? undefined : showLineId(octets))
  switch (fact) {
    case 'mac':
      return request.mac ?? undefined
    case 'circuit-id':
      return id(request.circuit_id)
    case 'remote-id':
      return id(request.remote_id)
    case 'duid':
      return id(request.duid)
    case 'interface':
      return request.interface ?? undefined
    case 'nas-group':
      return request.group
  }
}

const idColumns = { 'circuit-id': 'circuit_id', 'remote-id': 'remote_id', duid: 'duid' } as const

async function attachFact(trx: Transaction<Database>, deed: Deed, now: Date): Promise<string> {
  const { request, subscriber, fact } = deed
  const value = valueOf(request, fact) ?? ''
  if (fact === 'mac') {
    await refuseOther(
      trx,
      deed,
      value,
      sql`exists (select from device
        where device.subscriber_id = subscriber.id and device.mac = ${value}::macaddr and device.bound)`,
    )
    await bindDevice(trx, { subscriberId: subscriber.id, mac: value }, now)
    return value
  }
  if (fact === 'interface') return attachInterface(trx, deed, now)
  if (fact === 'nas-group') {
    await update(trx, subscriber, { bound_nas_group_id: request.groupId }, now)
    return value
  }
  const column = idColumns[fact]
  await refuseOther(trx, deed, value, sql`subscriber.${sql.ref(column)} = ${request[column]}`)
  await update(trx, subscriber, { [column]: request[column] }, now)
  return value
}

type BoundParts = Pick<Subscriber, 'bound_interface' | 'bound_port' | 'bound_s_vlan' | 'bound_c_vlan'>

/** Binds the parts that the subscriber is bound by already; where it is bound by none the VLANs, else the interface as sent. */
async function attachInterface(trx: Transaction<Database>, deed: Deed, now: Date): Promise<string> {
  const { request, subscriber } = deed
  const sent: BoundParts = {
    bound_interface: request.interface,
    bound_port: request.port,
    bound_s_vlan: request.s_vlan,
    bound_c_vlan: request.c_vlan,
  }
  const names = Object.keys(sent) as (keyof BoundParts)[]
  const bound = names.filter((name) => subscriber[name] !== null)
  const byVlan = sent.bound_c_vlan !== null
  const fresh = names.filter((name) => (byVlan ? name !== 'bound_interface' : name === 'bound_interface'))
  const chosen = (bound.length > 0 ? bound : fresh).map((name) => [name, sent[name]] as const)
  const missing = bound.find((name) => sent[name] === null)
  if (missing !== undefined) {
    throw new FieldError('fact', `the subscriber is bound by ${missing.slice(6)}, which the request does not tell`)
  }
  const parts = Object.fromEntries(chosen) as Partial<BoundParts>
  const same = chosen.map(([name, part]) => sql`subscriber.${sql.ref(name)} is not distinct from ${part}`)
  const shown = chosen.map(([name, part]) => `${name.slice(6)} ${part ?? '-'}`).join(', ')
  await refuseOther(trx, deed, shown, sql.join(same, sql` and `))
  // A VLAN says something inside its NAS group only.
  const inGroup = bound.length === 0 || subscriber.bound_nas_group_id !== null
  await update(trx, subscriber, { ...parts, ...(inGroup ? { bound_nas_group_id: request.groupId } : {}) }, now)
  return shown
}

/** An IPoE line is known by its facts alone: they may be those of one subscriber only. PPPoE lines may share them. */
async function refuseOther(
  trx: Transaction<Database>,
  { request, subscriber, fact }: Deed,
  value: string,
  same: ReturnType<typeof sql>,
): Promise<void> {
  if (subscriber.account_type !== 'ipoe') return
  // A MAC is the same in every NAS group; what else tells a line may be repeated in another.
  const anywhere =
    fact === 'mac'
      ? sql`true`
      : sql`(subscriber.bound_nas_group_id is null or subscriber.bound_nas_group_id = ${request.groupId})`
  const { rows } = await sql<{ username: string }>`
    select subscriber.username from subscriber
    where subscriber.account_type = 'ipoe' and subscriber.archived_at is null and subscriber.id <> ${subscriber.id}
      and ${anywhere} and ${same}
    limit 1`.execute(trx)
  if (rows[0] === undefined) return
  throw new FieldError('fact', `${fact} ${quote(value)} is that of the subscriber ${quote(rows[0].username)} already`)
}

type Columns = Partial<BoundParts> & {
  bound_nas_group_id?: bigint
  circuit_id?: Buffer | null
  remote_id?: Buffer | null
  duid?: Buffer | null
}

async function update(trx: Transaction<Database>, subscriber: Subscriber, columns: Columns, now: Date): Promise<void> {
  await trx
    .updateTable('subscriber')
    .set({ ...columns, updated_at: now })
    .where('id', '=', subscriber.id)
    .execute()
}
