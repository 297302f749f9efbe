// Who is signed in and what they may do: asked once, and again after everything that may have changed it.
import { queryOptions, useQuery } from '@tanstack/react-query'
import { ApiError } from '../api/client.ts'
import { getMe } from '../api/generated/sdk.gen.ts'
import type { GetMeResponse } from '../api/generated/types.gen.ts'

export type Me = GetMeResponse

/** Undefined data means nobody: null, because a query may not answer undefined. */
export const whoIsThere = queryOptions({
  queryKey: ['me'],
  queryFn: async (): Promise<Me | null> => {
    try {
      const { data } = await getMe({ throwOnError: true })
      return data
    } catch (error) {
      if (error instanceof ApiError && error.code === 'not-signed-in') return null
      throw error
    }
  },
  staleTime: 60_000,
})

export function useMe(): Me | null | undefined {
  return useQuery(whoIsThere).data
}

/** Whether the person who is signed in may do this. */
export function useMay(permission: string): boolean {
  return useMe()?.permissions.includes(permission) ?? false
}
