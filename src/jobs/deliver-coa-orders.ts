// Carries CoA orders out: claimed a few at a time for each NAS, made of what is true at this moment, sent, and looked at once more
// until the session is seen to be gone. Each NAS has a lane of its own (coa-lane.ts): one that is dead, or slow, holds up nobody
// else's; and in a lane each order gives its room back by itself.
import type { Clock } from '../clock.ts'
import type { Pool } from '../db/pool.ts'
import type { Db } from '../db/schema.ts'
import { claimOrders, dueNases, settleOrder, type ClaimedOrder } from '../domain/coa-delivery.ts'
import { findCoaTarget, type CoaTarget } from '../domain/coa-target.ts'
import type { Keyring } from '../domain/data-key.ts'
import { loadLiveSessions, readEntitlements, type Entitlement, type LiveSession } from '../domain/live-session.ts'
import { stillSpared, takeTrial } from '../domain/nas-capability.ts'
import type { Nas } from '../domain/nas.ts'
import { readSettings } from '../domain/setting.ts'
import type { Logger } from '../log.ts'
import type { CoaSender } from '../nas/coa.ts'
import { carryOut } from './carry-out-order.ts'
import { noteCarriedOut } from './coa-findings.ts'
import { emptyLane, leaseMsOf, roomOf, takeWay, waitMsOf, type Lane } from './coa-lane.ts'
import type { EndedOnRouter } from './end-on-router.ts'
import { stepOf, type Errand } from './order-step.ts'
import { startWorker } from './worker.ts'

/** A look costs less than to be told: whoever commits with NOTIFY waits for all others that do. */
const lookEveryMs = 100

export type CoaDeliveryOptions = {
  pool: Pool
  db: Db
  keyring: Keyring
  sender: CoaSender
  clock: Clock
  log: Pick<Logger, 'warn' | 'error'>
  /** Between two looks for what is due. */
  everyMs?: number
  instance: string
  /** This machine's own. */
  ownAddresses(): readonly string[]
  /** Removes a session by way of its router's management side (end-on-router.ts); absent: nobody here can. */
  endOnRouter?: (
    parts: { pool: Pool; keyring: Keyring },
    session: LiveSession,
    nas: Nas,
    now: Date,
  ) => Promise<EndedOnRouter>
}

export type CoaDelivery = {
  /** Looks once for what is due, and resolves when what it took is done. */
  turn(): Promise<void>
  close(): Promise<void>
}

