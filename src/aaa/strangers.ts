// Datagrams of addresses that are no client's: each is one addition, and one line for all of them every ten seconds says where
// they come from (attack rows R12, R34). Addresses can be forged at will, so what is remembered of them is bounded.
import type { Logger } from '../log.ts'
import type { NasTally } from './nas-tally.ts'

const tellEveryMs = 10_000
/** Networks told apart between two lines; what comes from others is only in the sum. */
const mostNetworks = 1_000
const namedNetworks = 5

export type Strangers = {
  /** A datagram of a stranger. Called for each of a flood: it only counts. */
  seen(address: string): void
  /** Writes the line now, if there is something to tell. */
  tell(): void
  close(): void
}

/** Starts to count. */
export function createStrangers(log: Pick<Logger, 'warn'>, tally: Pick<NasTally, 'count'>): Strangers {
  const networks = new Map<string, number>()
  let count = 0
  let last = ''
  const tell = (): void => {
    if (count === 0) return
    const most = [...networks].toSorted(([, one], [, other]) => other - one).slice(0, namedNetworks)
    const named = most.map(([network, datagrams]) => `${network} (${datagrams})`)
    log.warn(
      { datagrams: count, last_source: last, networks: networks.size, most: named },
      'datagrams from unknown sources were ignored',
    )
    networks.clear()
    count = 0
  }
  const timer = setInterval(tell, tellEveryMs)
  timer.unref()
  return {
    seen(address) {
      count += 1
      last = address
      const network = networkOf(address)
      const before = networks.get(network)
      if (before !== undefined || networks.size < mostNetworks) networks.set(network, (before ?? 0) + 1)
      tally.count('unknown-source', { source: address })
    },
    tell,
    close: () => clearInterval(timer),
  }
}

/** The /24 of an IPv4 address; of an IPv6 one its first three groups as they are written, about a /48. */
function networkOf(address: string): string {
  const dot = address.lastIndexOf('.')
  if (dot !== -1) return `${address.slice(0, dot)}.0/24`
  const [one, two, three] = address.split(':', 3)
  return `${one}:${two}:${three}::/48`
}
