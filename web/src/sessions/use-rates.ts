// Bits a second of each session that is shown: between its last two interims once both were seen, over its whole life before.
import { useRef } from 'react'
import type { Session } from '../api/generated/types.gen.ts'

export type Rate = { down: number; up: number; isAverage: boolean }

type Reading = Pick<Session, 'updated_at' | 'input_octets' | 'output_octets'>
type Seen = { last: Reading; rate: Rate | undefined }

/** Sessions that have long been scrolled by are forgotten. */
const mostKept = 5_000

export function useRates(rows: readonly Session[]): (row: Session) => Rate | undefined {
  const seen = useRef(new Map<number, Seen>())
  if (seen.current.size > mostKept) seen.current.clear()
  for (const row of rows) {
    const before = seen.current.get(row.id)
    if (before?.last.updated_at === row.updated_at) continue
    seen.current.set(row.id, { last: row, rate: before && rateBetween(before.last, row) })
  }
  return (row) => seen.current.get(row.id)?.rate ?? averageOf(row)
}

function rateBetween(then: Reading, now: Reading): Rate | undefined {
  const seconds = (Date.parse(now.updated_at) - Date.parse(then.updated_at)) / 1000
  if (seconds <= 0) return undefined
  const bits = (after: string, before: string) => Math.max(0, ((Number(after) - Number(before)) * 8) / seconds)
  return {
    down: bits(now.output_octets, then.output_octets),
    up: bits(now.input_octets, then.input_octets),
    isAverage: false,
  }
}

function averageOf({ session_time: seconds, output_octets: down, input_octets: up }: Session): Rate | undefined {
  if (seconds <= 0) return undefined
  return { down: (Number(down) * 8) / seconds, up: (Number(up) * 8) / seconds, isAverage: true }
}
