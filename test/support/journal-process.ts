// A process with a journal, for tests that kill it. Arguments: directory, first number, fail points. Says `open`, then appends
// numbered records without end, some at a time, tells each number once it is acknowledged, and now and
// then marks progress, telling through which number before and after.

import { openJournal } from '../../src/aaa/journal/journal.ts'
import { systemClock } from '../../src/clock.ts'
import { armFailPoints } from '../../src/fail-points.ts'
import { numbered, smallSegment } from './numbered-records.ts'

export type JournalMessage =
  | { readonly open: true }
  | { readonly acknowledged: number }
  | { readonly marking: number }
  | { readonly marked: number }

const [directory, start = '', failPoints = ''] = process.argv.slice(2) as [string, string?, string?]
/** Resolves when the message is in the pipe: it arrives even if this process is killed then. */
const say = (message: JournalMessage): Promise<void> =>
  new Promise((resolve) => void process.send!(message, () => resolve()))
const sideBySide = 16

const journal = await openJournal({
  directory,
  capOctets: 1_024 * smallSegment,
  segmentOctets: smallSegment,
  clock: systemClock,
  onTrouble: (trouble) => process.stderr.write(`${trouble.kind}\n`),
})
await say({ open: true })
if (failPoints !== '') armFailPoints(failPoints)

let next = Number(start)
const append = async (): Promise<never> => {
  for (;;) {
    const n = next++
    await journal.append(numbered(n, 40 + (n % 400)))
    await say({ acknowledged: n })
  }
}
const mark = async (): Promise<never> => {
  for (let after = 0n; ;) {
    const records = await journal.read(after, 50)
    const last = records.at(-1)
    if (last !== undefined) {
      after = last.sequence
      const number = last.packet.readUInt32BE(0)
      await say({ marking: number })
      await journal.done(after)
      await say({ marked: number })
    }
    await new Promise((resolve) => void setTimeout(resolve, 5))
  }
}
if (start === '') setInterval(() => undefined, 60_000)
else await Promise.all([...Array.from({ length: sideBySide }, append), mark()])
