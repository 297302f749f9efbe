// How long our answers took and how many requests came since the last look, read from the metrics that are kept anyhow: the path
// of a packet does nothing for it.
import type { AnswerTime } from '../domain/doctor/tally.ts'
import type { Metrics } from '../metrics.ts'

export type AnswerSample = {
  readonly requests: readonly { readonly client: string; readonly requests: number }[]
  readonly times: readonly AnswerTime[]
}

/** Cumulative counts by upper limit in seconds, in rising order. */
export type Buckets = readonly { readonly le: number; readonly count: number }[]

/** Gives at each look what came since the one before. */
export function createAnswerMeter(metrics: Pick<Metrics, 'requests' | 'replySeconds'>): {
  sample(): Promise<AnswerSample>
} {
  let counted = new Map<string, number>()
  const measured = new Map<string, Buckets>()
  return {
    async sample() {
      const byClient = new Map<string, number>()
      for (const { labels, value } of (await metrics.requests.get()).values) {
        const client = String(labels.client)
        byClient.set(client, (byClient.get(client) ?? 0) + value)
      }
      const requests = [...byClient]
        .map(([client, total]) => ({ client, requests: total - (counted.get(client) ?? 0) }))
        .filter((one) => one.requests > 0)
      counted = byClient
      const times: AnswerTime[] = []
      for (const kind of ['authentication', 'accounting'] as const) {
        const now = await bucketsOf(metrics, kind)
        const fresh = difference(now, measured.get(kind))
        measured.set(kind, now)
        const answers = fresh.at(-1)?.count ?? 0
        if (answers > 0) times.push({ kind, answers, p99Ms: quantile(fresh, 0.99) * 1000 })
      }
      return { requests, times }
    },
  }
}

async function bucketsOf({ replySeconds }: Pick<Metrics, 'replySeconds'>, kind: string): Promise<Buckets> {
  const { values } = await replySeconds.get()
  return values
    .filter(({ metricName, labels }) => metricName?.endsWith('_bucket') === true && labels.kind === kind)
    .map(({ labels, value }) => {
      // prom-client adds `le`, which its type of labels does not know.
      const { le } = labels as Record<string, string | number>
      return { le: le === '+Inf' ? Infinity : Number(le), count: value }
    })
    .toSorted((a, b) => a.le - b.le)
}

function difference(now: Buckets, before: Buckets | undefined): Buckets {
  return now.map(({ le, count }, at) => ({ le, count: count - (before?.[at]?.count ?? 0) }))
}

/** The value below which this part of all lies, straight between the limits of its bucket; beyond the last limit that limit. */
export function quantile(buckets: Buckets, part: number): number {
  const rank = part * (buckets.at(-1)?.count ?? 0)
  let lower = { le: 0, count: 0 }
  for (const bucket of buckets) {
    if (bucket.count >= rank && bucket.count > lower.count) {
      if (bucket.le === Infinity) return lower.le
      const within = (rank - lower.count) / (bucket.count - lower.count)
      // Rounding must not carry it over the limit.
      return Math.min(bucket.le, lower.le + (bucket.le - lower.le) * within)
    }
    lower = bucket
  }
  return lower.le === Infinity ? 0 : lower.le
}
