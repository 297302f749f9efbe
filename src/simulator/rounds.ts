// A simulation played in rounds: everybody dials in, each round lets time pass and accounts, some hang up and dial again, leases
// are renewed, the NASes may lose power once, or one dies and its lines go to the others; at the end all hang up, or stay
// online for somebody else to look at.

import { setTimeout as sleep } from 'node:timers/promises'
import type { SimulatedNas } from './nas.ts'
import type { Dial, NasSession } from './nas-session.ts'
import { createRandom } from './random.ts'
import type { Random, Seed } from './random.ts'

/** A subscriber and the NAS that their line ends at. */
export type Line = { nas: SimulatedNas; readonly dial: Dial; session: NasSession | undefined }

export type RoundsOptions = {
  lines: readonly Line[]
  seed: Seed
  rounds: number
  /** Whole seconds that pass on the NASes in each round. */
  seconds: number
  /** Real milliseconds from one round to the next, at least. */
  paceMs: number
  /** The part of those online that hang up in a round; they dial again in the next. */
  churn: number
  /** The part of those that stay online that renew in a round (IPoE). */
  renewal?: number
  /** Before this round (from 1) all NASes lose power. */
  rebootAt?: number
  /** Real milliseconds that a boot takes. Default 0. */
  bootMs?: number
  /** Before this round the first NAS dies, and its lines dial in at the others. */
  failAt?: number
  /** Whether an Accounting-On follows the reboot. */
  tell: boolean
  /** Whether the sessions stay open at the end. */
  stayOnline: boolean
  signal?: AbortSignal
  /** Told after every round. */
  onRound?(round: number): void
}

/** How the dial-ins ended, by the kind of their outcome. */
export type RoundsSummary = { dials: Record<string, number>; answered: number; unanswered: number }

/** Gives subscribers to NASes in turn. */
export function makeLines(nases: readonly SimulatedNas[], dials: readonly Dial[]): Line[] {
  return dials.map((dial, index) => ({ nas: nases[index % nases.length]!, dial, session: undefined }))
}

/** Plays all rounds; resolves when every request has ended. Stops early, hanging up, when the signal aborts. */
export async function playRounds(options: RoundsOptions): Promise<RoundsSummary> {
  const { rounds, rebootAt, failAt, paceMs, signal, lines } = options
  const summary: RoundsSummary = { dials: {}, answered: 0, unanswered: 0 }
  const random = createRandom(`${options.seed}/rounds`)
  let before: Promise<unknown> = Promise.resolve()
  for (let round = 1; round <= rounds; round++) {
    if (signal?.aborted === true) break
    if (round === rebootAt) await rebootAll(lines, options)
    if (round === failAt) failOver(lines)
    const began = performance.now()
    const accounts = await playRound(options, summary, random)
    // Records of one round may still be on their way while the next ones leave, as on a real NAS; but no more than that.
    await before
    before = Promise.all(accounts)
    options.onRound?.(round)
    await sleep(Math.max(0, paceMs - (performance.now() - began)), undefined, { ...(signal && { signal }) }).catch(
      () => undefined,
    )
  }
  if (!options.stayOnline) await hangUpAll(lines, summary)
  await before
  await Promise.all([...nasesOf(lines)].map((nas) => nas.quiet()))
  return summary
}

/**
 * One round: dials in whoever is offline, and lets time pass for the others. Resolves when the dial-ins have ended, with
 * the accounting that goes on.
 */
export async function playRound(
  options: Pick<RoundsOptions, 'lines' | 'seconds' | 'churn' | 'renewal'>,
  summary: RoundsSummary,
  random: Random,
): Promise<Promise<void>[]> {
  const accounts: Promise<void>[] = []
  const count = (record: Promise<boolean>): void => void accounts.push(countAnswer(record, summary))
  const offline: Line[] = []
  for (const line of options.lines) {
    const { nas, session } = line
    if (session === undefined || session.endedBy !== undefined) offline.push(line)
    else if (nas.pass(session, options.seconds)) count(nas.stop(session, 'Session-Timeout'))
    else if (random.chance(options.churn)) count(nas.stop(session, 'User-Request'))
    else {
      if (random.chance(options.renewal ?? 0)) accounts.push(renewLine(line, summary))
      count(nas.interim(session))
    }
  }
  await Promise.all(
    offline.map(async (line) => {
      const outcome = await line.nas.dial(line.dial)
      summary.dials[outcome.kind] = (summary.dials[outcome.kind] ?? 0) + 1
      line.session = outcome.kind === 'online' ? outcome.session : undefined
      if (outcome.kind === 'online') count(outcome.started)
    }),
  )
  return accounts
}

/** Ends every session with its Stop; resolves when all are answered or given up. */
export async function hangUpAll(lines: readonly Line[], summary: RoundsSummary): Promise<void> {
  const stops = lines.flatMap(({ nas, session }) =>
    session === undefined || session.endedBy !== undefined ? [] : [nas.stop(session, 'User-Request')],
  )
  await Promise.all(stops.map((stop) => countAnswer(stop, summary)))
}

/** Kills the first NAS and gives its lines to the others in turn; they dial in the next round. Alone, nothing happens. */
export function failOver(lines: readonly Line[]): void {
  const [dead, ...others] = nasesOf(lines)
  if (dead === undefined || others.length === 0) return
  dead.die()
  for (const [index, line] of lines.filter(({ nas }) => nas === dead).entries()) {
    line.nas = others[index % others.length]!
    line.session = undefined
  }
}

async function renewLine({ nas, session }: Line, summary: RoundsSummary): Promise<void> {
  const outcome = await nas.renew(session!)
  summary.dials[outcome.kind] = (summary.dials[outcome.kind] ?? 0) + 1
}

async function countAnswer(record: Promise<boolean>, summary: RoundsSummary): Promise<void> {
  if (await record) summary.answered++
  else summary.unanswered++
}

async function rebootAll(
  lines: readonly Line[],
  { tell, bootMs = 0 }: Pick<RoundsOptions, 'tell' | 'bootMs'>,
): Promise<void> {
  await Promise.all([...nasesOf(lines)].map((nas) => nas.reboot({ tell, bootMs })))
}

function nasesOf(lines: readonly Line[]): Set<SimulatedNas> {
  return new Set(lines.map(({ nas }) => nas))
}
