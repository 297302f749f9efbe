// The jobs that keep the database in shape. What is decided about subscribers never waits for one of them.
import { trimLogs } from '../domain/job-run.ts'
import { observeIntervals } from '../domain/observed-interval.ts'
import { sweepEndedSessions } from '../domain/session-end.ts'
import { archiveSessions } from '../domain/session-archive.ts'
import { unknownIntervalS } from '../domain/session.ts'
import { endStaleSessions } from '../domain/stale-session.ts'
import { trimUnmatched } from '../domain/unmatched.ts'
import { dropOldPartitions, ensurePartitions, rollUpUsageDays } from '../domain/usage.ts'
import type { Job } from './job.ts'

/** How long single access decisions are kept; identical ones are one row a day. */
const accessLogDays = 90

export const jobs: readonly Job[] = [
  {
    name: 'end-replaced-sessions',
    everyMinutes: 1,
    // Normally done right after the Start that replaces a line; this finds what a crash in between left.
    run: ({ pool, now }) => sweepEndedSessions(pool, now),
  },
  {
    name: 'end-stale-sessions',
    everyMinutes: 1,
    run: ({ pool, now }) => endStaleSessions(pool, { defaultIntervalS: unknownIntervalS }, now),
  },
  {
    name: 'observed-intervals',
    everyMinutes: 10,
    run: async ({ pool, now }) => ({ changed: await observeIntervals(pool, now) }),
  },
  {
    name: 'partitions',
    everyMinutes: 360,
    async run({ pool, now }) {
      await ensurePartitions(pool, now)
      return { dropped: await dropOldPartitions(pool, { accessLogDays }, now) }
    },
  },
  {
    name: 'archive-sessions',
    everyMinutes: 60,
    run: async ({ pool, now }) => ({ moved: await archiveSessions(pool, now) }),
  },
  {
    name: 'usage-days',
    everyMinutes: 60,
    run: async ({ pool, now, zone }) => ({ rows: await rollUpUsageDays(pool, zone, now) }),
  },
  {
    name: 'trim-logs',
    everyMinutes: 1440,
    async run({ pool, now }) {
      return { ...(await trimLogs(pool, now)), unmatched: await trimUnmatched(pool, now) }
    },
  },
]
