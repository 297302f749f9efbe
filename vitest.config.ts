// How the tests run: one Postgres for the whole run (test/support/global-setup.ts), files side by side in two processes that go
// from file to file. A process for each file took half as long again: every one loads and compiles all modules anew.

import { defineConfig } from 'vitest/config'

// oxlint-disable-next-line import/no-default-export -- vitest reads the default export
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
