// The jobs that keep the database in shape. What is decided about subscribers never waits for one of them.
import { trimGuesses } from '../domain/operator/guess.ts'
import { trimDevices } from '../domain/operator/known-device.ts'
import { trimPanelSessions } from '../domain/operator/panel-session.ts'
import { trimResets } from '../domain/operator/password-reset.ts'
import { trimPortalSessions } from '../domain/portal/portal-session.ts'
import { destroyLateRevealed } from '../domain/bulk/reveal.ts'
import { trimBulkRuns } from '../domain/bulk/trim.ts'
import { trimLogs } from '../domain/job-run.ts'
import { observeIntervals } from '../domain/observed-interval.ts'
import { sweepEndedSessions } from '../domain/session-end.ts'
import { archiveSessions } from '../domain/session-archive.ts'
import { unknownIntervalS } from '../domain/session.ts'
import { endStaleSessions } from '../domain/stale-session.ts'
import { trimUnmatched } from '../domain/unmatched.ts'
import { purgeExpired } from '../domain/subscriber/retention.ts'
import { dropOldPartitions, ensurePartitions, rollUpUsageDays } from '../domain/usage.ts'
import { trimIdempotencyKeys } from '../domain/idempotency.ts'
import { trimMessages } from '../domain/message/outbox.ts'
import { remindOfExpiry } from '../domain/message/reminder.ts'
import { rollUpReports } from '../domain/report/roll-up.ts'
import { sendDueReports } from '../domain/report/schedule.ts'
import { readSettings } from '../domain/setting.ts'
import type { Job } from './job.ts'
import { moneyJobs } from './money.ts'

/** How long single access decisions are kept; identical ones are one row a day. */
const accessLogDays = 90

export const jobs: readonly Job[] = [
  ...moneyJobs,
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
    name: 'retention',
    everyMinutes: 1440,
    run: async ({ db, keyring, now }) => ({ purged: await purgeExpired(db, keyring, now) }),
  },
  {
    name: 'trim-logs',
    everyMinutes: 1440,
    async run({ pool, now }) {
      return { ...(await trimLogs(pool, now)), unmatched: await trimUnmatched(pool, now) }
    },
  },
  {
    name: 'trim-sign-in',
    everyMinutes: 1440,
    run: async ({ db, now }) => ({
      panel_sessions: await trimPanelSessions(db, now),
      portal_sessions: await trimPortalSessions(db, now),
      resets: await trimResets(db, now),
      guesses: await trimGuesses(db, now),
      devices: await trimDevices(db, now),
    }),
  },
  {
    name: 'bulk-secrets',
    everyMinutes: 60,
    run: async ({ db, now }) => ({ runs: await destroyLateRevealed(db, now) }),
  },
  {
    name: 'trim-bulk-runs',
    everyMinutes: 1440,
    run: async ({ db, now }) => ({ runs: await trimBulkRuns(db, (await readSettings(db)).bulk_keep_days, now) }),
  },
  {
    name: 'remind-of-expiry',
    everyMinutes: 60,
    run: async ({ db, keyring, now }) => ({ queued: await remindOfExpiry(db, keyring, now) }),
  },
  {
    name: 'trim-messages',
    everyMinutes: 1440,
    run: async ({ db, now }) => ({ removed: await trimMessages(db, (await readSettings(db)).message_days, now) }),
  },
  {
    name: 'report-days',
    everyMinutes: 60,
    run: async ({ db, now, zone }) => ({ rows: await rollUpReports(db, zone, now) }),
  },
  {
    name: 'send-reports',
    everyMinutes: 15,
    run: async ({ db, keyring, now, zone }) => ({ sent: await sendDueReports(db, keyring, zone, now) }),
  },
  {
    name: 'trim-idempotency-keys',
    everyMinutes: 60,
    run: async ({ db, now }) => ({ removed: await trimIdempotencyKeys(db, now) }),
  },
]
