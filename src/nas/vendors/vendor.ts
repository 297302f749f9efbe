// What differs between BNGs, as data: how an authorization becomes attributes, and where the interface of a line is read.
// Pure: no sockets, no SQL. One file per vendor; this one finds them by name.

import type { Authorization } from '../../domain/authorization.ts'
import type { InterfaceParts } from '../../domain/line.ts'
import type { VendorName } from '../../domain/nas.ts'
import type { NamedAttribute } from '../../radius/wire-values.ts'
import { accelPpp } from './accel-ppp.ts'
import { mikrotik } from './mikrotik.ts'
import { standard } from './standard.ts'

/** The texts of a request that may name an interface. */
export type InterfaceSource = {
  readonly nasPortId: string | undefined
  readonly calledStationId: string | undefined
}

export type Vendor = {
  readonly name: VendorName
  /** What an Access-Accept to this NAS carries for an authorization; extra attribute texts are not among them. */
  acceptAttributes(authorization: Authorization): NamedAttribute[]
  /** Where the subscriber comes in; undefined where the request does not say. */
  readInterface(source: InterfaceSource): InterfaceParts | undefined
}

const vendors: Record<VendorName, Vendor> = {
  mikrotik,
  'accel-ppp': accelPpp,
  standard,
  juniper: { ...standard, name: 'juniper' },
  cisco: { ...standard, name: 'cisco' },
  huawei: { ...standard, name: 'huawei' },
  nokia: { ...standard, name: 'nokia' },
  zte: { ...standard, name: 'zte' },
  h3c: { ...standard, name: 'h3c' },
}

/** The vendor of a NAS. */
export function vendorOf(name: VendorName): Vendor {
  return vendors[name]
}