/** Starts to deliver. */
export function startCoaDelivery(options: CoaDeliveryOptions): CoaDelivery {
  const { pool, clock, instance } = options
  const lanes = new Map<bigint, Lane>()
  const running = new Set<Promise<void>>()
  const soon = createDelay(() => worker.wake())

  const comeAgain = (lane: Lane): void => {
    lane.isCrowded = true
    const waitMs = waitMsOf(lane, clock.monotonicMs())
    if (waitMs !== undefined) soon.start(waitMs)
  }
  const take = async (nasId: bigint): Promise<void> => {
    const lane = lanes.get(nasId) ?? emptyLane(clock.monotonicMs())
    lanes.set(nasId, lane)
    const most = roomOf(lane, clock.monotonicMs())
    if (most === 0) return comeAgain(lane)
    const until = new Date(clock.now().getTime() + lane.leaseMs)
    const orders = await claimOrders(pool, { nasId, most, instance, until }, clock.now())
    if (orders.length === 0) return
    lane.tokens -= orders.length
    lane.inFlight += orders.length
    if (orders.length === most) comeAgain(lane)
    const giveBack = (count: number): void => {
      lane.inFlight -= count
      if (!lane.isCrowded) return
      lane.isCrowded = false
      worker.wake()
    }
    const work = deliver(options, { lane, giveBack }, nasId, orders).finally(() => running.delete(work))
    running.add(work)
  }
  const lookOnce = async (): Promise<void> => {
    const nases = await dueNases(pool, options.ownAddresses(), clock.now())
    await Promise.all(nases.map(take))
  }
  // One at a time, whoever asks for it: two would count the room of a lane twice.
  let looking: Promise<void> = Promise.resolve()
  const look = (): Promise<void> => (looking = looking.then(lookOnce, lookOnce))
  const worker = startWorker({
    name: 'deliver-coa-orders',
    everyMs: options.everyMs ?? lookEveryMs,
    log: options.log,
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

/** One timer for whoever has to come again first. */
function createDelay(run: () => void): { start(ms: number): void; cancel(): void } {
  let timer: NodeJS.Timeout | undefined
  let due = Infinity
  return {
    start(ms) {
      const at = performance.now() + ms
      if (at >= due) return
      clearTimeout(timer)
      due = at
      timer = setTimeout(() => {
        due = Infinity
        run()
      }, ms)
    },
    cancel: () => clearTimeout(timer),
  }
}

/** A lane, and how orders leave it. */
type Room = { lane: Lane; giveBack(count: number): void }

/** Carries out orders of one NAS, all at once. Nothing is thrown: what fails here is due again when its lease is over. */
async function deliver(
  options: CoaDeliveryOptions,
  { lane, giveBack }: Room,
  nasId: bigint,
  orders: readonly ClaimedOrder[],
): Promise<void> {
  const { pool, keyring, clock, log } = options
  const failed = (error: unknown): void =>
    log.error({ error, nas: String(nasId) }, 'orders could not be carried out; they are due again later')
  let left = orders.length
  try {
    const sessionIds = orders.map(({ sessionId }) => sessionId)
    // At once: a block is waiting.
    const [found, sessions] = await Promise.all([
      findCoaTarget(pool, keyring, nasId, clock.now()),
      loadLiveSessions(pool, sessionIds),
    ])
    if (found === undefined) return await settleLost(options, orders)
    const target = sentFrom(found, options.ownAddresses())
    lane.pace = target.nas.settings.coa_pace
    lane.leaseMs = leaseMsOf(target.nas.settings, target.secrets.length)
    await Promise.all(
      (await errandsOf(options, target, { orders, sessions })).map(async (errand) => {
        await deliverOne(options, lane, errand).catch(failed)
        left -= 1
        giveBack(1)
      }),
    )
  } catch (error) {
    failed(error)
  } finally {
    if (left > 0) giveBack(left)
  }
}

/** From any address where that which the NAS speaks to is of an instance that is gone: nobody can send from a foreign one. */
function sentFrom(target: CoaTarget, ownAddresses: readonly string[]): CoaTarget {
  const { heardOn } = target
  return heardOn === undefined || ownAddresses.includes(heardOn) ? target : { ...target, heardOn: undefined }
}

async function settleLost({ pool, clock }: CoaDeliveryOptions, orders: readonly ClaimedOrder[]): Promise<void> {
  const result = { state: 'failed', detail: 'there is no such NAS any more' } as const
  for (const order of orders) await settleOrder(pool, order, { result, sent: [] }, clock.now())
}

/** What there is to know about each order. */
async function errandsOf(
  options: CoaDeliveryOptions,
  target: CoaTarget,
  { orders, sessions }: { orders: readonly ClaimedOrder[]; sessions: ReadonlyMap<bigint, LiveSession> },
): Promise<Errand[]> {
  const entitlements = await entitlementsFor(options, orders, sessions, target.nas)
  const errands = orders.map((order): Errand => ({
    order,
    target,
    session: sessions.get(order.sessionId),
    entitlement: undefined,
    ...entitlements.get(order.sessionId),
    canChange: true,
  }))
  if (target.cannotChange === undefined) return errands
  const trial = await trialOf(options, target, errands)
  return errands.map((errand) => ({ ...errand, canChange: errand === trial }))
}

/** By session; who is only to be disconnected is entitled to nothing that we would have to know. */
async function entitlementsFor(
  { pool, db, clock }: CoaDeliveryOptions,
  orders: readonly ClaimedOrder[],
  sessions: ReadonlyMap<bigint, LiveSession>,
  nas: Nas,
): Promise<Map<bigint, Entitled>> {
  const asked = orders.flatMap(({ wish, sessionId }) => (wish === 'reapply' ? (sessions.get(sessionId) ?? []) : []))
  if (asked.length === 0) return new Map()
  const settings = await readSettings(db)
  const found = await readEntitlements(pool, { sessions: asked, nas, settings }, clock.now())
  return new Map(asked.map((session, at) => [session.id, entitledBy(found[at]!)]))
}

type Entitled = Pick<Errand, 'entitlement' | 'unreadable'>

function entitledBy(found: Entitlement | Error): Entitled {
  return found instanceof Error ? { entitlement: undefined, unreadable: found } : { entitlement: found }
}

/** Of a NAS that refused to change sessions live, the one order that tries it again. */
async function trialOf(
  { pool, clock }: CoaDeliveryOptions,
  { nas, cannotChange }: CoaTarget,
  errands: readonly Errand[],
): Promise<Errand | undefined> {
  const now = clock.now()
  if (cannotChange === undefined || stillSpared(cannotChange, now)) return undefined
  const first = errands.find((errand) => isChange(errand, now))
  return first !== undefined && (await takeTrial(pool, nas.id, now)) ? first : undefined
}

function isChange(errand: Errand, now: Date): boolean {
  try {
    return stepOf(errand, now).kind === 'change'
  } catch {
    // It is told when the order itself is carried out.
    return false
  }
}

async function deliverOne(options: CoaDeliveryOptions, lane: Lane, errand: Errand): Promise<void> {
  const { pool, keyring, sender, clock, endOnRouter } = options
  const now = (): Date => clock.now()
  const parts = {
    pool,
    sender,
    now,
    takeWay: () => takeWay(lane, clock.monotonicMs()),
    lastSecret: lane.secret,
    ...(endOnRouter === undefined
      ? {}
      : { endOnRouter: (session: LiveSession, nas: Nas) => endOnRouter({ pool, keyring }, session, nas, now()) }),
  }
  const done = await carryOut(parts, errand)
  await settleOrder(pool, errand.order, done, now())
  await noteCarriedOut(options, lane, errand.target, done)
}
