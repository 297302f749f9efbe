// A NAS with a second RADIUS server: what the first has not answered in all its tries is asked of the second, as a request of its
// own. The servers have no packet in common by which to know that it is the same, only what it means.

import type { Packet } from '../radius/packet.ts'
import type { Server } from './nas-options.ts'
import type { Requester, SimulatedRequest } from './requester.ts'

/** The reply of the first server that gives one; undefined where none does, or `goesOn` says no between two of them. */
export async function askInTurn(
  requester: Pick<Requester, 'request'>,
  servers: readonly Server[],
  request: Omit<SimulatedRequest, 'address' | 'port'> & { port: 'authPort' | 'acctPort' },
  goesOn: () => boolean,
): Promise<Packet | undefined> {
  for (const [at, server] of servers.entries()) {
    if (at > 0 && !goesOn()) return undefined
    const { address, [request.port]: port } = server
    // The network's random numbers of the first are those of a NAS that has no second.
    const label = at === 0 ? request.label : `${request.label}/server${at}`
    const reply = await requester.request({ ...request, address, port, label })
    if (reply !== undefined) return reply
  }
  return undefined
}
