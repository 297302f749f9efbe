// One run on a router: how it goes, and what it found.
import { Alert, Anchor, Badge, Code, Drawer, Group, Progress, Stack, Table, Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { RouterRun } from '../api/generated/types.gen.ts'
import { formatInstant, formatSpan } from '../i18n/format.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { readDiagnosis } from './diagnosis.ts'
import { readReconcileResult, readSessionsResult, type BookedSession, type RouterLine } from './run-result.ts'
import { runColours } from './run-words.ts'
import { isOver, useRun } from './use-run.ts'

type Props = { id: number; onClose(): void; onOther(id: number): void }

export function RunDrawer({ id, onClose }: Props) {
  const { t } = useTranslation()
  const { data: run, error } = useRun(id)
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={720}
      title={run && t(`routers.kinds.${run.kind as 'doctor'}`, { defaultValue: run.kind })}
    >
      <Stack gap="md">
        <ProblemNote error={error} />
        {run && (
          <Group gap="xs" role="status">
            <Badge variant="light" color={runColours[run.state]} tt="none">
              {t(`routers.states.${run.state}`)}
            </Badge>
            <Text size="sm" c="dimmed">
              {formatInstant(run.created_at)} · <bdi>{run.author}</bdi>
            </Text>
          </Group>
        )}
        {run && !isOver(run) && <Progress value={100} animated aria-label={t('bulk.progress')} />}
        {run?.error != null && <Alert color="red">{run.error}</Alert>}
        {run?.state === 'done' && <Result run={run} />}
      </Stack>
    </Drawer>
  )
}

function Result({ run }: { run: RouterRun }) {
  const { t } = useTranslation()
  if (run.result === null) return <Text size="sm">{t('routers.noResult')}</Text>
  if (run.kind === 'doctor') {
    const found = readDiagnosis(run.result)
    return found?.findings.map(({ sentence, severity }) => (
      <Text key={sentence} size="sm">
        {t(`doctor.severity.${severity}`)}: {sentence}
      </Text>
    ))
  }
  const sessions = run.kind === 'sessions' ? readSessionsResult(run.result) : undefined
  if (sessions) {
    return (
      <>
        <Counts counts={sessions.on_router} />
        <Part title={t('routers.missing', { count: sessions.missing_count })} hint={t('routers.missingHint')}>
          <Booked sessions={sessions.missing} />
        </Part>
        <Part title={t('routers.unknown', { count: sessions.items.filter(({ session }) => session === null).length })}>
          <Lines lines={sessions.items.filter(({ session }) => session === null)} />
        </Part>
        <Part title={t('routers.onRouter', { count: sessions.items.length })}>
          <Lines lines={sessions.items} />
        </Part>
      </>
    )
  }
  const books = run.kind === 'reconcile' ? readReconcileResult(run.result) : undefined
  if (books) {
    return (
      <>
        <Text size="sm">{t(`routers.modes.${books.mode}`)}</Text>
        {books.doubt !== null && <Alert color="yellow">{books.doubt}</Alert>}
        <Counts counts={books.on_router} />
        <Part
          title={t('routers.gone', { count: books.gone_count })}
          hint={t('routers.ended', { count: books.ended_count })}
        >
          <Booked sessions={books.gone} />
        </Part>
        <Part
          title={t('routers.zombies', { count: books.zombie_count })}
          hint={t('routers.removed', { count: books.removed_count })}
        >
          <Lines lines={books.zombies} />
        </Part>
      </>
    )
  }
  return (
    <Code block tabIndex={0} dir="ltr">
      {JSON.stringify(run.result, null, 2)}
    </Code>
  )
}

function Part({ title, hint, children }: { title: string; hint?: string; children: ReactNode }) {
  return (
    <section>
      <Title order={3} size="h6">
        {title}
      </Title>
      {hint !== undefined && (
        <Text size="sm" c="dimmed">
          {hint}
        </Text>
      )}
      {children}
    </section>
  )
}

function Counts({ counts }: { counts: Readonly<Record<string, number>> }) {
  const { t } = useTranslation()
  return (
    <Group gap="xs">
      {Object.entries(counts).map(([kind, count]) => (
        <Badge key={kind} variant="light" tt="none">
          {t(`routers.lines.${kind as 'ppp'}`, { defaultValue: kind })}: {count}
        </Badge>
      ))}
    </Group>
  )
}

function Booked({ sessions }: { sessions: readonly BookedSession[] }) {
  const { t } = useTranslation()
  if (sessions.length === 0) return null
  return (
    <Rows label={t('nases.tabs.sessions')}>
      {sessions.map(({ id, username, address, mac, started_at: at }) => (
        <Table.Tr key={id}>
          <Table.Td>
            <Anchor
              size="sm"
              renderRoot={(props) => <Link {...props} to="/online" search={{ session: id, state: 'open' }} />}
            >
              <bdi>{username}</bdi>
            </Anchor>
          </Table.Td>
          <Table.Td>{address}</Table.Td>
          <Table.Td>{mac}</Table.Td>
          <Table.Td>{formatInstant(at)}</Table.Td>
        </Table.Tr>
      ))}
    </Rows>
  )
}

function Lines({ lines }: { lines: readonly (RouterLine & { refused?: string | null; outcome?: string })[] }) {
  const { t } = useTranslation()
  if (lines.length === 0) return null
  return (
    <Rows label={t('routers.kinds.sessions')}>
      {lines.map(({ kind, name, address, mac, uptime_s: up, refused, outcome }) => (
        <Table.Tr key={`${kind} ${name} ${address} ${mac}`}>
          <Table.Td>
            <bdi>{name}</bdi>
          </Table.Td>
          <Table.Td>{t(`routers.lines.${kind as 'ppp'}`, { defaultValue: kind })}</Table.Td>
          <Table.Td>{address}</Table.Td>
          <Table.Td>{mac}</Table.Td>
          <Table.Td>{up !== null && formatSpan(up * 1000)}</Table.Td>
          <Table.Td>{[refused, outcome].filter((text) => text != null).join(' · ')}</Table.Td>
        </Table.Tr>
      ))}
    </Rows>
  )
}

function Rows({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Table.ScrollContainer minWidth={520} mah={320} tabIndex={0} role="region" aria-label={label}>
      <Table verticalSpacing={4}>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
