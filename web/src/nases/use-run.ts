// A run on a router: asked for, then watched until it is over.
import { useQuery } from '@tanstack/react-query'
import { getNasesNameRuns, getRouterRunsId, postNasesNameRuns } from '../api/generated/sdk.gen.ts'
import type { PostNasesNameRunsData, RouterRun } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'

export type RunKind = PostNasesNameRunsData['body']['kind']

const lookMs = 700

export function isOver(run: Pick<RouterRun, 'state'> | undefined): boolean {
  return run?.state === 'done' || run?.state === 'failed'
}

/** One run with its result, as it goes. */
export function useRun(id: number | undefined) {
  return useQuery({
    queryKey: ['nases', 'run', id],
    queryFn: async () => (await getRouterRunsId({ path: { id: String(id) }, throwOnError: true })).data,
    enabled: id !== undefined,
    refetchInterval: (query) => (isOver(query.state.data) ? false : lookMs),
  })
}

/** The newest runs of a NAS, without results. */
export function useRuns(nas: string, kind?: RunKind) {
  return useQuery({
    queryKey: ['nases', 'runs', nas, kind],
    queryFn: async () => {
      const query = { limit: kind === undefined ? '50' : '1', ...(kind !== undefined && { kind }) }
      return (await getNasesNameRuns({ path: { name: nas }, query, throwOnError: true })).data.items
    },
    refetchInterval: (query) => (query.state.data?.every(isOver) === false ? 2_000 : 15_000),
  })
}

export function useAskRun(nas: string, onBegun: (run: RouterRun) => void) {
  return useAct({
    run: async ({ kind, sessionId }: { kind: RunKind; sessionId?: number }) => {
      const body = { kind, ...(sessionId !== undefined && { session_id: sessionId }) }
      return (await postNasesNameRuns({ path: { name: nas }, body, throwOnError: true })).data
    },
    touches: [['nases', 'runs']],
    onDone: onBegun,
  })
}
