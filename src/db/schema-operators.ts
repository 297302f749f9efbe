// The columns of migrations/0005: operators and what they did.

import type { Generated } from 'kysely'

/** The tables of 0005 by name. */
export type OperatorTables = {
  role: RoleTable
  team: TeamTable
  operator: OperatorTable
  panel_session: PanelSessionTable
  api_token: ApiTokenTable
  idempotency_key: IdempotencyKeyTable
  person_key: PersonKeyTable
  audit_entry: AuditEntryTable
}

/** A set of permissions with a name. */
export type RoleTable = {
  id: Generated<bigint>
  name: string
  built_in: Generated<boolean>
  permissions: Generated<string[]>
  created_at: Generated<Date>
}

/** Narrows what its operators see; null: not at all. */
export type TeamTable = {
  id: Generated<bigint>
  name: string
  zones: string[] | null
  nas_group_ids: bigint[] | null
  created_at: Generated<Date>
  organisation_id: bigint | null
}

/** A person of the panel. */
export type OperatorTable = {
  id: Generated<bigint>
  organisation_id: bigint
  role_id: bigint
  team_id: bigint | null
  name: string
  email: string
  phone: string | null
  phone_extension: string | null
  language: string | null
  enabled: Generated<boolean>
  password_hash: string | null
  password_changed_at: Date | null
  must_change_password: Generated<boolean>
  totp_secret: Buffer | null
  totp_enabled_at: Date | null
  totp_last_step: bigint | null
  created_at: Date
  created_by: string | null
  updated_at: Date
  last_login_at: Date | null
  archived_at: Date | null
  password_valid_until: Date | null
  totp_pending: Buffer | null
  totp_pending_at: Date | null
}

/** A sign-in of an operator. */
export type PanelSessionTable = {
  id: Generated<bigint>
  token_hash: Buffer
  operator_id: bigint
  state: 'password' | 'change' | 'full'
  viewed_by_id: bigint | null
  address: string | null
  user_agent: string | null
  created_at: Date
  last_seen_at: Date
  proved_at: Date
  ends_at: Date
  ended_at: Date | null
  parent_id: bigint | null
  wrong_tries: Generated<number>
}

/** A key for programs, with fewer permissions than its operator. */
export type ApiTokenTable = {
  id: Generated<bigint>
  operator_id: bigint
  name: string
  prefix: string
  token_hash: Buffer
  permissions: string[]
  allowed: Generated<string[]>
  created_at: Date
  expires_at: Date
  last_used_at: Date | null
  last_used_address: string | null
  revoked_at: Date | null
}

/** An answer kept for a request that is sent again. */
export type IdempotencyKeyTable = {
  caller: string
  key: string
  fingerprint: Buffer
  status: number | null
  body: string | null
  created_at: Date
}

/** The key of a person's audit values, sealed. */
export type PersonKeyTable = {
  subscriber_id: bigint
  key: Buffer
  created_at: Date
}

/** One deed. */
export type AuditEntryTable = {
  id: Generated<bigint>
  at: Date
  changed_by: Generated<string>
  author_kind: 'operator' | 'token' | 'subscriber' | 'system' | 'command-line' | 'anonymous'
  operator_id: bigint | null
  author_name: string
  viewed_by: string | null
  address: string | null
  request_id: string | null
  action: string
  noun: string
  row_id: bigint | null
  owner_id: bigint | null
  before: unknown
  after: unknown
  person_id: bigint | null
  personal: Buffer | null
}
