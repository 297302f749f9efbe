// The management side of a router: how it is entered, what was read or done there, and what to read or do now.
import { Alert, Badge, Button, Group, Stack, Table, Text, Title, UnstyledButton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteNasesNameRouter, getNasesNameRouter } from '../api/generated/sdk.gen.ts'
import type { RouterAccess } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { formatInstant } from '../i18n/format.ts'
import { FactList } from '../list/fact-list.tsx'
import { nasRoute } from '../routes/network.ts'
import { Confirm } from '../shell/confirm.tsx'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'
import classes from './nases.module.css'
import { RouterDialog } from './router-dialog.tsx'
import { RunDrawer } from './run-drawer.tsx'
import { runColours } from './run-words.ts'
import { useNasStates, type NasDevice } from './use-nases.ts'
import { useAskRun, useRuns } from './use-run.ts'

export function RouterTab({ nas }: { nas: NasDevice }) {
  const { run } = nasRoute.useSearch()
  const navigate = nasRoute.useNavigate()
  const open = (id: number | undefined) => void navigate({ search: { tab: 'router', run: id }, replace: true })
  const hasRouter = useNasStates().get(nas.id)?.has_router
  const { data, error } = useQuery({
    queryKey: ['nases', 'router', nas.name],
    queryFn: async () => (await getNasesNameRouter({ path: { name: nas.name }, throwOnError: true })).data,
    enabled: hasRouter === true,
  })
  const access = hasRouter === true ? data : undefined
  return (
    <Stack gap="lg" className={classes.narrow}>
      <ProblemNote error={error} />
      {(access !== undefined || hasRouter === false) && <Access nas={nas} access={access} />}
      {access !== undefined && <Ask nas={nas} onBegun={open} />}
      <Runs nas={nas} onOpen={open} />
      {run !== undefined && <RunDrawer key={run} id={run} onClose={() => open(undefined)} onOther={open} />}
    </Stack>
  )
}

function Access({ nas, access }: { nas: NasDevice; access: RouterAccess | undefined }) {
  const { t } = useTranslation()
  const mayEdit = useMay('nas.edit')
  const [doing, setDoing] = useState<'edit' | 'remove'>()
  const remove = useAct({
    run: () => deleteNasesNameRouter({ path: { name: nas.name }, throwOnError: true }),
    touches: [
      ['nases', 'router'],
      ['nases', 'states'],
    ],
    isForm: true,
    done: () => t('routers.forgotten'),
    onDone: () => setDoing(undefined),
  })
  return (
    <section aria-label={t('routers.access')}>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h5">
          {t('routers.access')}
        </Title>
        {mayEdit && nas.vendor === 'mikrotik' && (
          <Group gap="xs">
            <Button size="compact-md" variant="default" onClick={() => setDoing('edit')}>
              {t(access ? 'act.edit' : 'routers.give')}
            </Button>
            {access && (
              <Button size="compact-md" variant="light" color="red" onClick={() => setDoing('remove')}>
                {t('routers.forget')}
              </Button>
            )}
          </Group>
        )}
      </Group>
      {access ? (
        <AccessFacts access={access} />
      ) : (
        <Text size="sm">{t(nas.vendor === 'mikrotik' ? 'routers.none' : 'routers.noWay')}</Text>
      )}
      {doing === 'edit' && <RouterDialog nas={nas} access={access} onClose={() => setDoing(undefined)} />}
      {doing === 'remove' && (
        <Confirm
          title={t('routers.forgetTitle', { name: nas.name })}
          lines={[t('routers.forgetHint'), t('actions.noUndo')]}
          submit={t('routers.forget')}
          isBusy={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate(undefined)}
          onClose={() => setDoing(undefined)}
        />
      )}
    </section>
  )
}

function AccessFacts({ access }: { access: RouterAccess }) {
  const { t } = useTranslation()
  return (
    <>
      {access.warning !== null && (
        <Alert color="yellow" variant="light" mb="xs">
          {access.warning}
        </Alert>
      )}
      <FactList
        facts={[
          [t('routers.backend'), t(`routers.backends.${access.backend}`)],
          [t('routers.host'), `${access.host ?? t('routers.whereNas')} : ${access.port}`],
          [t('routers.tls'), t(access.tls ? 'words.yes' : 'words.no')],
          [t('routers.user'), access.user_name],
          [t('routers.pin'), access.pin],
          [t('routers.serverName'), access.server_name],
          [t('routers.ca'), access.ca === null ? null : t('routers.given')],
          [t('routers.timeout'), `${access.timeout_ms} ms`],
          [t('routers.changed'), formatInstant(access.updated_at)],
        ]}
      />
    </>
  )
}

function Ask({ nas, onBegun }: { nas: NasDevice; onBegun(run: number): void }) {
  const { t } = useTranslation()
  const mayRun = useMay('nas.edit')
  const ask = useAskRun(nas.name, ({ id }) => onBegun(id))
  if (!mayRun) return null
  return (
    <Group gap="xs">
      {(['sessions', 'reconcile'] as const).map((kind) => (
        <Button
          key={kind}
          variant={kind === 'sessions' ? 'filled' : 'default'}
          loading={ask.isPending && ask.variables.kind === kind}
          onClick={() => ask.mutate({ kind })}
        >
          {t(`routers.ask.${kind}`)}
        </Button>
      ))}
      <Text size="sm" c="dimmed">
        {t('routers.askHint')}
      </Text>
    </Group>
  )
}

function Runs({ nas, onOpen }: { nas: NasDevice; onOpen(run: number): void }) {
  const { t } = useTranslation()
  const { data = [], error } = useRuns(nas.name)
  return (
    <section aria-label={t('routers.runs')}>
      <Title order={2} size="h5" mb="xs">
        {t('routers.runs')}
      </Title>
      <ProblemNote error={error} />
      {data.length === 0 && <Text size="sm">{t('routers.noRuns')}</Text>}
      {data.length > 0 && (
        <Table.ScrollContainer minWidth={520} tabIndex={0} role="group" aria-label={t('routers.runs')}>
          <Table highlightOnHover>
            <Table.Tbody>
              {data.map(({ id, kind, state, author, created_at: at, error: why }) => (
                <Table.Tr key={id}>
                  <Table.Td>
                    <UnstyledButton fz="sm" fw={500} c="var(--mantine-color-anchor)" onClick={() => onOpen(id)}>
                      {t(`routers.kinds.${kind as 'doctor'}`, { defaultValue: kind })}
                    </UnstyledButton>
                  </Table.Td>
                  <Table.Td>
                    <Badge variant="light" color={runColours[state]} tt="none">
                      {t(`routers.states.${state}`)}
                    </Badge>
                  </Table.Td>
                  <Table.Td>{formatInstant(at)}</Table.Td>
                  <Table.Td>
                    <bdi>{author}</bdi>
                  </Table.Td>
                  <Table.Td>{why}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </section>
  )
}
