// Money that moves by itself: lines that renew, periods that begin, and the nightly proof that balances are what the ledger says.

import { clearAlarm, raiseAlarm } from '../domain/alarm.ts'
import { ownAuthor } from '../domain/author.ts'
import { wrongBalances } from '../domain/money/ledger.ts'
import { beginDuePeriods, renewDue } from '../domain/money/renew-due.ts'
import type { Job } from './job.ts'

const wrong = { kind: 'wrong-balance', subject: 'ledger' }

export const moneyJobs: readonly Job[] = [
  {
    name: 'begin-periods',
    cron: '* * * * *',
    async run({ db, now, log }) {
      const { begun, failed } = await beginDuePeriods(db, now)
      for (const { subscriberId, error } of failed) {
        log.warn({ subscriber: String(subscriberId), error }, 'a period could not begin')
      }
      return { begun, failed: failed.length }
    },
  },
  {
    name: 'renew-due',
    cron: '*/10 * * * *',
    // Fenced: what it does is decided at its start, and who slept past its lease must not charge by that.
    async run({ db, keyring, now, log, hold }) {
      const { renewed, refused, failed } = await renewDue(db, ownAuthor('system', 'renew-due', keyring), now, hold)
      for (const { subscriberId, error } of failed) {
        log.warn({ subscriber: String(subscriberId), error }, 'a line could not be renewed')
      }
      return { renewed, refused, failed: failed.length }
    },
  },
  {
    name: 'check-balances',
    cron: '5 1 * * *',
    async run({ pool, db, now }) {
      const found = await wrongBalances(db)
      const names = found.map(({ account, id }) => `${account} ${id}`).join(', ')
      const text = `balances that are not the sum of their ledger: ${names.slice(0, 500)}`
      if (found.length > 0) await raiseAlarm(pool, { ...wrong, text }, now)
      else await clearAlarm(db, wrong, now)
      return { wrong: found.length }
    },
  },
]
