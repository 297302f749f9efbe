// Which datagrams are the reply to a request of ours (RFC 2865 §3, RFC 2866 §3, RFC 5176 §2.2, RFC 5997 §3).

import { verifyReply } from './authenticator.ts'
import type { Secret } from './authenticator.ts'
import { codes } from './codes.ts'
import type { Code } from './codes.ts'
import { parsePacket } from './packet.ts'
import type { Packet } from './packet.ts'

/** What of a request decides whether a reply is right. */
export type Awaited = {
  readonly code: Code
  readonly secret: Secret
  /** Default 'require' for Access-Request and Status-Server, else 'if-present'. */
  readonly replyMessageAuthenticator?: 'require' | 'if-present'
}

/** Whether requests of this code carry a random authenticator (RFC 2865 §3); the others carry a computed one. */
export function hasRandomAuthenticator(code: Code): boolean {
  return code === codes.accessRequest || code === codes.statusServer
}

/**
 * The reply in a datagram that came from the server under the request's identifier, or undefined where its structure, its
 * code, its Response Authenticator or its Message-Authenticator is not right.
 */
export function rightReply(datagram: Buffer, request: Awaited, requestAuthenticator: Uint8Array): Packet | undefined {
  const parsed = parsePacket(datagram)
  if (!parsed.ok || !replyCodes(request.code).includes(parsed.packet.code)) return undefined
  const policy = request.replyMessageAuthenticator ?? (hasRandomAuthenticator(request.code) ? 'require' : 'if-present')
  const verdict = verifyReply(parsed.packet, requestAuthenticator, request.secret, policy)
  return verdict.kind === 'ok' ? parsed.packet : undefined
}

// The codes that may answer a request; none for a code that is not a request.
function replyCodes(code: number): readonly number[] {
  switch (code) {
    case codes.accessRequest:
      return [codes.accessAccept, codes.accessReject, codes.accessChallenge]
    case codes.accountingRequest:
      return [codes.accountingResponse]
    case codes.statusServer:
      return [codes.accessAccept, codes.accountingResponse]
    case codes.disconnectRequest:
      return [codes.disconnectAck, codes.disconnectNak]
    case codes.coaRequest:
      return [codes.coaAck, codes.coaNak]
    default:
      return []
  }
}
