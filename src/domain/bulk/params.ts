// What the action of a run is told, as it is stored: open, or with what looks like a secret masked and the whole sealed.

import type { Selectable } from 'kysely'
import type { BulkRunTable } from '../../db/schema-bulk.ts'
import { openField, sealField } from '../data-key.ts'
import type { Keyring, Place } from '../data-key.ts'

type Params = Readonly<Record<string, unknown>>

const secretNames = /password|secret|token|credential/i

/** As it may be shown. */
export function shownParams(params: Params): Params {
  const masked = Object.entries(params).map(([name, value]) => [name, isSecret(name, value) ? '***' : value] as const)
  return Object.fromEntries(masked)
}

/** The whole, sealed for the run; null where nothing of it is secret. */
export function sealParams(keyring: Keyring, runId: bigint, params: Params): Buffer | null {
  if (!Object.entries(params).some(([name, value]) => isSecret(name, value))) return null
  return sealField(keyring, placeOf(runId), Buffer.from(JSON.stringify(params)))
}

/** The whole again. Throws SealError. */
export function paramsOf(
  run: Pick<Selectable<BulkRunTable>, 'id' | 'params' | 'sealed_params'>,
  keyring: Keyring,
): Params {
  if (run.sealed_params === null) return run.params as Params
  return JSON.parse(openField(keyring, placeOf(run.id), run.sealed_params).toString()) as Params
}

function isSecret(name: string, value: unknown): boolean {
  return secretNames.test(name) && typeof value === 'string'
}

function placeOf(runId: bigint): Place {
  return { table: 'bulk_run', row: runId, column: 'sealed_params' }
}
