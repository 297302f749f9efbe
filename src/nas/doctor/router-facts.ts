// Reads from a router what the doctor judges it by. A menu that is closed to us, or not there, is told as such and hides nothing
// of the others; a router that breaks off is an error of the whole.

import type { RouterControl } from '../routeros/control.ts'
import { RouterError } from '../routeros/router-error.ts'
import type * as rows from '../routeros/rows.ts'

/** What a menu said, or why it said nothing. */
export type Part<T> = { readonly kind: 'read'; readonly value: T } | { readonly kind: 'refused'; readonly why: string }

/** `menu`: which commands it is set by. */
export type Interface = { readonly menu: string; readonly name: string; readonly arp: string | undefined }

/** The figures of one server of /radius, at the beginning and at the end of the reading. */
export type Figures = { readonly id: string; readonly before: rows.RadiusFigures; readonly after: rows.RadiusFigures }

export type RouterFacts = {
  readonly radius: Part<rows.RadiusServer[]>
  readonly figures: Part<Figures[]>
  readonly incoming: Part<rows.RadiusIncoming>
  readonly pppAaa: Part<rows.PppAaa>
  readonly dhcpServers: Part<rows.DhcpServer[]>
  /** Those that RADIUS let in. */
  readonly hotspotSessions: Part<number>
  /** Those that a DHCP server serves. */
  readonly interfaces: Part<Interface[]>
  readonly identity: Part<string>
  readonly clock: Part<Date>
  readonly version: Part<rows.RouterSoftware>
}

/** The menu of each kind of interface that /interface tells. */
const menus: Readonly<Record<string, string>> = { ether: 'ethernet', vlan: 'vlan', bridge: 'bridge', bond: 'bonding' }
/** Servers of /radius whose figures are read. */
const mostServers = 4

/** Reads everything once. Throws RouterError where the router cannot be spoken with at all. */
export async function readRouterFacts(control: RouterControl): Promise<RouterFacts> {
  const radius = await part(() => control.radius())
  const ids = radius.kind === 'read' ? radius.value.slice(0, mostServers).map(({ id }) => id) : []
  const before = await part(() => figuresOf(control, ids))
  const dhcpServers = await part(() => control.dhcpServers())
  const served = dhcpServers.kind === 'read' ? dhcpServers.value.flatMap((one) => one.interface ?? []) : []
  const hotspot = await part(() => control.hotspot())
  const facts = {
    incoming: await part(() => control.radiusIncoming()),
    pppAaa: await part(() => control.pppAaa()),
    interfaces: await part(() => interfacesOf(control, served)),
    identity: await part(() => control.identity()),
    clock: await part(() => control.clock()),
    version: await part(() => control.version()),
  }
  const after = await part(() => figuresOf(control, ids))
  return {
    ...facts,
    radius,
    dhcpServers,
    figures: paired(before, after),
    hotspotSessions:
      hotspot.kind === 'read'
        ? { kind: 'read', value: hotspot.value.filter((session) => session.radius === true).length }
        : hotspot,
  }
}

/** A refusal is of this menu alone; silence or a broken connection is of the router. */
async function part<T>(read: () => Promise<T>): Promise<Part<T>> {
  try {
    return { kind: 'read', value: await read() }
  } catch (error) {
    const isOfMenu = error instanceof RouterError && ['trap', 'http', 'protocol'].includes(error.kind)
    if (!isOfMenu) throw error
    return { kind: 'refused', why: error.message }
  }
}

type OneFigures = { readonly id: string; readonly figures: rows.RadiusFigures }

async function figuresOf(control: RouterControl, ids: readonly string[]): Promise<OneFigures[]> {
  const found: OneFigures[] = []
  for (const id of ids) found.push({ id, figures: await control.radiusFigures(id) })
  return found
}

function paired(before: Part<OneFigures[]>, after: Part<OneFigures[]>): Part<Figures[]> {
  if (before.kind === 'refused') return before
  if (after.kind === 'refused') return after
  const value = before.value.flatMap(({ id, figures }) => {
    const later = after.value.find((one) => one.id === id)
    return later === undefined ? [] : [{ id, before: figures, after: later.figures }]
  })
  return { kind: 'read', value }
}

async function interfacesOf(control: RouterControl, served: readonly string[]): Promise<Interface[]> {
  if (served.length === 0) return []
  const all = (await control.interfaces()).filter(({ name }) => served.includes(name))
  const wanted = new Set(all.flatMap(({ type }) => (type === undefined ? [] : (menus[type] ?? []))))
  const found: Interface[] = []
  for (const menu of wanted) {
    for (const { name, arp } of await control.arpModes(menu)) if (served.includes(name)) found.push({ menu, name, arp })
  }
  return found
}
