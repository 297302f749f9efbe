// The groups in which NASes back each other up: which address space they share, how lines are told apart there, and what happens
// to whom nobody knows.
import { ActionIcon, Badge, Button, Menu } from '@mantine/core'
import { IconDots, IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteNasGroupsName } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { formatRate } from '../i18n/format.ts'
import { ListPage } from '../list/list-page.tsx'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { useColumns } from '../list/use-columns.ts'
import { wholeList } from '../list/whole-list.ts'
import { nasGroupsRoute } from '../routes/network.ts'
import { Confirm } from '../shell/confirm.tsx'
import { useTitle } from '../shell/use-title.ts'
import { useMay } from '../sign-in/me.ts'
import { GroupDialog } from './group-dialog.tsx'
import { NasNav } from './nas-nav.tsx'
import { allNasGroups, nasKeys, type NasGroup } from './use-nases.ts'

export function NasGroupsPage() {
  const { t } = useTranslation()
  useTitle(t('nases.places.groups'))
  const { open } = nasGroupsRoute.useSearch()
  const navigate = nasGroupsRoute.useNavigate()
  const mayEdit = useMay('nas.edit')
  const query = useQuery(allNasGroups)
  const { widths, setWidth } = useColumns('nas-groups')
  const [adding, setAdding] = useState(false)
  const [removing, setRemoving] = useState<NasGroup>()
  const go = (name: string | undefined) => void navigate({ search: { open: name }, replace: true })
  const opened = mayEdit ? query.data?.find(({ name }) => name === open) : undefined
  return (
    <ListPage
      title={t('nases.places.groups')}
      error={query.error}
      tools={
        mayEdit && (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
            {t('nasGroups.add')}
          </Button>
        )
      }
      places={<NasNav />}
    >
      <ListTable
        label={t('nases.places.groups')}
        columns={useGroupColumns(mayEdit ? setRemoving : undefined)}
        pages={wholeList(query)}
        nameOf={({ name }) => name}
        widths={widths}
        onWidth={setWidth}
        onOpen={({ name }) => go(name)}
        empty={t('list.empty')}
      />
      {adding && <GroupDialog onClose={() => setAdding(false)} />}
      {opened && <GroupDialog key={opened.id} group={opened} onClose={() => go(undefined)} />}
      {removing && <RemoveGroup group={removing} onClose={() => setRemoving(undefined)} />}
    </ListPage>
  )
}

function RemoveGroup({ group, onClose }: { group: NasGroup; onClose(): void }) {
  const { t } = useTranslation()
  const remove = useAct({
    run: () => deleteNasGroupsName({ path: { name: group.name }, throwOnError: true }),
    touches: [...nasKeys],
    isForm: true,
    done: () => t('nases.removed', { name: group.name }),
    onDone: onClose,
  })
  return (
    <Confirm
      title={t('nases.removeTitle', { name: group.name })}
      lines={[t('nasGroups.removeHint'), t('actions.noUndo')]}
      submit={t('act.remove')}
      isBusy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(undefined)}
      onClose={onClose}
    />
  )
}

function useGroupColumns(onRemove: ((group: NasGroup) => void) | undefined): ListColumn<NasGroup>[] {
  const { t } = useTranslation()
  const columns: ListColumn<NasGroup>[] = [
    { name: 'name', title: t('nases.name'), width: 170, cell: ({ name }) => <bdi>{name}</bdi> },
    { name: 'space', title: t('nasGroups.space'), width: 150, cell: (row) => <bdi>{row.address_space}</bdi> },
    {
      name: 'order',
      title: t('nasGroups.order'),
      width: 330,
      cell: (row) =>
        row.identity_order.map((kind) => t(`unmatched.facts.${kind as 'mac'}`, { defaultValue: kind })).join(' → '),
    },
    {
      name: 'garden',
      title: t('nasGroups.unknown'),
      width: 260,
      cell: ({ unknown_garden: garden }) =>
        garden === null ? (
          t('nasGroups.refused')
        ) : (
          <Badge variant="light" color="orange" tt="none">
            {t('nasGroups.garden')} ↓ {formatRate(garden.down_bps)} ↑ {formatRate(garden.up_bps)}
          </Badge>
        ),
    },
    { name: 'nases', title: t('nases.places.devices'), width: 90, isNumber: true, cell: (row) => row.nas_count },
    { name: 'clients', title: t('nases.places.clients'), width: 110, isNumber: true, cell: (row) => row.client_count },
  ]
  if (onRemove === undefined) return columns
  return [
    ...columns,
    {
      name: 'menu',
      title: t('list.actions'),
      width: 90,
      cell: (row) => (
        // eslint-disable-next-line jsx-a11y/interactive-supports-focus -- the menu inside has the focus
        <span onClick={(event) => event.stopPropagation()} role="presentation">
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" aria-label={`${t('list.actions')}: ${row.name}`}>
                <IconDots size={16} aria-hidden />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item color="red" onClick={() => onRemove(row)}>
                {t('act.remove')}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </span>
      ),
    },
  ]
}
