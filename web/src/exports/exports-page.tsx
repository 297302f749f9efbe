// The exports that were asked for in the background: how far each is, and its file while it is kept.
import { ActionIcon, Badge, Button, Group, Tooltip } from '@mantine/core'
import { IconDownload, IconPlayerStop, IconPlus } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import type { TFunction } from 'i18next'
import { useEffect, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getExports, postExportsIdStop } from '../api/generated/sdk.gen.ts'
import type { GetExportsResponse } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { formatOctets } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { ListPage } from '../list/list-page.tsx'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { useColumns } from '../list/use-columns.ts'
import { usePages } from '../list/use-pages.ts'
import { NewExport } from './new-export.tsx'

type ExportRun = GetExportsResponse['items'][number]

const colours = {
  waiting: 'gray',
  running: 'blue',
  stopping: 'orange',
  done: 'green',
  stopped: 'gray',
  failed: 'red',
} as const
const lookMs = 1_000
const isOpen = ({ state }: ExportRun) => state === 'waiting' || state === 'running' || state === 'stopping'

export function ExportsPage() {
  const { t } = useTranslation()
  const [isMaking, setMaking] = useState(false)
  const queries = useQueryClient()
  const pages = usePages<ExportRun>(['exports'], async (cursor, signal) => {
    const query = { limit: '100', ...(cursor && { cursor }) }
    return (await getExports({ query, signal, throwOnError: true })).data
  })
  const isBusy = pages.rows.some(isOpen)
  useEffect(() => {
    if (!isBusy) return
    const timer = setInterval(() => void queries.invalidateQueries({ queryKey: ['exports'] }), lookMs)
    return () => clearInterval(timer)
  }, [isBusy, queries])
  const { widths, setWidth } = useColumns('exports')
  const columns = useExportColumns()
  return (
    <ListPage
      title={t('nav.exports')}
      error={pages.error}
      tools={
        <Button
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={() => setMaking(true)}
          aria-keyshortcuts="n"
          data-shortcut="n"
        >
          {t('exports.add')}
        </Button>
      }
    >
      <ListTable
        label={t('nav.exports')}
        columns={columns}
        pages={pages}
        nameOf={({ noun, id }) => `${noun} ${id}`}
        widths={widths}
        onWidth={setWidth}
        empty={t('exports.empty')}
      />
      {isMaking && <NewExport onClose={() => setMaking(false)} />}
    </ListPage>
  )
}

function useExportColumns(): ListColumn<ExportRun>[] {
  const { t } = useTranslation()
  const instant = useInstant()
  return useMemo(
    () => [
      { name: 'noun', title: t('exports.noun'), width: 190, cell: ({ noun }) => nounName(noun, t) },
      { name: 'format', title: t('exports.format'), width: 90, cell: ({ format }) => format.toUpperCase() },
      {
        name: 'state',
        title: t('exports.state'),
        width: 130,
        cell: ({ state, error }) => (
          <Tooltip label={error} disabled={error === null}>
            <Badge size="sm" variant="light" tt="none" color={colours[state]}>
              {t(`exports.states.${state}`)}
            </Badge>
          </Tooltip>
        ),
      },
      {
        name: 'octets',
        title: t('exports.size'),
        width: 100,
        isNumber: true,
        cell: ({ octets }) => (octets === '0' ? null : formatOctets(octets)),
      },
      { name: 'asked', title: t('exports.asked'), width: 170, cell: (run) => instant(run.created_at) },
      {
        name: 'finished',
        title: t('exports.finished'),
        width: 170,
        cell: (run) => run.finished_at && instant(run.finished_at),
      },
      { name: 'tools', title: t('list.actions'), width: 90, cell: (run) => <Tools run={run} /> },
    ],
    [t, instant],
  )
}

function nounName(noun: string, t: TFunction): string {
  return t(`exports.nouns.${noun as 'subscribers'}`)
}

function Tools({ run }: { run: ExportRun }) {
  const { t } = useTranslation()
  const name = `${nounName(run.noun, t)} ${run.id}`
  const stop = useAct({
    run: async () => (await postExportsIdStop({ path: { id: String(run.id) }, throwOnError: true })).data,
    touches: [['exports']],
  })
  return (
    <Group gap={2} wrap="nowrap">
      {run.state === 'done' && (
        <Tooltip label={t('exports.download')}>
          <ActionIcon
            component="a"
            href={`/api/v1/exports/${run.id}/file`}
            download
            variant="subtle"
            aria-label={t('exports.downloadOf', { name })}
          >
            <IconDownload size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      )}
      {isOpen(run) && (
        <Tooltip label={t('exports.stop')}>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t('exports.stopOf', { name })}
            loading={stop.isPending}
            onClick={() => stop.mutate(undefined)}
          >
            <IconPlayerStop size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      )}
    </Group>
  )
}
