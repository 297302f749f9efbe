// The coverage loop over each target of test/fuzz for some seconds, from a seed that is printed. What breaks a rule is to be
// kept in test/corpus/<target>/ in a file of its own, where every later run tries it again.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import type { LoopResult } from '../fuzz/loop.ts'
import { targets } from '../fuzz/targets.ts'

const seconds = 15
const loop = fileURLToPath(new URL('../fuzz/loop.ts', import.meta.url))
const seed = process.env.GATEHOUSE_TEST_SEED ?? String(Date.now())

it.each(Object.keys(targets))(
  `R50: %s holds for ${seconds} s of the coverage loop`,
  { timeout: 120_000 },
  async (target) => {
    const { stdout } = await promisify(execFile)(process.execPath, [loop, target, String(seconds), seed])
    process.stdout.write(`R50: ${stdout}`)
    const result = JSON.parse(stdout) as LoopResult
    expect(result.error, result.crash).toBeUndefined()
    expect(result.runs).toBeGreaterThan(100)
    // Of the target alone; the look at its coverage takes longer. The median, since others share the machine.
    expect(result.medianMs).toBeLessThan(5)
  },
)
