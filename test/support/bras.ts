// A service in processes of its own with one large BRAS full of IPoE lines, and a door for logins beside it.
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/clock.ts'
import { createKysely, type Pool } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { addClient } from '../../src/domain/client.ts'
import { openKeyring } from '../../src/domain/data-key.ts'
import { createNas, type SimulatedNas } from '../../src/simulator/nas.ts'
import { serving, startServe, type ServeProcess } from './cluster.ts'
import { dictionary } from './dictionary.ts'
import { guests } from './fault-world.ts'
import { openFleet, type Fleet } from './fleet.ts'
import { secret } from './isp.ts'
import { addLines } from './many-lines.ts'

export type BrasStage = {
  readonly service: ServeProcess
  readonly fleet: Fleet
  /** The lines end here: `lineDial` says how they ask. Nobody is online. */
  readonly bras: SimulatedNas
  /** For `tryLogins` with 200 guests. */
  readonly door: SimulatedNas
  close(): Promise<void>
}

/** Starts it on a test database. */
export async function openBras(input: {
  database: { url: string; pool: Pool }
  network: number
  lines: number
}): Promise<BrasStage> {
  const { database, network, lines } = input
  const { pool } = database
  const service = await startServe({ databaseUrl: database.url })
  const books = { pool, keyFile: service.keyFile, server: service, seed: `bras ${network}`, network }
  const fleet = await openFleet({ ...books, subscribers: 2, others: guests(200) })
  await addLines(pool, lines)
  const now = systemClock.now()
  const keyring = await openKeyring(pool, service.keyFile, now)
  const client = { name: 'bras', address: `127.0.${network}.5`, vendor: 'accel-ppp' as const, secret }
  await addClient(createKysely<Database>(pool), keyring, client, now)
  await serving({ port: service.acctPort, localAddress: fleet.localAddress, secret })
  // A new client is known to the service within a second.
  await sleep(1_500)
  const shared = {
    server: { address: '127.0.0.1', authPort: service.authPort, acctPort: service.acctPort },
    secret,
    dictionary,
    clock: systemClock,
    ledger: fleet.ledger,
    seed: books.seed,
  }
  const bras = await createNas({
    ...shared,
    vendor: 'accel-ppp',
    access: 'ipoe',
    identifier: 'bras',
    localAddress: client.address,
    timers: { timeoutMs: 300, tries: 3 },
  })
  const door = await createNas({
    ...shared,
    vendor: 'mikrotik',
    identifier: `door-${network}`,
    localAddress: `127.0.${network}.9`,
    timers: { timeoutMs: 300, tries: 4 },
  })
  return {
    service,
    fleet,
    bras,
    door,
    async close() {
      for (const nas of [bras, door]) nas.close()
      fleet.close()
      await service.close()
    },
  }
}
