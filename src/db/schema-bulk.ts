// The columns of migrations/0010: bulk runs.

import type { Generated } from 'kysely'

/** The tables of 0010 by name. */
export type BulkTables = {
  bulk_run: BulkRunTable
  bulk_item: BulkItemTable
}

/** One action upon many subscribers. */
export type BulkRunTable = {
  id: Generated<bigint>
  action: string
  params: unknown
  sealed_params: Buffer | null
  target: unknown
  retry_of: bigint | null
  undo_of: bigint | null
  undo_of_job_run: bigint | null
  state: Generated<'waiting' | 'running' | 'done' | 'stopped' | 'failed'>
  stop_requested_at: Date | null
  error: string | null
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
  total: Generated<number>
  worked_position: Generated<number>
  done: Generated<number>
  unchanged: Generated<number>
  refused: Generated<number>
  failed: Generated<number>
  revealed_at: Date | null
  created_at: Date
  started_at: Date | null
  worked_at: Date | null
  finished_at: Date | null
}

/** One subscriber of a run, and what became of it. */
export type BulkItemTable = {
  run_id: bigint
  position: number
  subscriber_id: bigint
  outcome: 'done' | 'unchanged' | 'refused' | 'failed' | null
  reason: string | null
  detail: unknown
  revealed: Buffer | null
  undo: unknown
  call: unknown
}
