// CoA and Disconnect requests to a NAS (RFC 5176): made of what names the session there and what is to change, signed, sent from the
// address that the NAS knows, and sent again as RFC 5080 §2.2.1 says.

import type { LiveSession } from '../domain/live-session.ts'
import type { Nas } from '../domain/nas.ts'
import { decodeAttributes, encodeAttributes } from '../radius/attributes.ts'
import type { NamedAttribute } from '../radius/attributes.ts'
import { createSecret } from '../radius/authenticator.ts'
import { createRadiusClient } from '../radius/client.ts'
import type { ExchangeOutcome, RadiusUdpClient } from '../radius/client.ts'
import { codes } from '../radius/codes.ts'
import type { Dictionary } from '../radius/dictionary.ts'
import { vendorOf } from './vendors/vendor.ts'

/** Where a request goes, and from which address of ours; `heardOn` undefined: from any. */
export type Addressee = {
  readonly nas: Nas
  readonly address: string
  readonly port: number
  readonly secret: Buffer
  readonly heardOn: string | undefined
}

export type CoaRequest = {
  readonly kind: 'change' | 'disconnect'
  readonly session: LiveSession
  /** What is to change; of a Disconnect nothing. */
  readonly attributes: readonly NamedAttribute[]
  /** Without its addresses, that of the subscriber and the MAC: they may be others by now. */
  readonly withoutAddress?: boolean
  /** Sent once, to see whether the NAS is there. */
  readonly isProbe?: boolean
}

export type CoaAnswer =
  | { readonly kind: 'ack'; readonly roundTripMs: number }
  /** `errorCause` as the NAS said it (RFC 5176 §3.5); undefined: it named none. */
  | { readonly kind: 'nak'; readonly roundTripMs: number; readonly errorCause: number | undefined }
  /** `badReplies` above zero: somebody answers with another secret. */
  | { readonly kind: 'timeout'; readonly badReplies: number }
  | { readonly kind: 'error'; readonly error: unknown }

export type CoaSender = {
  /** Rejects only where an attribute cannot be encoded. */
  send(to: Addressee, request: CoaRequest, now: Date): Promise<CoaAnswer>
  close(): void
}

/** A sender with a socket for each address of ours that NASes speak to. The dictionary is asked for when it is needed. */
export function createCoaSender(options: { dictionary(): Dictionary; now(): number }): CoaSender {
  const clients = new Map<string, RadiusUdpClient>()
  const clientOf = (localAddress: string | undefined): RadiusUdpClient => {
    const key = localAddress ?? ''
    const known = clients.get(key)
    if (known !== undefined) return known
    const from = localAddress === undefined ? {} : { localAddress }
    const made = createRadiusClient({ ...from, now: options.now })
    clients.set(key, made)
    return made
  }
  return {
    async send({ nas, address, port, secret, heardOn }, { kind, session, attributes, withoutAddress, isProbe }, now) {
      const dictionary = options.dictionary()
      const named = identityOf(nas, session).filter((one) => withoutAddress !== true || !isAddress(one))
      // Within 300 s of the NAS's clock, or it is taken for a replay (RFC 5176 §6.3).
      const stamp: NamedAttribute = { name: 'Event-Timestamp', value: Math.floor(now.getTime() / 1_000) }
      const outcome = await clientOf(heardOn).exchange({
        address,
        port,
        secret: createSecret(secret),
        code: kind === 'disconnect' ? codes.disconnectRequest : codes.coaRequest,
        attributes: encodeAttributes(dictionary, [...named, stamp, ...attributes]),
        timeoutMs: nas.settings.coa_timeout_ms,
        // RFC 5080 §2.2.1 MRT: one that comes back while the last try waits is asked again soon.
        maximumTimeoutMs: 2 * nas.settings.coa_timeout_ms,
        tries: isProbe === true ? 1 : nas.settings.coa_tries,
      })
      return answerOf(dictionary, outcome)
    },
    close() {
      for (const client of clients.values()) client.close()
    },
  }
}

function identityOf(nas: Nas, session: LiveSession): NamedAttribute[] {
  const { mac } = session.facts
  return vendorOf(nas.vendor).sessionIdentity({ ...session, mac, macFormat: nas.settings.mac_format })
}

const addresses: ReadonlySet<string> = new Set(['Framed-IP-Address', 'Calling-Station-Id'])

function isAddress({ name }: NamedAttribute): boolean {
  return addresses.has(name)
}

/**
 * Whether a session is named to this NAS by an address, which would hide it if it has changed since (RFC 5176 §3), and by a
 * User-Name, which still tells it from another one where the NAS has begun its ids again.
 */
export function namesAddressAndName(nas: Nas, session: LiveSession): boolean {
  const identity = identityOf(nas, session)
  return identity.some(isAddress) && identity.some(({ name }) => name === 'User-Name')
}

function answerOf(dictionary: Dictionary, outcome: ExchangeOutcome): CoaAnswer {
  if (outcome.kind !== 'reply') return outcome
  const { packet, roundTripMs } = outcome
  if (packet.code === codes.disconnectAck || packet.code === codes.coaAck) return { kind: 'ack', roundTripMs }
  const cause = decodeAttributes(dictionary, packet).find(({ name }) => name === 'Error-Cause')?.value
  return { kind: 'nak', roundTripMs, errorCause: typeof cause === 'number' ? cause : undefined }
}
