// What the packet path needs beside the subscribers: settings, clients and NASes, realms, home servers and address pools, as plain
// data with every secret still sealed. Read from the database, or kept in a file for the time when Postgres is away.

import { createKysely } from '../db/pool.ts'
import type { Pool } from '../db/pool.ts'
import type { Database } from '../db/schema.ts'
import type { Keyring, SealError } from './data-key.ts'
import { openHomeServers, readHomeServers } from './home-server.ts'
import type { HomeServer, SealedHomeServer } from './home-server.ts'
import { loadIpPools } from './ip-pool/live.ts'
import type { IpPools } from './ip-pool/live.ts'
import { openRegistry, readRegistry } from './nas-registry.ts'
import type { RegistryRows, SealedRegistry } from './nas-registry.ts'
import { loadRealms } from './realm.ts'
import type { Realms } from './realm.ts'
import { readSettings, settingsOf } from './setting.ts'
import type { Settings } from './setting.ts'

export type House = {
  readonly settings: Settings
  readonly registry: SealedRegistry
  readonly realms: Realms
  readonly homeServers: readonly SealedHomeServer[]
  readonly ipPools: IpPools
}

/** A house with its secrets open. */
export type OpenHouse = {
  readonly registry: RegistryRows
  /** The servers of each pool in the order in which they are asked. */
  readonly homeServers: ReadonlyMap<bigint, readonly HomeServer[]>
}

/** Who is told of a secret that does not open; it is missing from its owner alone. */
export type SealFailures = {
  ofClient(error: SealError, client: string): void
  ofHomeServer(error: SealError, server: string): void
}

/** Reads it whole. */
export async function readHouse(pool: Pool, now: Date): Promise<House> {
  const settings = await readSettings(createKysely<Database>(pool))
  const registry = await readRegistry(pool, now)
  const realms = await loadRealms(pool)
  const homeServers = await readHomeServers(pool)
  return { settings, registry, realms, homeServers, ipPools: await loadIpPools(pool, settings, now) }
}

/** Opens its secrets. */
export function openHouse(house: House, keyring: Keyring, failures: SealFailures): OpenHouse {
  return {
    registry: openRegistry(house.registry, keyring, failures.ofClient),
    homeServers: openHomeServers(house.homeServers, keyring, failures.ofHomeServer),
  }
}

/** Settings that were kept, as this release understands them: what it does not know counts as unset. */
export function keptSettings(kept: Readonly<Record<string, unknown>>): Settings {
  return settingsOf(Object.entries(kept).map(([name, value]) => ({ name, value })))
}
