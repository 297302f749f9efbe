// The columns of the tables of migrations/0004, as kysely sees them.

import type { Generated } from 'kysely'

export type HomeServerPoolTable = {
  id: Generated<bigint>
  name: string
  created_at: Generated<Date>
}

export type HomeServerTable = {
  id: Generated<bigint>
  pool_id: bigint
  name: string
  priority: Generated<number>
  address: string
  auth_port: Generated<number>
  acct_port: Generated<number>
  secret: Buffer
  message_authenticator: Generated<'require' | 'auto' | 'off'>
  message_authenticator_seen_at: Date | null
  timeout_ms: Generated<number>
  tries: Generated<number>
  created_at: Generated<Date>
}

export type RealmTable = {
  id: Generated<bigint>
  name: string
  action: 'strip' | 'keep' | 'refuse' | 'forward'
  pool_id: bigint | null
  created_at: Generated<Date>
}

export type UnmatchedRequestTable = {
  id: Generated<bigint>
  nas_id: bigint
  fingerprint: string
  username: string
  mac: string | null
  interface: string | null
  port: string | null
  s_vlan: number | null
  c_vlan: number | null
  circuit_id: Buffer | null
  remote_id: Buffer | null
  duid: Buffer | null
  reason: string
  /** JSON. */
  sent: string
  count: Generated<bigint>
  first_at: Date
  last_at: Date
}

export type ListeningTable = {
  instance: string
  started_at: Date
  until: Date
}

export type AlarmTable = {
  kind: string
  subject: string
  text: string
  count: Generated<bigint>
  first_at: Date
  last_at: Date
  cleared_at: Date | null
}
