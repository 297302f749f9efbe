// The text of Mikrotik-Rate-Limit, made from numbers and never from free text:
//   rx[/tx] [rx-burst[/tx] [rx-threshold[/tx] [rx-time[/tx] [priority [rx-minimum[/tx]]]]]]
// As the router sees it: rx is what the subscriber sends, tx what it gets. k is 1,000 and M 1,000,000.

import type { Rates } from '../../domain/authorization.ts'
import { formatRate } from './rates.ts'

/** What RouterOS takes where no priority is given. */
const leastPriority = 8

/** The shortest exact text of the rates. What comes later needs the fields before it: zeros mean no burst, 8 no priority. */
export function formatRateLimit({ upBps, downBps, burst, priority, minimum }: Rates): string {
  const parts = [pair(upBps, downBps)]
  if (burst !== undefined) {
    parts.push(pair(burst.upBps, burst.downBps), pair(burst.thresholdUpBps, burst.thresholdDownBps))
    parts.push(`${burst.seconds}/${burst.seconds}`)
  } else if (priority !== undefined || minimum !== undefined) parts.push('0/0', '0/0', '0/0')
  if (priority !== undefined || minimum !== undefined) parts.push(String(priority ?? leastPriority))
  if (minimum !== undefined) parts.push(pair(minimum.upBps, minimum.downBps))
  return parts.join(' ')
}

function pair(rx: number, tx: number): string {
  return `${formatRate(rx)}/${formatRate(tx)}`
}
