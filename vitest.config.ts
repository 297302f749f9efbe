// How the tests run: one Postgres for the whole run (test/support/global-setup.ts), files side by side in two processes that go
// from file to file. A process for each file took half as long again: every one loads and compiles all modules anew. A third
// process saves a tenth of the time and makes tests of deadlines wait for the processor.
// Mode `faults` (npm run test:faults) runs test/faults alone: the faults at full size, which take minutes. Mode `soak` (npm run
// test:soak) runs test/soak alone, for more than an hour. Both one file at a time: their figures are of a machine that does nothing else.

import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/support/longest-first.ts'

/** Where the programs that tests start keep their compiled modules: found again by the next run. */
const compileCache = fileURLToPath(new URL('node_modules/.cache/gatehouse-tests', import.meta.url))

const longModes = ['faults', 'soak']
const isLong = (mode: string): boolean => longModes.includes(mode)

// oxlint-disable-next-line import/no-default-export -- vitest reads the default export
export default defineConfig(({ mode }) => ({
  test: {
    include: isLong(mode) ? [`test/${mode}/**/*.test.ts`] : ['test/**/*.test.ts'],
    exclude: isLong(mode) ? [] : longModes.map((name) => `test/${name}/**`),
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/seed.ts'],
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    env: { NODE_COMPILE_CACHE: compileCache },
    maxWorkers: isLong(mode) ? 1 : 2,
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
}))
