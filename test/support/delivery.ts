// Delivery of CoA orders in a story: by a clock that can be moved ahead, one look at a time.
import { systemClock, type Clock } from '../../src/clock.ts'
import { startCoaDelivery, type CoaDelivery, type CoaDeliveryOptions } from '../../src/jobs/deliver-coa-orders.ts'
import { createCoaSender } from '../../src/nas/coa.ts'
import { dictionary } from './dictionary.ts'
import type { Isp } from './isp.ts'

export type TestDelivery = CoaDelivery & {
  /** The real one, and as much ahead as it was advanced. */
  clock: Clock & { advance(milliseconds: number): void }
  /** Errors and warnings, by their sentence. */
  said: string[]
}

/** Starts it beside an ISP. It looks by `turn`, and once a second unless told otherwise. */
export function startTestDelivery(
  isp: Isp,
  options: Pick<CoaDeliveryOptions, 'endOnRouter' | 'everyMs'> & {
    instance?: string
    ownAddresses?: string[]
  } = {},
): TestDelivery {
  let ahead = 0
  const clock = {
    now: () => new Date(systemClock.now().getTime() + ahead),
    monotonicMs: () => systemClock.monotonicMs() + ahead,
    advance: (milliseconds: number) => void (ahead += milliseconds),
  }
  const said: string[] = []
  const note = (_fields: object, sentence: string) => void said.push(sentence)
  const delivery = startCoaDelivery({
    pool: isp.pool,
    db: isp.db,
    keyring: isp.service.keyring,
    sender: createCoaSender({ dictionary: () => dictionary, now: () => performance.now() }),
    clock,
    log: { warn: note, error: note } as Parameters<typeof startCoaDelivery>[0]['log'],
    everyMs: options.everyMs ?? 1_000,
    instance: options.instance ?? 'test',
    ownAddresses: () => options.ownAddresses ?? ['127.0.0.1'],
    ...(options.endOnRouter === undefined ? {} : { endOnRouter: options.endOnRouter }),
  })
  return { ...delivery, clock, said }
}

export type OrderRow = {
  wish: string
  state: string
  evidence: string | null
  attempts: number
  errorCause: number | null
  detail: string | null
}

/** The orders about a subscriber, oldest first. */
export async function ordersAbout(isp: Isp, subscriberId: bigint): Promise<OrderRow[]> {
  const { rows } = await isp.pool.query<OrderRow>(
    `select wish, state, evidence, attempts, error_cause as "errorCause", detail from coa_order
     where subscriber_id = $1 order by id`,
    [subscriberId],
  )
  return rows
}

export type AttemptRow = { kind: string; outcome: string; errorCause: number | null; detail: string | null }

/** What was sent for the orders about a subscriber, first to last. */
export async function attemptsAbout(isp: Isp, subscriberId: bigint): Promise<AttemptRow[]> {
  const { rows } = await isp.pool.query<AttemptRow>(
    `select kind, outcome, error_cause as "errorCause", detail from coa_attempt where subscriber_id = $1 order by id`,
    [subscriberId],
  )
  return rows
}
