// What the dashboard asks, each as far as the person may: counts that the API keeps, and pages of one row for what stands.
import { useQuery } from '@tanstack/react-query'
import {
  getAlarms,
  getDashboard,
  getJobs,
  getJobsFailures,
  getNotEnforced,
  getSessionsCount,
  getSubscribersCount,
  getUnmatched,
} from '../api/generated/sdk.gen.ts'
import { useMay } from '../sign-in/me.ts'

const minuteMs = 60_000
const onlineMs = 5_000
/** So many are counted where the API has no count; then it says "more than". */
export const mostCounted = 100

export function useDashboard() {
  return useQuery({
    queryKey: ['dashboard'],
    queryFn: async ({ signal }) => (await getDashboard({ signal, throwOnError: true })).data,
    refetchInterval: minuteMs,
  })
}

/** How many are online at this moment; undefined for who may not see sessions. */
export function useOnline(): number | undefined {
  const { data } = useQuery({
    queryKey: ['sessions', 'count'],
    queryFn: async ({ signal }) => (await getSessionsCount({ signal, throwOnError: true })).data,
    refetchInterval: onlineMs,
    enabled: useMay('subscriber.read'),
  })
  return data?.online
}

/** How many end within so many days. */
export function useExpiring(days: string): number | undefined {
  const { data } = useQuery({
    queryKey: ['subscribers', 'expiring', days],
    queryFn: async ({ signal }) =>
      (await getSubscribersCount({ query: { expires_within_days: days }, signal, throwOnError: true })).data,
    refetchInterval: minuteMs,
    enabled: useMay('subscriber.read'),
  })
  return data?.count
}

export function useAlarms() {
  return useQuery({
    queryKey: ['alarms'],
    queryFn: async ({ signal }) => (await getAlarms({ signal, throwOnError: true })).data.items,
    refetchInterval: minuteMs,
    enabled: useMay('nas.read'),
  })
}

export function useJobs() {
  return useQuery({
    queryKey: ['jobs'],
    queryFn: async ({ signal }) => (await getJobs({ signal, throwOnError: true })).data.items,
    refetchInterval: minuteMs,
    enabled: useMay('setting.read'),
  })
}

/** What stands and waits for somebody. */
export function useStanding() {
  const limit = String(mostCounted)
  const notEnforced = useQuery({
    queryKey: ['not-enforced', 'count'],
    queryFn: async ({ signal }) => (await getNotEnforced({ query: { limit: '1' }, signal, throwOnError: true })).data,
    refetchInterval: minuteMs,
    enabled: useMay('subscriber.read'),
  })
  const unmatched = useQuery({
    queryKey: ['unmatched', 'count'],
    queryFn: async ({ signal }) => (await getUnmatched({ query: { limit }, signal, throwOnError: true })).data,
    refetchInterval: minuteMs,
    enabled: useMay('nas.read'),
  })
  const setAside = useQuery({
    queryKey: ['jobs', 'failures', 'count'],
    queryFn: async ({ signal }) => (await getJobsFailures({ query: { limit }, signal, throwOnError: true })).data,
    refetchInterval: minuteMs,
    enabled: useMay('subscriber.read'),
  })
  return {
    notEnforced: notEnforced.data?.total ?? 0,
    unmatched: unmatched.data,
    setAside: setAside.data,
    isKnown: [notEnforced, unmatched, setAside].every(
      ({ isPending, fetchStatus }) => !isPending || fetchStatus === 'idle',
    ),
  }
}
