// One's own bulk runs that go on while their drawer is closed: how far the newest is; a click opens it.
import { Button, RingProgress } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useEffectEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { getBulkRuns } from '../api/generated/sdk.gen.ts'
import { useLive } from '../live/use-live.ts'
import { actionTitle } from './action-list.ts'
import { shareOf } from './bulk-words.ts'

const lookMs = 1_500

type Props = { onOpen(runId: number): void; onEnd(): void }

export function RunIndicator({ onOpen, onEnd }: Props) {
  const { t } = useTranslation()
  const { data: runs = [], refetch } = useQuery({
    queryKey: ['bulk-runs', 'under-way'],
    queryFn: async ({ signal }) => {
      const query = { own: 'true', state: 'waiting,running,stopping', limit: '10' } as const
      return (await getBulkRuns({ query, signal, throwOnError: true })).data.items
    },
    refetchInterval: ({ state }) => ((state.data?.length ?? 0) > 0 ? lookMs : false),
  })
  useLive(['bulk', 'gap'], () => void refetch())
  const isUnderWay = runs.length > 0
  const ended = useEffectEvent(onEnd)
  useEffect(() => {
    if (!isUnderWay) return undefined
    return () => ended()
  }, [isUnderWay])
  const [newest, ...others] = runs
  if (newest === undefined) return null
  return (
    <Button
      variant="light"
      size="compact-md"
      leftSection={
        <RingProgress size={18} thickness={3} sections={[{ value: shareOf(newest), color: 'blue' }]} aria-hidden />
      }
      onClick={() => onOpen(newest.id)}
    >
      {actionTitle(newest.action, t)}
      {others.length > 0 && ` +${others.length}`}
    </Button>
  )
}
