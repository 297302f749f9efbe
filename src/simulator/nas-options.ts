// How an emulated NAS is set up, and what comes of what it does.

import type { Clock } from '../clock.ts'
import type { Dictionary } from '../radius/dictionary.ts'
import type { CoaBehaviour, CoaOrder } from './coa.ts'
import type { Ledger } from './ledger.ts'
import type { Grant, NasSession } from './nas-session.ts'
import type { NetworkFaults } from './network.ts'
import type { Seed } from './random.ts'
import type { RequesterCounts } from './requester.ts'
import type { AccessKind, SimulatedVendor } from './shape.ts'

/** Where a RADIUS server is asked. */
export type Server = { address: string; authPort: number; acctPort: number }

export type NasOptions = {
  vendor: SimulatedVendor
  /** Default: what NASes of this vendor are emulated for, PPPoE before IPoE. */
  access?: AccessKind
  /** NAS-Identifier. */
  identifier: string
  /** Of 127/8: where packets leave from. Several NASes may share one, as behind a NAT. */
  localAddress: string
  /** NAS-IP-Address, where it is another one than the source of the packets. */
  nasAddress?: string
  server: Server
  /** Asked when the first has not answered in all its tries, each time anew: the NAS keeps no memory of who was silent. */
  secondary?: Server
  secret: string
  dictionary: Dictionary
  seed: Seed
  clock: Clock
  ledger: Ledger
  /** Default: a network that loses nothing. */
  faults?: NetworkFaults
  /** Default: those of the vendor. */
  timers?: { timeoutMs: number; tries: number }
  /** Where orders are taken; 0: any free port. Without it the NAS takes none. */
  coaPort?: number
  /** From any other address an order is dropped without a word, as RouterOS does. Default: taken from anywhere. */
  coaFrom?: string
  /** What to do with an order. Default: obey. */
  onOrder?: (order: CoaOrder) => CoaBehaviour
  /** A session was ended by a Disconnect-Request, so that its subscriber may dial again. */
  onDisconnected?: (session: NasSession) => void
  /** False: octets wrap at 2^32. Default true. */
  gigawords?: boolean
  /** The interface of the PPPoE or DHCP server. Default `vlan100`. */
  interface?: string
}

/** A session and whether its Start was answered. */
export type Online = { kind: 'online'; session: NasSession; started: Promise<boolean> }

/** What the server said to an Access-Request. */
export type AccessAnswer =
  | { kind: 'accepted'; grant: Grant }
  | { kind: 'rejected'; message: string | undefined; msChapError: string | undefined }
  /** The server accepted, but its MS-CHAP2-Success is missing or wrong: the modem hangs up (RFC 2759 §5). */
  | { kind: 'wrong-proof' }
  | { kind: 'timeout' }

export type DialOutcome = Online | Exclude<AccessAnswer, { kind: 'accepted' }>

export type RenewOutcome = { kind: 'renewed'; grant: Grant } | Exclude<AccessAnswer, { kind: 'accepted' }>

/** The account that a NAS gives of itself. */
export type NasCounts = RequesterCounts & { online: number; accepted: number; rejected: number; badOrders: number }
