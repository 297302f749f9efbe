// What identifies a line and where it comes in, as plain data read from a packet by the vendor's rules (decisions 11 and 12).

/** Where the subscriber comes in: the interface as sent, and its parts where they could be read. */
export type InterfaceParts = {
  raw: string
  /** Slot/port or LAG, as text. */
  port?: string
  sVlan?: number
  cVlan?: number
}

/** `ipoe`: the line itself is the identity; `pppoe`: somebody proves a password, over PPP as a rule. */
export type AccessKind = 'pppoe' | 'ipoe'

/** By what a line can be told, in the order of a group that was told none. */
export const identityKinds = ['mac', 'circuit-id', 'remote-id', 'duid', 'interface'] as const
export type IdentityKind = (typeof identityKinds)[number]

/** What a request says of the line that it comes from. Circuit id, remote id (RFC 3046) and DUID (RFC 8415 §11) are octets. */
export type LineFacts = {
  readonly mac: string | undefined
  readonly circuitId: Buffer | undefined
  readonly remoteId: Buffer | undefined
  readonly duid: Buffer | undefined
  readonly interface: InterfaceParts | undefined
}

/**
 * The key of a line inside its NAS group: `mac:aa:bb:cc:dd:ee:ff`, `circuit-id:0a1b…`, `interface:…`. Undefined where the
 * packet names none: such a login can replace nothing and counts as a line of its own.
 */
export type Line = string

/** The line known by a MAC in canonical form (lower case, colons). */
export function macLine(mac: string | undefined): Line | undefined {
  return mac === undefined ? undefined : `mac:${mac}`
}

/** The line of a request by the first kind of `order` that it carries. */
export function lineOf(facts: LineFacts, order: readonly IdentityKind[]): Line | undefined {
  for (const kind of order) {
    const value = lineValue(facts, kind)
    if (value !== undefined) return `${kind}:${value}`
  }
  return undefined
}

/** One fact as text: octets in hex, an interface by its VLANs and port where it has any, else as sent. */
function lineValue(facts: LineFacts, kind: IdentityKind): string | undefined {
  if (kind === 'mac') return facts.mac
  if (kind === 'circuit-id') return facts.circuitId?.toString('hex')
  if (kind === 'remote-id') return facts.remoteId?.toString('hex')
  if (kind === 'duid') return facts.duid?.toString('hex')
  if (facts.interface === undefined) return undefined
  const { raw, port, sVlan, cVlan } = facts.interface
  return cVlan === undefined ? raw : `${port ?? ''}/${sVlan ?? ''}/${cVlan}`
}
