// Emulated NASes with subscribers who are online and send accounting without a pause, on a service in processes of its own: the
// load under which faults are tried. Their ledger keeps every packet for the checker.
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/clock.ts'
import { createKysely, type Pool } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import { addClient } from '../../src/domain/client.ts'
import { openKeyring } from '../../src/domain/data-key.ts'
import { addPlan, type NewPlan } from '../../src/domain/plan.ts'
import { addSubscriber } from '../../src/domain/subscriber.ts'
import { createLedger, type Ledger, type LedgerEntry } from '../../src/simulator/ledger.ts'
import { createRandom } from '../../src/simulator/random.ts'
import type { NasSession } from '../../src/simulator/nas-session.ts'
import type { DialOutcome, NasOptions } from '../../src/simulator/nas-options.ts'
import { createNas, type SimulatedNas } from '../../src/simulator/nas.ts'
import { dictionary } from './dictionary.ts'
import { password, secret } from './isp.ts'
import { inWindow, lineMac } from './many-lines.ts'

type FleetServer = { authPort: number; acctPort: number; address?: string }

export type FleetOptions = {
  pool: Pool
  keyFile: string
  server: FleetServer
  /** With it every NAS asks both, the first NAS `server` first, the second NAS this one, and so on in turn. */
  secondary?: FleetServer
  seed: string
  /** Default 20; their names are `sub0` and on. */
  subscribers?: number
  /** Default two, a MikroTik and an accel-ppp. Each has the address 127.0.<network>.<number>. */
  vendors?: readonly ('mikrotik' | 'accel-ppp')[]
  /** The third octet of the NASes' addresses, so that test files side by side keep apart. */
  network: number
  timers?: { timeoutMs: number; tries: number }
  plan?: Partial<NewPlan>
  /** Names of more subscribers, who are not online and send nothing by themselves. */
  others?: readonly string[]
}

export type Fleet = {
  readonly seed: string
  readonly ledger: Ledger
  /** Every entry of the ledger, with the digest of each packet. */
  readonly entries: readonly LedgerEntry[]
  readonly nases: readonly SimulatedNas[]
  /** Of a client that asks whether the service lives. */
  readonly localAddress: string
  /** Dials in for a subscriber by its number, on the NAS of that number. */
  dial(at: number, input?: { password?: string; username?: string }): Promise<DialOutcome>
  /** Dials in for everybody; throws where one is not let in. */
  dialAll(): Promise<void>
  /**
   * Work for everybody who is online, until the function given back is called: interims, each so long after the last one has its
   * answer, and now and then a Stop and another dial-in, with the probability given.
   */
  load(options?: { pauseMs?: number; churn?: number }): () => Promise<void>
  /** Stops every session, and waits until nothing is on its way any more. */
  stopAll(): Promise<void>
  close(): void
}

/** Adds a plan, subscribers and clients to the books, and makes the NASes. */
export async function openFleet(options: FleetOptions): Promise<Fleet> {
  const { network, seed, subscribers = 20, vendors = ['mikrotik', 'accel-ppp'] as const } = options
  await addBooks(options, subscribers, vendors)
  const entries: LedgerEntry[] = []
  const ledger = createLedger((entry) => void entries.push(entry))
  const nases = await Promise.all(
    vendors.map((vendor, at) =>
      createNas({
        vendor,
        identifier: `fleet-${network}-${at}`,
        localAddress: `127.0.${network}.${at + 1}`,
        ...serversOf(options, at),
        secret,
        dictionary,
        seed,
        clock: systemClock,
        ledger,
        timers: options.timers ?? { timeoutMs: 150, tries: 60 },
      }),
    ),
  )
  const nasOf = (at: number): SimulatedNas => nases[at % nases.length]!
  const dial: Fleet['dial'] = (at, input = {}) =>
    nasOf(at).dial({ username: `sub${at}`, password, method: 'pap', mac: lineMac(at), ...input })
  const online = (): { nas: SimulatedNas; session: NasSession }[] =>
    nases.flatMap((nas) => nas.sessions().map((session) => ({ nas, session })))
  const act = async (at: number, redials: boolean): Promise<void> => {
    const nas = nasOf(at)
    const session = nas.sessions().find(({ dial: { mac } }) => mac === lineMac(at))
    if (session === undefined) return void (await dial(at))
    nas.pass(session, 60)
    await (redials ? nas.stop(session, 'User-Request') : nas.interim(session))
  }
  return {
    seed,
    ledger,
    entries,
    nases,
    localAddress: `127.0.${network}.1`,
    dial,
    async dialAll() {
      const all = Array.from({ length: subscribers }, (_, at) => at)
      const outcomes = await inWindow(all, 16, (at) => dial(at))
      const outside = outcomes.filter(({ kind }) => kind !== 'online').map(({ kind }) => kind)
      if (outside.length > 0)
        throw new Error(`${outside.length} of ${subscribers} are not let in: ${outside.join(' ')}`)
      await Promise.all(outcomes.flatMap((outcome) => (outcome.kind === 'online' ? [outcome.started] : [])))
      // Sessions here age a minute in some milliseconds: without this one that is first heard of by an interim would have begun
      // before its NAS was known, and what it had counted until then would be another server's.
      await options.pool.query(`update nas set created_at = created_at - interval '30 days'`)
    },
    load({ pauseMs = 10, churn = 0 } = {}) {
      const over = new AbortController()
      const loops = Array.from({ length: subscribers }, async (_, at) => {
        const random = createRandom(`${seed}/load/${at}`)
        while (!over.signal.aborted) {
          await act(at, random.chance(churn))
          await sleep(pauseMs)
        }
      })
      return async () => {
        over.abort()
        await Promise.all(loops)
      }
    },
    async stopAll() {
      await Promise.all(online().map(({ nas, session }) => nas.stop(session, 'User-Request')))
      await Promise.all(nases.map((nas) => nas.quiet()))
    },
    close() {
      for (const nas of nases) nas.close()
    },
  }
}

/** Which servers the NAS of this number asks. */
export function serversOf(
  { server, secondary }: Pick<FleetOptions, 'server' | 'secondary'>,
  at: number,
): Pick<NasOptions, 'server' | 'secondary'> {
  const address = '127.0.0.1'
  if (secondary === undefined) return { server: { address, ...server } }
  const [first, second] = at % 2 === 0 ? [server, secondary] : [secondary, server]
  return { server: { address, ...first }, secondary: { address, ...second } }
}

async function addBooks(
  options: FleetOptions,
  subscribers: number,
  vendors: NonNullable<FleetOptions['vendors']>,
): Promise<void> {
  const db = createKysely<Database>(options.pool)
  const now = systemClock.now()
  const keyring = await openKeyring(options.pool, options.keyFile, now)
  await addPlan(
    db,
    { name: 'Home50', down: '50M', up: '20M', days: 30, sessionLimit: 1, ...options.plan },
    () => undefined,
    now,
  )
  const author = ownAuthor('system', 'test', keyring)
  const names = Array.from({ length: subscribers }, (_, at) => `sub${at}`)
  for (const username of [...names, ...(options.others ?? [])])
    await addSubscriber(db, { username, password, plan: 'Home50' }, author, now)
  const clients = vendors.map((vendor, at) => ({ name: `fleet-${options.network}-${at}`, vendor, host: at + 1 }))
  // For logins beside the load: a client is one device.
  const all = [...clients, { name: `door-${options.network}`, vendor: 'mikrotik' as const, host: 9 }]
  for (const { name, vendor, host } of all)
    await addClient(db, keyring, { name, address: `127.0.${options.network}.${host}`, vendor, secret }, now)
}
