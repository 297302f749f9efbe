// A plan as a form holds it: what is typed is text, as the API takes it too (`50M`, `100G`); what is empty is not there.
import type { GetPlansIdResponse, PostPlansData } from '../api/generated/types.gen.ts'

export type Plan = GetPlansIdResponse
export type PlanBody = PostPlansData['body']

export const rateNames = [
  'down_bps',
  'up_bps',
  'burst_down_bps',
  'burst_up_bps',
  'burst_threshold_down_bps',
  'burst_threshold_up_bps',
  'min_down_bps',
  'min_up_bps',
] as const
export const volumeNames = ['quota_octets', 'quota_down_octets', 'quota_up_octets'] as const
export const moneyNames = ['price', 'setup_price'] as const
/** Whole numbers and their bounds. */
export const numberBounds = {
  validity: [0, 876_000],
  grace_hours: [0, 8_760],
  expiry_hour: [0, 23],
  burst_seconds: [1, 3_600],
  priority: [1, 8],
  session_limit: [1, 1_000],
  device_limit: [1, 1_000],
  idle_timeout_s: [1, 2_147_483_647],
  interim_interval_s: [60, 86_400],
} as const
const wordNames = [
  'name',
  'pool',
  'ipv6_pool',
  'delegated_ipv6_pool',
  'address_list',
  'garden_address_list',
  'garden_pool',
] as const

export const choiceValues = {
  validity_unit: ['hours', 'days', 'months', 'calendar-month'],
  expiry_rule: ['instant', 'end-of-day', 'local-hour'],
  mac_rule: ['free', 'learn', 'bound'],
  quota_period: ['day', 'week', 'month', 'period'],
  on_quota: ['reject', 'garden', 'slower'],
  on_expiry: ['reject', 'garden'],
  on_block: ['reject', 'garden'],
} as const
export const gardenReasons = ['expired', 'blocked', 'quota'] as const

export type NumberName = keyof typeof numberBounds
export type TextName =
  | (typeof rateNames)[number]
  | (typeof volumeNames)[number]
  | (typeof moneyNames)[number]
  | (typeof wordNames)[number]
  | NumberName
export type ChoiceName = keyof typeof choiceValues

export type FupStep = { after_octets: string; down_bps: string; up_bps: string }
/** A window of the week: either a share of the plan's rates or rates of its own. */
export type WeekWindow = {
  weekdays: readonly number[]
  from: string
  to: string
  speed: 'percent' | 'rates'
  percent: string
  down_bps: string
  up_bps: string
}
export type GroupPools = { nas_group_id: string; pool: string; ipv6_pool: string; delegated_ipv6_pool: string }
export type Place = { address_list: string; pool: string }

export type Values = Record<TextName, string> & {
  [Name in ChoiceName]: (typeof choiceValues)[Name][number]
} & {
  auto_renew: boolean
  no_cut_days: readonly number[]
  quota_plan_id: string
  allowed_nas_group_ids: readonly string[]
  group_pools: readonly GroupPools[]
  fup_steps: readonly FupStep[]
  schedule: readonly WeekWindow[]
  gardens: Readonly<Record<(typeof gardenReasons)[number], Place>>
  /** A line each. */
  attributes: string
}

const texts: readonly TextName[] = [
  ...rateNames,
  ...volumeNames,
  ...moneyNames,
  ...wordNames,
  ...(Object.keys(numberBounds) as NumberName[]),
]
const choiceNames = Object.keys(choiceValues) as ChoiceName[]
const noPlace: Place = { address_list: '', pool: '' }

export const blankValues: Values = {
  ...(Object.fromEntries(texts.map((name) => [name, ''])) as Record<TextName, string>),
  validity: '30',
  validity_unit: 'days',
  expiry_rule: 'instant',
  mac_rule: 'learn',
  quota_period: 'period',
  on_quota: 'reject',
  on_expiry: 'reject',
  on_block: 'reject',
  auto_renew: false,
  no_cut_days: [],
  quota_plan_id: '',
  allowed_nas_group_ids: [],
  group_pools: [],
  fup_steps: [],
  schedule: [],
  gardens: { expired: noPlace, blocked: noPlace, quota: noPlace },
  attributes: '',
}

const factors = [
  ['T', 1_000_000_000_000n],
  ['G', 1_000_000_000n],
  ['M', 1_000_000n],
  ['k', 1_000n],
] as const

/** The shortest exact text of a rate or a volume: 50000000 is `50M`. */
export function quantityText(value: number | string | null | undefined): string {
  if (value == null) return ''
  const whole = BigInt(value)
  const [suffix, factor] = factors.find(([, size]) => whole >= size && whole % size === 0n) ?? ['', 1n]
  return `${whole / factor}${suffix}`
}

