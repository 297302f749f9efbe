// The jobs as the API has them, looked at again while one of them runs.
import { useQuery } from '@tanstack/react-query'
import { getJobs } from '../api/generated/sdk.gen.ts'
import type { GetJobsResponse } from '../api/generated/types.gen.ts'

/** Jobs have names; the table counts its rows. */
export type Job = GetJobsResponse['items'][number] & { id: number }
const lookMs = 10_000
export const busyLookMs = 1_000

export function isBusy(state: string | undefined): boolean {
  return state === 'waiting' || state === 'running'
}

export function useJobs() {
  return useQuery({
    queryKey: ['jobs', 'list'],
    queryFn: async ({ signal }) =>
      (await getJobs({ signal, throwOnError: true })).data.items.map((job, id): Job => ({ ...job, id })),
    refetchInterval: (query) =>
      query.state.data?.some(({ last_run: run }) => isBusy(run?.state)) === true ? busyLookMs : lookMs,
  })
}
