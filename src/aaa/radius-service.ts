// The RADIUS service of one process: its sockets, database connections and what stands between them. The two straight
// lines of ARCHITECTURE.md begin in `handle`: which device speaks, then the handler of the code.
import { hostname } from 'node:os'
import type { Clock } from '../clock.ts'
import { createPool, type Pool } from '../db/pool.ts'
import { openKeyring } from '../domain/data-key.ts'
import type { Nas } from '../domain/nas.ts'
import type { Settings } from '../domain/setting.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Client, NasIdentity } from '../nas/registry.ts'
import { firstAddress, firstInteger, firstText } from '../radius/attributes.ts'
import { codes } from '../radius/codes.ts'
import type { Dictionary } from '../radius/dictionary.ts'
import { readKernelDrops } from '../radius/kernel-drops.ts'
import type { Packet } from '../radius/packet.ts'
import { startRadiusServer, type RadiusRequest, type RadiusResponse } from '../radius/server.ts'
import { createAccessHandler, type AccessHandler } from './access-request.ts'
import { createAccountingHandler, type AccountingHandler } from './accounting-request.ts'
import { startListeningBeat } from './listening-beat.ts'
import { startLiveRegistry, type LiveRegistry } from './live-registry.ts'
import { localAddresses, radiusAddresses } from './local-addresses.ts'
import { rememberContacts, type NasContacts } from './nas-contacts.ts'
import { startNasTally, type NasTally } from './nas-tally.ts'
import { ownDictionary } from './own-dictionary.ts'
import { createProxy } from './proxy.ts'
import { createRadiusCounters, createStrangers } from './radius-counters.ts'
import { createRouter, type Router } from './route-request.ts'
import { answerStatusServer, createHealth, type Health } from './status-server.ts'

const lookForInterfacesMs = 5_000
/** Beyond this no NAS waits any more; the statement's answer would be thrown away (F15). */
const queryTimeoutMs = 5_000
/**
 * Statements in flight at once, at most; see batch.ts for when another one starts. Accounting: while one batch waits for the
 * disk the next is worked on.
 */
const lanes = { access: 3, accounting: 3 }
const nothing = Buffer.alloc(0)

export type RadiusServiceOptions = {
  /** Undefined: every local address, looked at again when interfaces change. */
  addresses: readonly string[] | undefined
  authPort: number
  acctPort: number
  /** Other processes of ours share the ports. */
  reusePort: boolean
  databaseUrl: string
  keyFile: string
  clock: Clock
  log: Logger
  metrics: Metrics
}

export type RadiusService = {
  /** As bound, where 0 was asked. */
  authPort: number
  acctPort: number
  /** Makes a change of clients, NASes or settings live now rather than within a second. */
  refresh(): Promise<void>
  /** Writes what is still held in memory: access log, where NASes speak from, what the doctor looks at. */
  flush(): Promise<void>
  close(how: { drainMs: number }): Promise<void>
}

