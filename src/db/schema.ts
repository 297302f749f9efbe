// The columns of every table as kysely sees them: the nouns of migrations/0001 here, those of later migrations in the
// schema-*.ts beside it. Written by hand; test/db/schema.test.ts compares all with a migrated database.
// `Generated`: the database has a value of its own when an insert names none.

import type { Generated, Kysely, Transaction } from 'kysely'
import type {
  AccessLogTable,
  CoaAttemptTable,
  CoaOrderTable,
  NasCapabilityTable,
  NasContactTable,
  JobFailureTable,
  JobRunTable,
  SessionTable,
  SessionArchiveTable,
  SessionClaimTable,
  UsageDayTable,
  UsageHourTable,
  UsagePeriodTable,
} from './schema-sessions.ts'

import type { ActivityTables } from './schema-activity.ts'
import type { BulkTables } from './schema-bulk.ts'
import type { DegradedTables } from './schema-degraded.ts'
import type { DoctorTables } from './schema-doctor.ts'
import type { FileTables } from './schema-files.ts'
import type { ListTables } from './schema-lists.ts'
import type { MessageTables } from './schema-messages.ts'
import type { MoneyTables } from './schema-money.ts'
import type { OperatorTables } from './schema-operators.ts'
import type { PlanTables } from './schema-plans.ts'
import type { PoolTables } from './schema-pools.ts'
import type { ReportTables } from './schema-reports.ts'
import type { RouterTables } from './schema-routers.ts'
import type { SignInTables } from './schema-sign-in.ts'
import type { SubscriberTables } from './schema-subscribers.ts'
import type { WatchTables } from './schema-watch.ts'
import type {
  AlarmTable,
  HomeServerPoolTable,
  HomeServerTable,
  ListeningTable,
  RealmTable,
  UnmatchedRequestTable,
} from './schema-lines.ts'

/** Every table by name. */
export type Database = NounTables &
  ActivityTables &
  BulkTables &
  DegradedTables &
  DoctorTables &
  FileTables &
  ListTables &
  MessageTables &
  MoneyTables &
  OperatorTables &
  PlanTables &
  PoolTables &
  ReportTables &
  RouterTables &
  SignInTables &
  SubscriberTables &
  WatchTables

type NounTables = {
  setting: SettingTable
  data_key: DataKeyTable
  organisation: OrganisationTable
  address_space: AddressSpaceTable
  nas_group: NasGroupTable
  nas_group_owner: NasGroupOwnerTable
  radius_client: RadiusClientTable
  client_secret: ClientSecretTable
  nas: NasTable
  plan: PlanTable
  payer: PayerTable
  subscriber_group: SubscriberGroupTable
  subscriber: SubscriberTable
  credential: CredentialTable
  device: DeviceTable
  subscriber_address: SubscriberAddressTable
  subscriber_route: SubscriberRouteTable
  change_log: ChangeLogTable
  session: SessionTable
  session_archive: SessionArchiveTable
  session_claim: SessionClaimTable
  usage_hour: UsageHourTable
  usage_day: UsageDayTable
  usage_period: UsagePeriodTable
  access_log: AccessLogTable
  coa_order: CoaOrderTable
  coa_attempt: CoaAttemptTable
  nas_contact: NasContactTable
  nas_capability: NasCapabilityTable
  job_run: JobRunTable
  job_failure: JobFailureTable
  home_server_pool: HomeServerPoolTable
  home_server: HomeServerTable
  realm: RealmTable
  unmatched_request: UnmatchedRequestTable
  listening: ListeningTable
  alarm: AlarmTable
}

/** What functions of domain/ take as their first argument: a connection pool or a transaction, both with the schema. */
export type Db = Kysely<Database> | Transaction<Database>

/** Policy by name; the values are typed in src/domain/setting.ts. */
export type SettingTable = {
  name: string
  value: unknown
  updated_at: Generated<Date>
}

/** A data key, wrapped by the key file outside the database. */
export type DataKeyTable = {
  id: Generated<number>
  wrapped: Buffer
  key_fingerprint: Buffer
  created_at: Date
  retired_at: Date | null
  seals_from: Date | null
}

/** The ISP itself or a reseller. */
export type OrganisationTable = {
  id: Generated<bigint>
  kind: 'isp' | 'reseller'
  name: string
  parent_id: bigint | null
  created_at: Generated<Date>
  subscriber_limit: number | null
  credit_limit_minor: Generated<bigint>
}

/** Inside it an address is unique. */
export type AddressSpaceTable = {
  id: Generated<bigint>
  name: string
}

/** NASes that back each other up. */
export type NasGroupTable = {
  id: Generated<bigint>
  name: string
  address_space_id: bigint
  identity_order: Generated<string[]>
  /** Read and written by src/domain/unknown-garden.ts. */
  unknown_garden: unknown
  created_at: Generated<Date>
}

/** Which organisations see a NAS group. */
export type NasGroupOwnerTable = {
  nas_group_id: bigint
  owner_id: bigint
}

/** Who may send to us. */
export type RadiusClientTable = {
  id: Generated<bigint>
  name: string
  prefix: string
  default_vendor: Generated<string>
  new_nas: Generated<'allow' | 'refuse'>
  message_authenticator: Generated<'require' | 'auto' | 'off'>
  message_authenticator_seen_at: Date | null
  limit_proxy_state: Generated<boolean>
  trusted_proxy: Generated<boolean>
  patience_ms: Generated<number>
  nas_group_id: bigint
  created_at: Generated<Date>
  unknown_pool_id: bigint | null
  radsec_fingerprint: string | null
  radsec_name: string | null
}

/** A secret of a client, sealed; valid until a date, or for ever. */
export type ClientSecretTable = {
  id: Generated<bigint>
  client_id: bigint
  secret: Buffer
  created_at: Generated<Date>
  valid_until: Date | null
}

