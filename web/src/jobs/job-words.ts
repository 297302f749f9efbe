// Jobs in words: what each is called, when it runs, what it did, and what running it touches.
import type { TFunction } from 'i18next'
import type { JobRun } from '../api/generated/types.gen.ts'
import type { enMore } from '../i18n/en-more.ts'
import { formatNumber } from '../i18n/format.ts'

type Words = (typeof enMore)['jobs']
export type Effect = keyof Words['effects']

export function jobTitle(name: string, t: TFunction): string {
  return t(`jobs.names.${name as keyof Words['names']}`, { defaultValue: name })
}

/** `*\/10 * * * *` as `every 10 minutes`; what is less usual stays as it is written. */
export function cronWords(cron: string, t: TFunction): string {
  const [minute = '', hour = '', ...rest] = cron.split(' ')
  if (rest.some((field) => field !== '*')) return cron
  if (hour === '*') {
    if (minute === '*') return t('jobs.every.minute')
    if (minute === '0') return t('jobs.every.hour')
    const step = /^\*\/(\d+)$/.exec(minute)
    if (step) return t('jobs.every.minutes', { count: Number(step[1]) })
    return /^\d+$/.test(minute) ? t('jobs.every.hourAt', { minute }) : cron
  }
  const step = /^\*\/(\d+)$/.exec(hour)
  if (step && minute === '0') return t('jobs.every.hours', { count: Number(step[1]) })
  if (!/^\d+$/.test(hour) || !/^\d+$/.test(minute)) return cron
  return t('jobs.every.day', { time: `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}` })
}

/** What a run says it did, without what it did not have to do. */
export function resultWords({ result, state }: JobRun, t: TFunction): string {
  if (result === null) return ''
  const parts = Object.entries(result).flatMap(([name, value]) => {
    const count = Array.isArray(value) ? value.length : value
    if (count === 0 || count === null || count === false) return []
    const shown = typeof count === 'number' ? formatNumber(count) : typeof count === 'string' ? count : ''
    const words = t(`jobs.results.${name as keyof Words['results']}`, { defaultValue: name.replaceAll('_', ' ') })
    return [`${shown} ${words}`]
  })
  if (parts.length > 0) return parts.join(' · ')
  return state === 'done' ? t('jobs.nothing') : ''
}

export const stateColours: Record<JobRun['state'], string> = {
  waiting: 'gray',
  running: 'blue',
  lost: 'orange',
  done: 'green',
  failed: 'red',
}

const effects: Readonly<Record<string, Effect>> = {
  'renew-due': 'renews',
  'begin-periods': 'begins',
  'address-pools': 'network',
  'end-known-gardens': 'network',
  'end-replaced-sessions': 'network',
  'end-stale-sessions': 'network',
  'remind-of-expiry': 'mails',
  'send-reports': 'mails',
  'bulk-secrets': 'removes',
  partitions: 'removes',
  retention: 'removes',
}

/** What running it does to others, which is said before it is run. */
export function effectOf(name: string): Effect {
  return effects[name] ?? (name.startsWith('trim-') ? 'removes' : 'counts')
}
