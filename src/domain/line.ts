// What identifies a line and where it comes in, as plain data read from a packet by the vendor's rules.

/** Where the subscriber comes in: the interface as sent, and its parts where they could be read. */
export type InterfaceParts = {
  raw: string
  /** Slot/port or LAG, as text. */
  port?: string
  sVlan?: number
  cVlan?: number
}

/**
 * The key of a line inside its NAS group: `mac:aa:bb:cc:dd:ee:ff`, later also circuit id and DUID. Undefined where the
 * packet names none: such a login can replace nothing and counts as a line of its own.
 */
export type Line = string

/** The line known by a MAC in canonical form (lower case, colons). */
export function macLine(mac: string | undefined): Line | undefined {
  return mac === undefined ? undefined : `mac:${mac}`
}
