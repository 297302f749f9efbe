// One address pool: how full it is, and its addresses one by one: who has each, or had it last.
import { ActionIcon, Anchor, Badge, Button, Group, Loader, Menu, SegmentedControl, Text } from '@mantine/core'
import { IconDots } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteIpPoolsId } from '../api/generated/sdk.gen.ts'
import type { IpPool } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { formatInstant, formatNumber } from '../i18n/format.ts'
import { ListPage } from '../list/list-page.tsx'
import { poolRoute } from '../routes/network.ts'
import { Confirm } from '../shell/confirm.tsx'
import { useTitle } from '../shell/use-title.ts'
import { useMay } from '../sign-in/me.ts'
import { Fill } from './fill.tsx'
import { Leases } from './leases.tsx'
import { PoolDialog } from './pool-dialog.tsx'
import { onePool } from './use-pools.ts'

const states = ['used', 'held', 'static', 'free'] as const

export function PoolPage() {
  const { t } = useTranslation()
  const { id } = poolRoute.useParams()
  const { state } = poolRoute.useSearch()
  const navigate = poolRoute.useNavigate()
  const { data: pool, error } = useQuery(onePool(id))
  useTitle(pool?.name)
  return (
    <ListPage
      title={pool?.name ?? t('nav.pools')}
      status={pool && t('pools.counts.free', { count: pool.free })}
      error={error}
      tools={pool && <PoolMenu pool={pool} />}
      filters={
        pool && (
          <Group justify="space-between" gap="md">
            <Group gap="md">
              <Anchor size="sm" renderRoot={(props) => <Link {...props} to="/pools" />}>
                {t('nav.pools')}
              </Anchor>
              <Text size="sm" c="dimmed">
                {t(`pools.kinds.${pool.kind}`)} · <bdi>{pool.ranges.join(', ')}</bdi>
              </Text>
              <div style={{ inlineSize: 220 }}>
                <Fill pool={pool} />
              </div>
              {pool.learn_until !== null && (
                <Badge variant="light" color="orange" tt="none">
                  {t('pools.learnsUntil', { at: formatInstant(pool.learn_until) })}
                </Badge>
              )}
            </Group>
            <SegmentedControl
              size="xs"
              aria-label={t('pools.state')}
              value={state ?? 'all'}
              onChange={(next) =>
                void navigate({ search: { state: next === 'all' ? undefined : (next as typeof state) }, replace: true })
              }
              data={[
                { value: 'all', label: `${t('pools.allStates')} ${formatNumber(pool.total)}` },
                ...states.map((value) => ({ value, label: `${t(`pools.${value}`)} ${formatNumber(pool[value])}` })),
              ]}
            />
          </Group>
        )
      }
    >
      {pool === undefined && error === null && <Loader size="sm" m="md" aria-label={t('list.loading')} />}
      {error !== null && (
        <Button m="md" variant="default" renderRoot={(props) => <Link {...props} to="/pools" />}>
          {t('nav.pools')}
        </Button>
      )}
      {pool && <Leases pool={pool} state={state} />}
    </ListPage>
  )
}

function PoolMenu({ pool }: { pool: IpPool }) {
  const { t } = useTranslation()
  const navigate = poolRoute.useNavigate()
  const mayEdit = useMay('nas.edit')
  const [doing, setDoing] = useState<'edit' | 'remove'>()
  const remove = useAct({
    run: () => deleteIpPoolsId({ path: { id: String(pool.id) }, throwOnError: true }),
    touches: [['pools', 'all']],
    isForm: true,
    done: () => t('nases.removed', { name: pool.name }),
    onDone: () => void navigate({ to: '/pools' }),
  })
  if (!mayEdit) return null
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" size="lg" aria-label={t('list.actions')}>
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => setDoing('edit')}>{t('act.edit')}</Menu.Item>
          <Menu.Item color="red" onClick={() => setDoing('remove')}>
            {t('act.remove')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {doing === 'edit' && <PoolDialog pool={pool} onClose={() => setDoing(undefined)} />}
      {doing === 'remove' && (
        <Confirm
          title={t('nases.removeTitle', { name: pool.name })}
          lines={[t('pools.removeHint', { count: pool.total }), t('actions.noUndo')]}
          submit={t('act.remove')}
          isBusy={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate(undefined)}
          onClose={() => setDoing(undefined)}
        />
      )}
    </>
  )
}
