// Whose portal this is: asked first of all, by the portal's own cookie.
import { queryOptions, useQuery } from '@tanstack/react-query'
import { ApiError } from '../api/client.ts'
import { portalApi } from './portal-api.ts'
import type { GetPortalMeResponse } from '../api/generated/types.gen.ts'
import { setHouseStyle } from '../i18n/house-style.ts'

export type PortalCaller = GetPortalMeResponse

/** Null: nobody is signed in here. */
export const callerQuery = queryOptions({
  queryKey: ['portal', 'me'],
  queryFn: async (): Promise<PortalCaller | null> => {
    try {
      const data = await portalApi.me()
      setHouseStyle({ zone: data.zone, dateFormat: data.date_format })
      return data
    } catch (error) {
      if (error instanceof ApiError && error.code === 'not-signed-in') return null
      throw error
    }
  },
  staleTime: 60_000,
})

/** Of a page within, where somebody is signed in. */
export function useCaller(): PortalCaller {
  const { data } = useQuery(callerQuery)
  if (data == null) throw new Error('nobody is signed in here')
  return data
}
