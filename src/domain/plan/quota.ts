// Quotas and fair use steps of a plan, judged by what was used in the window that they count in. Pure.

import { FieldError } from '../field.ts'
import { instantOf, wallClock } from '../instant.ts'
import { parseVolume } from '../quantity.ts'
import { checkWhole } from './value.ts'

/** Octets used in a window; `down` is to the subscriber (Acct-Output-Octets). */
export type WindowUsage = { readonly down: bigint; readonly up: bigint }

/** Once `after_octets` of both directions are used in the window, these rates hold. As it is stored. */
export type FupStep = {
  /** As decimal text: octets may pass 2^53. */
  readonly after_octets: string
  readonly down_bps: number
  readonly up_bps: number
}

export const quotaPeriods = ['day', 'week', 'month', 'period'] as const
export type QuotaPeriod = (typeof quotaPeriods)[number]

/** What of a plan says how much may be used. Octets as decimal text. */
export type Quota = {
  readonly quota_octets: string | null
  readonly quota_down_octets: string | null
  readonly quota_up_octets: string | null
  readonly quota_period: QuotaPeriod
  readonly fup_steps: readonly FupStep[]
}

const mostSteps = 20

/** Which quota is used up, in words; undefined while none is. */
export function exhausted(quota: Quota, usage: WindowUsage | undefined): string | undefined {
  if (usage === undefined) return undefined
  const counts: [string | null, bigint, string][] = [
    [quota.quota_octets, usage.down + usage.up, ''],
    [quota.quota_down_octets, usage.down, ' down'],
    [quota.quota_up_octets, usage.up, ' up'],
  ]
  const full = counts.find(([limit, used]) => limit !== null && used >= BigInt(limit))
  return full && `${full[1]} octets of ${full[0]}${full[2]} are used in this ${quota.quota_period}`
}

/** The number (from 0) of the fair use step that holds; undefined: none yet. */
export function fupStepAt(steps: readonly FupStep[], usage: WindowUsage | undefined): number | undefined {
  if (usage === undefined || steps.length === 0) return undefined
  const used = usage.down + usage.up
  const found = steps.findLastIndex((step) => used >= BigInt(step.after_octets))
  return found === -1 ? undefined : found
}

/** Whether anything about a plan follows from what was used. */
export function countsUsage(quota: Quota): boolean {
  const limits = [quota.quota_octets, quota.quota_down_octets, quota.quota_up_octets]
  return limits.some((limit) => limit !== null) || quota.fup_steps.length > 0
}

/** An amount that was used: a volume, or nothing. Throws FieldError. */
export function readVolume(field: string, text: string): bigint {
  return text.trim() === '0' ? 0n : parseVolume(field, text)
}

/** A window of days: from the first midnight on, up to another, in the ISP's zone. */
export type Window = { readonly since: Date; readonly until: Date; readonly firstDay: string }

const dayMs = 86_400_000

/** The day, week (from Monday) or month of the zone that an instant lies in. */
export function windowAt(period: Exclude<QuotaPeriod, 'period'>, zone: string, at: Date): Window {
  const wall = wallClock(zone, at)
  const [year, month] = [wall.getUTCFullYear(), wall.getUTCMonth()]
  const today = Date.UTC(year, month, wall.getUTCDate())
  const monday = today - ((wall.getUTCDay() + 6) % 7) * dayMs
  const bounds = {
    day: [today, today + dayMs],
    week: [monday, monday + 7 * dayMs],
    month: [Date.UTC(year, month, 1), Date.UTC(year, month + 1, 1)],
  } as const
  const [first, end] = bounds[period]
  return {
    since: instantOf(zone, new Date(first)),
    until: instantOf(zone, new Date(end)),
    firstDay: new Date(first).toISOString().slice(0, 10),
  }
}

/** A step as it is handed in; octets may be given as a volume that was read already. */
export type FupStepInput = { after_octets: bigint; down_bps: number; up_bps: number }

/** The steps as they are stored. Throws FieldError that names the step, from 1. */
export function checkFupSteps(steps: readonly FupStepInput[]): FupStep[] {
  if (steps.length > mostSteps) throw new FieldError('fup-steps', `has more than ${mostSteps} steps`)
  return steps.map((step, index) => {
    const wrong = (reason: string) => new FieldError('fup-steps', `step ${index + 1}: ${reason}`)
    const before = steps[index - 1]
    if (step.after_octets <= 0n) throw wrong('begins after more than 0 octets; before that the plan itself holds')
    if (before !== undefined && step.after_octets <= before.after_octets) {
      throw wrong(`begins at or before step ${index}`)
    }
    if (!checkWhole(step.down_bps) || !checkWhole(step.up_bps)) throw wrong('a rate is a whole number of bit/s above 0')
    return { after_octets: step.after_octets.toString(), down_bps: step.down_bps, up_bps: step.up_bps }
  })
}
