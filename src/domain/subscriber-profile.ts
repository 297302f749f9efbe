// What is shown of one subscriber: facts, plan, devices, addresses and what is live now. Never its secret.

import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import { NotFoundError } from './field.ts'
import { showLineId } from './line-id.ts'
import { subscriberLabel } from './subscriber-label.ts'
import type { SubscriberLabel } from './subscriber-label.ts'
import { canonicalUsername } from './username.ts'

export type OpenSession = {
  acctSessionId: string
  nas: string | null
  startedAt: Date
  updatedAt: Date
  framedIp: string | null
  mac: string | null
}

export type SubscriberProfile = {
  id: bigint
  username: string
  label: SubscriberLabel
  plan: string
  owner: string
  group: string | null
  accountType: 'pppoe' | 'ipoe'
  fullName: string | null
  phone: string | null
  email: string | null
  address: string | null
  enabled: boolean
  blockReason: string | null
  blockedAt: Date | null
  activatedAt: Date | null
  expiresAt: Date | null
  graceUntil: Date | null
  createdAt: Date
  archivedAt: Date | null
  balanceMinor: bigint
  currency: string
  /** Null: none, no password can ever be right. */
  credential: 'clear' | 'nt-hash' | 'verifier' | null
  devices: { mac: string; bound: boolean }[]
  addresses: { kind: string; prefix: string }[]
  /** To what the line is bound; ids as text or `0x…`. */
  bound: BoundFacts
  /** Not ended; newest first. */
  sessions: OpenSession[]
}

export type BoundFacts = {
  circuitId: string | null
  remoteId: string | null
  duid: string | null
  interface: string | null
  port: string | null
  sVlan: number | null
  cVlan: number | null
  nasGroup: string | null
}

/** The subscriber of a username in any spelling. Throws NotFoundError. */
export async function showSubscriber(db: Db, username: string, now: Date): Promise<SubscriberProfile> {
  const row = await selectProfile(db, canonicalUsername(username))
  if (row === undefined) throw new NotFoundError('subscriber', username)
  const [devices, addresses, sessions] = await Promise.all([
    db.selectFrom('device').select(['mac', 'bound']).where('subscriber_id', '=', row.id).orderBy('mac').execute(),
    db
      .selectFrom('subscriber_address')
      .select(['kind', sql<string>`subscriber_address.prefix::text`.as('prefix')])
      .where('subscriber_id', '=', row.id)
      .orderBy('prefix')
      .execute(),
    openSessions(db, row.id),
  ])
  const { circuitId, remoteId, duid, boundInterface, port, sVlan, cVlan, nasGroup, ...facts } = row
  const shown = (octets: Buffer | null): string | null => octets && showLineId(octets)
  const ids = { circuitId: shown(circuitId), remoteId: shown(remoteId), duid: shown(duid) }
  const bound = { ...ids, interface: boundInterface, port, sVlan, cVlan, nasGroup }
  return { ...facts, label: subscriberLabel(row, now), devices, addresses, bound, sessions }
}

function selectProfile(db: Db, username: string) {
  return db
    .selectFrom('subscriber')
    .innerJoin('plan', 'plan.id', 'subscriber.plan_id')
    .innerJoin('organisation', 'organisation.id', 'subscriber.owner_id')
    .innerJoin('payer', 'payer.id', 'subscriber.payer_id')
    .leftJoin('subscriber_group', 'subscriber_group.id', 'subscriber.group_id')
    .leftJoin('nas_group', 'nas_group.id', 'subscriber.bound_nas_group_id')
    .leftJoin('credential', 'credential.subscriber_id', 'subscriber.id')
    .select([
      'subscriber.id',
      'subscriber.username',
      'plan.name as plan',
      'organisation.name as owner',
      'subscriber_group.name as group',
      'subscriber.account_type as accountType',
      'subscriber.full_name as fullName',
      'subscriber.phone',
      'subscriber.email',
      'subscriber.address',
      'subscriber.enabled',
      'subscriber.block_reason as blockReason',
      'subscriber.blocked_at as blockedAt',
      'subscriber.activated_at as activatedAt',
      'subscriber.expires_at as expiresAt',
      'subscriber.grace_until as graceUntil',
      'subscriber.created_at as createdAt',
      'subscriber.archived_at as archivedAt',
      'payer.balance_minor as balanceMinor',
      'payer.currency',
      'credential.kind as credential',
      'subscriber.circuit_id as circuitId',
      'subscriber.remote_id as remoteId',
      'subscriber.duid',
      'subscriber.bound_interface as boundInterface',
      'subscriber.bound_port as port',
      'subscriber.bound_s_vlan as sVlan',
      'subscriber.bound_c_vlan as cVlan',
      'nas_group.name as nasGroup',
    ])
    .where('subscriber.username', '=', username)
    .where('subscriber.username_reserved', '=', true)
    .executeTakeFirst()
}

function openSessions(db: Db, subscriberId: bigint): Promise<OpenSession[]> {
  return db
    .selectFrom('session')
    .leftJoin('nas', 'nas.id', 'session.nas_id')
    .select([
      'session.acct_session_id as acctSessionId',
      'nas.name as nas',
      'session.started_at as startedAt',
      'session.updated_at as updatedAt',
      sql<string | null>`host(session.framed_ip)`.as('framedIp'),
      'session.mac',
    ])
    .where('session.subscriber_id', '=', subscriberId)
    .where('session.ended_at', 'is', null)
    .orderBy('session.started_at', 'desc')
    .execute()
}
