// Which device of a client speaks: by NAS-Identifier or NAS-IP-Address, made on first sight where its client allows that and
// Postgres can be asked.
import type { Clock } from '../clock.ts'
import { isAway } from '../db/breaker.ts'
import type { Breaker } from '../db/breaker.ts'
import type { Nas } from '../domain/nas.ts'
import { createLimiter } from '../log.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Client, NasIdentity } from '../nas/registry.ts'
import { firstAddress, firstInteger, firstText } from '../radius/attributes.ts'
import type { Dictionary } from '../radius/dictionary.ts'
import type { Packet } from '../radius/packet.ts'
import type { LiveRegistry } from './live-registry.ts'
import type { NasTally } from './nas-tally.ts'

export type DeviceReader = {
  /**
   * The device that a request names. One that its client refuses is dropped, with the mend in the log; so is one that nobody has
   * seen before while Postgres is away.
   */
  deviceOf(client: Client, packet: Packet): Nas | undefined | Promise<Nas | undefined>
  /** Accounting-On or -Off (RFC 2866 §5.1) that could be of any of several devices. */
  rebootsNobody(client: Client, packet: Packet): boolean
}

type DeviceParts = {
  dictionary: Dictionary
  live: LiveRegistry
  breaker: Pick<Breaker, 'isOpen'>
  clock: Clock
  metrics: Pick<Metrics, 'dropped'>
  log: Pick<Logger, 'warn'>
  tally: Pick<NasTally, 'count'>
}

/** The same client in the log once in so long. */
const tellMs = 60_000

/** Makes the reader. Throws where the dictionary lacks what it reads. */
export function createDeviceReader(parts: DeviceParts): DeviceReader {
  const { dictionary, live, metrics, log, tally } = parts
  const status = dictionary.attribute('Acct-Status-Type')!
  const identifier = dictionary.attribute('NAS-Identifier')!
  const ipv4 = dictionary.attribute('NAS-IP-Address')!
  const ipv6 = dictionary.attribute('NAS-IPv6-Address')!
  const told = new Set<string>()
  const sight = createSight(parts)
  const identityOf = (packet: Packet): NasIdentity => ({
    identifier: firstText(packet, identifier),
    address: firstAddress(packet, ipv4) ?? firstAddress(packet, ipv6),
  })
  const unseen = async (client: Client, identity: NasIdentity): Promise<Nas | undefined> => {
    if (client.newNas !== 'refuse') {
      const seen = await sight(client, identity)
      if (seen === 'away') return undefined
      if (seen !== undefined) return seen
    }
    metrics.dropped.labels(client.name, 'unknown-nas').inc()
    tally.count('unknown-nas', { clientId: client.id })
    const key = `${client.name}/${identity.identifier}/${identity.address}`
    if (told.size < 1000 && !told.has(key)) {
      told.add(key)
      log.warn({ client: client.name, ...identity }, 'unknown NAS behind a client that refuses new ones: nas add')
    }
    return undefined
  }
  return {
    deviceOf(client, packet) {
      const identity = identityOf(packet)
      return live.current().findNas(client, identity) ?? unseen(client, identity)
    },
    rebootsNobody(client, packet) {
      const said = firstInteger(packet, status)
      return (said === 7 || said === 8) && !live.current().namesOne(client, identityOf(packet))
    },
  }
}

/** Makes devices on first sight. `away`: Postgres could not be asked, which is counted and told once in a while. */
function createSight({ live, breaker, clock, metrics, log }: DeviceParts) {
  const mayTell = createLimiter({ perMs: tellMs, clock })
  const drop = (client: Client, identity: NasIdentity, error?: unknown): 'away' => {
    metrics.dropped.labels(client.name, 'unknown-while-away').inc()
    const suppressed = mayTell(client.name)
    if (suppressed !== undefined) {
      const fields = { client: client.name, ...identity, error, suppressed }
      log.warn(fields, 'a NAS that was not seen before gets no answer while Postgres is away')
    }
    return 'away'
  }
  return async (client: Client, identity: NasIdentity): Promise<Nas | undefined | 'away'> => {
    if (breaker.isOpen()) return drop(client, identity)
    try {
      return await live.deviceOf(client, identity)
    } catch (error) {
      if (!isAway(error)) throw error
      return drop(client, identity, error)
    }
  }
}
