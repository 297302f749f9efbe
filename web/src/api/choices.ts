// What is chosen from in forms and filters: plans, groups, organisations and so on, by id and name, kept for a while.
import { queryOptions } from '@tanstack/react-query'
import { getGroups, getNases, getNasGroups, getOrganisations, getPlans } from './generated/sdk.gen.ts'

export type Choice = { id: number; name: string }

function choices(name: string, ask: () => Promise<Choice[]>) {
  return queryOptions({ queryKey: ['choices', name], queryFn: ask, staleTime: 60_000 })
}
export type Choices = ReturnType<typeof choices>

export const choicesOf = {
  plan: choices('plan', async () => (await getPlans({ query: { limit: '500' }, throwOnError: true })).data.items),
  group: choices('group', async () => (await getGroups({ query: { limit: '500' }, throwOnError: true })).data.items),
  organisation: choices('organisation', async () => (await getOrganisations({ throwOnError: true })).data.items),
  nas: choices('nas', async () => (await getNases({ throwOnError: true })).data.items),
  nas_group: choices('nas_group', async () => (await getNasGroups({ throwOnError: true })).data.items),
} as const
