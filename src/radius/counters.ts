// What the server counts and under which names of the RADIUS MIBs an operator may look for it (RFC 4669 for authentication,
// RFC 4671 for accounting). The server only calls this interface; the metrics behind it are made elsewhere.

/** Why a datagram got no answer. Where the mend is known to the operator's side it stands beside the reason. */
export type DropReason =
  // …TotalInvalidRequests
  | 'unknown-source'
  // …TotalMalformedAccessRequests, …TotalMalformedRequests
  | 'malformed'
  // …TotalUnknownTypes: also the right code on the wrong port
  | 'wrong-code'
  // …TotalBadAuthenticators
  | 'bad-authenticator' // mend: the secret differs on the two sides
  | 'bad-message-authenticator' // mend: the same, or a device that signs wrongly
  | 'missing-message-authenticator' // mend: Status-Server must be signed
  // …TotalPacketsDropped
  | 'unsigned' // mend: make the device sign, or set the policy auto
  | 'proxy-state-unsigned' // mend: make the proxy sign, or declare it trusted
  | 'eap-unsigned' // mend: EAP must be signed
  | 'overload' // mend: more than can be served, or than this client's share of it
  | 'forged-flood' // not looked at: too many of this client did not verify in this second
  | 'status-flood' // Status-Server beyond what is answered in a second
  | 'superseded'
  | 'handler-error'
  | 'reply-too-long'
  | 'send-error'
  | 'closing'

/** Where the server counts. All calls are on the hot path: add one and return. */
export type RadiusCounters<C> = {
  /** A packet of a known client, before any check. RFC 4669 …TotalAccessRequests, RFC 4671 …TotalRequests. */
  received(code: number, client: C): void
  /** A reply left. RFC 4669 …TotalAccessAccepts and so on, RFC 4671 …TotalResponses. */
  sent(code: number, client: C): void
  /** `address`: where it came from, as far as that was told. */
  dropped(reason: DropReason, client: C | undefined, address?: string): void
  /** The same octets again: answered again or still in work. RFC 4669 …TotalDupAccessRequests. */
  duplicate(client: C, address: string): void
}
