// What the pages of NASes read: the devices, how each stands, what is wrong with it, the clients they speak through.
import { queryOptions, useQuery } from '@tanstack/react-query'
import {
  getAlarms,
  getClients,
  getHomeServers,
  getNasesName,
  getNases,
  getNasGroups,
  getNasStates,
  getRealms,
} from '../api/generated/sdk.gen.ts'
import type {
  GetAlarmsResponse,
  GetClientsResponse,
  GetHomeServersResponse,
  GetNasesNameResponse,
  GetNasesResponse,
  GetNasGroupsResponse,
  GetRealmsResponse,
  NasState,
} from '../api/generated/types.gen.ts'

export type NasDevice = GetNasesResponse['items'][number]
export type NasWhole = GetNasesNameResponse
export type Client = GetClientsResponse['items'][number]
export type NasGroup = GetNasGroupsResponse['items'][number]
export type Alarm = GetAlarmsResponse['items'][number]
export type Realm = GetRealmsResponse['items'][number]
export type HomeServer = GetHomeServersResponse['items'][number]

export const vendors = [
  'mikrotik',
  'accel-ppp',
  'standard',
  'juniper',
  'cisco',
  'huawei',
  'nokia',
  'zte',
  'h3c',
] as const

const liveMs = 10_000

/** What a change of a NAS, client or group touches. */
export const nasKeys = [['nases'], ['choices', 'nas']] as const

export const allNases = queryOptions({
  queryKey: ['nases', 'devices'],
  queryFn: async () => (await getNases({ throwOnError: true })).data.items,
})
export const allClients = queryOptions({
  queryKey: ['nases', 'clients'],
  queryFn: async () => (await getClients({ throwOnError: true })).data.items,
})
export const allNasGroups = queryOptions({
  queryKey: ['nases', 'groups'],
  queryFn: async () => (await getNasGroups({ throwOnError: true })).data.items,
})
export const allRealms = queryOptions({
  queryKey: ['nases', 'realms'],
  queryFn: async () => (await getRealms({ throwOnError: true })).data.items,
})
export const allHomeServers = queryOptions({
  queryKey: ['nases', 'home-servers'],
  queryFn: async () => (await getHomeServers({ throwOnError: true })).data.items,
})
export const oneNas = (name: string) =>
  queryOptions({
    queryKey: ['nases', 'one', name],
    queryFn: async () => (await getNasesName({ path: { name }, throwOnError: true })).data,
  })

/** By the id of the NAS. */
export function useNasStates(): ReadonlyMap<number, NasState> {
  const { data } = useQuery({
    queryKey: ['nases', 'states'],
    queryFn: async () => (await getNasStates({ throwOnError: true })).data.items,
    select: (items) => new Map(items.map((state) => [state.nas_id, state])),
    refetchInterval: liveMs,
  })
  return data ?? none
}
const none: ReadonlyMap<number, NasState> = new Map()

/** Those that stand, of all or of a NAS and its client. */
export function useAlarms(nas?: Pick<NasDevice, 'name' | 'client'>): readonly Alarm[] {
  const { data = [] } = useQuery({
    queryKey: ['nases', 'alarms'],
    queryFn: async () => (await getAlarms({ throwOnError: true })).data.items,
    refetchInterval: liveMs,
  })
  return nas === undefined ? data : data.filter(({ subject }) => subject === nas.name || subject === nas.client)
}
