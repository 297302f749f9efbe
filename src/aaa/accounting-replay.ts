// What the journal kept, on its way into Postgres: read again as it was when it came, at the time at which it came.

import type { Clock } from '../clock.ts'
import type { AccountingRecord } from '../domain/accounting-record.ts'
import { isFaultOfRecords } from '../domain/accounting.ts'
import type { Nas } from '../domain/nas.ts'
import type { NasReboot } from '../domain/session-end.ts'
import { parsePacket } from '../radius/packet.ts'
import type { AccountingReader } from './accounting-packet.ts'
import type { Recorder } from './accounting-recorder.ts'
import type { JournalRecord } from './journal/journal.ts'
import type { LineOwners } from './line-owner.ts'
import { called } from './sent-username.ts'

/** A record that can never be stored, and why. */
export type SetAside = { readonly record: JournalRecord; readonly reason: string }

export type ReplayerOptions = {
  readonly read: AccountingReader
  readonly owners: Pick<LineOwners, 'name'>
  readonly recorder: Pick<Recorder, 'replay' | 'reboot'>
  readonly clock: Clock
  /** The device of an id; undefined: there is none any more. */
  nasOf(id: bigint): Promise<Nas | undefined> | Nas | undefined
}

/** Everything of a batch is committed when it resolves, but for what it gives. Rejects where Postgres does not take it now. */
export type Replayer = (batch: readonly JournalRecord[]) => Promise<SetAside[]>

/** Older ones count as heard now: their session may be in the archive already, the partition of their hour be gone. */
const longestAgoMs = 24 * 3_600_000

type Entry = { readonly from: JournalRecord; readonly record: AccountingRecord }
type Told = { readonly entries: Entry[]; readonly reboots: { nas: Nas; event: NasReboot; at: Date }[] }

/** Makes the replayer. A batch should lie within an hour and span little time: all of it counts as heard when its last was. */
export function createReplayer(options: ReplayerOptions): Replayer {
  const { owners, recorder, clock } = options
  const record = async (entries: readonly Entry[], heardAt: Date, aside: SetAside[]): Promise<void> => {
    if (entries.length === 0) return
    try {
      const outcomes = await recorder.replay(
        entries.map((entry) => entry.record),
        heardAt,
      )
      for (const [at, outcome] of outcomes.entries()) {
        if (outcome.kind === 'refused') aside.push({ record: entries[at]!.from, reason: outcome.error.message })
      }
    } catch (error) {
      if (!isFaultOfRecords(error)) throw error
      if (entries.length === 1) return void aside.push({ record: entries[0]!.from, reason: error.message })
      // One record of these cannot be stored: it must not keep the others from being.
      const half = Math.ceil(entries.length / 2)
      await record(entries.slice(0, half), heardAt, aside)
      await record(entries.slice(half), heardAt, aside)
    }
  }
  return async (batch) => {
    const aside: SetAside[] = []
    const { entries, reboots } = await readBatch(options, batch, aside)
    for (const { nas, event, at } of reboots) await recorder.reboot(nas, event, at)
    const named = await Promise.all(
      entries.map(async (entry) => ({ from: entry.from, record: await owners.name(entry.record) })),
    )
    await record(named, heardAtOf(batch, clock.now()), aside)
    return aside
  }
}

async function readBatch(
  { read, nasOf }: ReplayerOptions,
  batch: readonly JournalRecord[],
  aside: SetAside[],
): Promise<Told> {
  const told: Told = { entries: [], reboots: [] }
  // Of a device that is gone the registry is looked at anew: once, and not for each of its records.
  const nases = new Map<bigint, Nas | undefined>()
  for (const from of batch) {
    if (!nases.has(from.nasId)) nases.set(from.nasId, await nasOf(from.nasId))
    const nas = nases.get(from.nasId)
    const parsed = parsePacket(from.packet)
    if (nas === undefined || !parsed.ok) {
      aside.push({ record: from, reason: nas === undefined ? 'its NAS is gone' : 'it is no packet any more' })
      continue
    }
    const found = read(parsed.packet, nas, from.receivedAt)
    if (found.kind === 'reboot') told.reboots.push({ nas, event: found.reboot, at: from.receivedAt })
    if (found.kind === 'record') told.entries.push({ from, record: called(found.record, from.username) })
  }
  return told
}

function heardAtOf(batch: readonly JournalRecord[], now: Date): Date {
  const heardAt = batch.at(-1)!.receivedAt
  return heardAt > now || now.getTime() - heardAt.getTime() > longestAgoMs ? now : heardAt
}
