// MAC addresses in the many forms that NASes send them, made one: lower case with colons.

const canonical = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/
/** RouterOS leaves out leading zeros in a client-id: `1:0:c:29:1:2:3`. */
const colons = /^[0-9a-f]{1,2}(?::[0-9a-f]{1,2}){5}$/i
const hyphens = /^[0-9a-f]{2}(?:-[0-9a-f]{2}){5}$/i
/** Cisco `aabb.ccdd.eeff`, Huawei `aabb-ccdd-eeff`, and bare digits. */
const quads = /^[0-9a-f]{4}([.-]?)[0-9a-f]{4}\1[0-9a-f]{4}$/i
/** A DHCP client identifier of hardware type 1 (Ethernet), RFC 2132 §9.14. */
const clientId = /^0?1:/

/**
 * The MAC of a text such as `AA:BB:CC:DD:EE:FF`, `aa-bb-…`, `aabb.ccdd.eeff`, `aabb-ccdd-eeff`, twelve bare digits, or a
 * client-id `1:aa:…`, in lower case with colons. Undefined for anything else. A canonical MAC comes back as it is.
 */
export function normaliseMac(text: string): string | undefined {
  if (canonical.test(text)) return text
  const trimmed = text.trim()
  if (colons.test(trimmed)) return padded(trimmed)
  if (hyphens.test(trimmed)) return trimmed.replaceAll('-', ':').toLowerCase()
  if (quads.test(trimmed)) {
    return trimmed
      .replace(/[.-]/g, '')
      .toLowerCase()
      .replace(/..(?!$)/g, '$&:')
  }
  const withoutType = trimmed.replace(clientId, '')
  return withoutType !== trimmed && colons.test(withoutType) ? padded(withoutType) : undefined
}

function padded(text: string): string {
  const lower = text.toLowerCase()
  // Nothing is left out, as almost always.
  if (lower.length === 17) return lower
  return lower
    .split(':')
    .map((octet) => octet.padStart(2, '0'))
    .join(':')
}
