// One address pool: how full it is, and its addresses one by one: who has each, or had it last.
import { Anchor, Badge, Button, Group, Loader, SegmentedControl, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { deleteIpPoolsId } from '../api/generated/sdk.gen.ts'
import type { IpPool } from '../api/generated/types.gen.ts'
import { formatInstant, formatNumber } from '../i18n/format.ts'
import { ListPage } from '../list/list-page.tsx'
import { poolRoute } from '../routes/network.ts'
import { EditMenu } from '../shell/edit-menu.tsx'
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
  if (!useMay('nas.edit')) return null
  return (
    <EditMenu
      name={pool.name}
      hint={t('pools.removeHint', { count: pool.total })}
      remove={() => deleteIpPoolsId({ path: { id: String(pool.id) }, throwOnError: true })}
      touches={[['pools', 'all']]}
      onRemoved={() => void navigate({ to: '/pools' })}
      editor={(close) => <PoolDialog pool={pool} onClose={close} />}
    />
  )
}