/** What the form begins with. */
export function valuesOf(plan: Plan): Values {
  const quantities = new Set<string>([...rateNames, ...volumeNames])
  const textOf = (name: TextName) => (quantities.has(name) ? quantityText(plan[name]) : String(plan[name] ?? ''))
  return {
    ...(Object.fromEntries(texts.map((name) => [name, textOf(name)])) as Record<TextName, string>),
    ...(Object.fromEntries(choiceNames.map((name) => [name, plan[name]])) as Pick<Values, ChoiceName>),
    auto_renew: plan.auto_renew,
    no_cut_days: plan.no_cut_days,
    quota_plan_id: String(plan.quota_plan_id ?? ''),
    allowed_nas_group_ids: plan.allowed_nas_group_ids.map(String),
    group_pools: plan.group_pools.map((entry) => ({
      nas_group_id: String(entry.nas_group_id),
      pool: entry.pool ?? '',
      ipv6_pool: entry.ipv6_pool ?? '',
      delegated_ipv6_pool: entry.delegated_ipv6_pool ?? '',
    })),
    fup_steps: plan.fup_steps.map((step) => ({
      after_octets: quantityText(step.after_octets),
      down_bps: quantityText(step.down_bps),
      up_bps: quantityText(step.up_bps),
    })),
    schedule: plan.schedule.map(({ weekdays, from, to, percent, down_bps: down, up_bps: up }) => ({
      weekdays,
      from,
      to,
      speed: percent === undefined ? 'rates' : 'percent',
      percent: String(percent ?? ''),
      down_bps: quantityText(down),
      up_bps: quantityText(up),
    })),
    gardens: {
      expired: placeOf(plan.gardens.expired),
      blocked: placeOf(plan.gardens.blocked),
      quota: placeOf(plan.gardens.quota),
    },
    attributes: plan.attributes.join('\n'),
  }
}

function placeOf(place: { address_list: string | null; pool: string | null } | undefined): Place {
  return { address_list: place?.address_list ?? '', pool: place?.pool ?? '' }
}

const orNull = (text: string) => (text.trim() === '' ? null : text.trim())

/** All of it, as a new plan is sent. */
export function bodyOf(values: Values): PlanBody {
  const named = Object.fromEntries(
    texts.map((name) => {
      const text = orNull(values[name])
      return [name, text !== null && name in numberBounds ? Number(text) : text]
    }),
  )
  return {
    ...(named as Pick<PlanBody, TextName>),
    ...(Object.fromEntries(choiceNames.map((name) => [name, values[name]])) as Pick<Values, ChoiceName>),
    expiry_hour: values.expiry_rule === 'local-hour' ? (named.expiry_hour as number | null) : null,
    auto_renew: values.auto_renew,
    no_cut_days: [...values.no_cut_days],
    quota_plan_id: values.on_quota === 'slower' && values.quota_plan_id !== '' ? Number(values.quota_plan_id) : null,
    allowed_nas_group_ids: values.allowed_nas_group_ids.map(Number),
    group_pools: values.group_pools.map((entry) => ({
      nas_group_id: Number(entry.nas_group_id),
      pool: orNull(entry.pool),
      ipv6_pool: orNull(entry.ipv6_pool),
      delegated_ipv6_pool: orNull(entry.delegated_ipv6_pool),
    })),
    fup_steps: values.fup_steps.map((step) => ({ ...step })),
    schedule: values.schedule.map(({ weekdays, from, to, speed, percent, down_bps: down, up_bps: up }) => ({
      weekdays: [...weekdays],
      from,
      to,
      ...(speed === 'percent' ? { percent: Number(percent) } : { down_bps: down.trim(), up_bps: up.trim() }),
    })),
    gardens: Object.fromEntries(
      gardenReasons.map((reason) => {
        const [list, pool] = [orNull(values.gardens[reason].address_list), orNull(values.gardens[reason].pool)]
        return [reason, list === null && pool === null ? null : { address_list: list, pool }]
      }),
    ),
    attributes: values.attributes
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  }
}

/** Only what differs: whatever somebody else changed meanwhile stays. */
export function changesOf(before: Values, after: Values): Partial<PlanBody> {
  const [old, wanted] = [bodyOf(before), bodyOf(after)]
  const differs = (name: keyof PlanBody) => JSON.stringify(old[name]) !== JSON.stringify(wanted[name])
  const names = (Object.keys(wanted) as (keyof PlanBody)[]).filter(differs)
  return Object.fromEntries(names.map((name) => [name, wanted[name]]))
}
