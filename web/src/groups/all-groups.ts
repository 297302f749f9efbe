// All groups at once, for forms and dialogs: there are few of them beside what they hold.
import { queryOptions } from '@tanstack/react-query'
import { getGroups } from '../api/generated/sdk.gen.ts'
import type { GetGroupsResponse } from '../api/generated/types.gen.ts'

export type SubscriberGroup = GetGroupsResponse['items'][number]

export const allGroups = queryOptions({
  queryKey: ['groups', 'all'],
  queryFn: async ({ signal }) => {
    const groups: SubscriberGroup[] = []
    for (let cursor: string | undefined; ;) {
      const query = { limit: '500', ...(cursor !== undefined && { cursor }) }
      const { data } = await getGroups({ query, signal, throwOnError: true })
      groups.push(...data.items)
      if (data.next_cursor === null) return groups
      cursor = data.next_cursor
    }
  },
  staleTime: 60_000,
})
