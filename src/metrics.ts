// Every metric that Gatehouse exposes, in one list: name, help, labels. Labels name clients and NASes, never subscribers.
// Each process counts for itself; the admin process adds them up for /metrics.
import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { CounterConfiguration } from 'prom-client'
import { droppedLines } from './log.ts'

export type Metrics = ReturnType<typeof createMetrics>

/** What one process hands to another over IPC: prom-client's JSON form. */
export type MetricsSnapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

/** Makes the metrics of one process. Nothing global: two services in one process do not meet. */
export function createMetrics() {
  const registry = new Registry()
  const makers = makersOf(registry)
  return { registry, ...ownMetrics(makers), ...outageMetrics(makers), ...homeServerMetrics(makers) }
}

type Makers = ReturnType<typeof makersOf>

function makersOf(registry: Registry) {
  const registers = [registry]
  return {
    registers,
    counter: <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
      new TallyCounter<L>({ name: `gatehouse_${name}`, help, labelNames, registers }),
    gauge: <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
      new Gauge({ name: `gatehouse_${name}`, help, labelNames, registers, aggregator: 'sum' }),
    /** Of several processes the largest value counts. */
    oldest: (name: string, help: string) =>
      new Gauge({ name: `gatehouse_${name}`, help, registers, aggregator: 'max' }),
    /** Of several processes the smallest value counts. */
    earliest: <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
      new Gauge({ name: `gatehouse_${name}`, help, labelNames, registers, aggregator: 'min' }),
    histogram: <L extends string>(name: string, help: string, labelNames: readonly L[], buckets: number[]) =>
      new Histogram({ name: `gatehouse_${name}`, help, labelNames, buckets, registers }),
  }
}

