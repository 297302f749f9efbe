// The service period that a subscriber begins with.

/** The columns that a service period with this end has from its beginning. */
export function servicePeriod(expiresAt: Date | null, graceHours: number, now: Date) {
  if (expiresAt === null) return { activated_at: null, expires_at: null, grace_until: null, period_started_at: now }
  return {
    activated_at: now,
    expires_at: expiresAt,
    grace_until: graceEnd(expiresAt, graceHours),
    period_started_at: now,
  }
}

/** When grace ends; null: there is none. */
export function graceEnd(expiresAt: Date | null, graceHours: number): Date | null {
  if (expiresAt === null || graceHours === 0) return null
  return new Date(expiresAt.getTime() + graceHours * 3_600_000)
}
