// Who is signed in and what they may do: asked first of all, and again after everything that may have changed it.
import { queryOptions, useQuery } from '@tanstack/react-query'
import { getSetup } from '../api/generated/sdk.gen.ts'
import type { GetMeResponse } from '../api/generated/types.gen.ts'
import { setHouseStyle } from '../i18n/house-style.ts'

export type Me = GetMeResponse
/** `set-up`: there is no operator yet; null: nobody is signed in. */
export type Who = Me | 'set-up' | null

/** Where the links of mails lead, whoever is signed in. */
export const newPasswordPaths: readonly string[] = ['/reset-password', '/invitation']

export const whoIsThere = queryOptions({
  queryKey: ['me'],
  queryFn: async (): Promise<Who> => {
    const { open, me } = (await getSetup({ throwOnError: true })).data
    if (me !== null) setHouseStyle({ zone: me.zone, dateFormat: me.date_format })
    return open ? 'set-up' : me
  },
  staleTime: 60_000,
})

export function useWho(): Who | undefined {
  return useQuery(whoIsThere).data
}

/** Of a page in the shell, where somebody is signed in. */
export function useMe(): Me {
  const who = useWho()
  if (who == null || who === 'set-up') throw new Error('nobody is signed in here')
  return who
}

/** Whether the person who is signed in may do this. */
export function useMay(permission: string): boolean {
  return useMe().permissions.includes(permission)
}