/** One device behind a client. */
export type NasTable = {
  id: Generated<bigint>
  client_id: bigint
  name: string
  vendor: Generated<string>
  identifier: string | null
  address: string | null
  nas_group_id: bigint
  coa_address: string | null
  coa_port: Generated<number>
  coa_secret: Buffer | null
  last_reboot_at: Date | null
  observed_interval_s: number | null
  settings: Generated<unknown>
  attributes: Generated<string[]>
  created_at: Generated<Date>
}

/** What a subscriber is entitled to. Rates in bit/s, money in minor units, quota in octets. */
export type PlanTable = {
  id: Generated<bigint>
  owner_id: bigint | null
  name: string
  down_bps: bigint
  up_bps: bigint
  burst_down_bps: bigint | null
  burst_up_bps: bigint | null
  burst_threshold_down_bps: bigint | null
  burst_threshold_up_bps: bigint | null
  burst_seconds: number | null
  priority: number | null
  validity: number
  validity_unit: Generated<'hours' | 'days' | 'months' | 'calendar-month'>
  price_minor: Generated<bigint>
  setup_price_minor: Generated<bigint>
  auto_renew: Generated<boolean>
  min_down_bps: bigint | null
  min_up_bps: bigint | null
  mac_rule: Generated<'free' | 'learn' | 'bound'>
  allowed_nas_group_ids: Generated<bigint[]>
  quota_down_octets: bigint | null
  quota_up_octets: bigint | null
  quota_period: Generated<'day' | 'week' | 'month' | 'period'>
  quota_plan_id: bigint | null
  fup_steps: Generated<unknown>
  schedule: Generated<unknown>
  gardens: Generated<unknown>
  version: Generated<number>
  currency: Generated<string>
  session_limit: number | null
  device_limit: number | null
  quota_octets: bigint | null
  pool: string | null
  ipv6_pool: string | null
  delegated_ipv6_pool: string | null
  address_list: string | null
  idle_timeout_s: number | null
  interim_interval_s: number | null
  grace_hours: Generated<number>
  expiry_rule: Generated<'instant' | 'end-of-day' | 'local-hour'>
  expiry_hour: number | null
  no_cut_days: Generated<number[]>
  on_expiry: Generated<'reject' | 'garden'>
  on_block: Generated<'reject' | 'garden'>
  on_quota: Generated<'reject' | 'garden' | 'slower'>
  garden_address_list: string | null
  garden_pool: string | null
  attributes: Generated<string[]>
  created_at: Generated<Date>
  archived_at: Date | null
}

/** Who pays; the balance in minor units. */
export type PayerTable = {
  id: Generated<bigint>
  owner_id: bigint
  name: string
  currency: Generated<string>
  balance_minor: Generated<bigint>
  created_at: Generated<Date>
  kind: Generated<'own' | 'company'>
  email: string | null
  phone: string | null
  address: string | null
  credit_limit_minor: Generated<bigint>
  updated_at: Date | null
}

/** A group of subscribers of one owner. */
export type SubscriberGroupTable = {
  id: Generated<bigint>
  owner_id: bigint
  name: string
}

/** The paying line: facts, never one status. */
export type SubscriberTable = {
  id: Generated<bigint>
  owner_id: bigint
  payer_id: bigint
  plan_id: bigint
  next_plan_id: bigint | null
  group_id: bigint | null
  username: string
  username_reserved: Generated<boolean>
  account_type: Generated<'pppoe' | 'ipoe'>
  full_name: string | null
  email: string | null
  phone: string | null
  phone_extension: string | null
  address: string | null
  latitude: number | null
  longitude: number | null
  zone: string | null
  language: string | null
  enabled: Generated<boolean>
  block_reason: string | null
  blocked_at: Date | null
  activated_at: Date | null
  period_started_at: Generated<Date>
  expires_at: Date | null
  grace_until: Date | null
  auto_renew: Generated<boolean>
  session_limit: number | null
  device_limit: number | null
  bound_interface: string | null
  bound_port: string | null
  bound_s_vlan: number | null
  bound_c_vlan: number | null
  bound_nas_group_id: bigint | null
  circuit_id: Buffer | null
  remote_id: Buffer | null
  duid: Buffer | null
  attributes: Generated<string[]>
  created_at: Generated<Date>
  updated_at: Generated<Date>
  archived_at: Date | null
  learn_mac_until: Date | null
  purged_at: Date | null
  /** Made by the database of the fields that the search box looks through. */
  search_text: Generated<string>
}

/** What proves a subscriber; sealed, or a keyed verifier. */
export type CredentialTable = {
  subscriber_id: bigint
  kind: 'clear' | 'nt-hash' | 'verifier'
  secret: Buffer
  updated_at: Generated<Date>
}

/** A MAC of a subscriber. */
export type DeviceTable = {
  subscriber_id: bigint
  mac: string
  bound: Generated<boolean>
  learnt_at: Generated<Date>
}

/** A static address or prefix of a subscriber. */
export type SubscriberAddressTable = {
  id: Generated<bigint>
  subscriber_id: bigint
  address_space_id: bigint
  kind: 'framed-ip' | 'framed-ipv6-prefix' | 'delegated-ipv6-prefix' | 'framed-ipv6-address'
  prefix: string
}

/** A Framed-Route of a subscriber (RFC 2865 §5.22). */
export type SubscriberRouteTable = {
  id: Generated<bigint>
  subscriber_id: bigint
  route: string
}

/** What changed, written by triggers. */
export type ChangeLogTable = {
  id: Generated<bigint>
  table_name: string
  row_id: bigint
  deleted: Generated<boolean>
  changed_by: Generated<string>
  changed_at: Generated<Date>
}
