// The subscribers of the demonstration: most are online, some have expired, are blocked, typed a wrong password into their modem,
// or were never there. The same in every run, but for their dates, which follow the present.

import { dialMethods } from '../simulator/credentials.ts'
import type { Dial } from '../simulator/nas-session.ts'
import { createRandom } from '../simulator/random.ts'
import { demoNases, demoPlans } from './demo-data.ts'
import { makeMac } from './simulate.ts'

const firstNames = `Ada Bela Ciro Dora Emil Fina Gero Hana Ivo Juna Kito Lena Milo Nora Odo Pia Rafi Sina Tomo Vera
  Abel Bruna Cosmo Delia Enzo Frida Gus Hedy Ines Jarl Kaia Leo Mara Nilo Orla Pavel Rosa Sven Tilda Umar`.split(/\s+/)
const lastNames =
  `Almond Brook Cedar Dune Elder Finch Grove Heath Inlet Juniper Kestrel Larch Meadow Nettle Orchard Pine Quill
  Reed Sparrow Thorn Upland Vale Willow Yarrow Acre Birch Clover Drift Ember Fern Glade Hazel Isle Jasper Knoll Lark Marsh North
  Oak Pebble Quarry Ridge Sedge Tarn Umber Vetch Wren Yew Ash Bay Cove Dale Eyre Ford`.split(/\s+/)
const words = 'amber birch cloud delta ember frost grape hazel islet jolly kiosk lemon maple north olive pearl'.split(
  ' ',
)
const streets = ['Mill Lane', 'Pier Road', 'Chapel Hill', 'Orchard Row', 'Station Street', 'Weir Walk']
/** Numbers 555-0100 to 555-0199 of an area are nobody's. */
const areaCodes =
  `201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 239 240`.split(' ')

export type DemoKind = 'online' | 'expired' | 'blocked' | 'wrong-password' | 'never-there'
export type DemoSubscriber = {
  dial: Dial
  kind: DemoKind
  /** The password that we know; the modem's is in `dial`. */
  password: string
  plan: string
  fullName: string
  phone: string
  address: string
  zone: string
  /** Days since its present period began, and since it was registered. */
  periodDays: number
  registeredDays: number
}

/** 2,160, of whom 2,000 can be online, dialling by turns with PAP, CHAP and MS-CHAPv2. */
export function makeDemoSubscribers(): DemoSubscriber[] {
  return lastNames.flatMap((last, row) =>
    firstNames.map((first, column) => makeSubscriber(first, last, row * firstNames.length + column)),
  )
}

function makeSubscriber(first: string, last: string, index: number): DemoSubscriber {
  const { name: plan, downBps, upBps } = demoPlans[index % demoPlans.length]!
  const { zone } = demoNases[index % demoNases.length]!
  const username = `${first}.${last}`.toLowerCase()
  const password = makeDemoPassword(username)
  const kind = kindOf(index)
  const method = dialMethods[index % dialMethods.length]!
  const typed = kind === 'wrong-password' ? password.toUpperCase() : password
  const periodDays = (index * 7) % 30
  const digits = String(Math.floor(index / areaCodes.length)).padStart(2, '0')
  return {
    dial: { username, password: typed, method, mac: makeMac(index), downBps, upBps },
    kind,
    password,
    plan,
    fullName: `${first} ${last}`,
    phone: `+1${areaCodes[index % areaCodes.length]}55501${digits}`,
    address: `${1 + (index % 97)} ${streets[index % streets.length]}, ${zone}`,
    zone,
    periodDays,
    registeredDays: periodDays + 30 * ((index * 11) % 14),
  }
}

/** Of each 27 one has expired and one has another trouble. */
function kindOf(index: number): DemoKind {
  if (index % 27 === 0) return 'expired'
  if (index % 27 !== 13) return 'online'
  const others: readonly DemoKind[] = ['blocked', 'never-there', 'wrong-password', 'blocked']
  return others[Math.floor(index / 27) % others.length]!
}

function makeDemoPassword(username: string): string {
  const random = createRandom(`demo/${username}`)
  const word = (): string => words[random.integer(words.length)]!
  return `${word()}-${word()}-${10 + random.integer(90)}`
}

const dayMs = 86_400_000
const periodMs = 30 * dayMs

/** Whether its present period was paid for with us (demo-past.ts) and did not come with the file. */
export function paysWithUs({ kind, registeredDays }: DemoSubscriber): boolean {
  return kind === 'online' && registeredDays % 5 === 0
}

/** When the present period began. */
export function periodStart({ periodDays, kind }: DemoSubscriber, now: Date): Date {
  // Of those who have expired the last one is over since up to 20 days.
  const over = kind === 'expired' ? 30 + (periodDays % 20) - periodDays : 0
  return new Date(now.getTime() - (periodDays + over) * dayMs - 3_600_000)
}

export const importHeader = [
  'username',
  'password',
  'plan',
  'expires_at',
  'activated_at',
  'period_started_at',
  'auto_renew',
  'block_reason',
  'blocked_at',
  'full_name',
  'phone',
  'email',
  'address',
  'zone',
  'group',
  'created_at',
] as const
export type ImportRow = Partial<Record<(typeof importHeader)[number], string>>

/** The subscriber as a line of the file that the demonstration imports. */
export function importRow(subscriber: DemoSubscriber, now: Date): ImportRow {
  const { dial, kind, password, plan, fullName, phone, address, zone, registeredDays } = subscriber
  const began = periodStart(subscriber, now)
  const paidUntil = paysWithUs(subscriber) ? began : new Date(began.getTime() + periodMs)
  const registered = new Date(Math.min(began.getTime(), now.getTime() - registeredDays * dayMs - 7_200_000))
  const isNew = kind === 'never-there'
  return {
    username: dial.username,
    password,
    plan,
    auto_renew: String(paysWithUs(subscriber)),
    ...(!isNew && {
      expires_at: paidUntil.toISOString(),
      activated_at: registered.toISOString(),
      period_started_at: new Date(paidUntil.getTime() - periodMs).toISOString(),
    }),
    ...(kind === 'blocked' && { block_reason: 'unpaid bill', blocked_at: began.toISOString() }),
    full_name: fullName,
    phone,
    email: `${dial.username}@example.net`,
    address,
    zone,
    group: zone === 'Harbour' ? 'Business' : 'Homes',
    created_at: registered.toISOString(),
  }
}
