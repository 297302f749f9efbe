// F53: the plan of many is changed while their lines are up, and their NAS falls silent half way. At any number of sessions: the
// tests take few, the faults at full size many.
import { expect } from 'vitest'
import { ownAuthor } from '../../src/domain/author.ts'
import { startBulkRun } from '../../src/domain/bulk/start.ts'
import { workBulkRuns } from '../../src/domain/bulk/step.ts'
import type { NasSession } from '../../src/simulator/nas-session.ts'
import type { TestDelivery } from './delivery.ts'
import { obeyingNas, online, type ObeyingNas } from './obeying-nas.ts'
import type { Isp } from './isp.ts'
import { addLines, inWindow, lineDial } from './many-lines.ts'

export type BulkPlanChange = {
  /** Seconds from the return of the NAS to the last order that is done. */
  resumedAfterS: number
  /** How often each session was changed. */
  applied: number[]
  /** What each session has now. */
  rates: Set<string | undefined>
  /** Orders by their state, before the NAS came back and in the end. */
  halfWay: Record<string, number>
  end: Record<string, number>
}

/**
 * Changes the plan of as many lines, all on one NAS; the plans Home50 and Fast are there. Time is that of the delivery's clock. An
 * answer that comes later than `timeoutMs` (real time) would make the order be sent again.
 */
export async function changePlanInBulk(
  isp: Isp,
  delivery: TestDelivery,
  { count, timeoutMs }: { count: number; timeoutMs: number },
): Promise<BulkPlanChange> {
  await addLines(isp.pool, count)
  const kind = { vendor: 'accel-ppp', access: 'ipoe', timers: { timeoutMs: 5_000, tries: 2 } } as const
  const settings = { coa_timeout_ms: timeoutMs, coa_tries: 2, coa_pace: 10_000 }
  const bng = await obeyingNas(isp, ['half-way', '127.0.0.91'], kind, settings)
  const sessions = await inWindow(Array.from({ length: count }), 64, (_, at) => online(bng.nas, lineDial(at)))
  const applied = diesAfter(bng, sessions, count / 2)
  await changeAll(isp, count)

  for (let second = 0; second < 60 && applied.total() < count / 2; second += 1) await pass(delivery)
  // It is asked again while it is dead.
  for (let second = 0; second < 10; second += 1) await pass(delivery)
  const halfWay = await statesOf(isp)

  bng.behave = applied.obey
  let resumedAfterS = 0
  for (; resumedAfterS < 120 && ((await statesOf(isp)).done ?? 0) < count; resumedAfterS += 1) await pass(delivery)
  return {
    resumedAfterS,
    applied: sessions.map((session) => applied.by.get(session) ?? 0),
    rates: new Set(sessions.map(({ grant }) => grant.rateLimit)),
    halfWay,
    end: await statesOf(isp),
  }
}

/** Orders by their state. */
async function statesOf(isp: Isp): Promise<Record<string, number>> {
  const { rows } = await isp.pool.query<{ state: string; n: number }>(
    'select state, count(*)::integer as n from coa_order group by state',
  )
  return Object.fromEntries(rows.map(({ state, n }) => [state, n]))
}

function diesAfter(bng: ObeyingNas, sessions: readonly NasSession[], count: number) {
  const by = new Map(sessions.map((session) => [session, 0]))
  const total = () => [...by.values()].reduce((sum, times) => sum + times, 0)
  let left = count
  const obey: ObeyingNas['behave'] = ({ session }) => {
    by.set(session, (by.get(session) ?? 0) + 1)
    return 'obey'
  }
  bng.behave = (order) => (left-- > 0 ? obey(order) : 'silence')
  return { by, total, obey }
}

async function changeAll(isp: Isp, count: number): Promise<void> {
  const by = ownAuthor('system', 'test', isp.service.keyring)
  const params = { plan: 'Fast', when: 'now', free: true }
  const wish = { action: 'change-plan', params, target: { all: true } as const, confirmCount: count }
  await startBulkRun(isp.db, wish, by, new Date())
  const work = {
    keyring: isp.service.keyring,
    largestChunk: 500,
    onError: (error: unknown) => expect(error).toBeUndefined(),
  }
  while ((await workBulkRuns(isp.db, work, new Date())).kind !== 'idle') continue
}

/** A second, and what is due in it. */
async function pass(delivery: TestDelivery): Promise<void> {
  delivery.clock.advance(1_000)
  await delivery.turn()
}
