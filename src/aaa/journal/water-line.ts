// Up to when a journal is in Postgres, for the other RADIUS processes of the instance: when the oldest record was received that is not
// there yet, in a file of 8 octets in its directory. They look at it before they refuse somebody for a session that may have ended
// in a record which waits there. It is not synced: what a crash of the machine loses is written anew when the journal is opened.

import { closeSync, constants, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../clock.ts'

const fileName = 'oldest'
/** Looked at anew after so long: less than a line needs to dial again after its Stop was acknowledged. */
const freshMs = 5

export type WaterLine = {
  /** Nothing waited before, and this record does now. */
  rise(receivedAt: Date): void
  /** The oldest that waits; undefined: none does. */
  set(oldest: Date | undefined): void
  close(): void
}

/** Opens that of a journal. Where the disk does not take it the others do not see it: never a reason not to keep records. */
export function openWaterLine(directory: string): WaterLine {
  const file = openOrNothing(join(directory, fileName))
  const octets = Buffer.alloc(8)
  let written: number | undefined
  const write = (ms: number): void => {
    if (ms === written || file === undefined) return
    octets.writeDoubleLE(ms)
    try {
      // In place, in one piece: who reads meanwhile has the one or the other.
      writeSync(file, octets, 0, octets.length, 0)
      written = ms
    } catch {
      written = undefined
    }
  }
  return {
    rise(receivedAt) {
      if (written === undefined || written === 0) write(receivedAt.getTime())
    },
    set: (oldest) => write(oldest?.getTime() ?? 0),
    close() {
      if (file !== undefined) closeSync(file)
    },
  }
}

function openOrNothing(name: string): number | undefined {
  try {
    return openSync(name, constants.O_RDWR | constants.O_CREAT, 0o600)
  } catch {
    return undefined
  }
}

/** When the oldest record was received that waits in any journal of the instance; undefined: none does, or nobody can say. */
export function watchWaterLines(stateDirectory: string, clock: Pick<Clock, 'monotonicMs'>): () => Date | undefined {
  let known: { at: number; oldest: Date | undefined } | undefined
  return () => {
    const now = clock.monotonicMs()
    if (known === undefined || now - known.at >= freshMs) known = { at: now, oldest: lowest(stateDirectory) }
    return known.oldest
  }
}

function lowest(stateDirectory: string): Date | undefined {
  let least = Infinity
  for (const name of namesIn(stateDirectory)) {
    const ms = /^journal-[1-9]\d*$/.test(name) ? read(join(stateDirectory, name, fileName)) : 0
    if (ms > 0 && ms < least) least = ms
  }
  return least === Infinity ? undefined : new Date(least)
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** 0: none waits, or there is no such file. */
function read(file: string): number {
  try {
    const octets = readFileSync(file)
    return octets.length === 8 ? octets.readDoubleLE() : 0
  } catch {
    return 0
  }
}
