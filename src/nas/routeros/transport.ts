// What control.ts needs of a backend, and what both backends need to know of a router. Small on purpose: everything that is the
// same over the API protocol and over REST is written once above it.

/** A row as the router prints it: every value is text. */
export type RouterRow = Readonly<Record<string, string>>

export type RouterTransport = {
  /** All rows of a menu, such as `/ppp/active`; with `query` only those whose properties are exactly these. */
  print(path: string, query?: Readonly<Record<string, string>>): Promise<RouterRow[]>
  /** The figures of `monitor` of a menu's item, once. */
  monitor(path: string, id: string): Promise<RouterRow[]>
  /** Removes one item by its `.id`. */
  remove(path: string, id: string): Promise<void>
  /** Lets go of the connection. What still waits is rejected as closed, and so is what comes later. */
  close(): void
}

/**
 * Whom to believe: one certificate by the SHA-256 of its DER, in hex with or without colons (self-signed routers), or a CA as
 * PEM, which also asks that the certificate names the router (`serverName`, else the host).
 */
export type Trust = { readonly sha256: string } | { readonly ca: string; readonly serverName?: string }

export type RouterAccount = {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** How long one command may take, with connecting and login counted separately for the API. */
  readonly timeoutMs: number
  /** The longest answer in octets that is read. Default 32 MiB: 50 000 sessions are about 10. */
  readonly maximumAnswer?: number
}

export const defaultMaximumAnswer: number = 32 * 1024 * 1024
