// A ledger as JSON lines: written while the simulation runs, read by another process that compares. Octets are decimal text.

import { createReadStream, createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { applyEntry, emptyState } from './ledger.ts'
import type { LedgerEntry, LedgerState } from './ledger.ts'

export type LedgerFile = {
  write(entry: LedgerEntry): void
  /** Resolves when all is in the file. Rejects with the system's error where it could not be written. */
  close(): Promise<void>
}

/** A line that is no entry, with its number. */
export class LedgerLineError extends Error {
  override readonly name = 'LedgerLineError'
}

/** One entry as one line, without the line end. */
export function formatEntry(entry: LedgerEntry): string {
  return JSON.stringify(entry, (_name, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
}

/** Reads one line. Throws SyntaxError where it is no JSON; the shape of an entry is trusted: it is our own file. */
export function parseEntry(line: string): LedgerEntry {
  return JSON.parse(line, (name, value: unknown) =>
    bigNames.has(name) && typeof value === 'string' ? BigInt(value) : value,
  ) as LedgerEntry
}

const bigNames = new Set(['inputOctets', 'outputOctets', 'inputPackets', 'outputPackets'])

/** Begins a new file (0600: it names subscribers) in place of an old one. */
export function openLedgerFile(path: string): LedgerFile {
  const stream = createWriteStream(path, { mode: 0o600 })
  // Listened to from the beginning, so that a failure before the end is not one that nobody handles.
  const written = finished(stream)
  written.catch(() => undefined)
  return {
    write: (entry) => void stream.write(`${formatEntry(entry)}\n`),
    close: () => {
      stream.end()
      return written
    },
  }
}

/**
 * Reads a file into a state. A last line that is cut off (the simulator was killed) is left out; any other bad line throws
 * LedgerLineError.
 */
export async function readLedgerFile(path: string): Promise<LedgerState> {
  const state = emptyState()
  let number = 0
  let broken: { number: number; cause: unknown } | undefined
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    number++
    if (broken !== undefined) break
    if (line === '') continue
    try {
      applyEntry(state, parseEntry(line))
    } catch (cause) {
      broken = { number, cause }
    }
  }
  if (broken !== undefined && broken.number !== number) {
    throw new LedgerLineError(`line ${broken.number} of ${path} is no ledger entry`, { cause: broken.cause })
  }
  return state
}
