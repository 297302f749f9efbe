// A bad network for TCP connections, in front of Postgres as a rule: slow, cut, silent one way, half-open. Switched while it
// runs; what is left to chance is drawn from a seed.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { createRandom, type Random, type Seed } from '../../src/simulator/random.ts'

/** What happens to octets that pass, on every connection that is not half-open. */
export type TcpFaults = {
  /** Each chunk takes at least and at most so long in each direction, in milliseconds; their order stays. */
  delayMs: readonly [least: number, most: number]
  /** A direction in which octets vanish while the connection stands: a partition that only one side can see. */
  blackhole: 'none' | 'toServer' | 'toClient' | 'both'
  /** What becomes of a connection that is begun now. `silent`: accepted, and nothing is ever said on it. */
  fresh: 'accept' | 'refuse' | 'silent'
}

export type TcpFaultProxy = {
  readonly port: number
  /** The URL of the server behind, by way of the proxy. */
  through(url: string): string
  /** Connections that stand at this moment, and how many were ever begun. */
  readonly counts: { readonly open: number; readonly begun: number }
  set(faults: Partial<TcpFaults>): void
  /** Every connection that stands becomes half-open: the far side is gone, and nobody says so. New ones are not touched. */
  halfOpen(): void
  /** Every connection that stands is reset. */
  cut(): void
  /** A good network again; what is half-open stays so. */
  heal(): void
  close(): Promise<void>
}

const goodNetwork: TcpFaults = { delayMs: [0, 0], blackhole: 'none', fresh: 'accept' }

type Pair = { near: Socket; far: Socket | undefined; halfOpen: boolean }

/** Starts it on 127.0.0.1. */
export async function startTcpFaultProxy(options: {
  seed: Seed
  target: { host?: string; port: number }
  faults?: Partial<TcpFaults>
}): Promise<TcpFaultProxy> {
  const { target } = options
  const random = createRandom(`${options.seed}/tcp`)
  const faults: TcpFaults = { ...goodNetwork, ...options.faults }
  const pairs = new Set<Pair>()
  let begun = 0
  const server = createServer({ noDelay: true }, (near) => {
    near.on('error', () => undefined)
    if (faults.fresh === 'refuse') return void near.resetAndDestroy()
    begun++
    const silent = faults.fresh === 'silent'
    const far = silent ? undefined : connect({ host: target.host ?? '127.0.0.1', port: target.port, noDelay: true })
    const pair: Pair = { near, far, halfOpen: silent }
    pairs.add(pair)
    near.once('close', () => {
      pairs.delete(pair)
      far?.destroy()
    })
    if (far === undefined) return void near.resume()
    join(pair, near, far, 'toServer', faults, random)
    join(pair, far, near, 'toClient', faults, random)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const cut = (): void => {
    for (const { near, far } of pairs) {
      near.resetAndDestroy()
      far?.destroy()
    }
  }
  return {
    port,
    through(url) {
      const moved = new URL(url)
      moved.hostname = '127.0.0.1'
      moved.port = String(port)
      return moved.href
    },
    get counts() {
      return { open: pairs.size, begun }
    },
    set: (changed) => void Object.assign(faults, changed),
    halfOpen: () => {
      for (const pair of pairs) pair.halfOpen = true
    },
    cut,
    heal: () => void Object.assign(faults, goodNetwork),
    async close() {
      const closed = once(server, 'close')
      server.close()
      cut()
      await closed
    },
  }
}

/** Carries what `from` says to `to`, in order, with the faults that hold when it comes. */
function join(
  pair: Pair,
  from: Socket,
  to: Socket,
  direction: 'toServer' | 'toClient',
  faults: TcpFaults,
  random: Random,
): void {
  const vanishes = (): boolean => pair.halfOpen || faults.blackhole === 'both' || faults.blackhole === direction
  const queue: { due: number; deed: () => void }[] = []
  const pump = (): void => {
    for (;;) {
      const [first] = queue
      if (first === undefined) return
      const wait = first.due - performance.now()
      if (wait > 0) return void setTimeout(pump, Math.ceil(wait))
      queue.shift()
      first.deed()
    }
  }
  // One timer at a time, so that nothing passes what came before it.
  const later = (deed: () => void): void => {
    const [least, most] = faults.delayMs
    const due = performance.now() + (most > 0 ? least + random.integer(most - least + 1) : 0)
    queue.push({ due: Math.max(due, queue.at(-1)?.due ?? 0), deed })
    if (queue.length === 1) pump()
  }
  from.on('data', (chunk) => {
    if (vanishes()) return
    later(() => {
      if (!to.destroyed && !pair.halfOpen) to.write(chunk)
    })
  })
  from.on('error', () => undefined)
  // Whoever is cut off hears nothing of the other's end either.
  from.once('close', () => {
    if (!vanishes()) later(() => to.destroy())
  })
}
