// The made-up ISP of the demonstration: its clients, plans and subscribers, the same in every run. Nothing in here is anybody's:
// names, passwords and secrets are invented, and the service listens on loopback addresses only.

import { Readable } from 'node:stream'
import type { Db } from '../db/schema.ts'
import { addClient, listClients } from '../domain/client.ts'
import type { Keyring } from '../domain/data-key.ts'
import { importSubscribers } from '../domain/import/import.ts'
import { addPlan, listPlans } from '../domain/plan.ts'
import type { NewPlan } from '../domain/plan.ts'
import { dialMethods } from '../simulator/credentials.ts'
import type { Dial } from '../simulator/nas-session.ts'
import { createRandom } from '../simulator/random.ts'
import type { SimulatedVendor } from '../simulator/shape.ts'
import { createAttributeCheck } from './attribute-check.ts'
import { CommandFailedError } from './run.ts'
import { makeMac } from './simulate.ts'

/** The NASes that are emulated, one client each. */
export const demoNases: readonly { name: string; address: string; vendor: SimulatedVendor; secret: string }[] = [
  { name: 'harbour-mikrotik', address: '127.0.0.11', vendor: 'mikrotik', secret: 'made-up-Kelp7-Lantern-Oar' },
  { name: 'hill-accel', address: '127.0.0.12', vendor: 'accel-ppp', secret: 'made-up-Fern4-Granite-Owl' },
]

/** For radclient: a client of its own, and a subscriber who never dials through the emulated NASes. */
export const demoTrial = {
  client: { name: 'this-machine', address: '127.0.0.1', secret: 'made-up-Birch2-Compass-Tern' },
  username: 'guest.trial',
  password: 'tidy-otter-58',
}

type DemoPlan = NewPlan & { downBps: number; upBps: number }

const plans: readonly DemoPlan[] = [
  { name: 'Home 50', down: '50M', up: '20M', days: 30, price: '19.90', sessionLimit: 1, downBps: 5e7, upBps: 2e7 },
  { name: 'Fibre 200', down: '200M', up: '100M', days: 30, price: '34.90', sessionLimit: 1, downBps: 2e8, upBps: 1e8 },
  { name: 'Village 10', down: '10M', up: '3M', days: 30, price: '9.90', sessionLimit: 1, downBps: 1e7, upBps: 3e6 },
]
const trialPlan = 'Trial'

const firstNames =
  'Ada Bela Ciro Dora Emil Fina Gero Hana Ivo Juna Kito Lena Milo Nora Odo Pia Rafi Sina Tomo Vera'.split(' ')
const lastNames = 'Almond Brook Cedar Dune Elder Finch Grove Heath Inlet Juniper'.split(' ')
const words = 'amber birch cloud delta ember frost grape hazel islet jolly kiosk lemon maple north olive pearl'.split(
  ' ',
)

export type DemoSubscriber = { dial: Dial; plan: string; fullName: string }

/** Two hundred subscribers, dialling by turns with PAP, CHAP and MS-CHAPv2. */
export function makeDemoSubscribers(): DemoSubscriber[] {
  return firstNames.flatMap((first, row) =>
    lastNames.map((last, column): DemoSubscriber => {
      const index = row * lastNames.length + column
      const plan = plans[index % plans.length]!
      const username = `${first}.${last}`.toLowerCase()
      const method = dialMethods[index % dialMethods.length]!
      const { downBps, upBps } = plan
      const dial = { username, password: makeDemoPassword(username), method, mac: makeMac(index), downBps, upBps }
      return { dial, plan: plan.name, fullName: `${first} ${last}` }
    }),
  )
}

function makeDemoPassword(username: string): string {
  const random = createRandom(`demo/${username}`)
  const word = (): string => words[random.integer(words.length)]!
  return `${word()}-${word()}-${10 + random.integer(90)}`
}

/** Makes what is not there yet; running it again changes nothing. */
export async function createDemoIsp(db: Db, keyring: Keyring, now: Date): Promise<void> {
  const clients = new Set((await listClients(db, now)).map(({ name }) => name))
  for (const { name, address, vendor, secret } of demoNases) {
    if (!clients.has(name)) await addClient(db, keyring, { name, address, vendor, secret, patienceMs: 900 }, now)
  }
  if (!clients.has(demoTrial.client.name)) {
    await addClient(db, keyring, { ...demoTrial.client, vendor: 'standard' }, now)
  }
  const known = new Set((await listPlans(db)).map(({ name }) => name))
  const trial: NewPlan = { name: trialPlan, down: '20M', up: '10M', days: 0 }
  for (const { downBps: _down, upBps: _up, ...plan } of [...plans, { ...trial, downBps: 0, upBps: 0 }]) {
    if (!known.has(plan.name)) await addPlan(db, plan, createAttributeCheck(), now)
  }
  // The trial plan comes last: where it was there, the subscribers are too.
  if (!known.has(trialPlan)) await importDemoSubscribers(db, keyring, now)
}

async function importDemoSubscribers(db: Db, keyring: Keyring, now: Date): Promise<void> {
  const rows = makeDemoSubscribers().map(({ dial, plan, fullName }) => [dial.username, dial.password, plan, fullName])
  rows.push([demoTrial.username, demoTrial.password, trialPlan, 'Guest Trial'])
  const csv = ['username,password,plan,full_name', ...rows.map((row) => row.join(','))].join('\n')
  const result = await importSubscribers(db, keyring, Readable.from([Buffer.from(csv)]), now)
  if (result.kind === 'refused') {
    const [first] = result.errors
    throw new CommandFailedError(`the demonstration's subscribers were refused: ${first?.field} ${first?.reason}`)
  }
}
