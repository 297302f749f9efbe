// The reasons for which a login was decided as it was, in plain words of the language; what the catalogue does not know is said as
// the API says it.
import type { TFunction } from 'i18next'
import type { enMore } from '../i18n/en-more.ts'
import type { ActionName } from '../subscribers/action-list.ts'

type Reasons = Extract<keyof (typeof enMore)['why']['reasons'], string>
type Mends = Extract<keyof (typeof enMore)['why']['mends'], string>
type Decided = { reason: string; accepted: boolean; sentence: string }

export function sentenceOf({ reason, accepted, sentence }: Decided, t: TFunction): string {
  if (accepted && reason === 'accepted') return t('why.accepted')
  const why = t(`why.reasons.${reason as Reasons}`, { defaultValue: '' })
  if (why === '') return sentence
  return accepted ? t('why.garden', { why }) : why
}

export function mendOf(reason: string, mend: string | null, t: TFunction): string {
  return t(`why.mends.${reason as Mends}`, { defaultValue: mend ?? '' })
}

/** What mends it, the best first. */
const ways: Readonly<Record<string, readonly ActionName[]>> = {
  expired: ['renew', 'grace'],
  blocked: ['unblock'],
  disabled: ['enable'],
  archived: ['restore'],
  'wrong-password': ['reset-password'],
  'credential-cannot': ['reset-password'],
  'mac-not-bound': ['release-mac'],
  'wrong-interface': ['rebind-interface'],
  'too-many-sessions': ['disconnect'],
  'quota-exhausted': ['renew', 'change-plan'],
  'nas-not-allowed': ['change-plan', 'rebind-interface'],
}

export function waysOf(reason: string): readonly ActionName[] {
  return ways[reason] ?? []
}