/** Opens connections, loads the registry and binds the sockets. Throws when any of these cannot be had. */
export async function startRadiusService(options: RadiusServiceOptions): Promise<RadiusService> {
  const { clock, log, metrics } = options
  const pools = openPools(options)
  const dictionary = ownDictionary()
  const keyring = await openKeyring(pools.registry, options.keyFile, clock.now())
  const live = await startLiveRegistry({ pool: pools.registry, keyring, clock, log })
  const settings = (): Settings => live.settings()
  const instance = `${hostname()}:${process.pid}`
  const tally = startNasTally({ pool: pools.registry, instance, clock, log, metrics })
  const lines = openLines({ dictionary, keyring, settings, clock, log, metrics, tally }, pools, live)
  const { access, accounting, router } = lines
  const health = createHealth(pools.access, clock.monotonicMs)
  const devices = createDeviceReader({ dictionary, live, metrics, log, tally })
  const strangers = createStrangers(log, tally)
  const contacts = rememberContacts({ pool: pools.registry, clock, log, tally })

  const handle = createHandler({ access, accounting, router, health, devices, contacts, clock, metrics })
  const wanted = (): ReturnType<typeof radiusAddresses> =>
    radiusAddresses(options.addresses ?? localAddresses(), options.authPort, options.acctPort)
  const server = await startRadiusServer<Client>({
    addresses: wanted(),
    reusePort: options.reusePort,
    now: () => clock.monotonicMs(),
    findClient: (address) => live.current().findClient(address),
    handle,
    counters: createRadiusCounters(metrics, log, clock, tally),
    onUnknownSource: strangers.seen,
    onMessageAuthenticatorSeen: (client) => live.latch(client),
    onError: (error) => log.error({ error }, 'a request failed by a fault of ours'),
  })
  const beat = startListeningBeat({ pool: pools.registry, instance, clock, log })
  const ports = [...new Set(server.sockets().map((socket) => socket.port))]
  const follow = setInterval(() => {
    void countKernelDrops(ports, metrics)
    if (options.addresses === undefined) void server.setAddresses(wanted())
  }, lookForInterfacesMs)

  return {
    authPort: server.sockets().find((socket) => socket.kind === 'authentication')!.port,
    acctPort: server.sockets().find((socket) => socket.kind === 'accounting')!.port,
    refresh: () => live.refresh(),
    async flush() {
      await Promise.all([access.flush(), contacts.flush(), tally.flush({ sample: true })])
    },
    async close(how) {
      clearInterval(follow)
      await server.close(how)
      await beat.close()
      await contacts.close()
      await tally.close()
      strangers.close()
      await lines.close()
      await live.close()
      await Promise.all(Object.values(pools).map((pool) => pool.end()))
    },
  }
}

type Pools = ReturnType<typeof openPools>
type Shared = Omit<
  Parameters<typeof createAccessHandler>[0],
  'lanes' | 'loadPool' | 'claimPool' | 'rescuePool' | 'logPool' | 'ipPools'
> & {
  tally: NasTally
}

/** Our own two lines, the home servers of others, and the router before them. */
function openLines(shared: Shared, pools: Pools, live: LiveRegistry) {
  const proxy = createProxy({
    ...shared,
    pools: () => live.pools(),
    latch: (server) => live.latchHomeServer(server),
  })
  const router = createRouter({ ...shared, realms: () => live.realms(), proxy, pool: pools.accounting })
  const access = createAccessHandler({
    ...shared,
    ipPools: () => live.ipPools(),
    lanes: lanes.access,
    loadPool: pools.access,
    claimPool: pools.claim,
    rescuePool: pools.rescue,
    logPool: pools.registry,
    elsewhere: router.elsewhere,
  })
  const accounting = createAccountingHandler({ ...shared, lanes: lanes.accounting, pool: pools.accounting })
  return {
    access,
    accounting,
    router,
    async close() {
      proxy.close()
      await router.close()
      await access.close()
      await accounting.close()
    },
  }
}

type Parts = {
  access: AccessHandler
  accounting: AccountingHandler
  router: Router
  health: Health
  devices: DeviceReader
  contacts: NasContacts
  clock: Clock
  metrics: Metrics
}

/** Where both straight lines begin: Status-Server apart, which device speaks, then the handler of the port. */
function createHandler({ access, accounting, router, health, devices, contacts, clock, metrics }: Parts) {
  const { replySeconds } = metrics
  const seconds = {
    authentication: replySeconds.labels('authentication'),
    accounting: replySeconds.labels('accounting'),
  }
  return async (request: RadiusRequest<Client>): Promise<RadiusResponse | undefined> => {
    const { packet, client } = request
    const { kind } = request.local
    if (packet.code === codes.statusServer) {
      const code = await answerStatusServer(health, kind)
      return code && { code, attributes: nothing }
    }
    if (kind === 'accounting' && devices.rebootsNobody(client, packet)) return accounting.handleUnnamedReboot(client)
    const nas = await devices.deviceOf(client, packet)
    if (nas === undefined) return undefined
    // Only what is signed moves the place that CoA goes to.
    if (kind === 'accounting' || request.messageAuthenticator) {
      contacts.heard(nas.id, request.source.address, request.local.address)
    }
    const response = await router.route(request, nas, { access, accounting })
    // Of our own answers: the patience of a NAS with others, and silence, say nothing of how fast we are.
    if (response !== undefined && !('homeServer' in response)) {
      seconds[kind].observe((clock.monotonicMs() - request.receivedAt) / 1000)
    }
    return response
  }
}

