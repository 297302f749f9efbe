// The ways of an export: a link that streams, a body for those who are selected, or in the background with the file at its end.
import { useQuery } from '@tanstack/react-query'
import { useEffect, useEffectEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getExportsId, postExports, postExportsIdStop, postSubscribersExport } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import type { Target } from './action-dialog.tsx'
import type { Filter } from './filter.ts'
import { saveBlob, saveLink } from './save-file.ts'

/** Ids in one filter at most. */
export const mostSelected = 1_000
const lookMs = 700
/** A longer address some proxy would refuse. */
const longestQuery = 3_000

export type ExportWish = {
  format: 'csv' | 'xlsx'
  bom: boolean
  /** Undefined: all that an import takes. */
  columns: readonly string[] | undefined
  target: Target
  isBackground: boolean
}

export function useExport(onClose: () => void) {
  const { t } = useTranslation()
  const [runId, setRunId] = useState<number>()
  const begin = useAct({
    run: (wish: ExportWish) => order(wish),
    touches: [['exports']],
    isForm: true,
    done: (id) => (id === undefined ? t('export.begun') : t('export.inBackground')),
    onDone: (id) => (id === undefined ? onClose() : setRunId(id)),
  })
  const { data: run } = useQuery({
    queryKey: ['exports', runId],
    queryFn: async () => (await getExportsId({ path: { id: String(runId) }, throwOnError: true })).data,
    enabled: runId !== undefined,
    refetchInterval: ({ state }) => (state.data?.finished_at == null ? lookMs : false),
  })
  const stop = useAct({
    run: () => postExportsIdStop({ path: { id: String(runId) }, throwOnError: true }),
    touches: [['exports']],
  })
  const state = run?.state
  const ready = useEffectEvent(() => {
    saveLink(`/api/v1/exports/${runId}/file`)
    onClose()
  })
  useEffect(() => {
    if (state === 'done') ready()
  }, [state])
  const background =
    runId === undefined
      ? undefined
      : { state: state ?? 'waiting', error: run?.error ?? null, onStop: () => stop.mutate(undefined) }
  return { begin, background }
}

/** Returns the id of what is made in the background; undefined: the file is on its way. */
async function order({ format, bom, columns, target, isBackground }: ExportWish): Promise<number | undefined> {
  const filter: Filter = 'filter' in target ? target.filter : 'ids' in target ? { ids: target.ids } : {}
  const body = { format, bom, filter, ...(columns && { columns: [...columns] }) }
  if (isBackground) return (await postExports({ body: { noun: 'subscribers', ...body }, throwOnError: true })).data.id
  const query = queryOf({ ...filter, format, bom: bom || undefined, columns })
  if (!('ids' in target) && query.length <= longestQuery) {
    saveLink(`/api/v1/subscribers/export?${query}`)
    return undefined
  }
  const { data } = await postSubscribersExport({ body, parseAs: 'blob', throwOnError: true })
  saveBlob(data as unknown as Blob, `subscribers.${format}`)
  return undefined
}

type Word = string | number | boolean | readonly (string | number)[] | undefined

function queryOf(fields: Readonly<Record<string, Word>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) {
    // A list is written by its commas.
    if (value !== undefined) query.set(name, value.toString())
  }
  return query.toString()
}
