// Reports, their columns and values in the words of the language; what is not known here is said as the API says it.
import type { TFunction } from 'i18next'
import type { enMore } from '../i18n/en-more.ts'

type Names = (typeof enMore)['reports']['names']
type Columns = (typeof enMore)['reports']['columns']
type Reasons = (typeof enMore)['reports']['reasons']

export function reportTitle({ name, title }: { name: string; title: string }, t: TFunction): string {
  return t(`reports.names.${name as keyof Names}`, { defaultValue: title })
}

export function reportAbout({ name, title }: { name: string; title: string }, t: TFunction): string {
  return t(`reports.about.${name as keyof Names}`, { defaultValue: title })
}

export function columnTitle(name: string, t: TFunction): string {
  return t(`reports.columns.${name as keyof Columns}`, { defaultValue: name })
}

export function reasonWords(reason: string, t: TFunction): string {
  return t(`reports.reasons.${reason as keyof Reasons}`, { defaultValue: reason })
}
