// One reader of the feed for all who listen in this process: it asks the database once a second while there is somebody, and
// hands out what it found. A listener is given everything and takes what it may see.

import type { Clock } from '../clock.ts'
import type { Db } from '../db/schema.ts'
import type { ActivityEvent, Topic } from '../domain/activity/event.ts'
import { readFeed } from '../domain/activity/feed.ts'
import { currentPosition } from '../domain/activity/position.ts'
import type { Position } from '../domain/activity/position.ts'
import type { Logger } from '../log.ts'

export type Told = { events: readonly ActivityEvent[]; position: Position; cut: readonly Topic[] }

export type Listener = {
  topics: ReadonlySet<Topic>
  take(told: Told): void
}

export type EventHub = {
  /** Begins to tell; resolves with the position from which on everything is told. `leave` ends it. */
  join(listener: Listener): Promise<Position>
  leave(listener: Listener): void
  /** What was before, for who comes back. */
  catchUp(from: Position, topics: ReadonlySet<Topic>): Promise<Told>
}

type Options = {
  db: Db
  clock: Clock
  log: Pick<Logger, 'warn'>
}

/** Events of a topic in one round, and for who comes back; what is more is told as a gap. */
const perRound = 500
const perReturn = 2_000
/** Every so many rounds it looks for what is told late. */
const lateRounds = 10
const rememberedMs = 5 * 60_000
const mostRemembered = 50_000

const hubs = new WeakMap<Options, EventHub>()

/** The hub of the services of this process; made at the first call, which may say how often it reads. */
export function hubOf(services: Options, everyMs?: number): EventHub {
  const known = hubs.get(services)
  if (known !== undefined) return known
  const hub = createEventHub(services, everyMs)
  hubs.set(services, hub)
  return hub
}

/** Makes the hub; it asks nothing while nobody listens. */
function createEventHub({ db, clock, log }: Options, everyMs = 1_000): EventHub {
  const listeners = new Set<Listener>()
  const told = createMemory()
  let position: Promise<Position> | undefined
  let timer: NodeJS.Timeout | undefined
  let rounds = 0

  const read = (from: Position, topics: ReadonlySet<Topic>, limit: number, late: boolean): Promise<Told> =>
    readFeed(db, { from, topics, limit, late }, clock.now())

  const round = async (from: Position): Promise<Position> => {
    rounds += 1
    const topics = new Set([...listeners].flatMap((listener) => [...listener.topics]))
    const found = await read(from, topics, perRound, rounds % lateRounds === 0)
    const now = clock.now()
    const events = found.events.filter((event) => told.isFirst(event.key, now))
    for (const listener of listeners) listener.take({ ...found, events })
    return found.position
  }
  const schedule = (): void => {
    timer = setTimeout(() => void tick(), everyMs)
    timer.unref()
  }
  const tick = async (): Promise<void> => {
    if (listeners.size === 0 || position === undefined) {
      // Nobody is there: whoever comes next begins anew.
      timer = undefined
      position = undefined
      return
    }
    const from = await position
    try {
      position = Promise.resolve(await round(from))
    } catch (error) {
      // Nothing is lost: the next round reads from the same position.
      log.warn({ error }, 'the feed of activity could not be read')
    }
    schedule()
  }

  return {
    async join(listener) {
      listeners.add(listener)
      if (timer === undefined) {
        position = undefined
        schedule()
      }
      position ??= currentPosition(db, clock.now())
      try {
        return await position
      } catch (error) {
        position = undefined
        listeners.delete(listener)
        throw error
      }
    },
    leave: (listener) => void listeners.delete(listener),
    catchUp: (from, topics) => read(from, topics, perReturn, true),
  }
}

/** Which events were told in the last minutes: an interim writes the row of a session anew, and it is told once all the same. */
function createMemory(): { isFirst(key: string, now: Date): boolean } {
  const times = new Map<string, number>()
  return {
    isFirst(key, now) {
      if (times.has(key)) return false
      for (const [oldest, at] of times) {
        if (now.getTime() - at < rememberedMs && times.size < mostRemembered) break
        times.delete(oldest)
      }
      times.set(key, now.getTime())
      return true
    },
  }
}
