// Instants as people write them: ISO 8601 with an offset, or without one in the ISP's own zone.

import { FieldError, quote } from './field.ts'

/** Whether it is a time zone by its IANA name. */
export function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== undefined
  } catch {
    return false
  }
}

/**
 * The instant of `2027-01-31T18:00:00Z`, `…+02:00`, or of a local time in `zone` where there is no offset. A day alone means
 * its end (the next midnight of the zone): who is paid until the 31st is served on the 31st. A local time that a clock change
 * skips is read as if the clock had not changed yet; one that comes twice is the first. Throws FieldError.
 */
export function parseInstant(field: string, text: string, zone: string): Date {
  const match =
    /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?)?$/i.exec(
      text.trim(),
    )
  if (match === null) throw notATime(field, text)
  const [, year, month, day, hour, minute, second, fraction, offset] = match
  const milliseconds = Number((fraction ?? '').slice(0, 3).padEnd(3, '0'))
  const date = new Date(
    Date.UTC(
      Number(year),
      Number(month) - 1,
      Number(day),
      Number(hour ?? 0),
      Number(minute ?? 0),
      Number(second ?? 0),
      milliseconds,
    ),
  )
  // Date.UTC rolls the 31st of February into March, and 25:00 into the next day.
  if (date.toISOString().slice(0, 16) !== `${year}-${month}-${day}T${hour ?? '00'}:${minute ?? '00'}`)
    throw notATime(field, text)
  if (Number(second ?? 0) > 59) throw notATime(field, text)
  if (hour === undefined) return fromLocal(date.getTime() + 86_400_000, zone)
  if (offset === undefined) return fromLocal(date.getTime(), zone)
  return new Date(date.getTime() - offsetMs(offset))
}

function notATime(field: string, text: string): FieldError {
  return new FieldError(field, `${quote(text)} is not a time such as 2027-01-31, 2027-01-31T18:00 or 2027-01-31T18:00Z`)
}

function offsetMs(offset: string): number {
  if (/^z$/i.test(offset)) return 0
  const digits = offset.slice(1).replace(':', '')
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || 0)
  return (offset.startsWith('-') ? -minutes : minutes) * 60_000
}

/** `local` is the wall clock of the zone, written as if it were UTC. */
function fromLocal(local: number, zone: string): Date {
  const before = zoneOffset(local - 86_400_000, zone)
  const after = zoneOffset(local + 86_400_000, zone)
  // The larger offset gives the earlier instant; it holds if the zone agrees, else the other does, else the hour is skipped.
  const candidates = [...new Set([Math.max(before, after), Math.min(before, after)])]
  const held = candidates.find((offset) => zoneOffset(local - offset, zone) === offset)
  return new Date(local - (held ?? before))
}

const quarterMs = 900_000

/** The day of an instant in an IANA zone, as `YYYY-MM-DD`. No zone changes its clock within a quarter of an hour. */
export function dayIn(zone: string, at: Date): string {
  const quarter = Math.floor(at.getTime() / quarterMs)
  // Nor does a day begin within one: what comes in the same quarter is of the same day (0.8 µs a row of a log).
  if (lastDay.quarter !== quarter || lastDay.zone !== zone) {
    const day = new Date(at.getTime() + zoneOffset(quarter * quarterMs, zone)).toISOString().slice(0, 10)
    lastDay = { quarter, zone, day }
  }
  return lastDay.day
}

let lastDay = { quarter: Number.NaN, zone: '', day: '' }

/** The wall clock of an IANA zone at an instant, written as if it were UTC: read it with getUTCHours and its like. */
export function wallClock(zone: string, at: Date): Date {
  const offset = zoneOffset(Math.floor(at.getTime() / quarterMs) * quarterMs, zone)
  return new Date(at.getTime() + offset)
}

/**
 * The instant at which the clock of the zone shows `wall` (written as if it were UTC). A local time that a clock change skips
 * is read as if the clock had not changed yet; one that comes twice is the first.
 */
export function instantOf(zone: string, wall: Date): Date {
  return fromLocal(wall.getTime(), zone)
}

const formats = new Map<string, Intl.DateTimeFormat>()

const offsets = new Map<string, number>()
const rememberedOffsets = 10_000

/** Milliseconds that the clock of the zone is ahead of UTC at an instant. Remembered: a file repeats its days. */
function zoneOffset(instant: number, zone: string): number {
  const key = `${instant} ${zone}`
  const known = offsets.get(key)
  if (known !== undefined) return known
  if (offsets.size >= rememberedOffsets) offsets.clear()
  const offset = computeOffset(instant, zone)
  offsets.set(key, offset)
  return offset
}

function computeOffset(instant: number, zone: string): number {
  const whole = Math.floor(instant / 1000) * 1000
  const parts = Object.fromEntries(
    format(zone)
      .formatToParts(whole)
      .map((part) => [part.type, part.value]),
  )
  const wall = Date.UTC(
    Number(parts['year']),
    Number(parts['month']) - 1,
    Number(parts['day']),
    Number(parts['hour']),
    Number(parts['minute']),
    Number(parts['second']),
  )
  return wall - whole
}

function format(zone: string): Intl.DateTimeFormat {
  const kept = formats.get(zone)
  if (kept !== undefined) return kept
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  formats.set(zone, made)
  return made
}
