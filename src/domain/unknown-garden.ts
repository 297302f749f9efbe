// The walled garden of those whom nobody knows: a NAS group may let an unknown username (PAP, CHAP) or an unknown IPoE line in
// there instead of refusing it, so that a new subscriber meets a page that tells what to do. Pure.

import { interimInterval } from './authorization.ts'
import type { Authorization, AuthorizationContext } from './authorization.ts'
import { checkInteger, checkText, FieldError, quote } from './field.ts'
import { readRate } from './plan/speed-fields.ts'
import type { Settings } from './setting.ts'

/** Rates in bit/s. What is undefined is as the settings garden_address_list, garden_pool and garden_session_timeout_s say. */
export type UnknownGarden = {
  readonly addressList: string | undefined
  readonly pool: string | undefined
  readonly downBps: number
  readonly upBps: number
  readonly sessionTimeoutS: number | undefined
}

type Maybe<T> = T | null | undefined

/** As people write it; what is not named is as it is by default. */
export type UnknownGardenFields = {
  address_list?: Maybe<string>
  pool?: Maybe<string>
  down_bps?: Maybe<number | string>
  up_bps?: Maybe<number | string>
  session_timeout_s?: Maybe<number | string>
}

/** Enough to open a page. */
const defaultBps = 1_000_000
/**
 * Methods to which an Access-Accept can be given without knowing a password. MS-CHAPv2 is none of them: the peer asks the server
 * to prove that it knows the password too (RFC 2759 §5); EAP has methods of its own.
 */
const methods: ReadonlySet<string> = new Set(['pap', 'chap', 'line'])

/** The garden as it is stored. Throws FieldError. */
export function checkUnknownGarden(fields: UnknownGardenFields): UnknownGarden {
  const word = (name: 'address_list' | 'pool') =>
    fields[name] == null ? undefined : checkText(field(name), fields[name], 1, 100)
  const rate = (name: 'down_bps' | 'up_bps') => Number(readRate(field(name), fields[name] ?? defaultBps))
  const timeout = fields.session_timeout_s
  return {
    addressList: word('address_list'),
    pool: word('pool'),
    downBps: rate('down_bps'),
    upBps: rate('up_bps'),
    sessionTimeoutS: timeout == null ? undefined : checkInteger(field('session_timeout_s'), timeout, 60, 86_400),
  }
}

function field(name: string): string {
  return `unknown-garden.${name.replaceAll('_', '-')}`
}

const parts = {
  list: 'address_list',
  pool: 'pool',
  down: 'down_bps',
  up: 'up_bps',
  timeout: 'session_timeout_s',
} as const

/**
 * The garden of a command line: `off` is null, `on` is one with all defaults, else `list=pay-first,pool=guests,down=1M,up=1M`
 * with `timeout=900` in seconds. Throws FieldError.
 */
export function parseUnknownGarden(text: string): UnknownGardenFields | null {
  if (text === 'off') return null
  if (text === 'on') return {}
  const fields: UnknownGardenFields = {}
  for (const pair of text.split(',')) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, at).trim()
    if (at < 1 || !Object.hasOwn(parts, name)) {
      throw new FieldError(
        'unknown-garden',
        `${quote(pair)} is not on, off or one of list=, pool=, down=, up=, timeout=`,
      )
    }
    fields[parts[name as keyof typeof parts]] = pair.slice(at + 1).trim()
  }
  return fields
}

/** The column of nas_group, or of an answer: absent values are null. */
export type StoredUnknownGarden = {
  readonly address_list: string | null
  readonly pool: string | null
  readonly down_bps: number
  readonly up_bps: number
  readonly session_timeout_s: number | null
}

/** For the column of nas_group. */
export function storeUnknownGarden(garden: UnknownGarden): StoredUnknownGarden {
  return {
    address_list: garden.addressList ?? null,
    pool: garden.pool ?? null,
    down_bps: garden.downBps,
    up_bps: garden.upBps,
    session_timeout_s: garden.sessionTimeoutS ?? null,
  }
}

/** The garden of a row; undefined where there is none, or none that is valid: then nobody is let in. */
export function readUnknownGarden(stored: unknown): UnknownGarden | undefined {
  if (typeof stored !== 'object' || stored === null) return undefined
  try {
    return checkUnknownGarden(stored)
  } catch (error) {
    // Written by hand: the packet path must go on.
    if (error instanceof FieldError || error instanceof TypeError) return undefined
    throw error
  }
}

/**
 * Whether a request that was refused for this reason, with this method, is one for the garden. Only where nobody has the name or
 * the line: for a wrong password of somebody's it would be a reward.
 */
export function takesIn(refused: { readonly reason: string; readonly method: string }): boolean {
  return refused.reason === 'unknown' && methods.has(refused.method)
}

/** What keeps this garden apart from the open internet; undefined: no such thing. Without any it takes nobody in. */
export function fenceOf(garden: UnknownGarden, settings: Pick<Settings, 'garden_address_list' | 'garden_pool'>) {
  return {
    addressList: garden.addressList ?? (settings.garden_address_list || undefined),
    pool: garden.pool ?? (settings.garden_pool || undefined),
  }
}

/** What nobody gets: an IPv4 address, the fence, a little rate, and no IPv6 that would go around the fence. */
export function authorizeUnknown(
  garden: UnknownGarden,
  context: Omit<AuthorizationContext, 'garden' | 'lease'>,
): Authorization {
  const { settings } = context
  const interimIntervalS = interimInterval(undefined, context)
  return {
    rates: { downBps: garden.downBps, upBps: garden.upBps, burst: undefined, priority: undefined },
    ...fenceOf(garden, settings),
    address: undefined,
    ipv6Prefix: undefined,
    ipv6Address: undefined,
    ipv6Pool: undefined,
    delegatedIpv6Prefix: undefined,
    delegatedIpv6Pool: undefined,
    sessionTimeoutS: garden.sessionTimeoutS ?? settings.garden_session_timeout_s,
    idleTimeoutS: undefined,
    interimIntervalS,
    routes: [],
    class: context.class(interimIntervalS),
    cui: context.cui,
    garden: 'unknown',
    attributes: context.nasAttributes,
  }
}
