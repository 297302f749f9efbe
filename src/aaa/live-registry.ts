// Keeps the registry of clients and NASes, realms, home servers, address pools and the settings true in this process: looks at
// the change log twice a second, so that what an operator changes is live within a second on every instance, and makes devices
// on first sight.
import type { Clock } from '../clock.ts'
import { createKysely, type Pool } from '../db/pool.ts'
import type { Database } from '../db/schema.ts'
import type { Keyring } from '../domain/data-key.ts'
import { latchHomeServer, type HomeServer } from '../domain/home-server.ts'
import { keptSettings, openHouse, readHouse, type House } from '../domain/house.ts'
import { noIpPools, type IpPools } from '../domain/ip-pool/live.ts'
import { createNasOnSight, latchMessageAuthenticator, registryChanges } from '../domain/nas-registry.ts'
import type { Nas } from '../domain/nas.ts'
import type { Realms } from '../domain/realm.ts'
import { defaultSettings, readSettings, type Settings } from '../domain/setting.ts'
import type { Logger } from '../log.ts'
import { createRegistry, type Client, type NasIdentity, type Registry } from '../nas/registry.ts'
import { createSecret } from '../radius/authenticator.ts'
import type { LiveHomeServer, LivePools } from './home-servers.ts'
import { createLook } from './look.ts'

const pollMs = 500
/** The old secret of a rotation ends by the clock alone, without a row that changes. */
const rereadMs = 60_000
const rereadSoonMs = 1_000

type Options = { pool: Pool; keyring: Keyring; clock: Clock; log: Logger }

/**
 * Loads the registry and follows it. Throws when the first load fails; where a house was kept it begins with that one instead,
 * and follows as soon as Postgres can be asked.
 */
export async function startLiveRegistry(options: Options, kept?: House): Promise<LiveRegistry> {
  const live = new LiveRegistry(options)
  await live.start(kept)
  return live
}

/** Owns the timer that looks, and what it last saw. */
export class LiveRegistry {
  readonly #options: Options
  readonly #making = new Map<string, Promise<Nas | undefined>>()
  readonly #latching = new Set<string>()
  #registry: Registry = createRegistry({ clients: [], nases: [] })
  #settings: Settings = defaultSettings
  #realms: Realms = new Map()
  #pools: LivePools = new Map()
  #ipPools: IpPools = noIpPools
  #position = '0'
  #rereadAt = 0
  #house: House | undefined
  #isBlind = false
  /** Whose secrets could not be opened at the last look: told once. */
  #unopened = ''
  #timer: NodeJS.Timeout | undefined
  readonly #look = createLook(() => this.#read())

  constructor(options: Options) {
    this.#options = options
  }

  async start(kept: House | undefined): Promise<void> {
    if (kept === undefined) await this.refresh()
    else this.#move({ ...kept, settings: keptSettings(kept.settings) })
    this.#timer = setInterval(() => void this.#follow(), pollMs)
  }

  /** All of it as it was last read, secrets sealed; undefined before the first time. */
  house(): House | undefined {
    return this.#house && { ...this.#house, settings: this.#settings }
  }

  /** The registry of this moment; take it anew for each packet. */
  current(): Registry {
    return this.#registry
  }

  settings(): Settings {
    return this.#settings
  }

  realms(): Realms {
    return this.#realms
  }

  /** The home servers of each pool, ready to be asked. */
  pools(): LivePools {
    return this.#pools
  }

  /** The address pools that we hand out of. */
  ipPools(): IpPools {
    return this.#ipPools
  }

  /** The device that a request names, made on first sight where its client allows that; undefined where not. */
  deviceOf(client: Client, identity: NasIdentity): Nas | undefined | Promise<Nas | undefined> {
    const known = this.#registry.findNas(client, identity)
    if (known !== undefined || client.newNas === 'refuse') return known
    const { identifier, address } = identity
    const key = `${client.id}/${identifier ?? ''}/${identifier === undefined ? address : ''}`
    const making = this.#making.get(key) ?? this.#make(client, identity).finally(() => this.#making.delete(key))
    this.#making.set(key, making)
    return making
  }

