// How RouterOS writes values: durations in its two ways, truths in its two, MACs, versions and the clock of v6 and v7. Each reader
// answers undefined for what it does not know, so that a strange value is a missing one and never a wrong one.

const unitMs = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** `2w3d`, `1d02:03:04`, `00:05:00`, `300ms`, and any mixture of them; a bare number is seconds. */
export function readDurationMs(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  const found = /^((?:\d+(?:ms|[wdhms]))*)(?:(\d+):(\d\d)(?::(\d\d))?)?$/.exec(text)
  if (found === null) return /^\d+$/.test(text) ? Number(text) * unitMs.s : undefined
  const [, units = '', hours = '0', minutes = '0', seconds = '0'] = found
  const clock = Number(hours) * unitMs.h + Number(minutes) * unitMs.m + Number(seconds) * unitMs.s
  return [...units.matchAll(/(\d+)(ms|[wdhms])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * unitMs[unit as keyof typeof unitMs],
    clock,
  )
}

/** As `readDurationMs`, in whole seconds. */
export function readSeconds(text: string | undefined): number | undefined {
  const milliseconds = readDurationMs(text)
  return milliseconds === undefined ? undefined : Math.floor(milliseconds / unitMs.s)
}

/** `yes` and `true` are the same, depending on the backend and the release. */
export function readTruth(text: string | undefined): boolean | undefined {
  if (text === 'true' || text === 'yes') return true
  return text === 'false' || text === 'no' ? false : undefined
}

/** A whole number, such as a port. */
export function readNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** A counter of octets, which may pass what a number holds. */
export function readOctets(text: string | undefined): bigint | undefined {
  return text !== undefined && /^\d{1,19}$/.test(text) ? BigInt(text) : undefined
}

/** A caller: a MAC in whatever form as `aa:bb:cc:dd:ee:ff`, anything else (L2TP has an address) in lower case. */
export function readCaller(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined
  const hex = text.replaceAll(/[-:.]/g, '').toLowerCase()
  return /^[0-9a-f]{12}$/.test(hex) ? hex.replaceAll(/..(?!$)/g, '$&:') : text.toLowerCase()
}

/** The API writes `0x8130000A` where accounting says `8130000a`. */
export function readSessionId(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined
  return text.toLowerCase().replace(/^0x/, '')
}

export type RouterVersion = {
  readonly text: string
  readonly major: number
  readonly minor: number
  readonly patch: number
}

/** `7.15.3 (stable)`, `7.16beta2 (testing)`, `6.49.10`. */
export function readVersion(text: string | undefined): RouterVersion | undefined {
  const found = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(text ?? '')
  if (text === undefined || found === null) return undefined
  return { text, major: Number(found[1]), minor: Number(found[2]), patch: Number(found[3] ?? 0) }
}

/** The instant that the router believes in: `2026-11-22` (7.10) or `nov/22/2026`, the time, and its distance from UTC. */
export function readClock(date = '', time = '', offset = '+00:00'): Date | undefined {
  const older = /^([a-z]{3})\/(\d\d)\/(\d{4})$/i.exec(date)
  const month = older === null ? 0 : months.indexOf(older[1]!.toLowerCase()) + 1
  const day = older === null ? date : `${older[3]}-${String(month).padStart(2, '0')}-${older[2]}`
  if (!/^\d{4}-\d\d-\d\d$/.test(day) || !/^\d\d:\d\d:\d\d$/.test(time) || !/^[+-]\d\d:\d\d$/.test(offset))
    return undefined
  const instant = new Date(`${day}T${time}${offset}`)
  return Number.isNaN(instant.getTime()) ? undefined : instant
}
