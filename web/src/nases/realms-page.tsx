// Realms, and the home servers to which requests of other ISPs' subscribers are forwarded.
import { Badge, Button, Group, Table, Text, Title } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteHomeServersName, deleteRealmsName, postRealms } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { ListPage } from '../list/list-page.tsx'
import { Confirm } from '../shell/confirm.tsx'
import { useTitle } from '../shell/use-title.ts'
import { useMay } from '../sign-in/me.ts'
import { HomeServerDialog } from './home-server-dialog.tsx'
import { NasNav } from './nas-nav.tsx'
import classes from './nases.module.css'
import { RealmDialog } from './realm-dialog.tsx'
import { allHomeServers, allRealms, type HomeServer, type Realm } from './use-nases.ts'

export function RealmsPage() {
  const { t } = useTranslation()
  useTitle(t('nases.places.realms'))
  const realms = useQuery(allRealms)
  const servers = useQuery(allHomeServers)
  return (
    <ListPage title={t('nases.places.realms')} error={realms.error ?? servers.error} places={<NasNav />}>
      <div className={classes.scrolling}>
        <Realms realms={realms.data ?? []} />
        <Servers servers={servers.data ?? []} />
      </div>
    </ListPage>
  )
}

function Realms({ realms }: { realms: readonly Realm[] }) {
  const { t } = useTranslation()
  const mayEdit = useMay('nas.edit')
  const [adding, setAdding] = useState(false)
  const remove = useAct({
    run: (realm: Realm) => deleteRealmsName({ path: { name: realm.name }, throwOnError: true }),
    touches: [['nases', 'realms']],
    done: (_, { name }) => t('nases.removed', { name: name || t('realms.without') }),
    undo:
      (_, { name, action, pool }) =>
      () =>
        postRealms({ body: { name, action, ...(pool !== null && { pool }) }, throwOnError: true }),
  })
  return (
    <Section
      title={t('nases.places.realms')}
      hint={t('realms.hint')}
      add={t('realms.add')}
      onAdd={mayEdit ? () => setAdding(true) : undefined}
    >
      {realms.length === 0 && <Text size="sm">{t('realms.none')}</Text>}
      {realms.length > 0 && (
        <Rows label={t('nases.places.realms')} heads={[t('realms.realm'), t('realms.action'), t('realms.pool'), '']}>
          {realms.map((realm) => (
            <Table.Tr key={realm.name}>
              <Table.Td>{realm.name === '' ? <em>{t('realms.without')}</em> : <bdi>{realm.name}</bdi>}</Table.Td>
              <Table.Td>{t(`realms.actions.${realm.action}`)}</Table.Td>
              <Table.Td>
                <bdi>{realm.pool}</bdi>
              </Table.Td>
              <Table.Td ta="end">
                {mayEdit && realm.name !== '' && (
                  <Button size="compact-sm" variant="subtle" color="red" onClick={() => remove.mutate(realm)}>
                    {t('act.remove')}
                  </Button>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Rows>
      )}
      {adding && <RealmDialog onClose={() => setAdding(false)} />}
    </Section>
  )
}

function Servers({ servers }: { servers: readonly HomeServer[] }) {
  const { t } = useTranslation()
  const mayEdit = useMay('nas.edit')
  const [adding, setAdding] = useState(false)
  const [removing, setRemoving] = useState<HomeServer>()
  const remove = useAct({
    run: (name: string) => deleteHomeServersName({ path: { name }, throwOnError: true }),
    touches: [['nases', 'home-servers']],
    isForm: true,
    done: (_, name) => t('nases.removed', { name }),
    onDone: () => setRemoving(undefined),
  })
  const heads = ['name', 'pool', 'priority', 'address', 'ports', 'patience', 'signing'] as const
  return (
    <Section
      title={t('realms.servers')}
      hint={t('realms.serversHint')}
      add={t('realms.addServer')}
      onAdd={mayEdit ? () => setAdding(true) : undefined}
    >
      {servers.length === 0 && <Text size="sm">{t('realms.noServers')}</Text>}
      {servers.length > 0 && (
        <Rows label={t('realms.servers')} heads={[...heads.map((name) => t(`realms.heads.${name}`)), '']}>
          {servers.map((server) => (
            <Table.Tr key={server.name}>
              <Table.Td>
                <bdi>{server.name}</bdi>
              </Table.Td>
              <Table.Td>
                <bdi>{server.pool}</bdi>
              </Table.Td>
              <Table.Td>{server.priority}</Table.Td>
              <Table.Td>{server.address}</Table.Td>
              <Table.Td>
                {server.auth_port} / {server.acct_port}
              </Table.Td>
              <Table.Td>
                {server.tries} × {server.timeout_ms} ms
              </Table.Td>
              <Table.Td>
                <Badge variant="light" color={server.message_authenticator === 'off' ? 'red' : 'green'} tt="none">
                  {t(`nases.modes.${server.message_authenticator}`)}
                </Badge>
              </Table.Td>
              <Table.Td ta="end">
                {mayEdit && (
                  <Button size="compact-sm" variant="subtle" color="red" onClick={() => setRemoving(server)}>
                    {t('act.remove')}
                  </Button>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Rows>
      )}
      {adding && <HomeServerDialog onClose={() => setAdding(false)} />}
      {removing && (
        <Confirm
          title={t('nases.removeTitle', { name: removing.name })}
          lines={[t('realms.removeServerHint', { pool: removing.pool }), t('actions.noUndo')]}
          submit={t('act.remove')}
          isBusy={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate(removing.name)}
          onClose={() => setRemoving(undefined)}
        />
      )}
    </Section>
  )
}

type SectionProps = { title: string; hint: string; add: string; onAdd: (() => void) | undefined; children: ReactNode }

function Section({ title, hint, add, onAdd, children }: SectionProps) {
  return (
    <section aria-label={title}>
      <Group justify="space-between" mb={4}>
        <Title order={2} size="h5">
          {title}
        </Title>
        {onAdd && (
          <Button size="compact-md" leftSection={<IconPlus size={15} aria-hidden />} onClick={onAdd}>
            {add}
          </Button>
        )}
      </Group>
      <Text size="sm" c="dimmed" mb="sm">
        {hint}
      </Text>
      {children}
      <div style={{ blockSize: 32 }} />
    </section>
  )
}

function Rows({ label, heads, children }: { label: string; heads: readonly string[]; children: ReactNode }) {
  return (
    <Table.ScrollContainer minWidth={560} tabIndex={0} role="region" aria-label={label}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            {heads.map((head) => (head === '' ? <Table.Td key={head} /> : <Table.Th key={head}>{head}</Table.Th>))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
