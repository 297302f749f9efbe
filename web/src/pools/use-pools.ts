// Address pools, with how full they are.
import { queryOptions } from '@tanstack/react-query'
import { getIpPools, getIpPoolsId } from '../api/generated/sdk.gen.ts'

const liveMs = 10_000

export const allPools = queryOptions({
  queryKey: ['pools', 'all'],
  queryFn: async () => (await getIpPools({ throwOnError: true })).data.items,
  refetchInterval: liveMs,
})

export const onePool = (id: string) =>
  queryOptions({
    queryKey: ['pools', 'one', id],
    queryFn: async () => (await getIpPoolsId({ path: { id }, throwOnError: true })).data,
    refetchInterval: liveMs,
  })
