// The SQLSTATE codes we act upon, and what they mean for the caller: try again, somebody was first, or the database is away.
// PostgreSQL manual, appendix A.

import { DatabaseError } from 'pg'

export const sqlState = {
  uniqueViolation: '23505',
  foreignKeyViolation: '23503',
  checkViolation: '23514',
  notNullViolation: '23502',
  exclusionViolation: '23P01',
  serializationFailure: '40001',
  deadlockDetected: '40P01',
  lockNotAvailable: '55P03',
  queryCanceled: '57014',
  cannotConnectNow: '57P03',
  invalidPassword: '28P01',
  undefinedTable: '42P01',
  undefinedColumn: '42703',
  duplicateDatabase: '42P04',
  diskFull: '53100',
  readOnlyTransaction: '25006',
} as const

/** All connections are taken, and as many as may wait for one do. Nothing was asked. */
export class PoolBusyError extends Error {
  override readonly name = 'PoolBusyError'
}

/** Postgres says in its first two characters what kind of trouble it is. */
const unavailableClasses = new Set(['08', '53', '58', 'XX'])
const unavailableStates = new Set(['57P01', '57P02', '57P03', '57P05', '25P03', '25006'])
const unavailableSystemCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
])

/** The SQLSTATE of an error that Postgres sent, else undefined (network errors have a code of another form). */
export function sqlStateOf(error: unknown): string | undefined {
  const code = errorCode(error)
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !unavailableSystemCodes.has(code) ? code : undefined
}

/** Whether the transaction may simply be run again: a deadlock or a serialization failure. It did not commit. */
export function isTransient(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === sqlState.deadlockDetected || state === sqlState.serializationFailure
}

/**
 * Whether others held it up: a lock that did not come in time, a deadlock, the limit of a statement. It did not happen, and later
 * it may.
 */
export function isHeldUp(error: unknown): boolean {
  const state = sqlStateOf(error)
  return isTransient(error) || state === sqlState.lockNotAvailable || state === sqlState.queryCanceled
}

/** Whether a unique constraint was broken; with a name: exactly that constraint or index. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  if (sqlStateOf(error) !== sqlState.uniqueViolation) return false
  return constraint === undefined || (error instanceof DatabaseError && error.constraint === constraint)
}

/**
 * Whether the database could not be asked (away, starting, stopping, full, connection cut, no answer in time) rather than
 * the statement being wrong. The outcome of a statement in flight is then unknown: only repeat what is idempotent.
 */
export function isUnavailable(error: unknown): boolean {
  const code = errorCode(error)
  if (code !== undefined && unavailableSystemCodes.has(code)) return true
  const state = sqlStateOf(error)
  if (state !== undefined) return unavailableStates.has(state) || unavailableClasses.has(state.slice(0, 2))
  // pg gives these no code.
  return (
    error instanceof Error &&
    /Connection terminated|timeout (exceeded|expired)|Query read timeout|not queryable/i.test(error.message)
  )
}

/**
 * Whether the values of a statement are at fault, so that trying again is in vain: a data exception, a broken constraint, an
 * error of our own code on its way there. A missing partition is no constraint with a name, and comes by.
 */
export function isFaultOfValues(error: unknown): error is Error {
  if (error instanceof TypeError || error instanceof RangeError) return true
  if (!(error instanceof DatabaseError)) return false
  const state = sqlStateOf(error)?.slice(0, 2)
  return state === '22' || (state === '23' && (error.constraint ?? error.column) !== undefined)
}

/** The `code` of a Postgres or system error. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
