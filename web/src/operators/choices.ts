// Roles and teams to choose from; organisations are the panel's own choice.
import { queryOptions } from '@tanstack/react-query'
import { getRoles, getTeams } from '../api/generated/sdk.gen.ts'
import type { GetRolesResponse, GetTeamsResponse } from '../api/generated/types.gen.ts'

export type Role = GetRolesResponse['items'][number]
export type Team = GetTeamsResponse['items'][number]

export const allRoles = queryOptions({
  queryKey: ['operators', 'roles'],
  queryFn: async () => (await getRoles({ throwOnError: true })).data.items,
  staleTime: 60_000,
})

export const allTeams = queryOptions({
  queryKey: ['operators', 'teams'],
  queryFn: async () => (await getTeams({ throwOnError: true })).data.items,
  staleTime: 60_000,
})
