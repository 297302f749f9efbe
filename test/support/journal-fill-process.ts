// A process that fills a journal until it refuses, for tests of full and failing disks. Arguments: directory, cap in octets, how
// many records at most, and whether the rest is replayed at the end. Prints a line of JSON (FillReport).

import { openJournal } from '../../src/aaa/journal/journal.ts'
import type { JournalTrouble } from '../../src/aaa/journal/journal.ts'
import { systemClock } from '../../src/clock.ts'
import { numbered, smallSegment } from './numbered-records.ts'

export type FillReport = {
  /** What was acknowledged, and what could be read afterwards. */
  readonly acknowledged: number[]
  readonly read: number[]
  /** How the first refusal was called, if there was one. */
  readonly refusal: string | undefined
  readonly troubles: string[]
  /** Whether records were taken again after all was replayed. */
  readonly takesAgain: boolean
}

const [directory, cap, most] = process.argv.slice(2) as [string, string, string]
const troubles: string[] = []
const onTrouble = (trouble: JournalTrouble): void => void troubles.push(trouble.kind)
const options = { directory, capOctets: Number(cap), segmentOctets: 4 * smallSegment, clock: systemClock, onTrouble }
const journal = await openJournal(options)
const octetsOfPacket = 1_000

const acknowledged: number[] = []
let refusal: string | undefined
for (let n = 1; n <= Number(most) && refusal === undefined; n += 4) {
  const four = [n, n + 1, n + 2, n + 3]
  const results = await Promise.allSettled(four.map((one) => journal.append(numbered(one, octetsOfPacket))))
  for (const [at, result] of results.entries()) {
    if (result.status === 'fulfilled') acknowledged.push(four[at]!)
    else refusal ??= (result.reason as Error).name
  }
}
await journal.close()

// Another process would find the same: the directory is opened anew.
const again = await openJournal(options)
const read: number[] = []
let after = 0n
for (;;) {
  const records = await again.read(after, 500)
  if (records.length === 0) break
  after = records.at(-1)!.sequence
  read.push(...records.map(({ packet }) => packet.readUInt32BE(0)))
}
await again.done(after).catch((error: Error) => troubles.push(error.name))
const takesAgain = await again.append(numbered(1)).then(
  () => true,
  () => false,
)
await again.close()
process.stdout.write(`${JSON.stringify({ acknowledged, read, refusal, troubles, takesAgain } satisfies FillReport)}\n`)
