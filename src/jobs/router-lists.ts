// Who is online on a router, as the comparison with our books needs it: all lists, or an error. A list that breaks off would make
// everybody in its rest look gone.

import type { Nas } from '../domain/nas.ts'
import type { RouterLine, RouterLists } from '../domain/reconcile.ts'
import { routeOf } from '../domain/realm.ts'
import type { Realms } from '../domain/realm.ts'
import { canonicalUsername } from '../domain/username.ts'
import type { RouterControl } from '../nas/routeros/control.ts'
import type { HotspotSession, Lease, PppSession } from '../nas/routeros/rows.ts'
import { saysNoSuchMenu } from './end-on-router.ts'

/**
 * Reads PPP, leases and hotspot of the router of a NAS, one after the other: a router has better things to do. Throws RouterError.
 */
export async function readRouterLists(
  control: RouterControl,
  { nas, realms }: { nas: Nas; realms: Realms },
): Promise<RouterLists> {
  const named = (name: string): Named => ({ name, ...namedByUs(name, nas, realms) })
  const ppp = await ifThere(() => control.activePpp())
  const leases = await ifThere(() => control.leases())
  const hotspot = await ifThere(() => control.hotspot())
  return {
    ppp: ppp?.map((row) => ({ ...named(row.name), ...pppFacts(row) })),
    // A lease that nobody has taken yet is a plan of the router's and not a client.
    lease: leases?.filter(({ status }) => status !== 'waiting').map(leaseLine),
    hotspot: hotspot?.map((row) => ({ ...named(row.user), ...hotspotFacts(row) })),
  }
}

type Named = Pick<RouterLine, 'name' | 'username' | 'isForwarded'>

/** Under which name our books would have it, as of a packet of this NAS, and whether another ISP answers for it. */
function namedByUs(name: string, { settings }: Nas, realms: Realms): Omit<Named, 'name'> {
  const username = canonicalUsername(name)
  const route = routeOf(username, realms, settings.username_rule)
  return route.kind === 'forward' ? { username, isForwarded: true } : { username: route.username }
}

async function ifThere<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (saysNoSuchMenu(error)) return undefined
    throw error
  }
}

type Facts = Omit<RouterLine, keyof Named>

function pppFacts({ sessionId, callerId, address, uptimeSeconds: uptimeS, radius: fromRadius }: PppSession): Facts {
  return { kind: 'ppp', sessionId, mac: macOnly(callerId), address, uptimeS, fromRadius }
}

function leaseLine({ address, mac, hostName, radius: fromRadius }: Lease): RouterLine {
  const facts = { address, mac: macOnly(mac), sessionId: undefined, uptimeS: undefined, fromRadius }
  return { kind: 'lease', name: hostName ?? '', username: '', ...facts }
}

function hotspotFacts({ mac, address, uptimeSeconds: uptimeS, radius: fromRadius }: HotspotSession): Facts {
  return { kind: 'hotspot', sessionId: undefined, mac: macOnly(mac), address, uptimeS, fromRadius }
}

/** Of L2TP and its like the caller is an address. */
function macOnly(caller: string | undefined): string | undefined {
  return caller !== undefined && /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(caller) ? caller : undefined
}