function ownMetrics({ counter, gauge, earliest, histogram, registers }: Makers) {
  return {
    requests: counter('radius_requests_total', 'RADIUS requests received, by client and code', ['client', 'code']),
    replies: counter('radius_replies_total', 'RADIUS replies sent, by client and code', ['client', 'code']),
    dropped: counter('radius_dropped_total', 'RADIUS datagrams that got no answer, by reason', ['client', 'reason']),
    duplicates: counter('radius_duplicates_total', 'Repeated RADIUS requests, by client', ['client']),
    kernelDrops: gauge('radius_kernel_drops', 'Datagrams the kernel dropped because a receive buffer was full', [
      'port',
    ]),
    decisions: counter('access_decisions_total', 'Access decisions, by NAS and reason', ['nas', 'reason']),
    loginsRead: counter(
      'access_logins_read_total',
      'Subscribers read for logins, from memory proved true or from tables',
      ['from'],
    ),
    renewals: counter('access_renewals_total', 'Renewals of lines that were online, by NAS', ['nas']),
    records: counter('accounting_records_total', 'Accounting records kept, by NAS and status', ['nas', 'status']),
    anomalies: counter('accounting_anomalies_total', 'Accounting records that no order explains, by NAS', ['nas']),
    alarms: counter('alarms_total', 'Alarms raised, by kind', ['kind']),
    replySeconds: histogram(
      'radius_reply_seconds',
      'From datagram to our own answer, delays of rejects left out',
      ['kind'],
      [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    ),
    certificateEnd: earliest('certificate_end_seconds', 'When a certificate ends, in seconds since 1970', [
      'kind',
      'subject',
    ]),
    uncaught: counter('uncaught_errors_total', 'Errors of ours that nobody caught; the process lives on', []),
    waiting: gauge('radius_waiting', 'Requests waiting for a database connection, by kind', ['kind']),
    jobRuns: counter('job_runs_total', 'Runs of a job, by outcome', ['job', 'outcome']),
    lostLogLines: new Gauge({
      name: 'gatehouse_lost_log_lines',
      help: 'Log lines dropped because nobody read standard output',
      registers,
      aggregator: 'sum',
      collect() {
        this.set(droppedLines())
      },
    }),
  }
}

/** While Postgres is away: what serves instead, and what it will get. */
function outageMetrics({ counter, gauge, oldest }: Makers) {
  return {
    degradedAccepts: counter('access_degraded_accepts_total', 'Logins let in by what was last known, by NAS', ['nas']),
    servesLastKnown: gauge('radius_serves_last_known', 'RADIUS processes that let subscribers in without Postgres', []),
    degradedWaiting: gauge(
      'degraded_accepts_waiting',
      'Logins let in by what was last known, to be handed to Postgres',
      [],
    ),
    degradedLost: gauge(
      'degraded_accepts_lost',
      'Logins let in by what was last known that there was no room to note',
      [],
    ),
    databaseAway: gauge('radius_database_away', 'RADIUS processes that do not ask Postgres at present', []),
    snapshotSubscribers: gauge('snapshot_subscribers', 'Subscribers in the last-known snapshots', []),
    snapshotOctets: gauge('snapshot_octets', 'Memory of the last-known snapshots in octets', []),
    snapshotAge: oldest('snapshot_age_seconds', 'Since a last-known snapshot was the whole truth; of the oldest'),
    snapshotFileAge: oldest('snapshot_file_age_seconds', 'Since the file of a snapshot was written; of the oldest'),
    journalRecords: gauge('journal_records', 'Accounting records on the disk that Postgres does not have yet', []),
    journalOctets: gauge('journal_octets', 'Disk that they take, in octets', []),
    journalAge: oldest('journal_age_seconds', 'Since the oldest of them came; of the oldest journal'),
    journalShare: oldest('journal_share_of_cap', 'How full the fullest accounting journal is: 0 to 1, which is full'),
    journalReplayed: counter('journal_replayed_total', 'Accounting records that Postgres got from the journal', []),
    journalSetAside: counter('journal_set_aside_total', 'Accounting records of the journal that cannot be stored', []),
  }
}

function homeServerMetrics({ counter, gauge }: Makers) {
  return {
    proxyRequests: counter('proxy_requests_total', 'Requests forwarded, by home server and port', [
      'home_server',
      'kind',
    ]),
    proxyAnswers: counter('proxy_answers_total', 'Answers of home servers, by code', ['home_server', 'code']),
    proxyTimeouts: counter('proxy_timeouts_total', 'Forwarded requests that a home server left unanswered', [
      'home_server',
      'kind',
    ]),
    homeServersDead: gauge('home_server_dead', 'Processes of ours to which a home server is dead, by port', [
      'home_server',
      'kind',
    ]),
  }
}

/** The sum of several processes in the text format of Prometheus. */
export async function mergeMetrics(snapshots: MetricsSnapshot[]): Promise<string> {
  return AggregatorRegistry.aggregate(snapshots).metrics()
}

/** What is counted under fixed labels and not yet told. */
export type Tally = { count: number }

/** A counter whose numbers may be counted apart and are told when it is read: `inc` of prom-client hashes its labels each time. */
class TallyCounter<L extends string> extends Counter<L> {
  readonly #tallies: { readonly labels: readonly string[]; readonly tally: Tally }[] = []

  constructor(options: CounterConfiguration<L>) {
    super({
      ...options,
      collect() {
        ;(this as TallyCounter<L>).#tell()
      },
    })
  }

  /** Count in it by adding to it. Keep it: each call makes another one. */
  tally(...labels: readonly string[]): Tally {
    const tally = { count: 0 }
    this.#tallies.push({ labels, tally })
    return tally
  }

  #tell(): void {
    for (const { labels, tally } of this.#tallies) {
      if (tally.count > 0) this.labels(...labels).inc(tally.count)
      tally.count = 0
    }
  }
}

/** Counts under two labels, which are few. */
export function countBy(counter: TallyCounter<string>): (one: string, other: string) => void {
  const tallies = new Map<string, Map<string, Tally>>()
  return (one, other) => {
    let ofOne = tallies.get(one)
    if (ofOne === undefined) tallies.set(one, (ofOne = new Map<string, Tally>()))
    let tally = ofOne.get(other)
    if (tally === undefined) ofOne.set(other, (tally = counter.tally(one, other)))
    tally.count += 1
  }
}
