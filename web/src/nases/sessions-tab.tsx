// What is open on one NAS now.
import { Anchor, Group } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { getSessions } from '../api/generated/sdk.gen.ts'
import type { Session } from '../api/generated/types.gen.ts'
import { ListTable } from '../list/list-table.tsx'
import { useColumns } from '../list/use-columns.ts'
import { usePages } from '../list/use-pages.ts'
import { SessionCard, sessionColumns } from '../sessions/columns.tsx'
import { DisconnectDialog, type Ending } from '../sessions/disconnect-dialog.tsx'
import { SessionDrawer } from '../sessions/session-drawer.tsx'
import { useRates } from '../sessions/use-rates.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useNavigate } from '@tanstack/react-router'
import type { NasDevice } from './use-nases.ts'

const shown = ['username', 'state', 'framed_ip', 'rateDown', 'rateUp', 'interface', 'mac', 'started', 'down', 'up']

export function SessionsTab({ nas }: { nas: NasDevice }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const pages = usePages<Session>(['sessions', 'nas', nas.id], async (cursor, signal) => {
    const query = { nas_id: String(nas.id), state: 'open' as const, limit: '100', ...(cursor && { cursor }) }
    return (await getSessions({ query, signal, throwOnError: true })).data
  })
  const rateOf = useRates(pages.rows)
  const all = sessionColumns(t, rateOf)
  const { widths, setWidth } = useColumns('nas-sessions')
  const [open, setOpen] = useState<number>()
  const [ending, setEnding] = useState<readonly Ending[]>()
  return (
    <>
      <Group px={12} py={8}>
        <Anchor
          size="sm"
          renderRoot={(props) => <Link {...props} to="/online" search={{ nas: nas.id, state: 'open' }} />}
        >
          {t('nases.inOnline')}
        </Anchor>
      </Group>
      <ProblemNote error={pages.error} />
      <ListTable
        label={t('nases.tabs.sessions')}
        columns={shown.flatMap((name) => all.find((column) => column.name === name) ?? [])}
        pages={pages}
        nameOf={({ username }) => username}
        card={(row) => <SessionCard row={row} rate={rateOf(row)} />}
        widths={widths}
        onWidth={setWidth}
        onOpen={({ id }) => setOpen(id)}
        empty={t('nases.noSessions')}
      />
      {open !== undefined && (
        <SessionDrawer
          id={open}
          onClose={() => setOpen(undefined)}
          onEnd={(one) => setEnding([one])}
          onSubscriber={(id) => void navigate({ to: '/subscribers', search: { open: id } })}
        />
      )}
      {ending && <DisconnectDialog sessions={ending} onClose={() => setEnding(undefined)} />}
    </>
  )
}
