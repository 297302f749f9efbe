// All about one subscriber, as its page shows it: fields, facts, plan, money, devices, addresses, binding, what is live and what
// was last seen. Never its secret.

import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import { NotFoundError } from '../field.ts'
import { subscriberInScope } from '../scope.ts'
import type { Scope } from '../scope.ts'

export type SubscriberShown = {
  id: bigint
  username: string
  username_reserved: boolean
  account_type: 'pppoe' | 'ipoe'
  full_name: string | null
  email: string | null
  phone: string | null
  phone_extension: string | null
  address: string | null
  latitude: number | null
  longitude: number | null
  zone: string | null
  language: string | null
  plan_id: bigint
  plan: string
  next_plan_id: bigint | null
  next_plan: string | null
  owner_id: bigint
  owner: string
  group_id: bigint | null
  group: string | null
  payer_id: bigint
  payer: string
  balance_minor: bigint
  currency: string
  enabled: boolean
  block_reason: string | null
  blocked_at: Date | null
  activated_at: Date | null
  period_started_at: Date
  expires_at: Date | null
  grace_until: Date | null
  auto_renew: boolean
  session_limit: number | null
  device_limit: number | null
  credential: 'clear' | 'nt-hash' | 'verifier' | null
  bound_interface: string | null
  bound_port: string | null
  bound_s_vlan: number | null
  bound_c_vlan: number | null
  bound_nas_group_id: bigint | null
  bound_nas_group: string | null
  circuit_id: Buffer | null
  remote_id: Buffer | null
  duid: Buffer | null
  learn_mac_until: Date | null
  attributes: string[]
  routes: string[]
  comments: number
  /** Octets of the service period; what the NAS takes in is what the subscriber sends (RFC 2866 §5.3). */
  usage_up: bigint
  usage_down: bigint
  last_seen_at: Date | null
  last_nas: string | null
  last_interface: string | null
  last_mac: string | null
  last_framed_ip: string | null
  created_at: Date
  updated_at: Date
  archived_at: Date | null
  purged_at: Date | null
  /** Another one after every change of the row. */
  version: string
}

export type DeviceShown = { mac: string; bound: boolean; learnt_at: Date }
export type AddressShown = { kind: string; prefix: string }
export type LiveSession = {
  id: bigint
  acct_session_id: string
  nas: string | null
  started_at: Date
  updated_at: Date
  framed_ip: string | null
  framed_ipv6_prefix: string | null
  delegated_ipv6_prefix: string | null
  framed_ipv6_address: string | null
  mac: string | null
  interface: string | null
  usage_up: bigint
  usage_down: bigint
}

export type SubscriberPage = {
  row: SubscriberShown
  devices: DeviceShown[]
  addresses: AddressShown[]
  /** Open sessions, newest first. */
  sessions: LiveSession[]
}

/** One subscriber in reach, deleted ones too. Throws NotFoundError. */
export async function showSubscriberPage(db: Db, id: bigint, scope: Scope): Promise<SubscriberPage> {
  const row = await readRow(db, id, scope)
  if (row === undefined) throw new NotFoundError('subscriber', String(id))
  return {
    row,
    devices: await readDevices(db, id),
    addresses: await readAddresses(db, id),
    sessions: await readLive(db, id),
  }
}

async function readRow(db: Db, id: bigint, scope: Scope): Promise<SubscriberShown | undefined> {
  const { rows } = await sql<SubscriberShown>`
    select subscriber.id, subscriber.username, subscriber.username_reserved, subscriber.account_type, subscriber.full_name,
      subscriber.email, subscriber.phone, subscriber.phone_extension, subscriber.address, subscriber.latitude,
      subscriber.longitude, subscriber.zone, subscriber.language, subscriber.plan_id, plan.name as plan,
      subscriber.next_plan_id, next_plan.name as next_plan, subscriber.owner_id, organisation.name as owner,
      subscriber.group_id, subscriber_group.name as group, subscriber.payer_id, payer.name as payer, payer.balance_minor,
      payer.currency, subscriber.enabled, subscriber.block_reason, subscriber.blocked_at, subscriber.activated_at,
      subscriber.period_started_at, subscriber.expires_at, subscriber.grace_until, subscriber.auto_renew,
      subscriber.session_limit, subscriber.device_limit, credential.kind as credential, subscriber.bound_interface,
      subscriber.bound_port, subscriber.bound_s_vlan, subscriber.bound_c_vlan, subscriber.bound_nas_group_id,
      nas_group.name as bound_nas_group, subscriber.circuit_id, subscriber.remote_id, subscriber.duid,
      subscriber.learn_mac_until, subscriber.attributes,
      array(select subscriber_route.route from subscriber_route where subscriber_route.subscriber_id = subscriber.id
        order by subscriber_route.id) as routes,
      (select count(*)::int from subscriber_comment where subscriber_comment.subscriber_id = subscriber.id) as comments,
      coalesce(period.input_octets, 0) as usage_up, coalesce(period.output_octets, 0) as usage_down,
      case when isfinite(live.last_seen_at) then live.last_seen_at end as last_seen_at, nas.name as last_nas,
      live.interface as last_interface, live.mac as last_mac, host(live.framed_ip) as last_framed_ip,
      subscriber.created_at, subscriber.updated_at, subscriber.archived_at, subscriber.purged_at,
      subscriber.xmin::text as version
    from subscriber join plan on plan.id = subscriber.plan_id
      join organisation on organisation.id = subscriber.owner_id
      join payer on payer.id = subscriber.payer_id
      left join plan next_plan on next_plan.id = subscriber.next_plan_id
      left join subscriber_group on subscriber_group.id = subscriber.group_id
      left join nas_group on nas_group.id = subscriber.bound_nas_group_id
      left join credential on credential.subscriber_id = subscriber.id
      left join usage_period period on period.subscriber_id = subscriber.id
        and period.period_started_at = subscriber.period_started_at
      left join subscriber_live live on live.subscriber_id = subscriber.id
      left join nas on nas.id = live.nas_id
    where subscriber.id = ${id} and ${subscriberInScope(scope)}`.execute(db)
  return rows[0]
}

function readDevices(db: Db, id: bigint): Promise<DeviceShown[]> {
  return db
    .selectFrom('device')
    .select(['mac', 'bound', 'learnt_at'])
    .where('subscriber_id', '=', id)
    .orderBy('mac')
    .execute()
}

async function readAddresses(db: Db, id: bigint): Promise<AddressShown[]> {
  const { rows } = await sql<AddressShown>`
    select subscriber_address.kind, subscriber_address.prefix::text as prefix from subscriber_address
    where subscriber_address.subscriber_id = ${id} order by subscriber_address.prefix`.execute(db)
  return rows
}

async function readLive(db: Db, id: bigint): Promise<LiveSession[]> {
  const { rows } = await sql<LiveSession>`
    select session.id, session.acct_session_id, nas.name as nas, session.started_at, session.updated_at,
      host(session.framed_ip) as framed_ip, session.framed_ipv6_prefix::text, session.delegated_ipv6_prefix::text,
      host(session.framed_ipv6_address) as framed_ipv6_address, session.mac, session.interface,
      session.input_octets as usage_up, session.output_octets as usage_down
    from session left join nas on nas.id = session.nas_id
    where session.subscriber_id = ${id} and session.ended_at is null and session.service is null
    order by session.started_at desc, session.id desc`.execute(db)
  return rows
}
