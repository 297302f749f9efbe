// The RADIUS packet codes that Gatehouse speaks (RFC 2865 §3, RFC 2866 §3, RFC 5176 §2.3, RFC 5997 §3).

export const codes = {
  accessRequest: 1,
  accessAccept: 2,
  accessReject: 3,
  accountingRequest: 4,
  accountingResponse: 5,
  accessChallenge: 11,
  statusServer: 12,
  disconnectRequest: 40,
  disconnectAck: 41,
  disconnectNak: 42,
  coaRequest: 43,
  coaAck: 44,
  coaNak: 45,
} as const

/** Why a CoA or Disconnect is refused: the values of Error-Cause that we act upon or give (RFC 5176 §3.5, §3.6). */
export const errorCauses = {
  missingAttribute: 402,
  nasIdentificationMismatch: 403,
  sessionNotFound: 503,
  resourcesUnavailable: 506,
} as const

export type Code = (typeof codes)[keyof typeof codes]

const names = new Map<number, string>([
  [1, 'Access-Request'],
  [2, 'Access-Accept'],
  [3, 'Access-Reject'],
  [4, 'Accounting-Request'],
  [5, 'Accounting-Response'],
  [11, 'Access-Challenge'],
  [12, 'Status-Server'],
  [40, 'Disconnect-Request'],
  [41, 'Disconnect-ACK'],
  [42, 'Disconnect-NAK'],
  [43, 'CoA-Request'],
  [44, 'CoA-ACK'],
  [45, 'CoA-NAK'],
])

/** The RFC's name of a packet code, `Code-N` for one that we do not speak. */
export function codeName(code: number): string {
  return names.get(code) ?? `Code-${code}`
}