  /** From now on this client must sign (policy `auto`). Told of every signed packet until that is live; written once. */
  latch(client: Client): void {
    const { pool, clock } = this.#options
    this.#latchOnce(`client ${client.name}`, () => latchMessageAuthenticator(pool, client.id, clock.now()))
  }

  /** The same for a home server and its answers. */
  latchHomeServer(server: LiveHomeServer): void {
    const { pool, clock } = this.#options
    this.#latchOnce(`home server ${server.name}`, () => latchHomeServer(pool, server.id, clock.now()))
  }

  /** Looks at the change log now; resolves when what it names is live. */
  refresh(): Promise<void> {
    return this.#look.anew()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#look.settled()
  }

  #latchOnce(peer: string, write: () => Promise<void>): void {
    if (this.#latching.has(peer)) return
    this.#latching.add(peer)
    write()
      .then(() => this.refresh())
      .catch((error: unknown) =>
        this.#options.log.warn({ error, peer }, 'the Message-Authenticator latch could not be written'),
      )
      .finally(() => this.#latching.delete(peer))
  }

  /** Told once at the beginning and once at the end: an outage must not fill the log. */
  async #follow(): Promise<void> {
    const { log } = this.#options
    try {
      await this.#look.join()
      if (this.#isBlind) log.info({}, 'clients and settings are read again')
      this.#isBlind = false
    } catch (error) {
      if (!this.#isBlind) log.warn({ error }, 'clients and settings could not be read again')
      this.#isBlind = true
    }
  }

  async #read(): Promise<void> {
    const { pool, clock } = this.#options
    const changes = await registryChanges(pool, this.#position)
    this.#settings = await readSettings(createKysely<Database>(pool))
    if (changes.changed || clock.monotonicMs() >= this.#rereadAt) await this.#reload()
    this.#position = changes.position
  }

  async #reload(): Promise<void> {
    const { pool, clock } = this.#options
    const isWhole = this.#move(await readHouse(pool, clock.now()))
    // What does not open may be sealed with a data key that this process does not have yet (key-follower.ts).
    this.#rereadAt = clock.monotonicMs() + (isWhole ? rereadMs : rereadSoonMs)
  }

  /** From now on this is what holds, all at once. False where a secret could not be opened. */
  #move(house: House): boolean {
    const { keyring, log } = this.#options
    const failures = { clients: [] as string[], homeServers: [] as string[] }
    const { registry, homeServers } = openHouse(house, keyring, {
      ofClient: (_, client) => failures.clients.push(client),
      ofHomeServer: (_, server) => failures.homeServers.push(server),
    })
    const unopened = [...failures.clients, ...failures.homeServers].join(', ')
    if (unopened !== '' && unopened !== this.#unopened) {
      const { clients, homeServers: home_servers } = failures
      log.error({ clients, home_servers }, 'shared secrets cannot be opened: if it stays so, set new ones')
    }
    this.#unopened = unopened
    this.#registry = createRegistry(registry)
    this.#settings = house.settings
    this.#ipPools = house.ipPools
    this.#realms = house.realms
    this.#pools = new Map([...homeServers].map(([id, servers]) => [id, servers.map(ready)]))
    this.#house = house
    return unopened === ''
  }

  async #make(client: Client, identity: NasIdentity): Promise<Nas | undefined> {
    const { pool, clock, log } = this.#options
    const nas = await createNasOnSight(pool, { ...client, secrets: [] }, identity, clock.now())
    if (nas === undefined) log.warn({ client: client.name }, 'this client has too many NASes: a new one was refused')
    else log.info({ client: client.name, nas: nas.name }, 'a NAS was seen for the first time')
    await this.#reload()
    return nas
  }
}

function ready(server: HomeServer): LiveHomeServer {
  return { ...server, secret: createSecret(server.secret) }
}
