// A small coverage-guided fuzzer: what reaches code, or counts of it, that nothing before reached is kept and changed further.
// Coverage comes from V8 itself (node:inspector, precise coverage); blind chance never finds what lies behind nested lengths.

import { Session } from 'node:inspector/promises'
import type { Random } from '../../src/simulator/random.ts'

export type Found = {
  runs: number
  /** How long the target took in milliseconds: half of the runs at most so long, and the longest. */
  medianMs: number
  worstMs: number
  /** What reached something new, in the order it was found. */
  kept: Buffer[]
  /** The first input that the target threw on. */
  crash: { data: Buffer; error: unknown } | undefined
}

export type LoopOptions = {
  target(data: Buffer): unknown
  corpus: readonly Buffer[]
  /** Octets that mean something to the target. */
  words: readonly Buffer[]
  random: Random
  seconds: number
  /** Only scripts whose address matches are looked at. */
  scripts: RegExp
}

const longest = 2_048

/** Runs the target for so many seconds, or until it throws. */
export async function coverageLoop(options: LoopOptions): Promise<Found> {
  const { target, random, words } = options
  const coverage = await startCoverage(options.scripts)
  const found: Found = { runs: 0, medianMs: 0, worstMs: 0, kept: [], crash: undefined }
  const took: number[] = []
  const pool: Buffer[] = []
  const end = performance.now() + options.seconds * 1_000
  const queue = [...options.corpus]
  try {
    while (performance.now() < end) {
      const given = queue.pop()
      const data = given ?? mutate(pool[random.integer(pool.length)] ?? Buffer.alloc(1), pool, words, random)
      found.runs += 1
      const begun = performance.now()
      try {
        await target(data)
        took.push(performance.now() - begun)
      } catch (error) {
        found.crash = { data, error }
        break
      }
      if (!(await coverage.hasNew())) continue
      pool.push(data)
      if (given === undefined) found.kept.push(data)
    }
  } finally {
    await coverage.stop()
  }
  const sorted = took.toSorted((one, other) => one - other)
  return { ...found, medianMs: sorted[sorted.length >> 1] ?? 0, worstMs: sorted.at(-1) ?? 0 }
}

async function startCoverage(scripts: RegExp) {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  const seen = new Set<string>()
  return {
    /** Whether anything was reached since the last call that was not before, or oftener by a power of two. */
    async hasNew(): Promise<boolean> {
      const before = seen.size
      const { result } = await session.post('Profiler.takePreciseCoverage')
      for (const { url, scriptId, functions } of result) {
        if (!scripts.test(url)) continue
        for (const { ranges } of functions) seen.add(shapeOf(scriptId, ranges))
      }
      return seen.size > before
    },
    async stop(): Promise<void> {
      await session.post('Profiler.stopPreciseCoverage')
      session.disconnect()
    },
  }
}

type Range = { startOffset: number; endOffset: number; count: number }

// V8 tells of a block only where its count is not that of the block around it: a branch that was taken once in a function that
// ran once is told by what is missing. So it is the shape of a function that is new or known, and by how much it ran.
function shapeOf(scriptId: string, ranges: readonly Range[]): string {
  const ran = ranges.map(({ startOffset, endOffset, count }) => `${startOffset}-${endOffset}${count === 0 ? '!' : ''}`)
  return `${scriptId} ${ran.join(' ')} ${Math.min(4, Math.ceil(Math.log2(ranges[0]!.count + 1)))}`
}

const telling = [0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 18, 20, 26, 31, 32, 63, 64, 127, 128, 241, 245, 253, 254, 255]

/** One to eight changes: octets, lengths, words, pieces doubled, cut, or taken from another input. */
function mutate(from: Buffer, pool: readonly Buffer[], words: readonly Buffer[], random: Random): Buffer {
  let data: Buffer = Buffer.from(from)
  for (let left = 1 + random.integer(8); left > 0; left--) {
    const at = random.integer(data.length + 1)
    const size = 1 + random.integer(16)
    const change = random.integer(9)
    const word = words[random.integer(words.length)] ?? random.octets(4)
    if (change < 2 && at < data.length) data[at] = telling[random.integer(telling.length)]!
    else if (change === 2 && at < data.length) data[at] = data[at]! ^ (1 << random.integer(8))
    else if (change === 3) data = splice(data, at, 0, word)
    else if (change === 8) data = splice(data, at, word.length, word)
    else if (change === 4) data = splice(data, at, 0, random.octets(size))
    else if (change === 5) data = splice(data, at, size, Buffer.alloc(0))
    else if (change === 6) data = splice(data, at, 0, data.subarray(at, at + size))
    else data = splice(data, at, data.length, (pool[random.integer(pool.length)] ?? data).subarray(at))
  }
  return data.subarray(0, longest)
}

function splice(data: Buffer, at: number, removed: number, added: Uint8Array): Buffer {
  return Buffer.concat([data.subarray(0, at), added, data.subarray(at + removed)])
}