function openPools({
  databaseUrl,
  log,
}: RadiusServiceOptions): Record<'access' | 'claim' | 'rescue' | 'accounting' | 'registry', Pool> {
  const onError = (error: Error): void => log.warn({ error }, 'a database connection broke')
  const pool = (name: string, max: number, synchronousCommit: 'on' | 'off' = 'on'): Pool => {
    const hotPath = name !== 'registry' && name !== 'rescue'
    return createPool(databaseUrl, {
      name: `gatehouse-${name}`,
      role: 'gatehouse_service',
      max,
      synchronousCommit,
      queryTimeoutMs,
      hotPath,
      onError,
    })
  }
  return {
    access: pool('access', lanes.access + 1),
    // What a claim writes can be claimed again after a crash of Postgres: its commit need not wait for the disk.
    claim: pool('claim', lanes.access, 'off'),
    // One look at a time, whatever pools have run out.
    rescue: pool('rescue', 1, 'off'),
    accounting: pool('accounting', lanes.accounting + 2),
    registry: pool('registry', 2),
  }
}

async function countKernelDrops(ports: readonly number[], metrics: Metrics): Promise<void> {
  for (const [port, drops] of (await readKernelDrops(ports)) ?? []) metrics.kernelDrops.labels(String(port)).set(drops)
}

type DeviceReader = {
  /** The device that a request names. One that its client refuses is dropped, with the mend in the log. */
  deviceOf(client: Client, packet: Packet): Promise<Nas | undefined>
  /** Accounting-On or -Off (RFC 2866 §5.1) that could be of any of several devices. */
  rebootsNobody(client: Client, packet: Packet): boolean
}

type DeviceParts = {
  dictionary: Dictionary
  live: LiveRegistry
  metrics: Metrics
  log: Logger
  tally: Pick<NasTally, 'count'>
}

function createDeviceReader({ dictionary, live, metrics, log, tally }: DeviceParts): DeviceReader {
  const status = dictionary.attribute('Acct-Status-Type')!
  const identifier = dictionary.attribute('NAS-Identifier')!
  const ipv4 = dictionary.attribute('NAS-IP-Address')!
  const ipv6 = dictionary.attribute('NAS-IPv6-Address')!
  const told = new Set<string>()
  const identityOf = (packet: Packet): NasIdentity => ({
    identifier: firstText(packet, identifier),
    address: firstAddress(packet, ipv4) ?? firstAddress(packet, ipv6),
  })
  const deviceOf = async (client: Client, packet: Packet): Promise<Nas | undefined> => {
    const identity = identityOf(packet)
    const nas = await live.deviceOf(client, identity)
    if (nas !== undefined) return nas
    metrics.dropped.labels(client.name, 'unknown-nas').inc()
    tally.count('unknown-nas', { clientId: client.id })
    const key = `${client.name}/${identity.identifier}/${identity.address}`
    if (told.size < 1000 && !told.has(key)) {
      told.add(key)
      log.warn({ client: client.name, ...identity }, 'unknown NAS behind a client that refuses new ones: nas add')
    }
    return undefined
  }
  return {
    deviceOf,
    rebootsNobody(client, packet) {
      const said = firstInteger(packet, status)
      return (said === 7 || said === 8) && !live.current().namesOne(client, identityOf(packet))
    },
  }
}
