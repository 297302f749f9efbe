// What an order comes to at this moment: nothing any more, a change of the live session, or a Disconnect, so that the redial gets
// what is true. Pure: of what the session was given, what its subscriber is entitled to, and what its NAS can do.

import type { Authorization } from '../domain/authorization.ts'
import type { ClaimedOrder, OrderResult } from '../domain/coa-delivery.ts'
import type { CoaTarget } from '../domain/coa-target.ts'
import type { Entitlement, GardenPools, LiveSession } from '../domain/live-session.ts'
import { vendorOf } from '../nas/vendors/vendor.ts'
import type { NamedAttribute } from '../radius/attributes.ts'

export type Errand = {
  order: ClaimedOrder
  target: CoaTarget
  /** Undefined: in the archive. */
  session: LiveSession | undefined
  entitlement: Entitlement | undefined
  /** Why its entitlement cannot be read; absent: it can. */
  unreadable?: Error
  /** False: the NAS has refused to change anything live. */
  canChange: boolean
}

/** `why` it has to be a Disconnect, for a person; undefined: that was the wish. */
export type Step =
  | { kind: 'over'; result: OrderResult }
  /** Not on its NAS any more, although perhaps open in our books. */
  | { kind: 'gone'; session: LiveSession; detail: string }
  | { kind: 'disconnect'; session: LiveSession; why: string | undefined }
  | { kind: 'change'; session: LiveSession; attributes: readonly NamedAttribute[]; authorization: Authorization }

/** What has to happen for an order. Throws where what is written about its subscriber cannot be read. */
export function stepOf(errand: Errand, now: Date): Step {
  const { order, target, session, entitlement, canChange } = errand
  if (order.isOvertaken) return over({ state: 'replaced', detail: 'a newer wish has taken its place' })
  // Ended in our books only, and not by its NAS: that it is gone there has to be proved.
  const isUnproven = order.reason === 'replaced' && session?.isReplaced === true
  if (session === undefined || (session.endedAt !== undefined && !isUnproven)) {
    return over({ state: 'done', evidence: 'observed', detail: 'the session has ended' })
  }
  // A NAS that lost power without a word begins its ids again: they name somebody else there now.
  if (session.isReused)
    return { kind: 'gone', session, detail: 'its NAS has given its Acct-Session-Id to a later session' }
  if (order.isTried && order.deadline <= now) return over({ state: 'expired', detail: 'it was not proved in time' })
  if (order.wish === 'disconnect') return { kind: 'disconnect', session, why: undefined }
  if (errand.unreadable !== undefined) throw errand.unreadable
  if (entitlement === undefined || entitlement.kind === 'none') {
    return { kind: 'disconnect', session, why: entitlement?.why }
  }
  const { settings } = target.nas
  const { authorization } = entitlement
  const redial = (why: string): Step => ({ kind: 'disconnect', session, why })
  if (!settings.coa) return redial('the NAS takes no CoA-Request (its setting coa is off)')
  const why = needsRedial(target, session, entitlement)
  if (why !== undefined) return redial(why)
  const attributes = vendorOf(target.nas.vendor).changeAttributes(authorization, settings, session.services)
  if (attributes === undefined) {
    return authorization.garden !== undefined && session.garden === true
      ? over({ state: 'done', detail: 'it is in the walled garden already' })
      : redial('the NAS cannot change this in a live session')
  }
  if (attributes.length === 0) return over({ state: 'done', detail: 'it has what it should have' })
  if (!canChange) return redial('the NAS has refused to change sessions live')
  return { kind: 'change', session, attributes, authorization }
}

function over(result: OrderResult): Step {
  return { kind: 'over', result }
}

type Service = Entitlement & { kind: 'service' }

/** Why only a new login gives the session what it should have; undefined: a change may do. */
function needsRedial(target: CoaTarget, session: LiveSession, entitlement: Service): string | undefined {
  const { authorization, subject, gardenPools } = entitlement
  if (hasOtherAddress(session, authorization)) return 'it should have another address'
  if (authorization.garden !== undefined) return gardenRedial(session, authorization.garden, gardenPools)
  const { on_block: onBlock, on_expiry: onExpiry, on_quota: onQuota } = subject.plan
  const mayBeIn = session.garden ?? [onBlock, onExpiry, onQuota].includes('garden')
  if (mayBeIn) {
    // Who came in by an Accept was given no IPv6, no routes and a short time; and a list is not taken back by its absence.
    const isFenced = session.marks?.garden === true || authorization.addressList === undefined
    return isFenced ? 'only a new login leads out of the walled garden' : undefined
  }
  const isListed = session.marks?.listed === true || (session.granted?.address_list ?? null) !== null
  const keepsList = isListed && authorization.addressList === undefined && takesLists(target, authorization)
  return keepsList ? 'an address list is not taken back by a change' : undefined
}

function hasOtherAddress(session: LiveSession, wanted: Authorization): boolean {
  // Not every NAS tells what it gave, a Start may come before the address, and the leg of the other family has none: only
  // what is told can differ.
  return (
    (session.leg !== 'v6' && differs(wanted.address, session.framedIp)) ||
    differs(wanted.ipv6Prefix, session.framedIpv6Prefix) ||
    differs(wanted.delegatedIpv6Prefix, session.delegatedIpv6Prefix) ||
    differs(wanted.ipv6Address, session.framedIpv6Address)
  )
}

function differs(wanted: string | undefined, has: string | undefined): boolean {
  return wanted !== undefined && has !== undefined && wanted !== has
}

const gardenNames: Readonly<Record<string, keyof GardenPools>> = {
  expired: 'expired',
  blocked: 'blocked',
  'quota-exhausted': 'quota',
}

function gardenRedial(session: LiveSession, reason: string, pools: GardenPools): string | undefined {
  const name = gardenNames[reason]
  const pool = name && pools[name]
  if (session.garden === true) {
    // Of a pool that differs by the reason nobody knows which one gave the address.
    const isOwn = Object.values(pools).every((other) => other === pool) || session.granted?.garden === reason
    return isOwn ? undefined : 'the walled garden for this reason has another pool'
  }
  if (pool !== undefined) return 'the walled garden has a pool of its own'
  const { framedIpv6Prefix, delegatedIpv6Prefix, framedIpv6Address } = session
  const hasIpv6 = (framedIpv6Prefix ?? delegatedIpv6Prefix ?? framedIpv6Address) !== undefined
  // The list fences IPv4 alone.
  return hasIpv6 ? 'its IPv6 would go around the walled garden' : undefined
}

/** Whether address lists mean anything to this NAS. */
function takesLists({ nas: { vendor, settings } }: CoaTarget, authorization: Authorization): boolean {
  const { changeAttributes } = vendorOf(vendor)
  const count = (addressList: string | undefined) =>
    changeAttributes({ ...authorization, addressList }, settings)?.length
  return count('any') !== count(undefined)
}
