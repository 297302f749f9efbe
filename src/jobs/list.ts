// The jobs that run by themselves. An access decision never waits for one of them; renewals, and the ends of sessions that nobody
// ended, do. All but renew-due do what they do by single statements or under row locks that look again: run twice at once, or by a
// process that slept, they find nothing left to do, and need no fence.
import { trimGuesses } from '../domain/operator/guess.ts'
import { trimDevices } from '../domain/operator/known-device.ts'
import { trimPanelSessions } from '../domain/operator/panel-session.ts'
import { trimResets } from '../domain/operator/password-reset.ts'
import { trimPortalSessions } from '../domain/portal/portal-session.ts'
import { destroyLateRevealed } from '../domain/bulk/reveal.ts'
import { trimBulkRuns } from '../domain/bulk/trim.ts'
import { trimOrders } from '../domain/coa-attempt.ts'
import { trimLogs } from '../domain/job-run.ts'
import { ownAuthor } from '../domain/author.ts'
import { trimDegradedAccepts } from '../domain/degraded-accept.ts'
import { reportReseal, resealSecrets } from '../domain/key-rotation.ts'
import { disconnectKnown } from '../domain/known-now.ts'
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
import { trimTallies } from '../domain/doctor/tally.ts'
import { trimRouterRuns } from '../domain/router-run-trim.ts'
import type { Job } from './job.ts'
import { moneyJobs } from './money.ts'
import { poolJobs } from './pools.ts'
import { reconcileJob } from './reconcile-job.ts'

/** How long single access decisions are kept; identical ones are one row a day. */
const accessLogDays = 90

export const jobs: readonly Job[] = [
  ...moneyJobs,
  ...poolJobs,
  {
    name: 'end-replaced-sessions',
    cron: '* * * * *',
    // Normally done right after the Start that replaces a line; this finds what a crash in between left.
    run: ({ pool, now }) => sweepEndedSessions(pool, now),
  },
  {
    name: 'end-stale-sessions',
    cron: '* * * * *',
    run: ({ pool, now }) => endStaleSessions(pool, { defaultIntervalS: unknownIntervalS }, now),
  },
  {
    name: 'end-known-gardens',
    cron: '* * * * *',
    async run({ pool, db, now }) {
      return { ordered: await disconnectKnown(pool, (await readSettings(db)).default_interim_interval_s, now) }
    },
  },
  {
    name: 'observed-intervals',
    cron: '*/10 * * * *',
    run: async ({ pool, now }) => ({ changed: await observeIntervals(pool, now) }),
  },
  {
    name: 'partitions',
    cron: '0 */6 * * *',
    async run({ pool, now }) {
      await ensurePartitions(pool, now)
      return { dropped: await dropOldPartitions(pool, { accessLogDays }, now) }
    },
  },
  {
    name: 'archive-sessions',
    cron: '0 * * * *',
    run: async ({ pool, now }) => ({ moved: await archiveSessions(pool, now) }),
  },
  {
    name: 'usage-days',
    cron: '0 * * * *',
    run: async ({ pool, now, zone }) => ({ rows: await rollUpUsageDays(pool, zone, now) }),
  },
  {
    name: 'retention',
    cron: '15 3 * * *',
    run: async ({ db, keyring, now }) => ({ purged: await purgeExpired(db, keyring, now) }),
  },
  {
    name: 'trim-logs',
    cron: '25 3 * * *',
    async run({ pool, now }) {
      const unmatched = await trimUnmatched(pool, now)
      const degraded = await trimDegradedAccepts(pool, now)
      return { ...(await trimLogs(pool, now)), unmatched, degraded, tallies: await trimTallies(pool, now) }
    },
  },
  {
    name: 'trim-sign-in',
    cron: '35 3 * * *',
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
    cron: '0 * * * *',
    run: async ({ db, now }) => ({ runs: await destroyLateRevealed(db, now) }),
  },
  {
    name: 'trim-coa-orders',
    cron: '50 3 * * *',
    run: async ({ pool, now }) => ({ removed: await trimOrders(pool, now) }),
  },
  {
    name: 'trim-bulk-runs',
    cron: '45 3 * * *',
    run: async ({ db, now }) => ({ runs: await trimBulkRuns(db, (await readSettings(db)).bulk_keep_days, now) }),
  },
  {
    name: 'remind-of-expiry',
    cron: '0 * * * *',
    run: async ({ db, keyring, now }) => ({ queued: await remindOfExpiry(db, keyring, now) }),
  },
  {
    name: 'trim-messages',
    cron: '55 3 * * *',
    run: async ({ db, now }) => ({ removed: await trimMessages(db, (await readSettings(db)).message_days, now) }),
  },
  {
    name: 'report-days',
    cron: '0 * * * *',
    run: async ({ db, now, zone }) => ({ rows: await rollUpReports(db, zone, now) }),
  },
  {
    name: 'send-reports',
    cron: '*/15 * * * *',
    run: async ({ db, keyring, now, zone }) => ({ sent: await sendDueReports(db, keyring, zone, now) }),
  },
  {
    name: 'reseal-secrets',
    cron: '5 4 * * *',
    async run({ pool, db, keyring, now, hold }) {
      const by = ownAuthor('system', 'reseal-secrets', keyring)
      return reportReseal(await resealSecrets({ pool, db, keyring }, by, now, hold?.signal))
    },
  },
  reconcileJob,
  {
    name: 'trim-router-runs',
    cron: '35 3 * * *',
    run: async ({ db, now }) => ({ removed: await trimRouterRuns(db, now) }),
  },
  {
    name: 'trim-idempotency-keys',
    cron: '0 * * * *',
    run: async ({ db, now }) => ({ removed: await trimIdempotencyKeys(db, now) }),
  },
]
