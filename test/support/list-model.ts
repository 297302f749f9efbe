// What the list of subscribers must give, computed in memory from plain objects: filter, search and order.
import { subscriberLabel } from '../../src/domain/subscriber-label.ts'
import type { SubscriberFilter } from '../../src/domain/subscriber-list/filter.ts'
import type { Order } from '../../src/domain/subscriber-list/sort.ts'
import type { Person, World } from './list-world.ts'

const day = 86_400_000
const digits: Record<string, number> = { EUR: 2, JPY: 0, KWD: 3 }
const one = (value: bigint): number => Number(value)

/** Whether the filter means the person. */
export function isMeant(person: Person, filter: SubscriberFilter, now: Date): boolean {
  const label = subscriberLabel(person, now)
  const { session } = person
  const online = session?.open === true
  const lastSeen = online ? Number.POSITIVE_INFINITY : (session?.endedAt?.getTime() ?? null)
  const period = subscriberLabel({ ...person, archivedAt: null, enabled: true, blockedAt: null }, now)
  const quota =
    person.quota === null ? null : Math.round((Number(person.usage ?? 0n) * 1000) / Number(person.quota)) / 10
  const balance = Number(person.balanceMinor) / 10 ** digits[person.currency]!
  const inRange = (value: number | null, from: string | number | undefined, to: string | number | undefined): boolean =>
    (from === undefined && to === undefined) ||
    (value !== null && value >= bound(from, Number.NEGATIVE_INFINITY) && value <= bound(to, Number.POSITIVE_INFINITY))
  const is = <T>(wanted: T | undefined, value: T): boolean => wanted === undefined || wanted === value
  const among = <T>(list: readonly T[] | undefined, value: T | null): boolean =>
    list === undefined || (value !== null && list.includes(value))
  const id = (value: bigint | null): number | null => (value === null ? null : one(value))
  const part = (wanted: string | undefined, ...values: (string | null | undefined)[]): boolean =>
    wanted === undefined ||
    values.some((value) => (wanted.endsWith('*') ? value?.startsWith(wanted.slice(0, -1)) === true : value === wanted))
  const expires = person.expiresAt?.getTime() ?? null
  const within = filter.expires_within_days
  const defaultArchived = filter.label?.includes('archived') === true ? 'any' : false
  const archived = filter.archived ?? defaultArchived
  return [
    archived === 'any' || (person.archivedAt !== null) === archived,
    filter.search === undefined || isFound(person, filter.search),
    among(filter.ids, one(person.id)),
    among(filter.label, label),
    filter.service_period === undefined || filter.service_period.some((wanted) => wanted === period),
    is(filter.enabled, person.enabled),
    is(filter.blocked, person.blockedAt !== null),
    among(filter.block_reason, person.blockedAt && person.blockReason),
    is(filter.online, online),
    is(filter.never_online, lastSeen === null),
    inRange(lastSeen, filter.last_seen_from, filter.last_seen_to),
    among(filter.plan_id, id(person.planId)),
    among(filter.next_plan_id, id(person.nextPlanId)),
    is(filter.has_next_plan, person.nextPlanId !== null),
    among(filter.group_id, id(person.groupId)),
    is(filter.has_group, person.groupId !== null),
    among(filter.owner_id, id(person.ownerId)),
    among(filter.payer_id, id(person.payerId)),
    is(filter.auto_renew, person.autoRenew),
    is(filter.account_type, person.accountType),
    among(filter.zone, person.zone),
    among(filter.language, person.language),
    is(filter.has_phone, person.phone !== null),
    is(filter.has_email, person.email !== null),
    is(filter.has_comment, person.hasComment),
    is(filter.has_static_address, person.fixedIp !== null),
    inRange(expires, filter.expires_from, filter.expires_to),
    within === undefined || (expires !== null && expires > now.getTime() && expires <= now.getTime() + within * day),
    is(filter.never_expires, expires === null),
    inRange(person.createdAt.getTime(), filter.created_from, filter.created_to),
    inRange(
      balance,
      filter.balance_from && Number(filter.balance_from),
      filter.balance_to && Number(filter.balance_to),
    ),
    inRange(quota, filter.quota_used_from, filter.quota_used_to),
    among(filter.nas_id, id(session?.nasId ?? null)),
    among(filter.nas_group_id, session === null ? null : 1),
    part(filter.interface, person.boundInterface, session?.interface),
    filter.c_vlan === undefined || [person.boundCVlan, session?.cVlan].includes(filter.c_vlan),
  ].every(Boolean)
}

