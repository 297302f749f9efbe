// What a subscriber sees of its own service: plan, how long it lasts, how much of it is used, what it gives right now. Nothing of
// the ISP's own: no NAS, no comment, no reason of a block, no balance of a payer who pays for others too.

import type { Db } from '../../db/schema.ts'
import { usageSeries } from '../activity/usage-series.ts'
import { accessPlanOf } from '../plan/preview.ts'
import { exhausted, windowAt } from '../plan/quota.ts'
import type { WindowUsage } from '../plan/quota.ts'
import { chooseRates } from '../plan/rates.ts'
import type { RateSource } from '../plan/rates.ts'
import { fieldsOf, readPlan } from '../plan/read.ts'
import type { Plan } from '../plan/read.ts'
import { everything } from '../scope.ts'
import type { Scope } from '../scope.ts'
import { readSettings } from '../setting.ts'
import { showSubscriberPage } from '../subscriber/show.ts'
import type { SubscriberPage, SubscriberShown } from '../subscriber/show.ts'

export type PortalService = SubscriberPage & {
  plan: Plan
  /** What counts towards the quota and the fair use steps. */
  used: WindowUsage
  /** When it counts from nothing again by itself; undefined: with the next service period. */
  resetsAt: Date | undefined
  isUsedUp: boolean
  speed: { downBps: number; upBps: number; source: RateSource['kind'] }
  /** Whether the balance is this subscriber's alone. */
  paysForItself: boolean
}

/** The service of one subscriber now. Throws NotFoundError. */
export async function showPortalService(db: Db, subscriberId: bigint, scope: Scope, now: Date): Promise<PortalService> {
  const page = await showSubscriberPage(db, subscriberId, scope)
  // It is its own plan, whoever owns that.
  const plan = await readPlan(db, page.row.plan_id, everything)
  const { zone } = await readSettings(db)
  const window = plan.quota_period === 'period' ? undefined : windowAt(plan.quota_period, zone, now)
  const used = window === undefined ? ofPeriod(page.row) : await usedSince(db, subscriberId, window.since, now)
  const access = await accessPlanOf(db, { id: plan.id, fields: fieldsOf(plan) }, everything)
  const { rates, source } = chooseRates(access, used, zone, now)
  return {
    ...page,
    plan,
    used,
    resetsAt: window?.until,
    isUsedUp: exhausted(access, used) !== undefined,
    speed: { downBps: rates.downBps, upBps: rates.upBps, source: source.kind },
    paysForItself: await paysForOne(db, page.row.payer_id),
  }
}

function ofPeriod(row: SubscriberShown): WindowUsage {
  return { down: row.usage_down, up: row.usage_up }
}

async function usedSince(db: Db, subscriberId: bigint, from: Date, now: Date): Promise<WindowUsage> {
  // The very first instant of a window has no span yet.
  if (from >= now) return { down: 0n, up: 0n }
  const { inputOctets, outputOctets } = await usageSeries(db, { subscriberId, by: 'day', from }, everything, now)
  return { down: outputOctets, up: inputOctets }
}

async function paysForOne(db: Db, payerId: bigint): Promise<boolean> {
  const rows = await db
    .selectFrom('subscriber')
    .select('id')
    .where('payer_id', '=', payerId)
    .where('archived_at', 'is', null)
    .limit(2)
    .execute()
  return rows.length === 1
}
