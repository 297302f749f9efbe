// Starts everything in order and ends it in the reverse one: Postgres (when it is ours), migrations, keys, then the RADIUS
// processes and the process of HTTP and jobs; a child that dies is started again. Where Postgres is away RADIUS begins without
// it, and the rest follows when it comes (F10).
import { Child, type ChildOptions } from './child.ts'
import type { FromChild } from './child-side.ts'
import type { Clock } from './clock.ts'
import type { Config } from './config.ts'
import { startEmbeddedPostgres } from './db/embedded.ts'
import type { Logger } from './log.ts'
import type { MetricsSnapshot } from './metrics.ts'
import { createPreparation, prepareDatabase, unlessAway, untilDone } from './prepare-database.ts'

/** A RADIUS process finishes what it has taken within this time (F04: exit within 10 s). */
const drainMs = 8_000
/**
 * A RADIUS process lives on short-lived objects, about 25 kB a login. V8's defaults for a large machine let garbage grow to 500 MB
 * before it looks. With 32 MB for young objects, of which nothing is copied by helpers of the collector that take Postgres' cores,
 * a login costs the process 8 % less than with 16, and its p99 falls by a quarter. Old objects are few, but V8 looks through them
 * as often as the limit is near: with 1024 MB a login costs 9 % less than with 192, which is for machines where memory is short.
 * What is left is far above what 20,000 waiting requests need.
 */
function radiusNodeOptions({ lastKnown }: Config): string[] {
  return [
    '--max-semi-space-size=32',
    '--min-semi-space-size=32',
    '--no-parallel-scavenge',
    `--max-old-space-size=${lastKnown === 'nothing' ? 192 : 1024}`,
  ]
}

/**
 * An export is rows that live for a moment. A spreadsheet of 1,000,000 took 23.4 s of CPU and 382 MiB with 4 MB for young objects
 * and no limit, 17.4 s and 346 MiB with these, 21.2 s and 213 MiB with a limit of 512.
 */
const adminNodeOptions = ['--max-semi-space-size=16', '--max-old-space-size=2048']

export type Service = {
  authPort: number
  acctPort: number
  /** Where HTTP listens; empty until it does. */
  readonly httpUrl: string
  databaseUrl: string
  /**
   * Resolves when all of it works: when Postgres is there. Rejects when a part cannot start for another reason (the service must
   * then be ended), and when it was ended before.
   */
  whole: Promise<Whole>
  /** Process ids of the RADIUS processes that run now. */
  radiusPids(): number[]
  close(): Promise<void>
}

/** `setupToken`: with it the first operator is made; undefined where there is one. */
type Whole = { setupToken: string | undefined }

/**
 * Brings the service up; resolves when all of it serves. Where Postgres is away, or does not let itself be prepared, it resolves
 * without: RADIUS begins with what was last known, or waits for Postgres, and `whole` tells of the rest. Throws with one clear
 * sentence when a part cannot start, and the reason of `signal`, which ends the start.
 */
export async function startService(
  config: Config,
  log: Logger,
  clock: Clock,
  signal: AbortSignal = new AbortController().signal,
): Promise<Service> {
  const postgres =
    config.databaseUrl === undefined
      ? await startEmbeddedPostgres({ dataDirectory: config.dataDirectory, durable: true, log })
      : undefined
  const databaseUrl = config.databaseUrl ?? postgres!.url
  const children: Child[] = []
  const ending = new AbortController()
  const close = async (): Promise<void> => {
    ending.abort()
    await Promise.all(children.map((child) => child.stop(drainMs)))
    await postgres?.stop()
  }
  const endStart = (): void => void close()
  signal.addEventListener('abort', endStart, { once: true })
  try {
    signal.throwIfAborted()
    const tools = { clock, log, signal: ending.signal }
    const preparation = createPreparation(() => prepareDatabase(databaseUrl, config, tools), { signal })
    const prepared = await unlessAway(() => preparation.soon())
    const start = { kind: 'start' as const, config, databaseUrl, worker: 0 }
    const radius = makeRadius(start, tools)
    children.push(...radius)
    const serving = Promise.all(radius.map((child) => child.start({ insist: true })))
    const startRest = async ({ setupToken }: Whole): Promise<Whole> => {
      await startAmong(children, makeAdmin(start, tools, radius))
      return { setupToken }
    }
    const later = (): Promise<Whole> => untilDone(async () => startRest(await preparation.done()), tools)
    if (prepared !== undefined) await serving
    const done = prepared && (await unlessAway(() => startRest(prepared)))
    const whole = Promise.all([done ?? later(), serving]).then(([rest]) => rest)
    // Whoever ends the service before it is whole waits for it no more.
    whole.catch(() => undefined)
    return {
      authPort: config.authPort,
      acctPort: config.acctPort,
      get httpUrl() {
        return children.find((child) => !radius.includes(child))?.url ?? ''
      },
      databaseUrl,
      whole,
      radiusPids: () => radius.flatMap((child) => child.pid ?? []),
      close,
    }
  } catch (error) {
    await close()
    throw error
  } finally {
    signal.removeEventListener('abort', endStart)
  }
}

type Start = ChildOptions['start']
type Tools = { clock: Clock; log: Logger }

function makeRadius(start: Start, { log, clock }: Tools): Child[] {
  return Array.from(
    { length: start.config.radiusWorkers },
    (_, at) =>
      new Child({
        name: `radius ${at + 1}`,
        file: new URL('./radius-process.ts', import.meta.url),
        nodeOptions: radiusNodeOptions(start.config),
        start: { ...start, worker: at + 1 },
        log,
        clock,
      }),
  )
}

/** Before it is ready it is one of them already: the service may be ended meanwhile. */
async function startAmong(children: Child[], child: Child): Promise<void> {
  children.push(child)
  try {
    await child.start()
  } catch (error) {
    children.splice(children.indexOf(child), 1)
    throw error
  }
}

function makeAdmin(start: Start, { log, clock }: Tools, radius: readonly Child[]): Child {
  return new Child({
    name: 'admin',
    file: new URL('./admin-process.ts', import.meta.url),
    nodeOptions: adminNodeOptions,
    start,
    log,
    clock,
    onMessage: (message, child) => void answerMetrics(message, child, radius),
  })
}

async function answerMetrics(message: FromChild, asker: Child, radius: readonly Child[]): Promise<void> {
  if (message.kind !== 'want-metrics-of-others') return
  const answers = await Promise.all(radius.map((child) => child.metrics()))
  const snapshots = answers.filter((answer): answer is MetricsSnapshot => answer !== undefined)
  asker.send({ kind: 'metrics-of-others', id: message.id, snapshots })
}
