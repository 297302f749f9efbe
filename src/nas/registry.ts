// Who may send to us and which device speaks: clients by longest source prefix, NASes by what a request names (decision 8).
// A registry is built from rows and never changes; a change of a row makes a new one. Plain look-ups, no SQL, no sockets.
import type { ClientRow, RegistryRows } from '../domain/nas-registry.ts'
import type { Nas } from '../domain/nas.ts'
import { createSecret, type Secret } from '../radius/authenticator.ts'
import { radsecSecret, type RadsecIdentity } from '../radius/radsec-identity.ts'
import { createSourceLookup } from './source-lookup.ts'

/** A client as the packet path sees it: its row, with secrets ready to verify with. */
export type Client = Omit<ClientRow, 'secrets'> & { secrets: readonly Secret[] }

/** What a request says of the device that made it (RFC 2865 §5.4, §5.32). */
export type NasIdentity = { identifier: string | undefined; address: string | undefined }

export type Registry = {
  /** The client of a source address by longest prefix; undefined for a stranger. */
  findClient(address: string): Client | undefined
  /** The client of a certificate: by its fingerprint, else by a name that was vouched for. */
  findRadsecClient(identity: RadsecIdentity): Client | undefined
  /** The device that a request of this client names; undefined when it is not known yet. */
  findNas(client: Client, identity: NasIdentity): Nas | undefined
  /**
   * Whether a request names one device: a known one, one to be made, or the client's only one. Accounting-On and -Off may
   * touch no other: behind a NAT the sessions of all routers would end when one of them begins anew.
   */
  namesOne(client: Client, identity: NasIdentity): boolean
  clients: readonly Client[]
  nases: readonly Nas[]
}

type Devices = { find(identity: NasIdentity): Nas | undefined; namesOne(identity: NasIdentity): boolean }

/** Builds the look-ups. Clients whose secrets are all gone stay unknown to the packet path. */
export function createRegistry(rows: RegistryRows): Registry {
  const clients = rows.clients.map((row) => ({ ...row, secrets: row.secrets.map((secret) => createSecret(secret)) }))
  const devices = new Map(clients.map((client) => [client.id, createDevices(rows.nases, client)]))
  return {
    findClient: createSourceLookup(clients.map((client) => ({ prefix: client.prefix, value: client }))),
    findRadsecClient: createRadsecLookup(clients),
    findNas: (client, identity) => devices.get(client.id)?.find(identity),
    namesOne: (client, identity) => devices.get(client.id)?.namesOne(identity) ?? true,
    clients,
    nases: rows.nases,
  }
}

const ofTls = [createSecret(radsecSecret)]

/** Over TLS the secret is `radsec` and signatures are no question: TLS proves who speaks (RFC 6614 §2.3). */
function createRadsecLookup(clients: readonly Client[]): Registry['findRadsecClient'] {
  const byFingerprint = new Map<string, Client>()
  const byName = new Map<string, Client>()
  for (const client of clients) {
    if (client.radsecFingerprint === undefined && client.radsecName === undefined) continue
    const overTls: Client = { ...client, secrets: ofTls, messageAuthenticator: 'off', limitProxyState: false }
    if (client.radsecFingerprint !== undefined) byFingerprint.set(client.radsecFingerprint, overTls)
    if (client.radsecName !== undefined) byName.set(client.radsecName, overTls)
  }
  return ({ fingerprint, names }) => {
    const pinned = byFingerprint.get(fingerprint)
    if (pinned !== undefined || byName.size === 0) return pinned
    for (const name of names) {
      const found = byName.get(name)
      if (found !== undefined) return found
    }
    return undefined
  }
}

/**
 * How a client's requests find their device: by NAS-Identifier, else by NAS-IP-Address; a client with a single device that
 * was entered without either takes all its requests as that one's, as it takes requests that name no device at all.
 */
function createDevices(nases: readonly Nas[], client: Client): Devices {
  const own = nases.filter((nas) => nas.clientId === client.id)
  const byIdentifier = new Map(own.flatMap((nas) => (nas.identifier === undefined ? [] : [[nas.identifier, nas]])))
  const byAddress = new Map(own.flatMap((nas) => (nas.address === undefined ? [] : [[nas.address, nas]])))
  const only = own.length === 1 ? own[0] : undefined
  const unnamed = own.find((nas) => nas.identifier === undefined && nas.address === undefined)
  const findNamed = ({ identifier, address }: NasIdentity): Nas | undefined =>
    (identifier === undefined ? undefined : byIdentifier.get(identifier)) ??
    (address === undefined ? undefined : byAddress.get(address))
  const isEmpty = ({ identifier, address }: NasIdentity) => identifier === undefined && address === undefined
  return {
    find: (identity) => findNamed(identity) ?? (isEmpty(identity) ? (only ?? unnamed) : unnamed),
    namesOne: (identity) =>
      own.length < 2 || findNamed(identity) !== undefined || (!isEmpty(identity) && unnamed === undefined),
  }
}
