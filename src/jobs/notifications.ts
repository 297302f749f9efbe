// NOTIFY as the workers hear it: one LISTEN connection for the whole process, made anew when it breaks. A notification is only
// a hint (it is lost while we are not connected), so that everybody is woken after every reconnect.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool, PoolClient } from '../db/pool.ts'
import type { Logger } from '../log.ts'

const retryMs = 1_000
const channelName = /^[a-z_]{1,50}$/

/** Calls `wake` as soon as the channel is heard, at every notification, and after every reconnect. Returns what ends that. */
export type Listen = (channel: string, wake: () => void) => () => void

export type Notifications = { listen: Listen; close(): Promise<void> }

/**
 * Connects through the pool, which must have a connection to spare for ever, and stays connected. Never throws: without a
 * connection nobody is woken, and it tries again once a second.
 */
export function followNotifications(options: { pool: Pool; log: Pick<Logger, 'warn'> }): Notifications {
  const listener = new NotificationListener(options)
  return {
    listen: (channel, wake) => listener.listen(channel, wake),
    close: () => listener.close(),
  }
}

/** Owns the connection, and who wants to be woken. */
class NotificationListener {
  readonly #options: { pool: Pool; log: Pick<Logger, 'warn'> }
  readonly #wakes = new Map<string, Set<() => void>>()
  readonly #closing = new AbortController()
  readonly #following: Promise<void>
  #client: PoolClient | undefined
  /** A connection takes one statement after the other. */
  #subscribed: Promise<unknown> = Promise.resolve()

  constructor(options: { pool: Pool; log: Pick<Logger, 'warn'> }) {
    this.#options = options
    this.#following = this.#follow()
  }

  listen(channel: string, wake: () => void): () => void {
    if (!channelName.test(channel)) throw new RangeError(`${channel} is no name of a channel`)
    const wakes = this.#wakes.get(channel) ?? new Set()
    this.#wakes.set(channel, wakes.add(wake))
    // Where it breaks, the connection is made anew and listens to all.
    if (this.#client !== undefined) this.#subscribe(channel).then(wake, () => undefined)
    return () => {
      wakes.delete(wake)
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#following
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        await this.#stayConnected(signal)
      } catch (error) {
        if (!signal.aborted) this.#options.log.warn({ error }, 'notifications of the database are not heard')
      }
      await sleep(retryMs, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Resolves when we close, rejects when the connection breaks. */
  async #stayConnected(signal: AbortSignal): Promise<void> {
    const client = await this.#options.pool.connect()
    const { promise: ended, resolve, reject } = Promise.withResolvers<void>()
    ended.catch(() => undefined)
    const onAbort = (): void => resolve()
    client.on('error', reject)
    client.on('end', () => reject(new Error('the connection ended')))
    client.on('notification', ({ channel }) => this.#wake(channel))
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) resolve()
    try {
      this.#client = client
      for (const channel of this.#wakes.keys()) await this.#subscribe(channel)
      for (const channel of this.#wakes.keys()) this.#wake(channel)
      await ended
    } finally {
      this.#client = undefined
      signal.removeEventListener('abort', onAbort)
      // Never back into the pool: it listens.
      client.release(true)
    }
  }

  #subscribe(channel: string): Promise<unknown> {
    const subscribed = this.#subscribed.then(() => this.#client?.query(`listen ${channel}`))
    this.#subscribed = subscribed.catch(() => undefined)
    return subscribed
  }

  #wake(channel: string): void {
    for (const wake of this.#wakes.get(channel) ?? []) wake()
  }
}
