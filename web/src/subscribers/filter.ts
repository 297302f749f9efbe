// The filter of the list in its two forms: as words in an address, and as the JSON that bulk runs and saved views take.
import type { GetSubscribersData, PostBulkRunsData } from '../api/generated/types.gen.ts'

export type ListQuery = NonNullable<GetSubscribersData['query']>
type Targets = PostBulkRunsData['body']['target']
export type Filter = Extract<Targets, { filter: unknown }>['filter']

const numbers = new Set(['expires_within_days', 'quota_used_from', 'quota_used_to', 's_vlan', 'c_vlan'])
const ids = new Set(['ids', 'plan_id', 'next_plan_id', 'group_id', 'owner_id', 'payer_id', 'nas_id', 'nas_group_id'])
const words = new Set(['label', 'service_period', 'block_reason', 'zone', 'language'])

/** The same filter as JSON. */
export function filterOf(query: ListQuery): Filter {
  return Object.fromEntries(Object.entries(query).map(([name, text]) => [name, valueOf(name, String(text))])) as Filter
}

function valueOf(name: string, text: string): unknown {
  if (numbers.has(name)) return Number(text)
  if (ids.has(name)) return text.split(',').map(Number)
  if (words.has(name)) return text.split(',')
  if (text === 'true' || text === 'false') return text === 'true'
  return text
}
