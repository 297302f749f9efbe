// The columns of migrations/0012: imports and exports in the background.

import type { Generated } from 'kysely'

/** The tables of 0012 by name. */
export type FileTables = {
  import_run: ImportRunTable
  import_error: ImportErrorTable
  export_run: ExportRunTable
}

/** One file that was sent to be imported. */
export type ImportRunTable = {
  id: Generated<bigint>
  state: Generated<'waiting' | 'running' | 'done' | 'refused' | 'stopped' | 'failed'>
  mode: 'create' | 'upsert'
  partial: boolean
  dry_run: boolean
  mapping: unknown
  format: 'csv' | 'xlsx'
  file_name: string | null
  file_octets: bigint
  file_hash: Buffer
  fingerprint: Buffer
  author_kind: 'operator' | 'token' | 'subscriber' | 'system' | 'command-line' | 'anonymous'
  operator_id: bigint | null
  token_id: bigint | null
  author_name: string
  address: string | null
  request_id: string | null
  permissions: string[]
  owner_id: bigint | null
  zones: string[] | null
  nas_group_ids: bigint[] | null
  phase: 'check' | 'write' | null
  done_line: Generated<number>
  rows: Generated<number>
  created: Generated<number>
  updated: Generated<number>
  unchanged: Generated<number>
  errors: Generated<number>
  groups_made: Generated<string[]>
  notices: Generated<string[]>
  error: string | null
  stop_requested_at: Date | null
  taken_by: string | null
  created_at: Date
  started_at: Date | null
  worked_at: Date | null
  finished_at: Date | null
}

/** What is wrong with a row of such a file. */
export type ImportErrorTable = {
  id: Generated<bigint>
  run_id: bigint
  line: number
  field: string
  reason: string
}

/** A file that is made in the background and waits to be fetched. */
export type ExportRunTable = {
  id: Generated<bigint>
  state: Generated<'waiting' | 'running' | 'done' | 'stopped' | 'failed'>
  noun: string
  format: 'csv' | 'xlsx'
  bom: boolean
  query: unknown
  author_kind: 'operator' | 'token' | 'subscriber' | 'system' | 'command-line' | 'anonymous'
  operator_id: bigint | null
  token_id: bigint | null
  author_name: string
  address: string | null
  request_id: string | null
  permissions: string[]
  owner_id: bigint | null
  zones: string[] | null
  nas_group_ids: bigint[] | null
  rows: Generated<number>
  octets: Generated<bigint>
  file_name: string | null
  error: string | null
  stop_requested_at: Date | null
  taken_by: string | null
  created_at: Date
  started_at: Date | null
  worked_at: Date | null
  finished_at: Date | null
}
