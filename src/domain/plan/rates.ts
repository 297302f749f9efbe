// Which rates a plan gives at an instant, after so much use: those of the slower plan once the quota is used up, else those of a
// fair use step, else those of the time of day, else its own. Pure.

import type { Burst, Rates } from '../authorization.ts'
import { exhausted, fupStepAt } from './quota.ts'
import type { Quota, WindowUsage } from './quota.ts'
import { stepAt } from './schedule.ts'
import type { ScheduleStep } from './schedule.ts'

/** The speeds of a plan in bit/s, by its columns; absent values are null. */
export type PlanSpeeds = {
  readonly down_bps: number
  readonly up_bps: number
  readonly burst_down_bps: number | null
  readonly burst_up_bps: number | null
  readonly burst_threshold_down_bps: number | null
  readonly burst_threshold_up_bps: number | null
  readonly burst_seconds: number | null
  /** 1 (first) to 8. */
  readonly priority: number | null
  /** What a line keeps when the NAS is full; both or none. */
  readonly min_down_bps: number | null
  readonly min_up_bps: number | null
  readonly schedule: readonly ScheduleStep[]
}

/** The plan that follows a used-up quota: of it the speeds, and its address list where it has one. */
export type SlowerPlan = PlanSpeeds & {
  readonly id: number
  readonly name: string
  readonly address_list: string | null
}

export type RatedPlan = PlanSpeeds &
  Quota & { readonly on_quota: 'reject' | 'garden' | 'slower'; readonly slower: SlowerPlan | null }

/** Why these rates; steps are counted from 0. */
export type RateSource =
  | { readonly kind: 'plan' }
  | { readonly kind: 'schedule'; readonly step: number }
  | { readonly kind: 'fup'; readonly step: number }
  /** `step`: of the slower plan's own schedule. */
  | { readonly kind: 'slower'; readonly step: number | undefined }

/** The rates of full service. A quota that is followed by a garden or a reject is not looked at. */
export function chooseRates(
  plan: RatedPlan,
  usage: WindowUsage | undefined,
  zone: string,
  at: Date,
): { rates: Rates; source: RateSource } {
  const { slower } = plan
  if (isSlowed(plan, usage) && slower !== null) {
    const step = stepAt(slower.schedule, zone, at)
    return { rates: ratesOf(slower, step), source: { kind: 'slower', step } }
  }
  const fup = fupStepAt(plan.fup_steps, usage)
  if (fup !== undefined) return { rates: fupRates(plan, fup), source: { kind: 'fup', step: fup } }
  const step = stepAt(plan.schedule, zone, at)
  return { rates: ratesOf(plan, step), source: step === undefined ? { kind: 'plan' } : { kind: 'schedule', step } }
}

/** Whether the quota is used up and a slower plan follows. */
export function isSlowed(plan: RatedPlan, usage: WindowUsage | undefined): boolean {
  return plan.on_quota === 'slower' && plan.slower !== null && exhausted(plan, usage) !== undefined
}

/** The rates of a plan, with what its burst leaves out filled in as RouterOS would; those of a step of its schedule. */
export function ratesOf(plan: PlanSpeeds, scheduleStep?: number): Rates {
  const step = scheduleStep === undefined ? undefined : plan.schedule[scheduleStep]
  if (step === undefined) return share(plan, 100)
  return 'percent' in step ? share(plan, step.percent) : fixed(plan, step)
}

/** All numbers of the plan by a percentage of them. */
function share(plan: PlanSpeeds, percent: number): Rates {
  const part = (bps: number): number => (percent === 100 ? bps : Math.max(1, Math.round((bps * percent) / 100)))
  const [downBps, upBps] = [part(plan.down_bps), part(plan.up_bps)]
  return withMinimum(plan, { downBps, upBps, burst: burstOf(plan, part), priority: plan.priority ?? undefined })
}

function burstOf(plan: PlanSpeeds, part: (bps: number) => number): Burst | undefined {
  if (plan.burst_down_bps === null && plan.burst_up_bps === null) return undefined
  return {
    downBps: part(plan.burst_down_bps ?? plan.down_bps),
    upBps: part(plan.burst_up_bps ?? plan.up_bps),
    thresholdDownBps: part(plan.burst_threshold_down_bps ?? plan.down_bps),
    thresholdUpBps: part(plan.burst_threshold_up_bps ?? plan.up_bps),
    seconds: plan.burst_seconds ?? 1,
  }
}

/** Rates that a step names: the burst of the plan belongs to other rates and is left out. */
function fixed(plan: PlanSpeeds, { down_bps: downBps, up_bps: upBps }: { down_bps: number; up_bps: number }): Rates {
  return withMinimum(plan, { downBps, upBps, burst: undefined, priority: plan.priority ?? undefined })
}

function fupRates(plan: RatedPlan, step: number): Rates {
  return fixed(plan, plan.fup_steps[step]!)
}

/** A minimum above the rate itself would be refused by the NAS. */
function withMinimum(plan: PlanSpeeds, rates: Rates): Rates {
  if (plan.min_down_bps === null || plan.min_up_bps === null) return rates
  const minimum = {
    downBps: Math.min(plan.min_down_bps, rates.downBps),
    upBps: Math.min(plan.min_up_bps, rates.upBps),
  }
  return { ...rates, minimum }
}
