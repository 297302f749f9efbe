// accel-ppp 1.14: rates in Filter-Id as `down/up` in kbit/s (`shaper attr=Filter-Id`). Its NAS-Port-Id of a PPPoE session is
// `ppp0`: the interface stands in Called-Station-Id (`called-sid=ifname:mac` or `ifname`); for IPoE both name it.

import type { Authorization } from '../../domain/authorization.ts'
import type { NamedAttribute } from '../../radius/wire-values.ts'
import { add, framedAttributes } from './framed.ts'
import { parseInterfaceName } from './interface-name.ts'
import type { Vendor } from './vendor.ts'

/** The MAC that `called-sid=ifname:mac` puts behind the name, and that is all with `called-sid=mac`. */
const macAtEnd = /:?(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i
const sessionInterface = /^(?:ppp|ipoe|l2tp|pptp|sstp)\d+$/

export const accelPpp: Vendor = {
  name: 'accel-ppp',
  acceptAttributes(authorization) {
    // There is no attribute for an address list: what fences the garden is its pool.
    const attributes: NamedAttribute[] = [{ name: 'Filter-Id', value: shaperRate(authorization) }]
    attributes.push(...framedAttributes(authorization))
    add(attributes, 'Delegated-IPv6-Prefix-Pool', authorization.delegatedIpv6Pool)
    return attributes
  },
  readInterface({ nasPortId, calledStationId }) {
    const called = (calledStationId ?? '').replace(macAtEnd, '')
    if (called !== '') return parseInterfaceName(called)
    // With `called-sid=mac` nothing but a session's own interface may be left: it says nothing about the line.
    return nasPortId === undefined || sessionInterface.test(nasPortId) ? undefined : parseInterfaceName(nasPortId)
  },
}

function shaperRate({ rates }: Authorization): string {
  return `${kilobits(rates.downBps)}/${kilobits(rates.upBps)}`
}

/** Never 0, which would mean no limit. */
function kilobits(bps: number): number {
  return Math.max(1, Math.round(bps / 1_000))
}
