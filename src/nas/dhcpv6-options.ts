// The options of a DHCPv6 message (RFC 8415 §21.1), as BNGs pass them on whole in one attribute. Never throws.

/** RFC 8415 §21.2: the client's DUID. */
export const clientIdOption = 1
/** RFC 8415 §21.18: what circuit id is in IPv4. */
export const interfaceIdOption = 18
/** RFC 4649 §3: an enterprise number of four octets, then the id. */
export const remoteIdOption = 37

/** The value of the first option of a code, at least one octet; undefined where there is none or a length does not fit. */
export function findDhcpv6Option(options: Buffer, code: number): Buffer | undefined {
  for (let at = 0; at + 4 <= options.length;) {
    const length = options.readUInt16BE(at + 2)
    const end = at + 4 + length
    if (end > options.length) return undefined
    if (options.readUInt16BE(at) === code && length > 0) return options.subarray(at + 4, end)
    at = end
  }
  return undefined
}
