// Calendar days of the ISP as the instants between which they lie.
import { houseStyle } from './house-style.ts'

const dayMs = 86_400_000

/** What the clock of a zone shows at an instant, read as if it were UTC. */
function clockAt(at: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]))
  return Date.parse(`${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}:${parts.second}Z`)
}

/** When the day begins there. */
function beginOf(midnight: number, timeZone: string): string {
  // The offset of a first guess, and that of the instant which it leads to: the clock may have changed in between.
  const first = midnight - (clockAt(midnight, timeZone) - midnight)
  return new Date(midnight - (clockAt(first, timeZone) - first)).toISOString()
}

/** From the first moment of `from` to the last of `to`. */
export function instantsOf(
  from: string | undefined,
  to: string | undefined,
  zone = houseStyle().zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
): { since?: string; until?: string } {
  const midnight = (day: string) => Date.parse(`${day}T00:00:00Z`)
  return {
    ...(from !== undefined && { since: beginOf(midnight(from), zone) }),
    ...(to !== undefined && { until: beginOf(midnight(to) + dayMs, zone) }),
  }
}
