// One subscriber as it is now: read again when something happens to it, and as interims arrive.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getSubscribersId } from '../api/generated/sdk.gen.ts'
import type { GetSubscribersIdResponse } from '../api/generated/types.gen.ts'
import { useLive } from '../live/use-live.ts'

export type Subscriber = GetSubscribersIdResponse

const onlineMs = 5_000
const offlineMs = 30_000

export function useSubscriber(id: number) {
  const queries = useQueryClient()
  useLive(['decision', 'session-start', 'session-stop', 'coa', 'audit', 'gap'], (event) => {
    if (event.kind !== 'gap' && event.subscriber_id !== id) return
    void queries.invalidateQueries({ queryKey: ['subscriber', id] })
  })
  return useQuery({
    queryKey: ['subscriber', id],
    queryFn: async ({ signal }) =>
      (await getSubscribersId({ path: { id: String(id) }, signal, throwOnError: true })).data,
    refetchInterval: ({ state }) => (state.data?.online === true ? onlineMs : offlineMs),
  })
}
