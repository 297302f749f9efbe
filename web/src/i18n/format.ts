// Numbers, times, octets and money as the language writes them. Intl objects are dear to make and are kept.
import { houseStyle, type DateStyle } from './house-style.ts'
import { currentLanguage } from './i18n.ts'

const kept = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>()

function keep<T extends Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>(
  key: string,
  make: (locale: string) => T,
): T {
  const locale = currentLanguage()
  const name = `${locale} ${key}`
  const known = kept.get(name) as T | undefined
  if (known !== undefined) return known
  const made = make(locale)
  kept.set(name, made)
  return made
}

export function formatNumber(value: number | bigint): string {
  return keep('number', (locale) => new Intl.NumberFormat(locale)).format(value)
}

/** In the zone and the format of this ISP, unless others are named; `useInstant` is the way of a component. */
export function formatInstant(
  iso: string,
  timeZone: string | undefined = houseStyle().zone,
  style: DateStyle = houseStyle().dateFormat,
): string {
  const at = new Date(iso)
  if (style !== 'month-first' && style !== 'iso') {
    return keep(
      `instant ${timeZone}`,
      (locale) => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone }),
    ).format(at)
  }
  const parts = Object.fromEntries(
    keep(
      `parts ${timeZone}`,
      () =>
        new Intl.DateTimeFormat('en-GB', {
          year: 'numeric',
          month: '2-digit',
          day: '2-digit',
          hour: '2-digit',
          minute: '2-digit',
          hourCycle: 'h23',
          timeZone,
        }),
    )
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  )
  const { year, month, day, hour, minute } = parts
  return style === 'iso' ? `${year}-${month}-${day} ${hour}:${minute}` : `${month}-${day}-${year} ${hour}:${minute}`
}

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** Octets in decimal units, as ISPs sell them: `1.5 GB`. */
export function formatOctets(text: string): string {
  let value = Number(text)
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = value >= 100 || unit === 0 ? 0 : 1
  return `${keep(`digits ${digits}`, (locale) => new Intl.NumberFormat(locale, { maximumFractionDigits: digits })).format(value)} ${units[unit]}`
}

export function formatMoney(amount: string, currency: string): string {
  return keep(`money ${currency}`, (locale) => new Intl.NumberFormat(locale, { style: 'currency', currency })).format(
    Number(amount),
  )
}

const steps: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

/** `in 3 days`, `5 minutes ago`. */
export function formatRelative(iso: string, now: number): string {
  const seconds = (Date.parse(iso) - now) / 1000
  const [unit, size] = steps.find(([, step]) => Math.abs(seconds) >= step) ?? ['second', 1]
  return keep('relative', (locale) => new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })).format(
    Math.round(seconds / size),
    unit,
  )
}

/** What an input of date and time holds: the wall clock of the ISP's zone, as everywhere. */
export function toLocalInput(iso: string): string {
  const at = new Date(iso)
  // Of an address that somebody typed.
  if (Number.isNaN(at.getTime())) return ''
  return new Date(at.getTime() + offsetMs(at)).toISOString().slice(0, 16)
}

/** The instant that such an input means; undefined while it is not whole. */
export function fromLocalInput(text: string): string | undefined {
  const wall = Date.parse(`${text}Z`)
  if (Number.isNaN(wall)) return undefined
  const near = new Date(wall - offsetMs(new Date(wall)))
  // Once more: on the other side of a change of clocks it is another one.
  return new Date(wall - offsetMs(near)).toISOString()
}

/** How far the clocks of the zone are ahead of UTC then. */
function offsetMs(at: Date): number {
  const { zone } = houseStyle()
  if (zone === undefined) return -at.getTimezoneOffset() * 60_000
  const wall = keep(
    `wall ${zone}`,
    () => new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }),
  ).format(at)
  return Date.parse(`${wall.replace(' ', 'T')}Z`) - Math.floor(at.getTime() / 1_000) * 1_000
}

const rateUnits = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s'] as const

/** Bits a second. */
export function formatRate(bitsPerSecond: number): string {
  let value = Math.max(0, bitsPerSecond)
  let unit = 0
  while (value >= 1000 && unit < rateUnits.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${keep('rate', (locale) => new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 })).format(value)} ${rateUnits[unit]}`
}

/** A calendar day, `YYYY-MM-DD`; without its year where that is known. */
export function formatDay(day: string, length: 'whole' | 'short' = 'whole'): string {
  const options: Intl.DateTimeFormatOptions =
    length === 'whole' ? { dateStyle: 'medium' } : { day: 'numeric', month: 'short' }
  return keep(`day ${length}`, (locale) => new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' })).format(
    new Date(`${day}T00:00:00Z`),
  )
}

/** A share of 1 as percent. */
export function formatShare(share: number): string {
  return keep(
    'share',
    (locale) => new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 }),
  ).format(share)
}

/** A change, with its sign. */
export function formatChange(value: number): string {
  return keep('change', (locale) => new Intl.NumberFormat(locale, { signDisplay: 'exceptZero' })).format(value)
}

/** How long something took: `340 ms`, `2.5 s`, `3 min`. */
export function formatSpan(ms: number): string {
  const [unit, size] =
    ms < 1_000
      ? ['millisecond', 1]
      : ms < 120_000
        ? ['second', 1_000]
        : ms < 7_200_000
          ? ['minute', 60_000]
          : ['hour', 3_600_000]
  return keep(
    `span ${unit}`,
    (locale) => new Intl.NumberFormat(locale, { style: 'unit', unit, maximumFractionDigits: 1 }),
  ).format(ms / size)
}

/** Money on the axis of a chart, where its smallest coins say nothing. */
export function formatMoneyRound(value: number, currency: string): string {
  const options = { style: 'currency', currency, maximumFractionDigits: 0 } as const
  return keep(`round ${currency}`, (locale) => new Intl.NumberFormat(locale, options)).format(value)
}

/** Only the hour and minute, in the zone of this ISP. */
export function formatHour(iso: string): string {
  const { zone } = houseStyle()
  return keep(
    `hour ${zone}`,
    (locale) => new Intl.DateTimeFormat(locale, { timeStyle: 'short', timeZone: zone }),
  ).format(new Date(iso))
}
