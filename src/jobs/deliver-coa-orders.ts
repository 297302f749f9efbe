// Carries CoA orders out: claimed a few at a time for each NAS, made of what is true at this moment, sent, and looked at once more
// until the session is seen to be gone. Each NAS has a lane of its own: one that is dead, or slow, holds up nobody else's.
import type { Clock } from '../clock.ts'
import type { Pool } from '../db/pool.ts'
import type { Db } from '../db/schema.ts'
import { clearAlarm, raiseAlarm } from '../domain/alarm.ts'
import { claimOrders, dueNases, settleOrder, type ClaimedOrder } from '../domain/coa-delivery.ts'
import { findCoaTarget, type CoaTarget } from '../domain/coa-target.ts'
import type { Keyring } from '../domain/data-key.ts'
import { entitlementsOf, loadLiveSessions, type Entitlement, type LiveSession } from '../domain/live-session.ts'
import type { Nas } from '../domain/nas.ts'
import { readSettings } from '../domain/setting.ts'
import type { Logger } from '../log.ts'
import type { CoaSender } from '../nas/coa.ts'
import { carryOut, type Errand } from './carry-out-order.ts'
import type { Listen } from './notifications.ts'
import { startWorker } from './worker.ts'

/** Of one NAS. */
const mostInFlight = 100
/** An order whose carrier died is due again after so long. All tries of one request take 14 s unless a NAS is set otherwise. */
const leaseMs = 120_000
/** So many orders without any answer and the NAS is left alone for a while; then one asks whether it is back. */
const failuresToPause = 3
const pauseMs = 4_000
/** While a lane has no room the next look comes so soon. */
const crowdedMs = 100
const everyMs = 1_000

export type CoaDeliveryOptions = {
  pool: Pool
  db: Db
  keyring: Keyring
  sender: CoaSender
  clock: Clock
  log: Pick<Logger, 'warn' | 'error'>
  listen: Listen
  instance: string
  /** This machine's own. */
  ownAddresses(): readonly string[]
}

export type CoaDelivery = {
  /** Looks once for what is due, and resolves when what it took is done. */
  turn(): Promise<void>
  close(): Promise<void>
}

/** Starts to deliver; woken by NOTIFY with every new order. */
export function startCoaDelivery(options: CoaDeliveryOptions): CoaDelivery {
  const { pool, clock, instance } = options
  const lanes = new Map<bigint, Lane>()
  const running = new Set<Promise<void>>()
  const soon = createDelay(crowdedMs, () => worker.wake())

  const take = async (nasId: bigint): Promise<void> => {
    const lane = lanes.get(nasId) ?? emptyLane(clock.monotonicMs())
    lanes.set(nasId, lane)
    const most = roomOf(lane, clock.monotonicMs())
    if (most === 0) return soon.start()
    const until = new Date(clock.now().getTime() + leaseMs)
    const orders = await claimOrders(pool, { nasId, most, instance, until }, clock.now())
    if (orders.length === 0) return
    lane.tokens -= orders.length
    lane.inFlight += orders.length
    const work = deliver(options, lane, nasId, orders).finally(() => {
      lane.inFlight -= orders.length
      running.delete(work)
      worker.wake()
    })
    running.add(work)
  }
  const lookOnce = async (): Promise<void> => {
    for (const nasId of await dueNases(pool, options.ownAddresses(), clock.now())) await take(nasId)
  }
  // One at a time, whoever asks for it: two would count the room of a lane twice.
  let looking: Promise<void> = Promise.resolve()
  const look = (): Promise<void> => (looking = looking.then(lookOnce, lookOnce))
  const worker = startWorker({
    name: 'deliver-coa-orders',
    channel: 'coa_order',
    everyMs,
    log: options.log,
    listen: options.listen,
    work: () => look().then(() => false),
  })
  return {
    async turn() {
      await look()
      await Promise.all(running)
    },
    async close() {
      await worker.close()
      await Promise.all(running)
      soon.cancel()
      options.sender.close()
    },
  }
}

function createDelay(ms: number, run: () => void): { start(): void; cancel(): void } {
  let timer: NodeJS.Timeout | undefined
  return {
    start() {
      timer ??= setTimeout(() => {
        timer = undefined
        run()
      }, ms)
    },
    cancel: () => clearTimeout(timer),
  }
}

