// A small ISP that enforces by itself: everybody in it, its NASes too, lives by one clock that can be moved ahead, and what runs by
// itself runs when it is told to.
import { systemClock, type Clock } from '../../src/clock.ts'
import type { Pool } from '../../src/db/pool.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import { startCoaDelivery, type CoaDelivery } from '../../src/jobs/deliver-coa-orders.ts'
import { routerRunWorker } from '../../src/jobs/router-runs.ts'
import { entitlementWorker, expiryWorker, signsOfLifeWorker } from '../../src/jobs/watch-entitlements.ts'
import type { WorkerContext } from '../../src/jobs/workers.ts'
import { findAction } from '../../src/domain/subscriber-action/list.ts'
import { createCoaSender } from '../../src/nas/coa.ts'
import type { NasSession } from '../../src/simulator/nas-session.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { silentLog } from './database.ts'
import { dictionary } from './dictionary.ts'
import { openIsp, type Isp } from './isp.ts'

export type StoryClock = Clock & {
  advance(milliseconds: number): void
  /** Moves on to an instant that has not come yet. */
  advanceTo(at: Date): void
}

export type EnforcedIsp = Isp & {
  clock: StoryClock
  /** Lets everything that runs by itself look once, and delivers what it ordered. */
  settle(): Promise<void>
  /** Does to a subscriber what its button does. */
  act(action: string, subscriberId: bigint, params?: object): Promise<void>
  /** A sign of life, after as many more octets; stored when it resolves. */
  use(nas: SimulatedNas, session: NasSession, octets: { down?: number; up?: number }): Promise<void>
}

/** The real time, set to the next noon of UTC but one when it is made: what is stored by the real one lies before it. */
export function createStoryClock(): StoryClock {
  const day = 86_400_000
  const began = systemClock.now().getTime()
  let ahead = Math.ceil(began / day) * day + day / 2 - began
  return {
    now: () => new Date(systemClock.now().getTime() + ahead),
    monotonicMs: () => systemClock.monotonicMs() + ahead,
    advance: (milliseconds) => void (ahead += milliseconds),
    advanceTo(at) {
      ahead = Math.max(ahead, at.getTime() - systemClock.now().getTime())
    },
  }
}

/** What was said of a session before: what the emulated line drew by itself does not count. */
const said = new WeakMap<NasSession, { input: bigint; output: bigint }>()

/** Opens it on a migrated test database, in UTC. */
export async function openEnforcedIsp(database: { url: string; pool: Pool }): Promise<EnforcedIsp> {
  const clock = createStoryClock()
  const isp = await openIsp(database, { clock })
  const { pool, db, service } = isp
  const shared = { pool, db, keyring: service.keyring, clock, listen: () => () => undefined, instance: 'story' }
  const context: WorkerContext = {
    ...shared,
    log: silentLog as unknown as WorkerContext['log'],
    fileDirectory: '/nowhere',
  }
  const workers = [entitlementWorker(), routerRunWorker(), expiryWorker(), signsOfLifeWorker()]
  const delivery: CoaDelivery = startCoaDelivery({
    ...shared,
    log: silentLog,
    sender: createCoaSender({ dictionary: () => dictionary, now: () => performance.now() }),
    ownAddresses: () => ['127.0.0.1'],
  })
  const { signal } = new AbortController()
  return {
    ...isp,
    clock,
    async settle() {
      for (const worker of workers) while (await worker.work(context, signal)) continue
      await delivery.turn()
    },
    async act(action, subscriberId, params = {}) {
      const found = findAction(action)!
      const by = ownAuthor('system', 'test', service.keyring)
      const input = { subscriberIds: [subscriberId], params: found.params.parse(params) }
      const [outcome] = await found.run(db, input, by, clock.now())
      if (outcome?.kind !== 'done') throw new Error(`${action}: ${JSON.stringify(outcome)}`)
    },
    async use(nas, session, { down = 0, up = 0 }) {
      nas.pass(session, 60)
      const { input, output } = said.get(session) ?? { input: 0n, output: 0n }
      const counted = { input: input + BigInt(up), output: output + BigInt(down) }
      session.counters = { ...session.counters, inputOctets: counted.input, outputOctets: counted.output }
      said.set(session, counted)
      if (!(await nas.interim(session))) throw new Error('the interim was not answered')
    },
    async close() {
      await delivery.close()
      await isp.close()
    },
  }
}
