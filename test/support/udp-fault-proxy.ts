// A bad network for datagrams, between NASes and one port of a server: what it does is drawn from a seed and may be changed while
// it runs. Each sender keeps its address on the far side, since a RADIUS server knows NASes by it.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { planDelivery, type NetworkFaults } from '../../src/simulator/network.ts'
import { createRandom, type Random, type Seed } from '../../src/simulator/random.ts'

/** What happens to a datagram in one direction. Probabilities are 0 to 1. */
export type UdpFaults = NetworkFaults & {
  /** One bit of the datagram is turned, with this probability. */
  corrupt: number
  /** Every datagram takes at least and at most so long, in milliseconds. */
  delayMs: readonly [least: number, most: number]
  /** Nothing comes through at all. */
  blackhole: boolean
}

export type Direction = 'toServer' | 'toClient'

/** How many datagrams came in, left, were lost and were damaged, in one direction. */
export type UdpCounts = { arrived: number; left: number; lost: number; corrupted: number }

export type UdpFaultProxy = {
  /** What NASes are told as the server. */
  readonly address: string
  readonly port: number
  readonly counts: Readonly<Record<Direction, Readonly<UdpCounts>>>
  /** Changes these faults from now on; what is held back already still arrives. */
  set(direction: Direction | 'both', faults: Partial<UdpFaults>): void
  /** A good network again. */
  heal(): void
  /** As a NAT that has forgotten: senders are seen under other ports from now on, and under this address where one is given. */
  rebind(address?: string): void
  /** Resolves when nothing is held back any more. */
  landed(): Promise<void>
  close(): void
}

export type UdpProxyOptions = {
  seed: Seed
  target: { address: string; port: number }
  /** Default 127.0.0.1 and any free port. */
  listen?: { address?: string; port?: number }
  faults?: Partial<UdpFaults>
  /** Told of every datagram that comes in, before anything happens to it. */
  tap?: (direction: Direction, octets: Buffer) => void
}

const goodNetwork: UdpFaults = { loss: 0, duplicate: 0, reorder: 0, corrupt: 0, delayMs: [0, 0], blackhole: false }

/** Starts it. Rejects with the system's error where it cannot bind. */
export async function startUdpFaultProxy(options: UdpProxyOptions): Promise<UdpFaultProxy> {
  const { target, listen = {}, seed } = options
  const lanes = {
    toServer: openLane(createRandom(`${seed}/to server`), options.faults),
    toClient: openLane(createRandom(`${seed}/to client`), options.faults),
  }
  const front = createSocket('udp4')
  const peers = new Map<string, Promise<Socket>>()
  const former: Promise<Socket>[] = []
  let seenAs: string | undefined
  const openPeer = async (client: RemoteInfo): Promise<Socket> => {
    const back = createSocket('udp4')
    back.on('error', () => undefined)
    back.bind(0, seenAs ?? client.address)
    await once(back, 'listening')
    back.on('message', (octets) => {
      options.tap?.('toClient', octets)
      lanes.toClient.carry(octets, (copy) => front.send(copy, client.port, client.address, () => undefined))
    })
    return back
  }
  front.on('message', (octets, client) => {
    options.tap?.('toServer', octets)
    const name = `${client.address}/${client.port}`
    const peer = peers.get(name) ?? openPeer(client)
    peers.set(name, peer)
    void peer.then((back) =>
      lanes.toServer.carry(octets, (copy) => back.send(copy, target.port, target.address, () => undefined)),
    )
  })
  front.bind(listen.port ?? 0, listen.address ?? '127.0.0.1')
  await once(front, 'listening')
  front.on('error', () => undefined)
  const { address, port } = front.address()
  return {
    address,
    port,
    counts: { toServer: lanes.toServer.counts, toClient: lanes.toClient.counts },
    set(direction, faults) {
      for (const name of ['toServer', 'toClient'] as const)
        if (direction === name || direction === 'both') Object.assign(lanes[name].faults, faults)
    },
    heal: () => {
      for (const lane of Object.values(lanes)) Object.assign(lane.faults, goodNetwork)
    },
    rebind(to) {
      seenAs = to
      former.push(...peers.values())
      peers.clear()
    },
    async landed() {
      await Promise.all(Object.values(lanes).map((lane) => lane.landed()))
    },
    close() {
      for (const lane of Object.values(lanes)) lane.close()
      front.close()
      for (const peer of [...former, ...peers.values()]) void peer.then((back) => back.close())
    },
  }
}

type Lane = {
  readonly faults: UdpFaults
  readonly counts: UdpCounts
  carry(octets: Buffer, send: (copy: Buffer) => void): void
  landed(): Promise<void>
  close(): void
}

/** One direction, with its own random numbers: what the other one draws moves nothing here. */
function openLane(random: Random, given: Partial<UdpFaults> = {}): Lane {
  const faults: UdpFaults = { ...goodNetwork, ...given }
  const counts: UdpCounts = { arrived: 0, left: 0, lost: 0, corrupted: 0 }
  const flying = new Map<NodeJS.Timeout, () => void>()
  const waits = new Set<Promise<void>>()
  let closed = false
  const leave = (copy: Buffer, send: (copy: Buffer) => void): void => {
    if (closed) return
    counts.left++
    send(copy)
  }
  const delay = (copy: Buffer, ms: number, send: (copy: Buffer) => void): void => {
    if (ms === 0) return leave(copy, send)
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(() => {
      flying.delete(timer)
      leave(copy, send)
      resolve()
    }, ms)
    flying.set(timer, resolve)
    waits.add(promise)
    void promise.then(() => waits.delete(promise))
  }
  return {
    faults,
    counts,
    carry(octets, send) {
      counts.arrived++
      const delays = faults.blackhole ? [] : planDelivery(faults, random)
      if (delays.length === 0) counts.lost++
      for (const held of delays) {
        const [least, most] = faults.delayMs
        const travel = most > 0 ? least + random.integer(most - least + 1) : 0
        const damaged = random.chance(faults.corrupt)
        if (damaged) counts.corrupted++
        delay(damaged ? turnBit(octets, random) : octets, held + travel, send)
      }
    },
    async landed() {
      await Promise.all(waits)
    },
    close() {
      closed = true
      for (const [timer, resolve] of flying) {
        clearTimeout(timer)
        resolve()
      }
      flying.clear()
    },
  }
}

function turnBit(octets: Buffer, random: Random): Buffer {
  const copy = Buffer.from(octets)
  if (copy.length === 0) return copy
  const at = random.integer(copy.length)
  copy[at] = copy[at]! ^ (1 << random.integer(8))
  return copy
}
