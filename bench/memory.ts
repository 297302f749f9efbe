// `npm run bench -- memory`: the resident memory of the RADIUS process with a million subscribers and a hundred thousand open
// sessions while an evening goes on, first with its last-known snapshot, then without: what it is, and whether it grows.

import type { Pool } from '../src/db/pool.ts'
import { openCrowd } from './crowd.ts'
import type { Crowd, Undo } from './crowd.ts'
import { readMetric, serveGatehouse } from './gatehouse.ts'
import { jobsDone } from './office-api.ts'
import { measure } from './measure.ts'
import { readOptions } from './options.ts'
import { residentMiB } from './process.ts'
import { faultsText, say, timesText, verdict, writeResults } from './results.ts'

/** By what the process knows while Postgres is away (GATEHOUSE_LAST_KNOWN). */
const limitsMiB = { subscribers: 1024, nothing: 256 }
const sampleMs = 1000
/** What comes before is the warm-up of the process. */
const slopeShare = 0.8

/** `seconds` since the first. */
type Sample = { seconds: number; mib: number }

// The crowd has sessions of its own, in the same place: as many as are wanted stay, or come to them.
const surplusText = `
  update session set ended_at = now(), ended_by = 'stop'
  where id in (select id from session where ended_at is null order by id offset $1::integer)`
const missingText = `
  insert into session (nas_id, acct_session_id, epoch, subscriber_id, username, nas_group_id, address_space_id, started_at,
    event_at, updated_at)
  select (select min(id) from nas), 'memory-' || subscriber.id, 0, subscriber.id, subscriber.username, 1, 1, now(), now(), now()
  from subscriber
  where archived_at is null and not exists (select from session where session.subscriber_id = subscriber.id and ended_at is null)
  order by subscriber.id
  limit greatest(0, $1::integer - (select count(*) from session where ended_at is null))`
// Nobody speaks for the NASes of the crowd: with a shorter interval their sessions would end as stale while the clock runs.
const livingText = `
  update session set event_at = now(), updated_at = now(), interim_interval_s = 86400 where ended_at is null`

/** Runs it and prints its figures. `undo` takes what must be ended when it is interrupted. */
export async function benchMemory(undo: Undo): Promise<void> {
  const options = readOptions({
    subscribers: 1_000_000,
    sessions: 100_000,
    minutes: 10,
    'per-second': 2_000,
    keep: String,
  })
  const load = { perSecond: options['per-second'], seconds: options.minutes * 60 }
  const crowd = await openCrowd(options.subscribers, options.keep, undo)
  await keepSessions(crowd.pool, options.sessions)
  const seen = [await watch(crowd, 'subscribers', load, undo), await watch(crowd, 'nothing', load, undo)]
  writeResults('memory', { load, seen, met: seen.every(({ met }) => met) })
}

type LastKnown = keyof typeof limitsMiB

async function watch(crowd: Crowd, lastKnown: LastKnown, load: { perSecond: number; seconds: number }, undo: Undo) {
  const server = await serveGatehouse({ ...crowd, lastKnown })
  const close = (): Promise<void> => server.close()
  undo.push(close)
  await jobsDone(crowd.pool)
  const before = await openSessions(crowd.pool)
  const known = await readMetric(crowd.httpPort, 'gatehouse_snapshot_subscribers')
  say(`${known} subscribers in the snapshot, ${before} open sessions, ${load.perSecond} requests a second`)

  const pids = server.memoryPids()
  const samples: Sample[] = []
  const begun = performance.now()
  const sample = (): void => {
    const mib = pids.reduce((sum, pid) => sum + residentMiB(pid), 0)
    samples.push({ seconds: (performance.now() - begun) / 1000, mib })
  }
  sample()
  const sampling = setInterval(sample, sampleMs)
  const { secret, subscribers } = crowd
  const evening = {
    work: 'evening' as const,
    secret,
    subscribers,
    window: 1024,
    warmupSeconds: 2,
    run: runs[lastKnown],
  }
  const orders = { ...evening, ...load }
  const run = await measure(server, crowd.postgresPid, orders, 0, crowd.folder).finally(() => clearInterval(sampling))
  sample()
  say(`open sessions: ${before} at first, ${await openSessions(crowd.pool)} at the end`)
  await close()
  return { lastKnown, known, run, ...report(samples, run, limitsMiB[lastKnown]) }
}

/** Session ids of their own. */
const runs = { subscribers: 1, nothing: 2 }

function report(samples: Sample[], run: Parameters<typeof faultsText>[0], limitMiB: number) {
  const slope = slopeOf(samples.slice(Math.floor(samples.length * (1 - slopeShare)))) * 3600
  const [start, end, max] = [samples[0]!.mib, samples.at(-1)!.mib, Math.max(...samples.map(({ mib }) => mib))]
  const met = max <= limitMiB
  say(`resident: ${start.toFixed(0)} MiB at first, ${max.toFixed(0)} at most, ${end.toFixed(0)} at the end`)
  say(`slope over the last ${slopeShare * 100} %: ${slope.toFixed(1)} MiB an hour`)
  say(
    `logins and accounting, p50 p99 p99.9 worst ms: ${timesText(run.auth)} ${timesText(run.accounting)}; ${faultsText(run)}`,
  )
  say(`at most ${limitMiB} MiB: ${verdict(met)}`)
  return { samples, start, max, end, slopeMiBAnHour: slope, limitMiB, met }
}

/** Leaves exactly so many open sessions, where there are as many subscribers. */
async function keepSessions(pool: Pool, count: number): Promise<void> {
  await pool.query(surplusText, [count])
  await pool.query(missingText, [count])
  await pool.query(livingText)
  await pool.query('vacuum analyze session')
}

async function openSessions(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ open: number }>(
    'select count(*)::integer as open from session where ended_at is null',
  )
  return rows[0]!.open
}

/** MiB a second by least squares. */
function slopeOf(samples: readonly Sample[]): number {
  const mean = (of: (one: Sample) => number): number => samples.reduce((sum, one) => sum + of(one), 0) / samples.length
  const [at, mib] = [mean((one) => one.seconds), mean((one) => one.mib)]
  const covariance = mean((one) => (one.seconds - at) * (one.mib - mib))
  return covariance / mean((one) => (one.seconds - at) ** 2)
}
