// The one search box: what a text looks like decides where it is looked for. Anything: username, name, phone, e-mail and address,
// in it from three letters on, else where one of them begins so; digits: phone numbers in national form too; a MAC or the
// beginning of one: devices and sessions; an address, a prefix or the beginning of an IPv4 address: static and live ones.

import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import { FieldError } from '../field.ts'
import { normaliseMac } from '../mac.ts'
import { parseRange } from '../prefix.ts'

/** From so many letters on trigrams find a text inside of others. */
const trigramLetters = 3

/** What a text can be. */
export type Sought = {
  /** For `like` over `subscriber.search_text`. */
  pattern: string
  /** Digits that a phone number may hold, where the text is not written as it is stored. */
  digits?: string
  /** First and last MAC. */
  macs?: { first: string; last: string }
  /** In canonical form, with its length. */
  prefix?: string
}

/** What the text of the search box can be. */
export function readSearch(text: string): Sought {
  const trimmed = text.trim()
  const macs = readMac(trimmed)
  const prefix = readPrefix(trimmed)
  const digits = macs === undefined && prefix === undefined ? readDigits(trimmed) : undefined
  return {
    pattern: readPattern(trimmed),
    ...(digits === undefined ? {} : { digits }),
    ...(macs === undefined ? {} : { macs }),
    ...(prefix === undefined ? {} : { prefix }),
  }
}

/** Whether `subscriber` is one that the text finds; `use` as in filter.ts. */
export function searchCondition(text: string, use: 'find' | 'check'): RawBuilder<boolean> {
  const { pattern, digits, macs, prefix } = readSearch(text)
  const isNamed = (alias: string) => sql<boolean>`${sql.ref(`${alias}.search_text`)} like ${pattern}`
  if (use === 'check' || (macs === undefined && prefix === undefined)) {
    const ways = [
      isNamed('subscriber'),
      ...(digits === undefined ? [] : [hasPhone(`%${digits}%`)]),
      ...(macs === undefined ? [] : macChecks(macs)),
      ...(prefix === undefined ? [] : prefixChecks(prefix)),
    ]
    return sql<boolean>`(${sql.join(ways, sql` or `)})`
  }
  const selects = [
    sql`select named.id from subscriber named where ${isNamed('named')}`,
    ...(macs === undefined ? [] : macSelects(macs)),
    ...(prefix === undefined ? [] : prefixSelects(prefix)),
  ]
  return sql<boolean>`subscriber.id in (${sql.join(selects, sql` union all `)})`
}

/** The one index is over all fields, the phone number is one of them. */
function hasPhone(pattern: string): RawBuilder<boolean> {
  return sql<boolean>`(subscriber.search_text like ${pattern} and subscriber.phone like ${pattern})`
}

/** Whether it finds a few at most: a whole MAC or address, which is hardly found along an index. */
export function findsFew(text: string): boolean {
  const { macs, prefix } = readSearch(text)
  if (macs !== undefined) return macs.first === macs.last
  return prefix?.endsWith(prefix.includes(':') ? '/128' : '/32') === true
}

/** `search_text` holds the fields in lower case, each behind a line feed; what the operator types is literal. */
function readPattern(text: string): string {
  const literal = text.toLowerCase().replace(/[\\%_]/g, '\\$&')
  return [...text].length >= trigramLetters ? `%${literal}%` : `%\n${literal}%`
}

/** `0151 234-567`, `0049151…` and `(151) 234567` are in +49151234567. */
function readDigits(text: string): string | undefined {
  if (!/^[+(]?\d[\d\s()/.-]*$/.test(text)) return undefined
  const digits = text.replace(/\D/g, '').replace(/^0+/, '')
  return digits.length >= trigramLetters && digits !== text ? digits : undefined
}

function readMac(text: string): Sought['macs'] {
  const whole = normaliseMac(text)
  if (whole !== undefined) return { first: whole, last: whole }
  // The beginning of one, two octets at least: `aa:bb`, `aa-bb-cc`, `aabb.cc`.
  if (
    !/^[0-9a-f]{2}([:-][0-9a-f]{2}){1,4}[:-]?$/i.test(text) &&
    !/^[0-9a-f]{4}\.[0-9a-f]{0,4}(\.[0-9a-f]{0,3})?$/i.test(text)
  ) {
    return undefined
  }
  const digits = text.replace(/[^0-9a-f]/gi, '').toLowerCase()
  const filled = (digit: string): string => digits.padEnd(12, digit).replace(/..(?!$)/g, '$&:')
  return { first: filled('0'), last: filled('f') }
}

function readPrefix(text: string): string | undefined {
  // `10.20.` and `10.20.*` are 10.20.0.0/16.
  const octets = /^((?:\d{1,3}\.){1,3})\*?$/.exec(text)?.[1]?.split('.').slice(0, -1)
  const whole = octets === undefined ? text : `${[...octets, '0', '0', '0'].slice(0, 4).join('.')}/${octets.length * 8}`
  try {
    return parseRange('search', whole)
  } catch (error) {
    if (error instanceof FieldError) return undefined
    throw error
  }
}

/** By the MAC of a device, or of the last session. */
function macSelects({ first, last }: { first: string; last: string }): RawBuilder<unknown>[] {
  const range = sql`between ${first}::macaddr and ${last}::macaddr`
  return [
    sql`select device.subscriber_id from device where device.mac ${range}`,
    sql`select live.subscriber_id from subscriber_live live where live.mac ${range}`,
  ]
}

const isOpen = sql`open.ended_at is null and open.service is null`

function addressColumns(prefix: string): string[] {
  return prefix.includes(':') ? ['framed_ipv6_prefix', 'delegated_ipv6_prefix', 'framed_ipv6_address'] : ['framed_ip']
}

/** Whoever has an address in the prefix, or a prefix that holds it or lies in it. */
function prefixSelects(prefix: string): RawBuilder<unknown>[] {
  const sought = sql`${prefix}::inet`
  const around = sql`array(select network(set_masklen(${sought}, length))::inet
    from generate_series(1, masklen(${sought})) as length)`
  return [
    sql`select fixed.subscriber_id from subscriber_address fixed where address_range(fixed.prefix) && address_range(${sought})`,
    ...addressColumns(prefix).flatMap((column) => {
      const ref = sql.ref(`open.${column}`)
      const select = sql`select open.subscriber_id from session open where ${isOpen}`
      const inside = sql`${select} and ${ref} <<= ${sought}`
      return column.endsWith('_prefix') ? [inside, sql`${select} and ${ref} = any (${around})`] : [inside]
    }),
  ]
}

/** The same row by row. */
function macChecks({ first, last }: { first: string; last: string }): RawBuilder<boolean>[] {
  const range = sql`between ${first}::macaddr and ${last}::macaddr`
  return [
    sql`(select true from device where device.subscriber_id = subscriber.id and device.mac ${range} limit 1)`,
    sql`(select live.mac ${range} from subscriber_live live where live.subscriber_id = subscriber.id)`,
  ]
}

function prefixChecks(prefix: string): RawBuilder<boolean>[] {
  const sought = sql`${prefix}::inet`
  const columns = addressColumns(prefix).map((column) => sql`${sql.ref(`open.${column}`)} && ${sought}`)
  return [
    sql`(select true from subscriber_address fixed where fixed.subscriber_id = subscriber.id and fixed.prefix && ${sought} limit 1)`,
    sql`(select true from session open
      where open.subscriber_id = subscriber.id and ${isOpen} and (${sql.join(columns, sql` or `)}) limit 1)`,
  ]
}
