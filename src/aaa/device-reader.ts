// Which device of a client speaks: by NAS-Identifier or NAS-IP-Address, made on first sight where its client allows that.
import type { Nas } from '../domain/nas.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Client, NasIdentity } from '../nas/registry.ts'
import { firstAddress, firstInteger, firstText } from '../radius/attributes.ts'
import type { Dictionary } from '../radius/dictionary.ts'
import type { Packet } from '../radius/packet.ts'
import type { LiveRegistry } from './live-registry.ts'
import type { NasTally } from './nas-tally.ts'

export type DeviceReader = {
  /** The device that a request names. One that its client refuses is dropped, with the mend in the log. */
  deviceOf(client: Client, packet: Packet): Promise<Nas | undefined>
  /** Accounting-On or -Off (RFC 2866 §5.1) that could be of any of several devices. */
  rebootsNobody(client: Client, packet: Packet): boolean
}

type DeviceParts = {
  dictionary: Dictionary
  live: LiveRegistry
  metrics: Metrics
  log: Logger
  tally: Pick<NasTally, 'count'>
}

/** Makes the reader. Throws where the dictionary lacks what it reads. */
export function createDeviceReader({ dictionary, live, metrics, log, tally }: DeviceParts): DeviceReader {
  const status = dictionary.attribute('Acct-Status-Type')!
  const identifier = dictionary.attribute('NAS-Identifier')!
  const ipv4 = dictionary.attribute('NAS-IP-Address')!
  const ipv6 = dictionary.attribute('NAS-IPv6-Address')!
  const told = new Set<string>()
  const identityOf = (packet: Packet): NasIdentity => ({
    identifier: firstText(packet, identifier),
    address: firstAddress(packet, ipv4) ?? firstAddress(packet, ipv6),
  })
  const deviceOf = async (client: Client, packet: Packet): Promise<Nas | undefined> => {
    const identity = identityOf(packet)
    const nas = await live.deviceOf(client, identity)
    if (nas !== undefined) return nas
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
    deviceOf,
    rebootsNobody(client, packet) {
      const said = firstInteger(packet, status)
      return (said === 7 || said === 8) && !live.current().namesOne(client, identityOf(packet))
    },
  }
}
