// A filter's value in words, for its chip.
import { useQueries, useQuery } from '@tanstack/react-query'
import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import { choicesOf, type Choice } from '../api/choices.ts'
import { getPayersId } from '../api/generated/sdk.gen.ts'
import { formatNumber } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { filterKind } from './filter-kinds.ts'

export function useFilterWords(name: string, value: string): string {
  const { t } = useTranslation()
  const instant = useInstant()
  const filter = filterKind(name)
  const choice = filter?.kind === 'choice' ? choicesOf[filter.of] : undefined
  const names = useQuery({ ...(choice ?? choicesOf.plan), enabled: choice !== undefined }).data
  const payers = usePayerNames(filter?.kind === 'payer' && value !== '' ? value.split(',') : [])
  const parts = value.split(',')
  switch (filter?.kind) {
    case 'flag':
      return t(value === 'true' ? 'words.yes' : 'words.no')
    case 'instant':
      // Of a chip that has no value yet, and of an address that somebody typed.
      return Number.isNaN(Date.parse(value)) ? value : instant(value)
    case 'number':
      return formatNumber(Number(value))
    case 'ids':
      return t('filters.chosen', { count: parts.length })
    case 'words':
      return parts.map((word) => wordOf(name, word, t)).join(', ')
    case 'texts':
      return parts.join(', ')
    case 'choice':
      return parts.map((id) => nameOf(names, id)).join(', ')
    case 'payer':
      return parts.map((id) => nameOf(payers, id)).join(', ')
    default:
      return value
  }
}

/** A word of a closed set. */
export function wordOf(name: string, word: string, t: TFunction): string {
  if (name === 'archived') return t(`filters.archivedIs.${word as 'any'}`)
  return t(`words.${word as 'new'}`)
}

function nameOf(known: readonly Choice[] | undefined, id: string): string {
  return known?.find((one) => String(one.id) === id)?.name ?? id
}

function usePayerNames(ids: readonly string[]): Choice[] {
  const results = useQueries({
    queries: ids.map((id) => ({
      queryKey: ['payers', Number(id)],
      queryFn: async () => (await getPayersId({ path: { id }, throwOnError: true })).data,
      staleTime: 60_000,
    })),
  })
  return results.flatMap(({ data }) => data ?? [])
}