function bound(end: string | number | undefined, none: number): number {
  if (end === undefined) return none
  return typeof end === 'number' ? end : new Date(end).getTime()
}

/** The search box, by plain text search. */
function isFound(person: Person, search: string): boolean {
  const text = search.toLowerCase()
  const fields = [person.username, person.fullName, person.phone, person.email, person.address].map((field) =>
    (field ?? '').toLowerCase(),
  )
  const isInside = [...text].length > 2
  if (fields.some((field) => (isInside ? field.includes(text) : field.startsWith(text)))) return true
  const net = /^((?:\d{1,3}\.){1,3})\*?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.)0\/24$/.exec(text)?.[1]
  const isMac = /^[0-9a-f]{2}([:-][0-9a-f]{2}){1,5}$/.test(text)
  const isAddress = net !== undefined || (/^[\d.]+(\/\d+)?$/.test(text) && text.split('.').length === 4)
  const national =
    /^[+(]?\d[\d\s()/.-]*$/.test(text) && !isMac && !isAddress ? text.replace(/\D/g, '').replace(/^0+/, '') : ''
  if (national.length > 2 && person.phone?.includes(national) === true) return true
  if (isMac && person.mac?.startsWith(text.replaceAll('-', ':')) === true) return true
  const live = person.session?.open === true ? person.session.ip : undefined
  const addresses = [person.fixedIp, live]
  if (addresses.includes(text)) return true
  if (text === '100.64.0.0/10') return person.fixedIp !== null
  return net !== undefined && addresses.some((address) => address?.startsWith(net) === true)
}

const icu = new Intl.Collator('en')
type Key = string | number | bigint | null

/** The ids of all whom the filter means, in order. */
export function expectedIds({ people, names }: World, filter: SubscriberFilter, order: Order, now: Date): bigint[] {
  const sign = order.descending ? -1 : 1
  const collate = order.by === 'phone' || order.by === 'balance' ? plain : icuThenPlain
  return people
    .filter((person) => isMeant(person, filter, now))
    .map((person) => ({ person, keys: keysOf(person, order.by, names) }))
    .toSorted((a, b) => {
      if ((a.keys[0] === null) !== (b.keys[0] === null)) return a.keys[0] === null ? 1 : -1
      for (const [i, key] of a.keys.entries()) {
        const other = b.keys[i]!
        if (key === null || other === null) continue
        const compared = compareKeys(key, other, collate)
        if (compared !== 0) return compared * sign
      }
      return (a.person.id < b.person.id ? -1 : 1) * sign
    })
    .map(({ person }) => person.id)
}

function compareKeys(key: Exclude<Key, null>, other: Exclude<Key, null>, collate: typeof plain): number {
  if (typeof key === 'string' || typeof other === 'string') return collate(String(key), String(other))
  return key < other ? -1 : Number(key > other)
}

function plain(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function icuThenPlain(a: string, b: string): number {
  return icu.compare(a, b) || plain(a, b)
}

/** The first decides whether there is a key at all. */
function keysOf(person: Person, by: Order['by'], names: World['names']): Key[] {
  const { session } = person
  const name = (map: Map<bigint, string>, id: bigint | null): Key[] => (id === null ? [null] : [map.get(id)!, id])
  switch (by) {
    case 'id':
      return [person.id]
    case 'username':
      return [person.username]
    case 'full_name':
      return [person.fullName]
    case 'phone':
      return [person.phone]
    case 'expires_at':
      return [person.expiresAt?.getTime() ?? null]
    case 'created_at':
      return [person.createdAt.getTime()]
    case 'plan':
      return name(names.plan, person.planId)
    case 'owner':
      return name(names.owner, person.ownerId)
    case 'group':
      return name(names.group, person.groupId)
    case 'balance':
      return [person.currency, person.balanceMinor, person.payerId]
    case 'online':
      return [session?.open === true ? 1 : 0]
    case 'last_seen_at':
      return [session?.open === true ? Number.POSITIVE_INFINITY : (session?.endedAt?.getTime() ?? null)]
    case 'ip_address':
      return [session === null ? null : session.ip.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0)]
    case 'usage':
      return [person.usage]
  }
}
