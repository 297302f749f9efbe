// All lines of a NAS dial in at once, as after its reboot: modems that try three times, wait, and try again until they are let in.
// What is measured is when all are online, and whether the service keeps its pace under more work than it can do.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Dial } from '../../src/simulator/nas-session.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { createRandom } from '../../src/simulator/random.ts'

export type StormFigures = {
  online: number
  rejected: number
  /** Dial-ins that got no answer, and were tried again. */
  timeouts: number
  /** From the Accounting-On until the last one was online. */
  allOnlineMs: number
  /** Logins that were let in, by the second. */
  perSecond: number[]
}

/** Plays it; resolves when everybody is online. `spreadMs`: the modems come within so long. */
export async function playStorm(input: {
  nas: SimulatedNas
  dials: readonly Dial[]
  spreadMs: number
  retryMs: readonly [least: number, most: number]
  seed: string
}): Promise<StormFigures> {
  const { nas, dials, spreadMs, retryMs, seed } = input
  const random = createRandom(`${seed}/storm`)
  const figures: StormFigures = { online: 0, rejected: 0, timeouts: 0, allOnlineMs: 0, perSecond: [] }
  // Session ids begin anew: a boot within one second could not be told from none.
  await nas.reboot({ tell: true, bootMs: 1_100 })
  const begun = performance.now()
  const starts: Promise<boolean>[] = []
  const dialIn = async (dial: Dial, firstMs: number): Promise<void> => {
    await sleep(firstMs)
    for (;;) {
      const outcome = await nas.dial(dial)
      if (outcome.kind === 'online') {
        figures.online += 1
        const second = Math.floor((performance.now() - begun) / 1_000)
        figures.perSecond[second] = (figures.perSecond[second] ?? 0) + 1
        starts.push(outcome.started)
        return
      }
      if (outcome.kind === 'timeout') figures.timeouts += 1
      else figures.rejected += 1
      await sleep(retryMs[0] + random.integer(retryMs[1] - retryMs[0] + 1))
    }
  }
  await Promise.all(dials.map((dial) => dialIn(dial, random.integer(spreadMs))))
  figures.allOnlineMs = performance.now() - begun
  figures.perSecond = Array.from(figures.perSecond, (count) => count ?? 0)
  await Promise.all(starts)
  return figures
}

/**
 * The worst five seconds as a share of the best five, of those in which modems came and were let in: no collapse is 0.7 and
 * more. A single second says little, as one of them may do the work of the one before.
 */
export function worstShare({ perSecond }: StormFigures, spreadMs: number): number {
  const windows: number[] = []
  for (let from = 0; from + 5 <= Math.floor(spreadMs / 1_000); from += 5)
    windows.push(perSecond.slice(from, from + 5).reduce((sum, count) => sum + count, 0))
  return Math.min(...windows) / Math.max(...windows)
}
