// Which lines renew by themselves, and when: said once, for the run that renews them, for the row that is held while one is
// renewed, and for the forecast.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Validity } from '../calendar.ts'
import type { Settings } from '../setting.ts'

/** Whether the row of `subscriber` renews by itself: in service as far as persons decide, and begun. */
export const renewsByItself: RawBuilder<boolean> = sql<boolean>`(subscriber.auto_renew and subscriber.enabled
  and subscriber.blocked_at is null and subscriber.archived_at is null and subscriber.activated_at is not null)`

type Ahead = Pick<Settings, 'renew_ahead_hours' | 'renew_late_days'>

/**
 * Whether the row of `subscriber` is due by `until`, if it renews by itself; `plan` is the one that comes next. One whose
 * service ended too long before `now` (setting renew_late_days) is left alone.
 */
export function isDueBy(settings: Ahead, until: Date, now: Date): RawBuilder<boolean> {
  const { renew_ahead_hours: hours, renew_late_days: lateDays } = settings
  return sql<boolean>`(subscriber.expires_at <= ${until}::timestamptz + make_interval(hours => ${hours})
    -- A plan of some hours is not renewed for more than half of them ahead.
    and subscriber.expires_at <= ${until}::timestamptz + make_interval(mins =>
      case plan.validity_unit when 'hours' then least(plan.validity * 30, ${hours}::integer * 60)
        else ${hours}::integer * 60 end)
    and subscriber.expires_at > ${new Date(now.getTime() - lateDays * 86_400_000)})`
}

/** The same of one line in TypeScript: from when on a service that ends then is due under the plan that comes next. */
export function dueFrom(settings: Ahead, expiresAt: Date, validity: Validity | undefined): Date {
  const hours = settings.renew_ahead_hours
  const minutes = validity?.unit === 'hours' ? Math.min(validity.count * 30, hours * 60) : hours * 60
  return new Date(expiresAt.getTime() - minutes * 60_000)
}
