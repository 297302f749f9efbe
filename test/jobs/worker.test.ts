import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Listen } from '../../src/jobs/notifications.ts'
import { startWorker, type WorkerOptions } from '../../src/jobs/worker.ts'
import { createMetrics } from '../../src/metrics.ts'

const second = 1_000

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => vi.useRealTimers())

/** NOTIFY by hand. */
function channels() {
  const wakes = new Map<string, () => void>()
  const listen: Listen = (channel, wake) => {
    wakes.set(channel, wake)
    return () => wakes.delete(channel)
  }
  return { listen, notify: (channel: string) => wakes.get(channel)?.(), heard: wakes }
}

/** A worker that does nothing unless told otherwise, and how often it looked. */
function start(options: Partial<WorkerOptions> = {}) {
  const hub = channels()
  const errors: unknown[] = []
  const work = vi.fn<WorkerOptions['work']>(options.work ?? (() => Promise.resolve(false)))
  const worker = startWorker({
    name: 'test',
    channel: 'gatehouse_test',
    everyMs: 10 * second,
    log: { error: (fields: object) => errors.push(fields) },
    listen: hub.listen,
    ...options,
    work,
  })
  return { worker, work, errors, ...hub }
}

/** Lets everything run that waits for nothing but its turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** A run that lasts until it is told to end. */
function held() {
  const gates: PromiseWithResolvers<boolean>[] = []
  const work = (): Promise<boolean> => {
    const gate = Promise.withResolvers<boolean>()
    gates.push(gate)
    return gate.promise
  }
  return { gates, work }
}

describe('a worker', () => {
  it('looks at once, and again by its timer when nobody wakes it', async () => {
    const { worker, work } = start()
    await settle()
    expect(work).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(9 * second)
    expect(work).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(2 * second)
    expect(work).toHaveBeenCalledTimes(2)
    await worker.close()
  })

  it('is woken by a notification on its channel', async () => {
    const { worker, work, notify } = start()
    await settle()
    notify('gatehouse_test')
    await settle()
    expect(work).toHaveBeenCalledTimes(2)
    await worker.close()
  })

  it('goes on at once while there is more to do', async () => {
    let left = 5
    const { worker, work } = start({ work: () => Promise.resolve((left -= 1) > 0) })
    await settle()
    expect(work).toHaveBeenCalledTimes(5)
    await worker.close()
  })

  it('never runs beside itself: a wake during a run is one more run after it', async () => {
    const { gates, work: hold } = held()
    const { worker, work, notify } = start({ work: hold })
    await settle()
    notify('gatehouse_test')
    notify('gatehouse_test')
    worker.wake()
    await settle()
    expect(work).toHaveBeenCalledTimes(1)
    gates[0]!.resolve(false)
    await settle()
    expect(work).toHaveBeenCalledTimes(2)
    gates[1]!.resolve(false)
    await settle()
    expect(work).toHaveBeenCalledTimes(2)
    await worker.close()
  })

  it('logs an error and waits longer after each, whoever wakes it, until it goes well again', async () => {
    let isBroken = true
    const metrics = createMetrics()
    const { worker, work, errors, notify } = start({
      work: () => (isBroken ? Promise.reject(new Error('no such table')) : Promise.resolve(false)),
      metrics,
    })
    await settle()
    expect(errors).toMatchObject([{ worker: 'test', error: { message: 'no such table' } }])
    notify('gatehouse_test')
    await settle()
    expect(work).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(1 * second)
    expect(work).toHaveBeenCalledTimes(2)
    await vi.advanceTimersByTimeAsync(1 * second)
    expect(work).toHaveBeenCalledTimes(2)
    await vi.advanceTimersByTimeAsync(1 * second)
    expect(work).toHaveBeenCalledTimes(3)
    // Up to a minute, however long it lasts.
    await vi.advanceTimersByTimeAsync(3_600 * second)
    expect(work.mock.calls.length).toBeGreaterThan(60)
    isBroken = false
    await vi.advanceTimersByTimeAsync(60 * second)
    const calls = work.mock.calls.length
    notify('gatehouse_test')
    await settle()
    expect(work).toHaveBeenCalledTimes(calls + 1)
    const counted = (await metrics.jobRuns.get()).values
    expect(counted.map((value) => value.labels)).toEqual([
      { job: 'test', outcome: 'failed' },
      { job: 'test', outcome: 'done' },
    ])
    await worker.close()
  })

  it('drains when it is closed: the run under way is told and waited for, and none follows', async () => {
    let signal: AbortSignal | undefined
    const { gates, work: hold } = held()
    const { worker, work, notify, heard } = start({
      work: (given) => {
        signal = given
        return hold()
      },
    })
    await settle()
    let isClosed = false
    const closing = worker.close().then(() => (isClosed = true))
    await settle()
    expect(isClosed).toBe(false)
    expect(signal?.aborted).toBe(true)
    expect(heard.size).toBe(0)
    gates[0]!.resolve(true)
    await closing
    notify('gatehouse_test')
    worker.wake()
    await vi.advanceTimersByTimeAsync(60 * second)
    expect(work).toHaveBeenCalledTimes(1)
  })

  it('says nothing of a run that fails because the process ends', async () => {
    const { gates, work: hold } = held()
    const { worker, errors } = start({ work: hold })
    await settle()
    const closing = worker.close()
    gates[0]!.reject(new Error('the connection was closed'))
    await closing
    expect(errors).toEqual([])
  })

  it('needs no channel', async () => {
    const work = vi.fn<WorkerOptions['work']>(() => Promise.resolve(false))
    const listen: Listen = () => {
      throw new Error('nobody asked')
    }
    const worker = startWorker({ name: 'quiet', everyMs: second, work, log: { error: () => undefined }, listen })
    await vi.advanceTimersByTimeAsync(3_500)
    expect(work).toHaveBeenCalledTimes(4)
    await worker.close()
  })
})
