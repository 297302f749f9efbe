// Whom we know, at a client that moves over step by step: by username, or as an IPoE line by what the NAS states of it (its
// User-Name is what the NAS wrote, often nobody's). Looked up in batches; answers that are safe to repeat are remembered for
// a moment: the accounting of a whole old server comes by here.

import type { Clock } from '../clock.ts'
import type { Pool } from '../db/pool.ts'
import { identifyLines } from '../domain/identify.ts'
import type { IdentityKey } from '../domain/identify.ts'
import { knownUsernames } from '../domain/known-username.ts'
import type { Nas } from '../domain/nas.ts'
import type { Settings } from '../domain/setting.ts'
import type { Dictionary } from '../radius/dictionary.ts'
import type { Packet } from '../radius/packet.ts'
import { createBatcher, createLanes } from './batch.ts'
import type { BatcherOptions } from './batch.ts'
import { createLineReader } from './line-packet.ts'

export type KnownHereOptions = {
  readonly dictionary: Dictionary
  readonly clock: Clock
  settings(): Settings
  /** Asks. */
  readonly pool: Pool
}

/** Its promises reject where the database is away. */
export type KnownHere = {
  /** Whether a subscriber has the canonical username. */
  username(username: string): Promise<boolean>
  /** Whether an Accounting-Request is of an IPoE line whose login would be decided here: also one that tells several of us. */
  line(packet: Packet, nas: Nas): Promise<boolean>
  close(): Promise<void>
}

const rememberedForMs = 3_000
const rememberedKeys = 50_000

/** Makes the look-up of a process; all of it takes turns on one connection. Throws `MissingDefinitionError`. */
export function createKnownHere({ dictionary, clock, settings, pool }: KnownHereOptions): KnownHere {
  const lanes = createLanes(1)
  const readLine = createLineReader(dictionary)
  const usernames = createLookup<string>(
    { lanes, run: (names) => knownUsernames(pool, names) },
    // That nobody has a name: who is added meanwhile has a Class, or a line of ours, by the first login here.
    { remembered: false, keyOf: (name) => name, clock },
  )
  const lines = createLookup<IdentityKey>(
    {
      lanes,
      async run(keys) {
        const found = await identifyLines(pool, keys, settings().default_interim_interval_s, clock.now())
        return found.map(({ kind }) => kind !== 'nobody')
      },
    },
    // Only that a line is ours: a line that was moved a moment ago may have nothing else to tell its Start by.
    { remembered: true, keyOf: ({ nasGroupId, line }) => `${nasGroupId}/${line}`, clock },
  )
  return {
    username: usernames.ask,
    async line(packet, nas) {
      const { access, facts, line } = readLine(packet, nas)
      if (access !== 'ipoe' || line === undefined) return false
      return lines.ask({ facts, line, order: nas.identityOrder, nasGroupId: nas.nasGroupId })
    },
    async close() {
      await usernames.close()
      await lines.close()
    },
  }
}

/** Asks in batches; the answer `remembered` is given again for a moment. */
function createLookup<T>(
  batching: BatcherOptions<T, boolean>,
  { remembered, keyOf, clock }: { remembered: boolean; keyOf(item: T): string; clock: Clock },
) {
  const until = new Map<string, number>()
  const batcher = createBatcher(batching)
  return {
    async ask(item: T): Promise<boolean> {
      const key = keyOf(item)
      if (clock.monotonicMs() < (until.get(key) ?? -Infinity)) return remembered
      const answer = await batcher.submit(item)
      until.delete(key)
      if (answer === remembered) {
        if (until.size >= rememberedKeys) until.clear()
        until.set(key, clock.monotonicMs() + rememberedForMs)
      }
      return answer
    },
    close: batcher.close,
  }
}
