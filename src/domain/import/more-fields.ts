// Fields of a subscriber that only files write: facts of its service period and block, what was learnt, routes.

import { checkMac } from '../device.ts'
import { checkText, FieldError, quote } from '../field.ts'
import { parseInstant } from '../instant.ts'
import type { ImportColumn } from './column.ts'
import type { RowOptions, Values } from './row.ts'

/** Undefined: the file says nothing of it; null: it says that there is none. */
export type MoreFields = {
  graceUntil: Date | null | undefined
  activatedAt: Date | null | undefined
  periodStartedAt: Date | undefined
  createdAt: Date | undefined
  enabled: boolean | undefined
  autoRenew: boolean | undefined
  blockReason: string | null
  /** Null: not blocked. Undefined: blocked from now on where there is a reason. */
  blockedAt: Date | null | undefined
  learntMacs: string[]
  routes: string[]
}

const longestRoute = 253
const mostRoutes = 100

/** Reads them; errors are added to those that are there. */
export function readMoreFields(values: Values, options: RowOptions, errors: FieldError[]): MoreFields {
  const attempt = <T>(column: ImportColumn, read: (text: string) => T): T | undefined => {
    const value = values.get(column)
    if (value?.kind !== 'text' || value.text.trim() === '') return undefined
    try {
      return read(value.text)
    } catch (error) {
      if (!(error instanceof FieldError)) throw error
      errors.push(error)
      return undefined
    }
  }
  const isNone = (column: ImportColumn): boolean => values.get(column)?.kind === 'none'
  const instant = (column: ImportColumn): Date | undefined =>
    attempt(column, (text) => parseInstant(column, text, options.settings.zone))
  const yes = (column: ImportColumn): boolean | undefined => attempt(column, (text) => readYes(column, text))
  return {
    graceUntil: isNone('grace_until') ? null : instant('grace_until'),
    activatedAt: isNone('activated_at') ? null : instant('activated_at'),
    periodStartedAt: instant('period_started_at'),
    createdAt: instant('created_at'),
    enabled: yes('enabled'),
    autoRenew: yes('auto_renew'),
    blockReason: attempt('block_reason', (text) => checkText('block_reason', text, 1, 200)) ?? null,
    blockedAt: isNone('blocked_at') ? null : instant('blocked_at'),
    learntMacs: attempt('learnt_macs', (text) => wordsOf(text).map((word) => checkMac('learnt_macs', word))) ?? [],
    routes: attempt('routes', readRoutes) ?? [],
  }
}

function readYes(column: string, text: string): boolean {
  const word = text.trim().toLowerCase()
  if (['true', 'yes', '1', 'on'].includes(word)) return true
  if (['false', 'no', '0', 'off'].includes(word)) return false
  throw new FieldError(column, `${quote(text)} is neither true nor false`)
}

function wordsOf(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).filter((word) => word !== ''))]
}

function linesOf(text: string): string[] {
  return text.split(/\r\n|\r|\n/).flatMap((line) => (line.trim() === '' ? [] : [line.trim()]))
}

/** One a line, as Framed-Route says it (RFC 2865 §5.22). */
function readRoutes(text: string): string[] {
  const routes = linesOf(text).map((route) => checkText('routes', route, 1, longestRoute))
  if (routes.length > mostRoutes) throw new FieldError('routes', `must have at most ${mostRoutes} lines`)
  return routes
}
