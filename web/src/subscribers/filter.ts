// The filter of the list in its two forms: as words in an address, and as the JSON that bulk runs and saved views take.
import type { GetSubscribersData, PostBulkRunsData } from '../api/generated/types.gen.ts'
import { filterKind } from './filter-kinds.ts'

export type ListQuery = NonNullable<GetSubscribersData['query']>
type Targets = PostBulkRunsData['body']['target']
export type Filter = Extract<Targets, { filter: unknown }>['filter']
/** As it stands in the address, by names of the API. */
export type Filters = Readonly<Record<string, string>>

/** In service: who has nothing to be called for. */
export const onlyActive = 'active,grace'

/** The same filter as JSON. */
export function filterOf(query: ListQuery): Filter {
  return Object.fromEntries(Object.entries(query).map(([name, text]) => [name, valueOf(name, text)]))
}

function valueOf(name: string, text: string): unknown {
  const known = filterKind(name)
  switch (known?.kind) {
    case 'number':
      return Number(text)
    case 'choice':
    case 'payer':
    case 'ids':
      return text.split(',').map(Number)
    case 'texts':
      return text.split(',')
    case 'words':
      if (known.single !== true) return text.split(',')
      return text === 'true' || text === 'false' ? text === 'true' : text
    case 'flag':
      return text === 'true'
    default:
      return text
  }
}

/** And back, as a saved view keeps it: the words of the address. */
export function filtersOf(filter: Readonly<Record<string, unknown>>): { q?: string; filter: Filters } {
  const { search, ...rest } = filter
  const words = Object.entries(rest).map(([name, value]): [string, string] => [
    name,
    Array.isArray(value) ? value.join(',') : String(value),
  ])
  return { ...(typeof search === 'string' && { q: search }), filter: Object.fromEntries(words) }
}
