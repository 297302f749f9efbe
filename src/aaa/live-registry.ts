// Keeps the registry of clients and NASes, and the settings, true in this process: looks at the change log twice a second,
// so that what an operator changes is live within a second on every instance, and makes devices on first sight.
import type { Clock } from '../clock.ts'
import { createKysely, type Pool } from '../db/pool.ts'
import type { Database } from '../db/schema.ts'
import type { Keyring } from '../domain/data-key.ts'
import { createNasOnSight, latchMessageAuthenticator, loadRegistry, registryChanges } from '../domain/nas-registry.ts'
import type { Nas } from '../domain/nas.ts'
import { defaultSettings, readSettings, type Settings } from '../domain/setting.ts'
import type { Logger } from '../log.ts'
import { createRegistry, type Client, type NasIdentity, type Registry } from '../nas/registry.ts'

const pollMs = 500
/** The old secret of a rotation ends by the clock alone, without a row that changes. */
const rereadMs = 60_000

type Options = { pool: Pool; keyring: Keyring; clock: Clock; log: Logger }

/** Loads the registry and follows it. Throws when the first load fails. */
export async function startLiveRegistry(options: Options): Promise<LiveRegistry> {
  const live = new LiveRegistry(options)
  await live.start()
  return live
}

/** Owns the timer that looks, and what it last saw. */
export class LiveRegistry {
  readonly #options: Options
  readonly #making = new Map<string, Promise<Nas | undefined>>()
  readonly #latching = new Set<bigint>()
  #registry: Registry = createRegistry({ clients: [], nases: [] })
  #settings: Settings = defaultSettings
  #position = '0'
  #rereadAt = 0
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined

  constructor(options: Options) {
    this.#options = options
  }

  async start(): Promise<void> {
    await this.refresh()
    this.#timer = setInterval(() => {
      this.refresh().catch((error: unknown) =>
        this.#options.log.warn({ error }, 'clients and settings could not be read again'),
      )
    }, pollMs)
  }

  /** The registry of this moment; take it anew for each packet. */
  current(): Registry {
    return this.#registry
  }

  settings(): Settings {
    return this.#settings
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
    if (this.#latching.has(client.id)) return
    this.#latching.add(client.id)
    const { pool, clock, log } = this.#options
    latchMessageAuthenticator(pool, client.id, clock.now())
      .then(() => this.refresh())
      .catch((error: unknown) =>
        log.warn({ error, client: client.name }, 'the Message-Authenticator latch could not be written'),
      )
      .finally(() => this.#latching.delete(client.id))
  }

  /** Looks at the change log now; resolves when what it names is live. */
  refresh(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined))
    return this.#looking
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#looking?.catch(() => undefined)
  }

  async #look(): Promise<void> {
    const { pool, clock } = this.#options
    const changes = await registryChanges(pool, this.#position)
    this.#settings = await readSettings(createKysely<Database>(pool))
    if (changes.changed || clock.monotonicMs() >= this.#rereadAt) await this.#reload()
    this.#position = changes.position
  }

  async #reload(): Promise<void> {
    const { pool, keyring, clock, log } = this.#options
    const failed = (error: Error, client: string): void =>
      log.error({ error, client }, 'a shared secret cannot be opened: set a new one for this client')
    this.#registry = createRegistry(await loadRegistry(pool, keyring, failed, clock.now()))
    this.#rereadAt = clock.monotonicMs() + rereadMs
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
