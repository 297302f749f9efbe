// Imports and exports in the background as the API tells them.

import { z } from 'zod'
import { exportStateOf, exportStates } from '../../domain/export/run.ts'
import type { ExportRun } from '../../domain/export/run.ts'
import { importStates, stateOf } from '../../domain/import/run.ts'
import type { ImportRun } from '../../domain/import/run.ts'
import { idOut, instantOut, isoOrNull, octetsOut } from '../schemas.ts'

const count = z.int().min(0)

export const importOut = z.strictObject({
  id: idOut,
  state: z.enum(importStates),
  mode: z.enum(['create', 'upsert']),
  partial: z.boolean(),
  dry_run: z.boolean(),
  format: z.enum(['csv', 'xlsx']),
  octets: octetsOut,
  sha256: z.string(),
  author: z.string(),
  phase: z.enum(['check', 'write']).nullable(),
  rows: count,
  created: count,
  updated: count,
  unchanged: count,
  errors: count,
  groups_made: z.array(z.string()),
  notices: z.array(z.string()),
  error: z.string().nullable(),
  created_at: instantOut,
  started_at: instantOut.nullable(),
  finished_at: instantOut.nullable(),
})

/** An import as JSON. */
export function presentImport(run: ImportRun): z.input<typeof importOut> {
  return {
    id: Number(run.id),
    state: stateOf(run),
    mode: run.mode,
    partial: run.partial,
    dry_run: run.dry_run,
    format: run.format,
    octets: run.file_octets.toString(),
    sha256: run.file_hash.toString('hex'),
    author: run.author_name,
    phase: run.phase,
    rows: run.rows,
    created: run.created,
    updated: run.updated,
    unchanged: run.unchanged,
    errors: run.errors,
    groups_made: run.groups_made,
    notices: run.notices,
    error: run.error,
    created_at: run.created_at.toISOString(),
    started_at: isoOrNull(run.started_at),
    finished_at: isoOrNull(run.finished_at),
  }
}

export const importErrorOut = z.strictObject({ line: count, field: z.string(), reason: z.string() })

export const exportOut = z.strictObject({
  id: idOut,
  noun: z.string(),
  format: z.enum(['csv', 'xlsx']),
  state: z.enum(exportStates),
  octets: octetsOut,
  error: z.string().nullable(),
  created_at: instantOut,
  started_at: instantOut.nullable(),
  finished_at: instantOut.nullable(),
})

/** An export as JSON. */
export function presentExport(run: ExportRun): z.input<typeof exportOut> {
  return {
    id: Number(run.id),
    noun: run.noun,
    format: run.format,
    state: exportStateOf(run),
    octets: run.octets.toString(),
    error: run.error,
    created_at: run.created_at.toISOString(),
    started_at: isoOrNull(run.started_at),
    finished_at: isoOrNull(run.finished_at),
  }
}
