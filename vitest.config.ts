// How the tests run: one Postgres for the whole run (test/support/global-setup.ts), files side by side in two processes that go
// from file to file. A process for each file took half as long again: every one loads and compiles all modules anew.
// Mode `faults` (npm run test:faults) runs test/faults alone: the faults at full size, which take minutes.

import { defineConfig } from 'vitest/config'

// oxlint-disable-next-line import/no-default-export -- vitest reads the default export
export default defineConfig(({ mode }) => ({
  test: {
    include: mode === 'faults' ? ['test/faults/**/*.test.ts'] : ['test/**/*.test.ts'],
    exclude: mode === 'faults' ? [] : ['test/faults/**'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
}))
