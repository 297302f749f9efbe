// The columns of migrations/0006: signing in: recovery codes, known devices, guesses, reset links, first start, the portal.

import type { Generated } from 'kysely'

/** The tables of 0006 by name. */
export type SignInTables = {
  recovery_code: RecoveryCodeTable
  known_device: KnownDeviceTable
  guess_counter: GuessCounterTable
  password_reset: PasswordResetTable
  setup_token: SetupTokenTable
  portal_login: PortalLoginTable
  portal_session: PortalSessionTable
}

/** A code that stands in for the second factor, once. */
export type RecoveryCodeTable = {
  id: Generated<bigint>
  operator_id: bigint
  code_hash: Buffer
  created_at: Date
  used_at: Date | null
}

/** A browser that has been signed in. */
export type KnownDeviceTable = {
  token_hash: Buffer
  operator_id: bigint
  created_at: Date
  last_used_at: Date
}

/** Guesses in a row by account, address or device. */
export type GuessCounterTable = {
  key: Buffer
  failures: number
  last_at: Date
  closed_until: Date | null
}

/** A link to set a password with; of nobody where the address was unknown. */
export type PasswordResetTable = {
  id: Generated<bigint>
  token_hash: Buffer
  operator_id: bigint | null
  purpose: 'reset' | 'invitation'
  created_at: Date
  expires_at: Date
  used_at: Date | null
}

/** With it the first super-administrator is made. */
export type SetupTokenTable = {
  one: Generated<boolean>
  token_hash: Buffer
  created_at: Date
}

/** How a subscriber signs in to its portal. */
export type PortalLoginTable = {
  subscriber_id: bigint
  password_hash: string
  password_changed_at: Date
  must_change_password: Generated<boolean>
  totp_secret: Buffer | null
  totp_enabled_at: Date | null
  totp_last_step: bigint | null
}

/** A sign-in to the portal. */
export type PortalSessionTable = {
  id: Generated<bigint>
  token_hash: Buffer
  subscriber_id: bigint
  state: 'change' | 'full'
  opened_by_id: bigint | null
  address: string | null
  user_agent: string | null
  created_at: Date
  last_seen_at: Date
  ends_at: Date
  ended_at: Date | null
}
