// Bits a second of a live session: between every two interims that were seen, and before the second over its whole life.
import { useState } from 'react'
import type { Subscriber } from './use-subscriber.ts'

type Reading = Pick<Subscriber['sessions'][number], 'started_at' | 'updated_at' | 'usage_down' | 'usage_up'>
export type Rate = { at: string; down: number; up: number; isAverage: boolean }

const mostKept = 60

export function useRates(now: Reading): readonly Rate[] {
  const [seen, setSeen] = useState<{ last: Reading; rates: readonly Rate[] }>(() => ({
    last: now,
    rates: averageOf(now),
  }))
  if (seen.last.updated_at === now.updated_at) return seen.rates
  const rates = [...seen.rates.filter(({ isAverage }) => !isAverage), ...rateBetween(seen.last, now)].slice(-mostKept)
  setSeen({ last: now, rates })
  return rates
}

function rateBetween(then: Reading, now: Reading): Rate[] {
  const seconds = (Date.parse(now.updated_at) - Date.parse(then.updated_at)) / 1000
  if (seconds <= 0) return []
  const bits = (after: string, before: string) => Math.max(0, ((Number(after) - Number(before)) * 8) / seconds)
  const [down, up] = [bits(now.usage_down, then.usage_down), bits(now.usage_up, then.usage_up)]
  return [{ at: now.updated_at, down, up, isAverage: false }]
}

function averageOf({ started_at: from, updated_at: at, usage_down: down, usage_up: up }: Reading): Rate[] {
  const seconds = (Date.parse(at) - Date.parse(from)) / 1000
  if (seconds <= 0) return []
  return [{ at, down: (Number(down) * 8) / seconds, up: (Number(up) * 8) / seconds, isAverage: true }]
}
