// The NAS groups, to bind a subscriber to one.
import { queryOptions } from '@tanstack/react-query'
import type { Choice, Choices } from '../../api/choices.ts'
import { getNasGroups } from '../../api/generated/sdk.gen.ts'

export const nasGroups: Choices = queryOptions({
  queryKey: ['choices', 'nas-group'],
  queryFn: async (): Promise<Choice[]> => (await getNasGroups({ throwOnError: true })).data.items,
  staleTime: 60_000,
})
