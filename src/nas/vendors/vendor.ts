// What differs between BNGs, as data: how an authorization becomes attributes of an Access-Accept or a CoA, what names a session
// there, which accounting is that of a service, and where the interface of a line is read. Pure: no sockets, no SQL. One file
// per vendor; this one finds them by name.

import type { Authorization } from '../../domain/authorization.ts'
import type { InterfaceParts } from '../../domain/line.ts'
import type { NasSettings } from '../../domain/nas-settings.ts'
import type { VendorName } from '../../domain/nas.ts'
import type { NamedAttribute } from '../../radius/wire-values.ts'
import { accelPpp } from './accel-ppp.ts'
import { cisco } from './cisco.ts'
import { h3c } from './h3c.ts'
import { huawei } from './huawei.ts'
import { readInterface } from './interface-read.ts'
import { juniper } from './juniper.ts'
import { mikrotik } from './mikrotik.ts'
import { nokia } from './nokia.ts'
import { standard } from './standard.ts'
import { zte } from './zte.ts'

/** What the settings of a NAS say about rates; absent: as its vendor's file says. */
export type RateSettings = {
  /** The service, profile or first part of the policy names that stand ready on the NAS. */
  readonly service_name?: string | undefined
  readonly rate_form?: 'service' | 'shaping' | 'policy' | undefined
}

export type MacFormat = NasSettings['mac_format']

/** The texts of a request that may name an interface. */
export type InterfaceSource = {
  readonly nasPortId: string | undefined
  readonly calledStationId: string | undefined
  /** NAS-Port (RFC 2865 §5.5), 32 bits without a sign. */
  readonly nasPort?: number | undefined
}

/** What of a live session may name it in CoA and Disconnect, as it was last accounted. */
export type SessionIdentityFacts = {
  /** As sent; undefined before the first accounting record. */
  readonly acctSessionId: string | undefined
  /** As the NAS sent it. */
  readonly username: string | undefined
  readonly framedIp?: string | undefined
  /** In canonical form. */
  readonly mac?: string | undefined
  /** How this NAS writes a MAC; colons where not given. */
  readonly macFormat?: MacFormat | undefined
  /** Given only where this NAS is to be named: many refuse a name that is not their own (RFC 5176 §3, Error-Cause 403). */
  readonly nasIdentifier?: string | undefined
  readonly nasAddress?: string | undefined
}

/** The texts of an accounting record that may say: this is a service on a session, not the session. */
export type ServiceTexts = {
  readonly acctSessionId: string
  readonly multiSessionId?: string | undefined
  readonly erxServiceSession?: string | undefined
  /** All values of Cisco-AVPair, as sent. */
  readonly ciscoAvPairs?: readonly string[]
  readonly ciscoServiceInfo?: string | undefined
}

/** A service on a session, and the Acct-Session-Id of that session where the record says it. */
export type ServiceSession = { readonly service: string; readonly parentSessionId: string | undefined }

export type Vendor = VendorRules & {
  /** Where the subscriber comes in, by `chosen` alone where the NAS has that setting; undefined where the request does not say. */
  readInterface(source: InterfaceSource, chosen?: NasSettings['interface_source']): InterfaceParts | undefined
}

/** What a vendor's file says. */
export type VendorRules = {
  readonly name: VendorName
  /** Whether its attributes were seen to work or are documented for this use; false: from manuals and other servers only. */
  readonly confirmed: boolean
  /** What an Access-Accept to this NAS carries for an authorization; extra attribute texts are not among them. */
  acceptAttributes(authorization: Authorization, settings?: RateSettings): NamedAttribute[]
  /**
   * What a CoA carries to bring a live session to an authorization; undefined where it can only be disconnected for it, empty
   * where it is there already. `services` are those that run on the session, as they were accounted. Addresses, pools, routes
   * and timeouts are never in it, and a list once given is not taken back by its absence: who tells that these differ
   * disconnects.
   */
  changeAttributes(
    authorization: Authorization,
    settings?: RateSettings,
    services?: readonly string[],
  ): NamedAttribute[] | undefined
  /** Whether what `changeAttributes` gives says how fast the subscriber may send; absent: it always does. */
  readonly tellsUpload?: (settings: RateSettings) => boolean
  /** The service that a CoA with these attributes starts, as its accounting will name it; absent where none is accounted. */
  readonly startedService?: (attributes: readonly NamedAttribute[]) => string | undefined
  /**
   * Which attributes name a session in CoA and Disconnect: a NAS takes all of them as AND, so no more than it needs
   * (RFC 5176 §3). Empty where nothing is known that could name it.
   */
  sessionIdentity(session: SessionIdentityFacts): NamedAttribute[]
  /** The service that an accounting record is about; absent where the vendor accounts none, undefined for a session. */
  readonly serviceSession?: (texts: ServiceTexts) => ServiceSession | undefined
}

const vendors: Record<VendorName, Vendor> = {
  mikrotik: withInterface(mikrotik),
  'accel-ppp': withInterface(accelPpp),
  standard: withInterface(standard),
  juniper: withInterface(juniper),
  cisco: withInterface(cisco),
  huawei: withInterface(huawei),
  nokia: withInterface(nokia),
  zte: withInterface(zte),
  h3c: withInterface(h3c),
}

function withInterface(rules: VendorRules): Vendor {
  return { ...rules, readInterface: (source, chosen) => readInterface(rules.name, source, chosen) }
}

/** The vendor of a NAS. */
export function vendorOf(name: VendorName): Vendor {
  return vendors[name]
}
