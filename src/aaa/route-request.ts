// Where a request goes: to our own two lines, or to the home servers of others. By the realm of its username, and, at a client
// that moves over step by step, by whether the subscriber is known here. Accounting follows its login: a record with our Class
// is ours, whatever its name; else the name or, of IPoE, the line decides as it does for a login.

import type { Keyring } from '../domain/data-key.ts'
import type { Nas } from '../domain/nas.ts'
import { routeOf } from '../domain/realm.ts'
import type { Realms } from '../domain/realm.ts'
import { readClass } from '../domain/session-class.ts'
import { readUsername } from '../domain/username.ts'
import type { Metrics } from '../metrics.ts'
import type { Client } from '../nas/registry.ts'
import { allOctets, firstInteger, firstOctets } from '../radius/attributes.ts'
import { requireAttribute } from '../radius/dictionary.ts'
import type { Dictionary } from '../radius/dictionary.ts'
import type { Packet } from '../radius/packet.ts'
import type { RadiusRequest, RadiusResponse } from '../radius/server.ts'
import type { AccessHandler, AccessOptions } from './access-request.ts'
import type { AccountingHandler } from './accounting-request.ts'
import { createKnownHere } from './known-here.ts'
import type { KnownHere, KnownHereOptions } from './known-here.ts'
import type { Forwarded, Proxy } from './proxy.ts'

export type RouterOptions = KnownHereOptions & {
  readonly keyring: Keyring
  readonly metrics: Metrics
  realms(): Realms
  readonly proxy: Proxy
}

export type Router = {
  /** Answers an Access-Request or Accounting-Request of a known device; undefined is silence. Never rejects. */
  route(request: RadiusRequest<Client>, nas: Nas, lines: Lines): Promise<RadiusResponse | undefined>
  /** For the access line: forwards what nobody here knows, where its client has a pool for that. */
  elsewhere: NonNullable<AccessOptions['elsewhere']>
  close(): Promise<void>
}

type Lines = {
  readonly access: Pick<AccessHandler, 'handle' | 'noteForwarded'>
  readonly accounting: Pick<AccountingHandler, 'handle'>
}

/** RFC 2866 §5.1: Accounting-On and Accounting-Off speak of the device, not of a session. */
const reboots = new Set([7, 8])
const noCredentialsOfOurs = new Set(['no-credentials', 'several-credentials', 'eap-not-supported', 'mschapv1-off'])

/** Makes the router of a process. Throws `MissingDefinitionError`. */
export function createRouter(options: RouterOptions): Router {
  const { dictionary, metrics, proxy, realms } = options
  const userName = requireAttribute(dictionary, 'User-Name')
  const isReboot = createRebootReader(dictionary)
  const known = createKnownHere(options)

  const forward = (request: RadiusRequest<Client>, nas: Nas, poolId: bigint): Promise<Forwarded | undefined> => {
    if (request.local.kind === 'authentication') metrics.decisions.labels(nas.name, 'forwarded').inc()
    else metrics.records.labels(nas.name, 'forwarded').inc()
    return proxy.forward(request, nas, poolId)
  }
  const account = createAccounter(options, { forward, isReboot, known })

  return {
    route(request, nas, { access, accounting }) {
      const { packet } = request
      const { username } = readUsername(firstOctets(packet, userName))
      const route = routeOf(username, realms(), nas.settings.username_rule)
      const isAccess = request.local.kind === 'authentication'
      // A reboot is of the device, whatever the name in it.
      if (route.kind === 'forward' && (isAccess || !isReboot(packet))) {
        return forward(request, nas, route.poolId).then((answer) => {
          if (isAccess) access.noteForwarded(request, nas, { username, answer })
          return answer
        })
      }
      const name = route.kind === 'forward' ? username : route.username
      if (!isAccess) return account(request, nas, name, accounting)
      return access.handle(request, nas, {
        username: name,
        ...(route.kind === 'refuse' ? { refused: route.realm } : {}),
      })
    },
    async elsewhere({ request, nas, username, reason }) {
      const pool = request.client.unknownPoolId
      if (pool === undefined) return undefined
      const unknown = reason === 'unknown' || (noCredentialsOfOurs.has(reason) && !(await known.username(username)))
      return unknown ? { response: await forward(request, nas, pool) } : undefined
    },
    close: known.close,
  }
}

type AccountingParts = {
  forward(request: RadiusRequest<Client>, nas: Nas, poolId: bigint): Promise<RadiusResponse | undefined>
  isReboot(packet: Packet): boolean
  readonly known: KnownHere
}

/** Accounting that no realm forwards: at a client without a pool for the unknown it is ours, with nothing asked. */
function createAccounter(options: RouterOptions, { forward, isReboot, known }: AccountingParts) {
  const { metrics } = options
  const hasOurClass = createClassReader(options)
  type Account = (
    request: RadiusRequest<Client>,
    nas: Nas,
    username: string,
    accounting: Lines['accounting'],
  ) => Promise<RadiusResponse | undefined>
  const whose = async (pool: bigint, ...[request, nas, username, accounting]: Parameters<Account>) => {
    const { packet, client } = request
    if (isReboot(packet)) {
      // Sessions of this device may be there too. A copy: the NAS is answered for what is recorded here.
      forward(request, nas, pool).catch(() => metrics.dropped.labels(client.name, 'proxy-fault').inc())
      return accounting.handle(request, nas)
    }
    if (hasOurClass(packet)) return accounting.handle(request, nas, username)
    let ours: boolean
    try {
      ours = (await known.username(username)) || (await known.line(packet, nas))
    } catch {
      // The database is away: it could not record either.
      metrics.dropped.labels(client.name, 'accounting-fault').inc()
      return undefined
    }
    return ours ? accounting.handle(request, nas, username) : forward(request, nas, pool)
  }
  const account: Account = (request, nas, username, accounting) => {
    const pool = request.client.unknownPoolId
    if (pool === undefined) return accounting.handle(request, nas, username)
    return whose(pool, request, nas, username, accounting)
  }
  return account
}

function createRebootReader(dictionary: Dictionary): (packet: Packet) => boolean {
  const status = requireAttribute(dictionary, 'Acct-Status-Type')
  return (packet) => reboots.has(firstInteger(packet, status) ?? 0)
}

function createClassReader({ dictionary, keyring }: RouterOptions): (packet: Packet) => boolean {
  const definition = requireAttribute(dictionary, 'Class')
  return (packet) => allOctets(packet, definition).some((octets) => readClass(keyring, octets) !== undefined)
}
