// Which operators are listed: by role, team, organisation, and what holds of them. In the address, so that it can be sent.
import { Group, Select, Switch } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { choicesOf } from '../api/choices.ts'
import { useMay } from '../sign-in/me.ts'
import { allRoles, allTeams } from './choices.ts'
import { useRoleName } from './operator-words.ts'

export type OperatorSearch = {
  role?: number | undefined
  team?: number | undefined
  organisation?: number | undefined
  enabled?: boolean | undefined
  second_factor?: boolean | undefined
  signed_in?: boolean | undefined
  archived?: boolean | undefined
}
const facts = ['enabled', 'second_factor', 'signed_in'] as const

export function OperatorFilters({
  search,
  onChange,
}: {
  search: OperatorSearch
  onChange(change: OperatorSearch): void
}) {
  const { t } = useTranslation()
  const roleName = useRoleName()
  const roles = useQuery(allRoles)
  const teams = useQuery(allTeams)
  const organisations = useQuery({ ...choicesOf.organisation, enabled: useMay('organisation.read') })
  const named = {
    role: roles.data?.map(({ id, name }) => ({ id, name: roleName(name) })),
    team: teams.data,
    organisation: organisations.data,
  }
  return (
    <Group gap="xs" role="group" aria-label={t('operators.filter.label')}>
      {(['role', 'team', 'organisation'] as const).map(
        (name) =>
          (named[name]?.length ?? 0) > 0 && (
            <Select
              key={name}
              size="xs"
              w={{ base: 'calc(50% - 6px)', xs: 160 }}
              clearable
              aria-label={t(`operators.${name}`)}
              placeholder={t(`operators.filter.${name}`)}
              data={named[name]!.map((choice) => ({ value: String(choice.id), label: choice.name }))}
              value={search[name] === undefined ? null : String(search[name])}
              onChange={(value) => onChange({ [name]: value === null ? undefined : Number(value) })}
            />
          ),
      )}
      {facts.map((name) => (
        <Select
          key={name}
          size="xs"
          w={{ base: 'calc(50% - 6px)', xs: 180 }}
          clearable
          aria-label={t(`operators.filter.${name}.any`)}
          placeholder={t(`operators.filter.${name}.any`)}
          data={(['true', 'false'] as const).map((value) => ({ value, label: t(`operators.filter.${name}.${value}`) }))}
          value={search[name] === undefined ? null : String(search[name])}
          onChange={(value) => onChange({ [name]: value === null ? undefined : value === 'true' })}
        />
      ))}
      <Switch
        size="xs"
        label={t('operators.filter.archived')}
        checked={search.archived === true}
        onChange={(event) => onChange({ archived: event.currentTarget.checked || undefined })}
      />
    </Group>
  )
}
