// The columns of migrations/0020: access to routers, and the runs on them.

import type { Generated } from 'kysely'

/** The tables of 0020 by name. */
export type RouterTables = {
  nas_router: NasRouterTable
  router_run: RouterRunTable
}

/** How the router of a NAS is reached. */
export type NasRouterTable = {
  nas_id: bigint
  backend: 'api' | 'rest'
  host: string | null
  port: number
  user_name: string
  password: Buffer
  pin_sha256: Buffer | null
  ca_pem: string | null
  server_name: string | null
  timeout_ms: number
  created_at: Date
  updated_at: Date
}

/** What is to be read or done on a router, and what came of it. */
export type RouterRunTable = {
  id: Generated<bigint>
  nas_id: bigint
  kind: string
  params: Generated<unknown>
  author_kind: 'operator' | 'token' | 'subscriber' | 'system' | 'command-line' | 'anonymous'
  operator_id: bigint | null
  author_name: string
  state: Generated<'waiting' | 'running' | 'done' | 'failed'>
  result: unknown
  person_ids: Generated<bigint[]>
  error: string | null
  attempts: Generated<number>
  created_at: Date
  due_at: Date
  started_at: Date | null
  finished_at: Date | null
  claimed_by: string | null
  lease_until: Date | null
}
