// The made-up ISP of the demonstration: its NASes and its offer, the same in every run. Nothing in here is anybody's: names,
// passwords and secrets are invented, and the service listens on loopback addresses only.

import type { NewPlan } from '../domain/plan.ts'
import type { SimulatedVendor } from '../simulator/shape.ts'

/** One client each. `zone`: the village whose lines end there. */
export type DemoNas = { name: string; address: string; vendor: SimulatedVendor; secret: string; zone: string }

/** The NASes that are emulated. The mill's takes no orders: somebody forgot to open the port (why a block there is not enforced). */
export const demoNases: readonly (DemoNas & { takesNoOrders?: true })[] = [
  nas('harbour-mikrotik', 11, 'mikrotik', 'Kelp7-Lantern-Oar', 'Harbour'),
  nas('hill-accel', 12, 'accel-ppp', 'Fern4-Granite-Owl', 'Hill'),
  nas('lake-mikrotik', 13, 'mikrotik', 'Reed5-Pebble-Swan', 'Lakeside'),
  { ...nas('mill-accel', 14, 'accel-ppp', 'Oat3-Millstone-Wren', 'Mill'), takesNoOrders: true },
]

/** Its secret was typed wrong on the NAS: nothing of what it sends can be believed, and the doctor says so. */
export const brokenNas = {
  ...nas('quarry-mikrotik', 15, 'mikrotik', 'Slate9-Chisel-Hawk', 'Quarry'),
  typedSecret: 'made-up-Slate9-Chisel-Hawl',
}

function nas(name: string, host: number, vendor: SimulatedVendor, secret: string, zone: string): DemoNas {
  return { name, address: `127.0.0.${host}`, vendor, secret: `made-up-${secret}`, zone }
}

/** For radclient: a client of its own, and a subscriber who never dials through the emulated NASes. */
export const demoTrial = {
  client: { name: 'this-machine', address: '127.0.0.1', secret: 'made-up-Birch2-Compass-Tern' },
  username: 'guest.trial',
  password: 'tidy-otter-58',
}

const month = { days: 30, sessionLimit: 1, autoRenew: true } as const
/** The offer, with the rates that lines draw their traffic from. */
export const demoPlans: readonly (NewPlan & { downBps: number; upBps: number })[] = [
  { name: 'Home 50', down: '50M', up: '20M', price: '19.90', ...month, downBps: 5e7, upBps: 2e7 },
  { name: 'Fibre 200', down: '200M', up: '100M', price: '34.90', ...month, downBps: 2e8, upBps: 1e8 },
  { name: 'Village 10', down: '10M', up: '3M', price: '9.90', ...month, downBps: 1e7, upBps: 3e6 },
]
