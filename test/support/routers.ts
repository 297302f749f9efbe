// A NAS with a fake router behind it: who may enter it, and what it has open.
import { afterEach } from 'vitest'
import { addClient } from '../../src/domain/client.ts'
import { setRouter } from '../../src/domain/nas-router.ts'
import type { NewRouter } from '../../src/domain/nas-router.ts'
import { readNas, selectNas } from '../../src/domain/nas-registry.ts'
import type { NasColumns } from '../../src/domain/nas-registry.ts'
import type { Nas } from '../../src/domain/nas.ts'
import { startFakeRouter, type FakeRouter, type FakeRow } from './fake-router.ts'
import { noon, type Office } from './operator.ts'

const opened: FakeRouter[] = []
let made = 0

/** Closes the routers of each test of this file after it. */
export function closeRoutersAfterEach(): void {
  afterEach(async () => {
    for (const router of opened.splice(0)) await router.close()
  })
}

/** The menus that hold who is online, empty. */
export function emptyTables(): Record<string, FakeRow[]> {
  return { '/ppp/active': [], '/ip/dhcp-server/lease': [], '/ip/hotspot/active': [] }
}

/** A fake router, without access to it. */
export async function makeRouter(tables: Record<string, FakeRow[]> = {}): Promise<FakeRouter> {
  const router = await startFakeRouter({ ...emptyTables(), ...tables })
  opened.push(router)
  return router
}

/** A MikroTik NAS of its own, without access to its router. */
export async function makeNas(office: Pick<Office, 'db' | 'pool' | 'keyring'>, vendor = 'mikrotik'): Promise<Nas> {
  made += 1
  const input = { name: `bng${made}`, address: `10.9.${made}.1`, vendor, secret: 'k7Gq2mZ9xP4wR8sT' }
  const { nasId } = await addClient(office.db, office.keyring, input, noon)
  return nasNow(office, nasId!)
}

/** A NAS as it is now. */
export async function nasNow(office: Pick<Office, 'pool'>, id: bigint): Promise<Nas> {
  const { rows } = await office.pool.query<NasColumns>(`${selectNas} where n.id = $1`, [id])
  return readNas(rows[0]!)
}

/** Access to the fake router, by REST with its pin unless said otherwise. */
export async function giveAccess(
  office: Pick<Office, 'db' | 'author'>,
  nas: Nas,
  router: FakeRouter,
  changes: Partial<NewRouter> = {},
): Promise<void> {
  const { host, restPort: port, user: userName, password, fingerprint: pin } = router
  const usual = { name: nas.name, backend: 'rest', host, port, userName, password, pin, timeoutMs: 20_000 }
  await setRouter(office.db, { ...usual, ...changes }, office.author, noon)
}

/** A NAS with a router that may be entered. */
export async function nasWithRouter(
  office: Pick<Office, 'db' | 'pool' | 'keyring' | 'author'>,
  tables: Record<string, FakeRow[]> = {},
): Promise<{ nas: Nas; router: FakeRouter }> {
  const [nas, router] = [await makeNas(office), await makeRouter(tables)]
  await giveAccess(office, nas, router)
  return { nas, router }
}
