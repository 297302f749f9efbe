// The groups of subscribers with how many are in each: added, renamed, deleted while they are empty, and opened as a list.
import { ActionIcon, Button, Group, Tooltip } from '@mantine/core'
import { IconPencil, IconPlus, IconTrash } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteGroupsId, postGroups } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { formatNumber } from '../i18n/format.ts'
import { ListPage } from '../list/list-page.tsx'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { useColumns } from '../list/use-columns.ts'
import type { Pages } from '../list/use-pages.ts'
import { groupsRoute } from '../routes/offer.ts'
import { useMay } from '../sign-in/me.ts'
import { allGroups, type SubscriberGroup } from './all-groups.ts'
import { FullGroup } from './full-group.tsx'
import { GroupDialog } from './group-dialog.tsx'
import { GroupSearch } from './group-search.tsx'

/** All of them are at hand: found as one types. */
function usePagesOfGroups(q: string): Pages<SubscriberGroup> {
  const known = useQuery(allGroups)
  const sought = q.trim().toLowerCase()
  const rows = useMemo(
    () => (known.data ?? []).filter(({ name, owner }) => `${name}\n${owner}`.toLowerCase().includes(sought)),
    [known.data, sought],
  )
  return {
    rows,
    hasMore: false,
    isLoading: known.isPending,
    isStale: false,
    error: known.error,
    loadMore: () => undefined,
    again: () => void known.refetch(),
  }
}

export function GroupsPage() {
  const { t } = useTranslation()
  const { q = '' } = groupsRoute.useSearch()
  const navigate = groupsRoute.useNavigate()
  const mayEdit = useMay('group.edit')
  const pages = usePagesOfGroups(q)
  const [asked, setAsked] = useState<SubscriberGroup | 'new'>()
  const [full, setFull] = useState<SubscriberGroup>()
  const { widths, setWidth } = useColumns('groups')
  const remove = useRemoveGroup()
  const open = ({ id }: SubscriberGroup) =>
    void navigate({ to: '/subscribers', search: { filter: { group_id: String(id) } } })
  const columns = useGroupColumns(
    mayEdit
      ? (group) => (
          <Tools
            group={group}
            onRename={() => setAsked(group)}
            onDelete={() => (group.subscribers > 0 ? setFull(group) : remove.mutate(group))}
          />
        )
      : undefined,
  )
  return (
    <ListPage
      title={t('nav.groups')}
      status={pages.isLoading ? undefined : t('groups.count', { count: pages.rows.length })}
      error={pages.error}
      tools={
        <>
          <GroupSearch
            value={q}
            onSearch={(text) => void navigate({ search: { q: text || undefined }, replace: true })}
          />
          {mayEdit && (
            <Button
              leftSection={<IconPlus size={16} aria-hidden />}
              onClick={() => setAsked('new')}
              aria-keyshortcuts="n"
              data-shortcut="n"
            >
              {t('groups.add')}
            </Button>
          )}
        </>
      }
    >
      <ListTable
        label={t('nav.groups')}
        columns={columns}
        pages={pages}
        nameOf={({ name }) => name}
        onOpen={open}
        widths={widths}
        onWidth={setWidth}
        empty={q === '' ? t('groups.empty') : t('list.emptyFiltered')}
      />
      {asked && <GroupDialog group={asked === 'new' ? undefined : asked} onClose={() => setAsked(undefined)} />}
      {full && <FullGroup group={full} onOpen={() => open(full)} onClose={() => setFull(undefined)} />}
    </ListPage>
  )
}

function useGroupColumns(tools: ((group: SubscriberGroup) => ReactNode) | undefined): ListColumn<SubscriberGroup>[] {
  const { t } = useTranslation()
  return [
    { name: 'name', title: t('groups.name'), width: 230, cell: ({ name }) => <bdi>{name}</bdi> },
    {
      name: 'subscribers',
      title: t('groups.subscribers'),
      width: 110,
      isNumber: true,
      cell: ({ subscribers }) => formatNumber(subscribers),
    },
    { name: 'owner', title: t('groups.owner'), width: 220, cell: ({ owner }) => <bdi>{owner}</bdi> },
    ...(tools ? [{ name: 'tools', title: t('list.actions'), width: 100, cell: tools }] : []),
  ]
}

type ToolsProps = { group: SubscriberGroup; onRename(): void; onDelete(): void }

function Tools({ group, onRename, onDelete }: ToolsProps) {
  const { t } = useTranslation()
  const { name } = group
  return (
    // The row opens by itself; these do not open it.
    <Group
      gap={2}
      wrap="nowrap"
      onClick={(event) => event.stopPropagation()}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <Tooltip label={t('groups.rename')}>
        <ActionIcon variant="subtle" color="gray" aria-label={t('groups.renameOf', { name })} onClick={onRename}>
          <IconPencil size={16} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={t('groups.delete')}>
        <ActionIcon variant="subtle" color="gray" aria-label={t('groups.deleteOf', { name })} onClick={onDelete}>
          <IconTrash size={16} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </Group>
  )
}

/** An empty group: at once, and made again by Undo. */
function useRemoveGroup() {
  const { t } = useTranslation()
  return useAct({
    run: async ({ id }: SubscriberGroup) => {
      await deleteGroupsId({ path: { id: String(id) }, throwOnError: true })
    },
    touches: [['groups'], ['choices', 'group']],
    done: (_nothing, { name }) => t('groups.deleted', { name }),
    undo:
      (_nothing, { name, owner_id: owner }) =>
      () =>
        postGroups({ body: { name, owner }, throwOnError: true }),
  })
}