type Lane = {
  inFlight: number
  /** Orders in a row without any answer. */
  failures: number
  pausedUntilMs: number
  /** Orders that the pace allows by now, as of `filledAtMs`. */
  tokens: number
  filledAtMs: number
  /** Orders a second. */
  pace: number
}

function emptyLane(nowMs: number): Lane {
  return { inFlight: 0, failures: 0, pausedUntilMs: 0, tokens: 10, filledAtMs: nowMs, pace: 50 }
}

/** How many orders may be taken now: by pace, by what is under way, and by whether the NAS answers at all. */
function roomOf(lane: Lane, nowMs: number): number {
  const gained = ((nowMs - lane.filledAtMs) / 1_000) * lane.pace
  lane.tokens = Math.min(Math.max(1, lane.pace / 5), lane.tokens + gained)
  lane.filledAtMs = nowMs
  if (lane.failures >= failuresToPause) return lane.inFlight === 0 && nowMs >= lane.pausedUntilMs ? 1 : 0
  return Math.max(0, Math.min(mostInFlight - lane.inFlight, Math.floor(lane.tokens)))
}

/** Carries out orders of one NAS, all at once. Nothing is thrown: what fails here is due again when its lease is over. */
async function deliver(
  options: CoaDeliveryOptions,
  lane: Lane,
  nasId: bigint,
  orders: readonly ClaimedOrder[],
): Promise<void> {
  const { pool, keyring, clock, log } = options
  try {
    const target = await findCoaTarget(pool, keyring, nasId, clock.now())
    const lost = { state: 'failed', detail: 'there is no such NAS any more' } as const
    if (target === undefined) {
      for (const order of orders) await settleOrder(pool, order, lost, clock.now())
      return
    }
    lane.pace = target.nas.settings.coa_pace
    const sessions = await loadLiveSessions(
      pool,
      orders.map(({ sessionId }) => sessionId),
    )
    const entitlements = await entitlementsFor(options, orders, sessions, target.nas)
    await Promise.all(
      orders.map((order) => {
        const [session, entitlement] = [sessions.get(order.sessionId), entitlements.get(order.sessionId)]
        return deliverOne(options, lane, { order, target, session, entitlement })
      }),
    )
  } catch (error) {
    log.error({ error, nas: String(nasId) }, 'orders could not be carried out; they are due again later')
  }
}

/** By session; who is only to be disconnected is entitled to nothing that we would have to know. */
async function entitlementsFor(
  { pool, db, clock }: CoaDeliveryOptions,
  orders: readonly ClaimedOrder[],
  sessions: ReadonlyMap<bigint, LiveSession>,
  nas: Nas,
): Promise<Map<bigint, Entitlement>> {
  const asked = orders.flatMap(({ wish, sessionId }) => (wish === 'reapply' ? (sessions.get(sessionId) ?? []) : []))
  if (asked.length === 0) return new Map()
  const settings = await readSettings(db)
  const found = await entitlementsOf(pool, { sessions: asked, nas, settings }, clock.now())
  return new Map(asked.map((session, at) => [session.id, found[at]!]))
}

async function deliverOne(options: CoaDeliveryOptions, lane: Lane, errand: Errand): Promise<void> {
  const { pool, sender, clock } = options
  const { heard, result } = await carryOut({ pool, sender, now: () => clock.now() }, errand)
  if (heard !== undefined) await noteHeard(options, lane, errand.target, heard)
  await settleOrder(pool, errand.order, result, clock.now())
}

/** A NAS that answers is there, whatever it says; one that never does is left alone for a while and told of. */
async function noteHeard(
  { pool, db, clock, log }: CoaDeliveryOptions,
  lane: Lane,
  { nas, address, port }: CoaTarget,
  heard: boolean,
): Promise<void> {
  const alarm = { kind: 'coa-unreachable', subject: nas.name }
  const was = lane.failures
  lane.failures = heard ? 0 : was + 1
  if (!heard && lane.failures >= failuresToPause) lane.pausedUntilMs = clock.monotonicMs() + pauseMs
  if (heard && was >= failuresToPause) await clearAlarm(db, alarm, clock.now())
  if (heard || lane.failures !== failuresToPause) return
  const text = `it answers no CoA or Disconnect at ${address ?? 'no known address'} port ${port}: on RouterOS /radius incoming set accept=yes`
  log.warn({ nas: nas.name, address, port }, 'a NAS answers no CoA or Disconnect')
  await raiseAlarm(pool, { ...alarm, text }, clock.now())
}
