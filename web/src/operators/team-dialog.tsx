// A team: its name, and what of the organisation its operators see.
import { Button, Group, Modal, MultiSelect, Select, Stack, TagsInput, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { choicesOf } from '../api/choices.ts'
import { ApiError } from '../api/client.ts'
import { patchTeamsId, postTeams } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'
import type { Team } from './choices.ts'

type Values = { name: string; organisation_id: number | null; zones: string[]; nas_group_ids: number[] }

export function TeamDialog({ team, onClose }: { team: Team | undefined; onClose(): void }) {
  const { t } = useTranslation()
  const save = useAct({
    run: async ({ name, zones, nas_group_ids: groups, organisation_id: owner }: Values) => {
      // Nothing named is everything: that is how the API says it, too.
      const body = {
        name: name.trim(),
        zones: zones.length === 0 ? null : zones,
        nas_group_ids: groups.length === 0 ? null : groups,
      }
      if (team !== undefined) {
        return (await patchTeamsId({ path: { id: String(team.id) }, body, throwOnError: true })).data
      }
      return (
        await postTeams({ body: { ...body, ...(owner !== null && { organisation_id: owner }) }, throwOnError: true })
      ).data
    },
    touches: [['operators']],
    isForm: true,
    done: ({ name }) => t(team === undefined ? 'teams.added' : 'teams.saved', { name }),
    onDone: onClose,
  })
  const initial: Values = {
    name: team?.name ?? '',
    organisation_id: team?.organisation_id ?? null,
    zones: team?.zones ?? [],
    nas_group_ids: team?.nas_group_ids ?? [],
  }
  const { values, set, field, errorOf } = useFields(initial, save.error)
  const groups = useQuery({ ...choicesOf.nas_group, enabled: useMay('nas.read') })
  const organisations = useQuery({ ...choicesOf.organisation, enabled: useMay('organisation.read') })
  const send = (event: FormEvent) => {
    event.preventDefault()
    save.mutate(values)
  }
  return (
    <Modal opened onClose={onClose} title={team ? t('teams.editTitle', { name: team.name }) : t('teams.add')}>
      <form onSubmit={send}>
        <Stack gap="sm">
          <TextInput label={t('teams.name')} required maxLength={50} data-autofocus {...field('name')} />
          {team === undefined && (organisations.data?.length ?? 0) > 1 && (
            <Select
              label={t('teams.organisation')}
              allowDeselect={false}
              data={organisations.data!.map(({ id, name }) => ({ value: String(id), label: name }))}
              value={String(values.organisation_id ?? organisations.data![0]!.id)}
              error={errorOf('organisation_id')}
              onChange={(value) => set({ organisation_id: Number(value) })}
            />
          )}
          <TagsInput
            label={t('teams.zones')}
            description={t('teams.zonesHint')}
            value={values.zones}
            error={errorOf('zones')}
            onChange={(zones) => set({ zones })}
          />
          {groups.data && (
            <MultiSelect
              label={t('teams.nasGroups')}
              description={t('teams.nasGroupsHint')}
              searchable
              data={groups.data.map(({ id, name }) => ({ value: String(id), label: name }))}
              value={values.nas_group_ids.map(String)}
              error={errorOf('nas_group_ids')}
              onChange={(ids) => set({ nas_group_ids: ids.map(Number) })}
            />
          )}
          <ProblemNote error={save.error instanceof ApiError && save.error.isOfFields ? null : save.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button type="submit" loading={save.isPending} disabled={values.name.trim() === ''}>
              {t(team ? 'act.save' : 'teams.add')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
