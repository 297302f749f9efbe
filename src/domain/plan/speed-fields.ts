// The rates of a plan as they are handed in: rate, burst, priority, minimum, each both ways, and what contradicts what.

import { checkInteger, FieldError } from '../field.ts'
import { parseRate } from '../quantity.ts'

type Rate = number | string

/** Bit/s, or text such as `50M`. */
export type SpeedFields = {
  down_bps: Rate
  up_bps: Rate
  burst_down_bps?: Rate | null | undefined
  burst_up_bps?: Rate | null | undefined
  burst_threshold_down_bps?: Rate | null | undefined
  burst_threshold_up_bps?: Rate | null | undefined
  burst_seconds?: Rate | null | undefined
  /** 1 (first) to 8. */
  priority?: Rate | null | undefined
  min_down_bps?: Rate | null | undefined
  min_up_bps?: Rate | null | undefined
}

/** The columns. Throws FieldError. */
export function checkSpeeds(fields: SpeedFields) {
  const optional = (field: string, value: Rate | null | undefined) => (value == null ? null : readRate(field, value))
  const rates = {
    down_bps: readRate('down-bps', fields.down_bps),
    up_bps: readRate('up-bps', fields.up_bps),
    burst_down_bps: optional('burst-down-bps', fields.burst_down_bps),
    burst_up_bps: optional('burst-up-bps', fields.burst_up_bps),
    burst_threshold_down_bps: optional('burst-threshold-down-bps', fields.burst_threshold_down_bps),
    burst_threshold_up_bps: optional('burst-threshold-up-bps', fields.burst_threshold_up_bps),
    burst_seconds: fields.burst_seconds == null ? null : checkInteger('burst-seconds', fields.burst_seconds, 1, 3_600),
    priority: fields.priority == null ? null : checkInteger('priority', fields.priority, 1, 8),
    min_down_bps: optional('min-down-bps', fields.min_down_bps),
    min_up_bps: optional('min-up-bps', fields.min_up_bps),
  }
  checkBurst(rates)
  checkMinimum(rates)
  return rates
}

type Rates = {
  down_bps: bigint
  up_bps: bigint
  burst_down_bps: bigint | null
  burst_up_bps: bigint | null
  burst_threshold_down_bps: bigint | null
  burst_threshold_up_bps: bigint | null
  burst_seconds: number | null
  min_down_bps: bigint | null
  min_up_bps: bigint | null
}

function checkBurst(rates: Rates): void {
  if ((rates.burst_down_bps === null) !== (rates.burst_up_bps === null)) {
    throw new FieldError('burst-down-bps', 'a burst needs both directions')
  }
  const detail = [rates.burst_threshold_down_bps, rates.burst_threshold_up_bps, rates.burst_seconds]
  if (rates.burst_down_bps === null && detail.some((value) => value !== null)) {
    throw new FieldError('burst-down-bps', 'a burst threshold or time means nothing without a burst')
  }
  if (rates.burst_down_bps !== null && rates.burst_down_bps < rates.down_bps) {
    throw new FieldError('burst-down-bps', 'is below the rate that it should exceed')
  }
  if (rates.burst_up_bps !== null && rates.burst_up_bps < rates.up_bps) {
    throw new FieldError('burst-up-bps', 'is below the rate that it should exceed')
  }
}

function checkMinimum(rates: Rates): void {
  if ((rates.min_down_bps === null) !== (rates.min_up_bps === null)) {
    throw new FieldError('min-down-bps', 'a minimum needs both directions')
  }
  if (rates.min_down_bps !== null && rates.min_down_bps > rates.down_bps) {
    throw new FieldError('min-down-bps', 'is above the rate itself')
  }
  if (rates.min_up_bps !== null && rates.min_up_bps > rates.up_bps) {
    throw new FieldError('min-up-bps', 'is above the rate itself')
  }
}

/** A rate in bit/s: a whole number that JSON holds exactly. Throws FieldError. */
export function readRate(field: string, value: Rate): bigint {
  const rate = typeof value === 'number' && !Number.isSafeInteger(value) ? -1n : parseRate(field, String(value))
  if (rate < 0n || rate > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new FieldError(field, 'is not a rate in bit/s such as 50000000 or 50M')
  }
  return rate
}
