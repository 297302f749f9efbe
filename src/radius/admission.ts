// Whether a request of a known client may be worked on: authenticity under one of its secrets, then the client's policy on
// Message-Authenticator (CVE-2024-3596, RFC 3579 §3.2). Pure: the same packet and client give the same answer.

import { verifyRequest } from './authenticator.ts'
import type { Secret } from './authenticator.ts'
import { codes } from './codes.ts'
import type { DropReason } from './counters.ts'
import { proxyState } from './encode-packet.ts'
import type { Packet } from './packet.ts'

const eapMessage = 79

/** What the protocol needs to know of a client; whoever keeps the clients adds to it. */
export type RadiusClient = {
  readonly name: string
  /** The valid ones, the newest first; two while a secret is being changed. */
  readonly secrets: readonly Secret[]
  /** Of Access-Requests: 'auto' asks for it from the moment one was seen. */
  readonly messageAuthenticator: 'require' | 'auto' | 'off'
  readonly messageAuthenticatorSeen: boolean
  /** Drop an unsigned Access-Request with Proxy-State; under 'auto' it is always dropped. */
  readonly limitProxyState: boolean
  /** A declared proxy may send Proxy-State unsigned. */
  readonly trustedProxy?: boolean
}

/**
 * `secret` is the one that verified. Where nothing in the packet is signed (`messageAuthenticator` false on an
 * Access-Request) no secret can be told from another and the first is given.
 */
export type Admission =
  | { readonly kind: 'admitted'; readonly secret: Secret; readonly messageAuthenticator: boolean }
  | { readonly kind: 'dropped'; readonly reason: DropReason }

/** Verifies the packet under each secret of the client and applies the policy. RFC 2865 §3, RFC 3579 §3.2, RFC 5997 §3. */
export function admit(packet: Packet, client: RadiusClient): Admission {
  let refused: DropReason = 'bad-authenticator'
  for (const secret of client.secrets) {
    const verdict = verifyRequest(packet, secret)
    if (verdict.kind !== 'ok') {
      refused = verdict.kind
      continue
    }
    const { messageAuthenticator } = verdict
    const reason =
      packet.code === codes.accessRequest && !messageAuthenticator ? unsignedReason(packet, client) : undefined
    return reason === undefined ? { kind: 'admitted', secret, messageAuthenticator } : { kind: 'dropped', reason }
  }
  return { kind: 'dropped', reason: refused }
}

// An Access-Request without Message-Authenticator: undefined where the policy lets it pass.
function unsignedReason(packet: Packet, client: RadiusClient): DropReason | undefined {
  // RFC 3579 §3.2: an Access-Request with EAP-Message but without Message-Authenticator is silently discarded.
  if (hasAttribute(packet, eapMessage)) return 'eap-unsigned'
  const policy = client.messageAuthenticator
  if (policy === 'require' || (policy === 'auto' && client.messageAuthenticatorSeen)) return 'unsigned'
  // CVE-2024-3596: Proxy-State is where the attacker's collision blocks are smuggled in.
  const limited = policy === 'auto' || client.limitProxyState
  if (limited && client.trustedProxy !== true && hasAttribute(packet, proxyState)) return 'proxy-state-unsigned'
  return undefined
}

function hasAttribute(packet: Packet, type: number): boolean {
  const { octets, offsets } = packet
  for (let i = 0; i < offsets.length; i++) if (octets[offsets[i]!] === type) return true
  return false
}
