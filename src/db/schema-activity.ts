// The columns of migrations/0013: the audit chain and disclosures.

import type { Generated } from 'kysely'

/** The tables of 0013 by name. */
export type ActivityTables = {
  audit_chain: AuditChainTable
  audit_chain_position: AuditChainPositionTable
  disclosure: DisclosureTable
}

/** One link of the chain over the audit trail. */
export type AuditChainTable = {
  sequence: bigint
  entry_id: bigint
  hash: Buffer
  chained_at: Date
}

/** From where the sequencer reads on; one row. */
export type AuditChainPositionTable = {
  only_row: Generated<boolean>
  changed_by: Generated<string>
  floor_id: Generated<bigint>
}

/** A question who had an address. */
export type DisclosureTable = {
  id: Generated<bigint>
  at: Date
  author_kind: string
  operator_id: bigint | null
  author_name: string
  address: string | null
  request_id: string | null
  owner_id: bigint | null
  reason: string
  case_number: string | null
  sought: string
  sought_kind: 'address' | 'mac' | 'circuit-id'
  sought_at: Date | null
  address_space_id: bigint | null
  port: number | null
  answers: number
}
