// The names of kinds of messages: those of mails are ours, those of webhooks are actions and stay as they are.
import type { TFunction } from 'i18next'

export const mailKinds = [
  'welcome',
  'expiry-reminder',
  'password-reset',
  'operator-invitation',
  'report',
  'note',
] as const
type MailKind = (typeof mailKinds)[number]

export function kindWord(kind: string, t: TFunction): string {
  return mailKinds.includes(kind as MailKind) ? t(`messages.kinds.${kind as MailKind}`) : kind
}
