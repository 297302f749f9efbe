// Reads an Access-Request: who asks, from which line, and with what credentials (RFC 2865 §4.1, §5.1 to §5.3, RFC 2548 §2,
// RFC 3579 §3.1, RFC 4372 §2.1). What a stranger may have written is judged here once; nothing in here throws.

import type { AccessRequest } from '../domain/access-subject.ts'
import type { ProtocolReason } from '../domain/access-decision.ts'
import type { Nas } from '../domain/nas.ts'
import { firstOctets } from '../radius/attributes.ts'
import type { Secret } from '../radius/authenticator.ts'
import { requireAttribute } from '../radius/dictionary.ts'
import type { AttributeDefinition, Dictionary } from '../radius/dictionary.ts'
import { maximumPasswordLength, recoverPassword } from '../radius/hiding.ts'
import { msChapResponseLength } from '../radius/ms-chap.ts'
import type { Packet } from '../radius/packet.ts'
import { chapPasswordLength } from '../radius/password.ts'
import { createLineReader } from './line-packet.ts'
import { usernameOf } from './sent-username.ts'

/** What proves a password, of the right size; not yet proved. `mschapv2` needs the name as the peer typed it. */
export type Credentials =
  | { readonly method: 'pap'; readonly hidden: Buffer }
  | { readonly method: 'chap'; readonly response: Buffer; readonly challenge: Buffer }
  | { readonly method: 'mschapv1'; readonly response: Buffer; readonly challenge: Buffer }
  | { readonly method: 'mschapv2'; readonly response: Buffer; readonly challenge: Buffer; readonly userName: Buffer }

/** `line`: nothing is proved, the line itself is known (IPoE). */
export type AuthenticationMethod = Credentials['method'] | 'eap' | 'none' | 'line'

export type ReadAccess = {
  readonly request: AccessRequest
  /** The username for log and panel: nothing of it is lost. */
  readonly shownUsername: string
  readonly method: AuthenticationMethod
  /** The credentials, or why there are none to prove. */
  readonly credentials: Credentials | { readonly refused: ProtocolReason }
  /** The identifier of the EAP packet in the request. */
  readonly eapIdentifier: number | undefined
  /** The ident of an MS-CHAP response: its error must repeat it. */
  readonly msChap: { readonly version: 1 | 2; readonly ident: number } | undefined
  /** Of an IPoE line: the secret under which its empty or constant password came out, where there was one. */
  readonly lineSecret: Secret | undefined
  /** The NAS asks for a Chargeable-User-Identity. */
  readonly wantsCui: boolean
}

export type AccessReader = (packet: Packet, nas: Nas, context: ReadContext) => ReadAccess

export type ReadContext = {
  /** Whether MS-CHAP version 1 is allowed. */
  readonly mschapV1: boolean
  /** Under which a password may be hidden. */
  readonly secrets: readonly Secret[]
  /** As in `AccessRequest`. */
  readonly untilMs?: number
}

const names = {
  userName: 'User-Name',
  userPassword: 'User-Password',
  chapPassword: 'CHAP-Password',
  chapChallenge: 'CHAP-Challenge',
  msChapChallenge: 'MS-CHAP-Challenge',
  msChapResponse: 'MS-CHAP-Response',
  msChap2Response: 'MS-CHAP2-Response',
  eapMessage: 'EAP-Message',
  cui: 'Chargeable-User-Identity',
} as const

type Definitions = Record<keyof typeof names, AttributeDefinition>

const noOctets = Buffer.alloc(0)

/** Makes the reader, with all definitions looked up once. Throws `MissingDefinitionError`. */
export function createAccessReader(dictionary: Dictionary): AccessReader {
  const definitions = Object.fromEntries(
    Object.entries(names).map(([key, name]) => [key, requireAttribute(dictionary, name)]),
  ) as Definitions
  const readLine = createLineReader(dictionary)
  return (packet, nas, context) => {
    const userName = firstOctets(packet, definitions.userName)
    const { username, shown } = usernameOf(nas, userName)
    const found = findCredentials(packet, definitions, userName ?? noOctets)
    let lineSecret: Secret | undefined
    const { access, facts, line } = readLine(packet, nas, () => {
      const unproved = readUnproved(found, packet, nas, context.secrets, userName)
      lineSecret = unproved?.secret
      return unproved === undefined
    })
    const asked = firstOctets(packet, definitions.cui)
    return {
      request: { access, username, facts, line, nas, untilMs: context.untilMs },
      shownUsername: shown,
      method: access === 'ipoe' ? 'line' : found.method,
      credentials: found.method === 'mschapv1' && !context.mschapV1 ? { refused: 'mschapv1-off' } : found.credentials,
      eapIdentifier: found.eapIdentifier,
      msChap: found.msChap,
      // RFC 4372 §2.1: a request for it is the attribute with a single NUL.
      lineSecret,
      wantsCui: asked !== undefined && asked.every((octet) => octet === 0),
    }
  }
}

