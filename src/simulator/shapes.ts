// Which kinds of NAS are emulated, by vendor and by the way that lines come in.

import { accelPppIpoe } from './shape-accel-ppp-ipoe.ts'
import { accelPpp } from './shape-accel-ppp.ts'
import { huawei } from './shape-huawei.ts'
import { juniper } from './shape-juniper.ts'
import { mikrotikDhcp } from './shape-mikrotik-dhcp.ts'
import { mikrotik } from './shape-mikrotik.ts'
import type { AccessKind, NasShape, SimulatedVendor } from './shape.ts'

/** A kind of NAS that is not emulated. */
export class UnknownShapeError extends Error {
  override readonly name = 'UnknownShapeError'
}

const shapes: Record<SimulatedVendor, Partial<Record<AccessKind, NasShape>>> = {
  mikrotik: { pppoe: mikrotik, ipoe: mikrotikDhcp },
  'accel-ppp': { pppoe: accelPpp, ipoe: accelPppIpoe },
  juniper: { ipoe: juniper },
  huawei: { ipoe: huawei },
}

/** The shape of a kind; by default the first that the vendor has. Throws UnknownShapeError. */
export function shapeOf(vendor: SimulatedVendor, access?: AccessKind): NasShape {
  const shape = access === undefined ? Object.values(shapes[vendor])[0] : shapes[vendor][access]
  if (shape === undefined) throw new UnknownShapeError(`no ${vendor} with ${access ?? 'any access'} is emulated`)
  return shape
}
