// Teams: which zones and NAS groups their operators see.
import { Button, Text } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { choicesOf } from '../api/choices.ts'
import { deleteTeamsId, postTeams } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { formatNumber } from '../i18n/format.ts'
import { ListPage } from '../list/list-page.tsx'
import { ListTable, type ListColumn } from '../list/list-table.tsx'
import { useColumns } from '../list/use-columns.ts'
import { wholeList } from '../list/whole-list.ts'
import { teamsRoute } from '../routes/house.ts'
import { useMay } from '../sign-in/me.ts'
import { allTeams, type Team } from './choices.ts'
import { OperatorPlaces } from './places.tsx'
import { RowTools } from './row-tools.tsx'
import { TeamDialog } from './team-dialog.tsx'

export function TeamsPage() {
  const { t } = useTranslation()
  const navigate = teamsRoute.useNavigate()
  const mayEdit = useMay('operator.edit')
  const teams = useQuery(allTeams)
  const [asked, setAsked] = useState<Team | 'new'>()
  const { widths, setWidth } = useColumns('teams')
  const columns = useTeamColumns(mayEdit ? setAsked : undefined)
  useHotkeys([['n', () => mayEdit && setAsked('new')]])
  return (
    <>
      <OperatorPlaces />
      <ListPage
        title={t('teams.title')}
        error={teams.error}
        tools={
          mayEdit && (
            <Button
              leftSection={<IconPlus size={16} aria-hidden />}
              onClick={() => setAsked('new')}
              aria-keyshortcuts="n"
            >
              {t('teams.add')}
            </Button>
          )
        }
        filters={
          <Text size="sm" c="dimmed">
            {t('teams.hint')}
          </Text>
        }
      >
        <ListTable
          label={t('teams.title')}
          columns={columns}
          pages={wholeList(teams)}
          nameOf={({ name }) => name}
          onOpen={({ id }) => void navigate({ to: '/operators', search: { team: id } })}
          widths={widths}
          onWidth={setWidth}
          empty={t('teams.none')}
        />
      </ListPage>
      {asked && <TeamDialog team={asked === 'new' ? undefined : asked} onClose={() => setAsked(undefined)} />}
    </>
  )
}

function useTeamColumns(onEdit: ((team: Team) => void) | undefined): ListColumn<Team>[] {
  const { t } = useTranslation()
  const groups = useQuery({ ...choicesOf.nas_group, enabled: useMay('nas.read') })
  const remove = useRemoveTeam()
  const groupName = (id: number) => groups.data?.find((group) => group.id === id)?.name ?? String(id)
  const listed = (names: readonly string[] | null) => <bdi>{names === null ? t('teams.all') : names.join(', ')}</bdi>
  return [
    { name: 'name', title: t('teams.name'), width: 200, cell: ({ name }) => <bdi>{name}</bdi> },
    {
      name: 'organisation',
      title: t('teams.organisation'),
      width: 180,
      cell: ({ organisation }) => <bdi>{organisation}</bdi>,
    },
    { name: 'zones', title: t('teams.zones'), width: 240, cell: ({ zones }) => listed(zones) },
    {
      name: 'nas_groups',
      title: t('teams.nasGroups'),
      width: 240,
      cell: ({ nas_group_ids: ids }) => listed(ids?.map(groupName) ?? null),
    },
    {
      name: 'operators',
      title: t('teams.operators'),
      width: 110,
      isNumber: true,
      cell: ({ operators }) => formatNumber(operators),
    },
    ...(onEdit === undefined
      ? []
      : [
          {
            name: 'tools',
            title: t('list.actions'),
            width: 90,
            cell: (team: Team) => (
              <RowTools
                edit={{ label: t('teams.editOf', { name: team.name }), onClick: () => onEdit(team) }}
                remove={{
                  label: t('teams.removeOf', { name: team.name }),
                  isOff: team.operators > 0,
                  ...(team.operators > 0 && { hint: t('teams.inUse') }),
                  onClick: () => remove.mutate(team),
                }}
              />
            ),
          },
        ]),
  ]
}

/** Nobody is in it: at once, and made again by Undo. */
function useRemoveTeam() {
  const { t } = useTranslation()
  return useAct({
    run: async ({ id }: Team) => {
      await deleteTeamsId({ path: { id: String(id) }, throwOnError: true })
    },
    touches: [['operators', 'teams']],
    done: (_nothing, { name }) => t('teams.removed', { name }),
    undo:
      (_nothing, { name, zones, nas_group_ids, organisation_id }) =>
      () =>
        postTeams({ body: { name, zones, nas_group_ids, organisation_id }, throwOnError: true }),
  })
}