const blank = Buffer.from(' ')

/** `secret`: under which the password is hidden that says nothing; undefined where there is none. */
type Unproved = { readonly secret: Secret | undefined }

/**
 * Credentials that can prove nobody; undefined where they can. A line without a password (IPoE) sends none, an empty one, one
 * blank (RouterOS DHCP), its own User-Name (accel-ppp) or a constant of its NAS (Cisco).
 */
function readUnproved(
  { method, credentials }: Found,
  packet: Packet,
  nas: Nas,
  secrets: readonly Secret[],
  userName: Buffer = noOctets,
): Unproved | undefined {
  if ('refused' in credentials) {
    return method === 'none' && credentials.refused === 'no-credentials' ? { secret: undefined } : undefined
  }
  if (credentials.method !== 'pap') return undefined
  const constant = nas.settings.ipoe_password
  const { hidden } = credentials
  const secret = secrets.find((each) => {
    const password = recoverPassword(hidden, each.octets, packet.authenticator) ?? noOctets
    if (password.length === 0 || password.equals(blank) || password.equals(userName)) return true
    return constant !== undefined && password.equals(Buffer.from(constant))
  })
  return secret && { secret }
}

type Found = Pick<ReadAccess, 'method' | 'credentials' | 'eapIdentifier' | 'msChap'>

function findCredentials(packet: Packet, definitions: Definitions, userName: Buffer): Found {
  const hidden = firstOctets(packet, definitions.userPassword)
  const chap = firstOctets(packet, definitions.chapPassword)
  const msChap1 = firstOctets(packet, definitions.msChapResponse)
  const msChap2 = firstOctets(packet, definitions.msChap2Response)
  const eap = firstOctets(packet, definitions.eapMessage)
  const refuse = (method: AuthenticationMethod, refused: ProtocolReason): Found => ({
    method,
    credentials: { refused },
    // RFC 3748 §4: the second octet of an EAP packet is its identifier.
    eapIdentifier: eap === undefined ? undefined : (eap[1] ?? 0),
    msChap: msChapOf(msChap1, msChap2),
  })
  const kinds = [hidden, chap, msChap1, msChap2, eap].filter((octets) => octets !== undefined).length
  // RFC 3579 §3.3 note 1: not more than one of them.
  if (kinds > 1) return refuse('none', 'several-credentials')
  if (eap !== undefined) return refuse('eap', 'eap-not-supported')
  const found = { eapIdentifier: undefined, msChap: msChapOf(msChap1, msChap2) }
  if (hidden !== undefined) {
    // RFC 2865 §5.2: 16 to 128 octets in whole blocks. An empty password is 16 hidden NULs.
    const whole = hidden.length >= 16 && hidden.length <= maximumPasswordLength && hidden.length % 16 === 0
    return whole
      ? { ...found, method: 'pap', credentials: { method: 'pap', hidden } }
      : refuse('pap', 'bad-credentials-form')
  }
  if (chap !== undefined) {
    // RFC 2865 §5.3: without CHAP-Challenge the Request Authenticator is the challenge.
    const challenge = firstOctets(packet, definitions.chapChallenge) ?? packet.authenticator
    const good = chap.length === chapPasswordLength && challenge.length > 0
    if (!good) return refuse('chap', 'bad-credentials-form')
    return { ...found, method: 'chap', credentials: { method: 'chap', response: chap, challenge } }
  }
  const challenge = firstOctets(packet, definitions.msChapChallenge) ?? noOctets
  if (msChap1 !== undefined) {
    const good = msChap1.length === msChapResponseLength && challenge.length === 8
    if (!good) return refuse('mschapv1', 'bad-credentials-form')
    return { ...found, method: 'mschapv1', credentials: { method: 'mschapv1', response: msChap1, challenge } }
  }
  if (msChap2 !== undefined) {
    const good = msChap2.length === msChapResponseLength && challenge.length === 16
    if (!good) return refuse('mschapv2', 'bad-credentials-form')
    return { ...found, method: 'mschapv2', credentials: { method: 'mschapv2', response: msChap2, challenge, userName } }
  }
  return refuse('none', 'no-credentials')
}

function msChapOf(version1: Buffer | undefined, version2: Buffer | undefined): ReadAccess['msChap'] {
  const response = version2 ?? version1
  return response === undefined ? undefined : { version: version2 === undefined ? 1 : 2, ident: response[0] ?? 0 }
}
