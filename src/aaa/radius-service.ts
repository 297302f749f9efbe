// The RADIUS service of one process: its sockets, database connections and what stands between them. The two straight
// lines of ARCHITECTURE.md begin in `handle`: which device speaks, then the handler of the code.
import { mkdir, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { systemClock, type Clock } from '../clock.ts'
import type { Breaker } from '../db/breaker.ts'
import type { Nas } from '../domain/nas.ts'
import type { Settings } from '../domain/setting.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Client, Registry } from '../nas/registry.ts'
import { codes } from '../radius/codes.ts'
import { readKernelDrops } from '../radius/kernel-drops.ts'
import { startRadiusServer, type RadiusRequest, type RadiusResponse } from '../radius/server.ts'
import type { RadiusAddress } from '../radius/sockets.ts'
import { createAccessHandler, type AccessHandler } from './access-request.ts'
import { createAccountingHandler, type AccountingHandler } from './accounting-request.ts'
import { createDeviceReader, type DeviceReader } from './device-reader.ts'
import { openJournals, type Journals } from './journal/journals.ts'
import type { JournalSize } from './journal/running.ts'
import { followKeys } from './key-follower.ts'
import { startListeningBeat } from './listening-beat.ts'
import { startLiveRegistry, type LiveRegistry } from './live-registry.ts'
import { localAddresses, radiusAddresses } from './local-addresses.ts'
import { rememberContacts, type NasContacts } from './nas-contacts.ts'
import { startNasTally, type NasTally } from './nas-tally.ts'
import { ownDictionary } from './own-dictionary.ts'
import { createProxy } from './proxy.ts'
import { startRadsec, type Radsec, type RadsecConfig } from './radsec.ts'
import { createRadiusCounters } from './radius-counters.ts'
import { lanes, openPools, watchDatabase, type Pools } from './radius-pools.ts'
import { createRouter, type Router } from './route-request.ts'
import { begin } from './snapshot/cold-start.ts'
import { openDegradedAccepts } from './snapshot/degraded-accepts.ts'
import { findSnapshotsLeft, type SnapshotsLeft } from './snapshot/left-behind.ts'
import { snapshotFile, startSnapshot } from './snapshot/snapshot.ts'
import { createSpare, degradedAcceptsFile, observeSpare } from './spare.ts'
import { answerStatusServer, createHealth, type Health } from './status-server.ts'
import { createStrangers } from './strangers.ts'

const lookForInterfacesMs = 5_000
/** So long a login that would be one too many waits for what the journal holds. */
const catchUpMs = 150
const nothing = Buffer.alloc(0)

export type RadiusServiceOptions = {
  /** Undefined: every local address, looked at again when interfaces change. */
  addresses: readonly string[] | undefined
  authPort: number
  acctPort: number
  /** RADIUS over TLS as well. */
  radsec?: RadsecConfig | undefined
  /** Other processes of ours share the ports. */
  reusePort: boolean
  databaseUrl: string
  keyFile: string
  /** Where this process keeps what it needs while Postgres is away; made where it is not there. */
  stateDirectory: string
  /** Which RADIUS process of the instance this is, from 1: what it keeps is named by it. */
  worker: number
  /** How many it has: the first takes over what those left behind that are no more. Undefined: it does not. */
  workers?: number | undefined
  /** `nothing`: no subscriber is held, in memory or on the disk, and logins are not answered while Postgres is away. */
  lastKnown?: 'subscribers' | 'nothing'
  /** So long a login waits for Postgres before what was last known decides. Default 250 ms. */
  loginDeadlineMs?: number
  /** So long an accounting record waits for its commit before the journal takes it. Default 200 ms. */
  commitWithinMs?: number
  /** How large the accounting journal may become. */
  journalSize?: JournalSize
  /** Ends a start that waits for Postgres. */
  signal?: AbortSignal
  clock: Clock
  log: Logger
  metrics: Metrics
}

export type RadiusService = {
  /** As bound, where 0 was asked. */
  authPort: number
  acctPort: number
  /** Undefined where there is no RADIUS over TLS. */
  radsecPort: number | undefined
  /** Makes a change of clients, NASes or settings live now rather than within a second. */
  refresh(): Promise<void>
  /** Resolves when all that the accounting journal kept is in Postgres. */
  drained(): Promise<void>
  /** Writes what is still held in memory: access log, where NASes speak from, what the doctor looks at. */
  flush(): Promise<void>
  close(how: { drainMs: number }): Promise<void>
}

/** Opens connections, loads the registry and binds the sockets. Throws when any of these cannot be had. */
export async function startRadiusService(options: RadiusServiceOptions): Promise<RadiusService> {
  const { clock, log, metrics } = options
  const parts = await openParts(options)
  const { pools, live, snapshot, journal, tally, lines, contacts, instance } = parts
  const wanted = (): ReturnType<typeof radiusAddresses> =>
    radiusAddresses(options.addresses ?? localAddresses(), options.authPort, options.acctPort)
  const listening = await listen(options, parts, wanted())
  const { server } = listening
  const unrecordedSince = (): Date | undefined => journal.oldest()
  const beat = startListeningBeat({ pool: pools.registry, instance, unrecordedSince, clock, log })
  journal.replay({ record: lines.accounting.replay, liveWaiting: lines.accounting.waiting })
  const ports = [...new Set(server.sockets().map((socket) => socket.port))]
  const look = (): void => {
    observeSpare(parts, metrics)
    journal.measure()
  }
  look()
  const follow = setInterval(() => {
    look()
    void countKernelDrops(ports, metrics)
    if (options.addresses === undefined) void server.setAddresses(wanted())
  }, lookForInterfacesMs)

  return {
    authPort: server.sockets().find((socket) => socket.kind === 'authentication')!.port,
    acctPort: server.sockets().find((socket) => socket.kind === 'accounting')!.port,
    radsecPort: listening.radsec?.port,
    async refresh() {
      await parts.keys.refresh()
      await Promise.all([live.refresh(), snapshot.refresh()])
    },
    drained: journal.drained,
    async flush() {
      await Promise.all([lines.access.flush(), contacts.flush(), tally.flush({ sample: true })])
    },
    async close(how) {
      clearInterval(follow)
      await listening.close(how)
      await journal.close()
      await lines.close()
      // Together: what waits in vain for Postgres must not keep the others from the disk (F04).
      await Promise.all(
        [beat, contacts, tally, parts.keys, live, parts.fallback.accepts, snapshot].map((part) => part.close()),
      )
      parts.breaker.close()
      await Promise.all(Object.values(pools).map((pool) => pool.end()))
    },
  }
}

/** The sockets: UDP, and TLS where that is asked for. Behind both stand the same two lines. */
async function listen(options: RadiusServiceOptions, parts: OpenParts, addresses: RadiusAddress[]) {
  const { reusePort, radsec: tls, clock, log, metrics } = options
  const { live, tally, lines } = parts
  const handle = createHandler({ ...parts, ...lines, clock, metrics })
  const counters = createRadiusCounters(metrics, log, clock, tally)
  const strangers = createStrangers(log, tally)
  const server = await startRadiusServer<Client>({
    addresses,
    reusePort,
    now: () => clock.monotonicMs(),
    loopNow: () => systemClock.monotonicMs(),
    findClient: (address) => live.current().findClient(address),
    handle,
    counters,
    onUnknownSource: strangers.seen,
    onMessageAuthenticatorSeen: (client) => live.latch(client),
    onError: (error) => log.error({ error }, 'a request failed by a fault of ours'),
  })
  const findClient: Registry['findRadsecClient'] = (identity) => live.current().findRadsecClient(identity)
  const shared = { addresses: options.addresses, reusePort, findClient, handle, counters, clock, log, metrics }
  const known = { host: hostname(), pool: parts.pools.registry, loopNow: () => systemClock.monotonicMs() }
  const radsec: Radsec | undefined = tls && (await startRadsec({ ...shared, ...known, radsec: tls }))
  return {
    server,
    radsec,
    async close(how: { drainMs: number }): Promise<void> {
      await Promise.all([server.close(how), radsec?.close(how)])
      strangers.close()
    },
  }
}

type OpenParts = Awaited<ReturnType<typeof openParts>>

/** Everything behind the sockets. */
async function openParts(options: RadiusServiceOptions) {
  const { clock, log, metrics } = options
  const pools = openPools(options)
  const breaker = watchDatabase(pools.probe, options)
  const dictionary = ownDictionary()
  const { keyring, keys, live, snapshot, leftBehind } = await startKnowledge(options, pools)
  const settings = (): Settings => live.settings()
  const instance = `${hostname()}:${process.pid}`
  const tally = startNasTally({ pool: pools.registry, instance, clock, log, metrics })
  const database = (): string | undefined => snapshot.database()
  const journal = await openJournals({ ...options, host: hostname(), pool: pools.registry, breaker, database })
  const accepts = await openAccepts(options, { breaker, leftBehind, journal, pool: pools.registry })
  const catchUp = () => journal.catchUp(catchUpMs)
  const fallback = { breaker, snapshot, accepts, catchUp, deadlineMs: options.loginDeadlineMs }
  const shared = { dictionary, keyring, settings, clock, log, metrics, tally, fallback, breaker }
  const lines = openLines({ ...shared, journal, commitWithinMs: options.commitWithinMs }, pools, live)
  const spare = createSpare({
    ...fallback,
    settings,
    clock,
    canRecord: () => settings().accounting_sink !== 'db-only' && journal.hasRoom(),
  })
  return {
    pools,
    breaker,
    keys,
    live,
    snapshot,
    settings,
    clock,
    instance,
    tally,
    fallback,
    journal,
    lines,
    health: createHealth(pools.access, clock.monotonicMs, spare),
    devices: createDeviceReader({ dictionary, live, breaker, clock, metrics, log, tally }),
    contacts: rememberContacts({ pool: pools.registry, clock, log, tally }),
  }
}

/** The keys, what is known of the house, and what was last known: of Postgres, or of the disk where Postgres is away. */
async function startKnowledge(options: RadiusServiceOptions, pools: Pools) {
  const { stateDirectory: directory, worker, clock, log, metrics } = options
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const file = snapshotFile(directory, worker)
  const holds = options.lastKnown !== 'nothing'
  // What was held by an earlier start would be served without ever being made true.
  if (!holds) await rm(file, { force: true })
  const { keyring, kept } = await begin({ ...options, pool: pools.registry, file })
  const keys = followKeys({ pool: pools.registry, keyring, keyFile: options.keyFile, clock, log })
  const live = await startLiveRegistry({ pool: pools.registry, keyring, clock, log }, kept?.house)
  const house = () => live.house()
  const leftBehind = await findSnapshotsLeft(options)
  const files = { directory, worker, replaces: leftBehind.snapshots }
  const beginning = { ...files, holds, pool: pools.snapshot, keyring, house, kept: kept?.known }
  return { keyring, keys, live, leftBehind, snapshot: await startSnapshot({ ...beginning, clock, log, metrics }) }
}

async function openAccepts(
  { stateDirectory, worker, clock, log }: RadiusServiceOptions,
  parts: { breaker: Breaker; leftBehind: SnapshotsLeft; journal: Journals; pool: Pools['registry'] },
) {
  const { breaker, pool, journal } = parts
  const file = degradedAcceptsFile(stateDirectory, worker)
  const onTrouble = (message: string, error: unknown): void => log.warn({ error }, message)
  const shared = { pool, breaker, clock, onTrouble, unrecordedSince: journal.oldestOfAll }
  const options = { ...shared, takeOver: parts.leftBehind.accepts }
  try {
    return await openDegradedAccepts({ ...options, file })
  } catch (error) {
    log.error({ error, file }, 'logins accepted without Postgres cannot be kept on this disk: they are held in memory')
    return openDegradedAccepts({ ...options, file: undefined })
  }
}

/** A device by its id, also one that was made a moment ago. */
function createNasFinder(live: LiveRegistry): (id: bigint) => Promise<Nas | undefined> {
  const find = (id: bigint): Nas | undefined => live.current().nases.find((nas) => nas.id === id)
  return async (id) => {
    const known = find(id)
    if (known !== undefined) return known
    await live.refresh()
    return find(id)
  }
}

type Shared = Omit<
  Parameters<typeof createAccessHandler>[0],
  'lanes' | 'loadPool' | 'claimPool' | 'rescuePool' | 'logPool' | 'ipPools'
> & {
  tally: NasTally
  breaker: Breaker
  journal: Journals
  commitWithinMs: number | undefined
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
  const accounting = createAccountingHandler({
    ...shared,
    lanes: lanes.accounting,
    pool: pools.accounting,
    journal: { ...shared.journal, nasOf: createNasFinder(live) },
  })
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
    const found = devices.deviceOf(client, packet)
    // Not awaited where it is known: a turn of the queue for each packet.
    const nas = found instanceof Promise ? await found : found
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

async function countKernelDrops(ports: readonly number[], metrics: Metrics): Promise<void> {
  for (const [port, drops] of (await readKernelDrops(ports)) ?? []) metrics.kernelDrops.labels(String(port)).set(drops)
}
