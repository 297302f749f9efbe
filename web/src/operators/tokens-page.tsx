// API tokens: one's own, and those of everybody for whoever watches over them. Made, shown once, revoked.
import { Badge, Button, SegmentedControl, Tooltip } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteApiTokensId, deleteMeApiTokensId, getApiTokens, getMeApiTokens } from '../api/generated/sdk.gen.ts'
import type { GetApiTokensResponse } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { ListPage } from '../list/list-page.tsx'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { useColumns } from '../list/use-columns.ts'
import { usePages } from '../list/use-pages.ts'
import { tokensRoute } from '../routes/house.ts'
import { Confirm } from '../shell/confirm.tsx'
import { useMay } from '../sign-in/me.ts'
import { usePermissionName } from './operator-words.ts'
import { OperatorPlaces } from './places.tsx'
import { TokenDialog } from './token-dialog.tsx'

export type ApiToken = GetApiTokensResponse['items'][number]
const colours = { valid: 'green', expired: 'gray', revoked: 'red' } as const

export function TokensPage() {
  const { t } = useTranslation()
  const maySeeAll = useMay('token.edit')
  const { whose = 'own' } = tokensRoute.useSearch()
  const navigate = tokensRoute.useNavigate()
  const isOwn = whose === 'own' || !maySeeAll
  const pages = usePages<ApiToken>(['api-tokens', isOwn], async (cursor, signal) => {
    const query = { limit: '100', ...(cursor && { cursor }) }
    const ask = isOwn ? getMeApiTokens : getApiTokens
    return (await ask({ query, signal, throwOnError: true })).data
  })
  const [above, setAbove] = useState<'new' | ApiToken>()
  const { widths, setWidth } = useColumns('api-tokens')
  const columns = useTokenColumns(isOwn, setAbove)
  useHotkeys([['n', () => setAbove('new')]])
  return (
    <>
      <OperatorPlaces />
      <ListPage
        title={t('tokens.title')}
        error={pages.error}
        tools={
          <>
            {maySeeAll && (
              <SegmentedControl
                size="xs"
                aria-label={t('tokens.whose')}
                value={isOwn ? 'own' : 'all'}
                onChange={(value) => void navigate({ search: value === 'all' ? { whose: 'all' } : {}, replace: true })}
                data={[
                  { value: 'own', label: t('tokens.own') },
                  { value: 'all', label: t('tokens.everybody') },
                ]}
              />
            )}
            <Button
              leftSection={<IconPlus size={16} aria-hidden />}
              onClick={() => setAbove('new')}
              aria-keyshortcuts="n"
            >
              {t('tokens.add')}
            </Button>
          </>
        }
      >
        <ListTable
          label={t('tokens.title')}
          columns={columns}
          pages={pages}
          nameOf={({ name }) => name}
          widths={widths}
          onWidth={setWidth}
          empty={t('tokens.none')}
        />
      </ListPage>
      {above === 'new' && <TokenDialog onClose={() => setAbove(undefined)} />}
      {typeof above === 'object' && <Revoke token={above} isOwn={isOwn} onClose={() => setAbove(undefined)} />}
    </>
  )
}

function Revoke({ token, isOwn, onClose }: { token: ApiToken; isOwn: boolean; onClose(): void }) {
  const { t } = useTranslation()
  const { name } = token
  const revoke = useAct({
    run: async () => {
      const options = { path: { id: String(token.id) }, throwOnError: true } as const
      await (isOwn ? deleteMeApiTokensId(options) : deleteApiTokensId(options))
    },
    touches: [['api-tokens'], ['operators']],
    isForm: true,
    done: () => t('tokens.revoked', { name }),
    onDone: onClose,
  })
  return (
    <Confirm
      title={t('tokens.revokeTitle', { name })}
      lines={[t('tokens.revokeWhat')]}
      submit={t('tokens.revoke')}
      isBusy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate(undefined)}
      onClose={onClose}
    />
  )
}

function useTokenColumns(isOwn: boolean, onRevoke: (token: ApiToken) => void): ListColumn<ApiToken>[] {
  const { t } = useTranslation()
  const instant = useInstant()
  const permissionName = usePermissionName()
  return [
    { name: 'name', title: t('tokens.name'), width: 180, cell: ({ name }) => <bdi>{name}</bdi> },
    ...(isOwn
      ? []
      : [
          {
            name: 'operator',
            title: t('tokens.operator'),
            width: 170,
            cell: ({ operator }: ApiToken) => <bdi>{operator}</bdi>,
          },
        ]),
    {
      name: 'state',
      title: t('tokens.state'),
      width: 100,
      cell: ({ state }) => (
        <Badge variant="light" tt="none" color={colours[state]}>
          {t(`tokens.states.${state}`)}
        </Badge>
      ),
    },
    { name: 'prefix', title: t('tokens.prefix'), width: 130, cell: ({ prefix }) => <bdi>{prefix}…</bdi> },
    {
      name: 'permissions',
      title: t('tokens.permissions'),
      width: 150,
      cell: ({ permissions }) => (
        <Tooltip multiline w={320} label={permissions.map(permissionName).join(' · ')}>
          <span>{t('tokens.permissionsCount', { count: permissions.length })}</span>
        </Tooltip>
      ),
    },
    {
      name: 'allowed',
      title: t('tokens.allowed'),
      width: 150,
      cell: ({ allowed }) => <bdi>{allowed.length === 0 ? t('tokens.anywhere') : allowed.join(', ')}</bdi>,
    },
    { name: 'expires', title: t('tokens.expires'), width: 180, cell: (row) => instant(row.expires_at) },
    {
      name: 'last_used',
      title: t('tokens.lastUsed'),
      width: 180,
      cell: (row) => (row.last_used_at === null ? t('tokens.neverUsed') : instant(row.last_used_at)),
    },
    { name: 'created', title: t('tokens.created'), width: 180, cell: (row) => instant(row.created_at) },
    {
      name: 'tools',
      title: t('list.actions'),
      width: 110,
      cell: (row) =>
        row.state === 'valid' && (
          <Button
            size="compact-sm"
            variant="default"
            aria-label={t('tokens.revokeOf', { name: row.name })}
            onClick={() => onRevoke(row)}
          >
            {t('tokens.revoke')}
          </Button>
        ),
    },
  ]
}
