// How old a datagram is that was read after this process stood still: stopped and continued, paused with its machine, or busy
// with something long. The kernel has its time of arrival and Node does not hand it on; what is known is when the event loop
// last turned before. What waited in the socket meanwhile may be as old as that, and whoever asked may have given up (F05).
// What a stream brought is no younger: there a chunk counts as a datagram.

export type StandstillOptions = {
  /** Milliseconds of a clock that does not go back. */
  now(): number
  /** A pause as short as this makes nobody give up. Default 200 ms. */
  shortestMs?: number
}

/** What a socket has read, in datagrams or in chunks of a stream; counted by whoever reads it. */
export type Reading = { datagrams: number }

export type Standstill = {
  /** How old what is read now may be, at most; 0 while the event loop turns. */
  ageOf(reading: Reading): number
  close(): void
}

const defaultShortestMs = 200
/**
 * libuv reads so many datagrams of a socket in one turn of the event loop, fewer only where the socket is empty. A turn with
 * fewer means that the backlog is over. A stream it reads as often in one turn, and each time brings one chunk or more.
 */
const datagramsOfATurn = 32
/** What is read later is fresh in any case: nothing fills a receive buffer of 4 MiB that takes longer to read. */
const longestBacklogMs = 1_000

/** Watches the event loop by a timer, which does not keep the process alive. */
export function watchStandstill({ now, shortestMs = defaultShortestMs }: StandstillOptions): Standstill {
  let turnedAt = now()
  /** After a standstill: since when, when it was noticed, and the sockets whose backlog is over. */
  let after: { since: number; noticedAt: number; read: Set<Reading> } | undefined

  const turned = (at: number): void => {
    if (at - turnedAt > shortestMs) after = { since: turnedAt, noticedAt: at, read: new Set() }
    turnedAt = at
  }
  const timer = setInterval(() => turned(now()), shortestMs / 2)
  timer.unref()

  const following = new Set<Reading>()
  const follow = (reading: Reading, backlog: { read: Set<Reading> }): void => {
    if (following.has(reading)) return
    following.add(reading)
    const before = reading.datagrams - 1
    setImmediate(() => {
      following.delete(reading)
      if (reading.datagrams - before < datagramsOfATurn) backlog.read.add(reading)
    })
  }

  return {
    ageOf(reading) {
      const at = now()
      // The timer may not have had its turn since.
      turned(at)
      if (after === undefined) return 0
      if (at - after.noticedAt > longestBacklogMs) after = undefined
      if (after === undefined || after.read.has(reading)) return 0
      follow(reading, after)
      return at - after.since
    },
    close: () => clearInterval(timer),
  }
}
