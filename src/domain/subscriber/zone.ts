// Zones: free words of the ISP for parts of its area. A team may be narrowed to some of them.

import { checkText, FieldError } from '../field.ts'
import type { Scope } from '../scope.ts'

/** The zone as it is written; empty and null are none. Throws FieldError where it lies out of the author's reach. */
export function checkZone(field: string, text: string | null, scope: Scope): string | null {
  const zone = text === null || text.trim() === '' ? null : checkText(field, text, 1, 100)
  requireZone(field, zone, scope)
  return zone
}

/** Throws FieldError where an author who reaches some zones only would put a subscriber out of their sight. */
export function requireZone(field: string, zone: string | null, scope: Scope): void {
  if (scope.zones === undefined || (zone !== null && scope.zones.includes(zone))) return
  throw new FieldError(field, `must be one of ${scope.zones.join(', ')}`)
}
