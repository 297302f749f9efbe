// A filter's value in words, for its chip.
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { choicesOf } from '../api/choices.ts'
import { formatInstant } from '../i18n/format.ts'
import { filterKind } from './filter-kinds.ts'

export function useFilterWords(): (name: string, value: string) => string {
  const { t } = useTranslation()
  const names = {
    plan: useQuery(choicesOf.plan).data,
    group: useQuery(choicesOf.group).data,
    organisation: useQuery(choicesOf.organisation).data,
    nas: useQuery(choicesOf.nas).data,
  }
  return (name, value) => {
    const filter = filterKind(name)
    if (filter?.kind === 'flag') return t(value === 'true' ? 'words.yes' : 'words.no')
    if (filter?.kind === 'instant') return formatInstant(value, undefined)
    if (filter?.kind === 'words')
      return value
        .split(',')
        .map((word) => t(`words.${word}` as 'words.new'))
        .join(', ')
    if (filter?.kind !== 'choice') return value
    const nameOf = (id: string) => names[filter.of]?.find((one) => String(one.id) === id)?.name ?? id
    return value.split(',').map(nameOf).join(', ')
  }
}
