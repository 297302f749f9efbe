import { describe, expect, it } from 'vitest'
import { createMetrics } from '../src/metrics.ts'
import { findReadiness } from '../src/readiness.ts'

const there = { query: () => Promise.resolve({ rows: [] }) } as never
const away = { query: () => Promise.reject(new Error('away')) } as never
const hung = { query: () => new Promise(() => undefined) } as never

/** The metrics of RADIUS processes that serve what was last known, or do not. */
const processes = (serving: readonly boolean[]) => async () =>
  Promise.all(
    serving.map((serves) => {
      const metrics = createMetrics()
      metrics.servesLastKnown.set(serves ? 1 : 0)
      return metrics.registry.getMetricsAsJSON()
    }),
  )

describe('readiness', () => {
  it('is Postgres where that answers; nobody else is asked', async () => {
    const fail = () => Promise.reject(new Error('asked'))
    expect(await findReadiness(there, fail)).toBe('ready')
  })

  it('is degraded where one process at least serves by what was last known', async () => {
    expect(await findReadiness(away, processes([false, true]))).toBe('degraded')
    expect(await findReadiness(hung, processes([true]))).toBe('degraded')
  })

  it('is none where none does', async () => {
    expect(await findReadiness(away, processes([false]))).toBe('not ready')
    expect(await findReadiness(away, processes([]))).toBe('not ready')
  })
})
