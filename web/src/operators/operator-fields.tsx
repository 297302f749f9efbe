// The fields of an operator's form, and how they stand in the API.
import { Group, Radio, Select, Stack, Switch, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { choicesOf } from '../api/choices.ts'
import type { Fields } from '../api/use-fields.ts'
import { languages } from '../i18n/i18n.ts'
import { useMay } from '../sign-in/me.ts'
import { allRoles, allTeams } from './choices.ts'
import type { OperatorRow } from './operator-columns.tsx'
import { useRoleName } from './operator-words.ts'

export type OperatorValues = {
  name: string
  email: string
  phone: string
  phone_extension: string
  language: string
  organisation_id: number | null
  role_id: number | null
  team_id: number | null
  enabled: boolean
  must_change_password: boolean
  invite: boolean
}

export const emptyOperator: OperatorValues = {
  name: '',
  email: '',
  phone: '',
  phone_extension: '',
  language: '',
  organisation_id: null,
  role_id: null,
  team_id: null,
  enabled: true,
  must_change_password: false,
  invite: false,
}

export function valuesOf(operator: OperatorRow): OperatorValues {
  return {
    ...emptyOperator,
    name: operator.name,
    email: operator.email,
    phone: operator.phone ?? '',
    phone_extension: operator.phone_extension ?? '',
    language: operator.language ?? '',
    organisation_id: operator.organisation_id,
    role_id: operator.role_id,
    team_id: operator.team_id,
    enabled: operator.enabled,
    must_change_password: operator.must_change_password,
  }
}

export function bodyOf(values: OperatorValues) {
  const { name, email, phone, phone_extension, language, organisation_id, role_id, team_id, enabled } = values
  return {
    name: name.trim(),
    email: email.trim(),
    phone: phone.trim() || null,
    phone_extension: phone_extension.trim() || null,
    language: language || null,
    ...(organisation_id !== null && { organisation_id }),
    role_id: role_id ?? 0,
    team_id,
    enabled,
  }
}

export function isWhole({ name, email, role_id }: OperatorValues): boolean {
  return name.trim() !== '' && /^\S+@\S+$/.test(email.trim()) && role_id !== null
}

type Props = { fields: Fields<OperatorValues>; isNew: boolean }

export function OperatorFields({ fields, isNew }: Props) {
  const { t } = useTranslation()
  const { values, set, field } = fields
  return (
    <>
      <TextInput label={t('operators.name')} required data-autofocus autoComplete="off" {...field('name')} />
      <TextInput label={t('operators.email')} type="email" required autoComplete="off" {...field('email')} />
      <Group grow align="flex-start">
        <TextInput label={t('operators.phone')} type="tel" autoComplete="off" {...field('phone')} />
        <TextInput label={t('operators.phoneExtension')} inputMode="numeric" {...field('phone_extension')} />
      </Group>
      <WhereFields fields={fields} />
      <Select
        label={t('operators.language')}
        clearable
        placeholder={t('operators.noLanguage')}
        data={Object.entries(languages).map(([value, { name }]) => ({ value, label: name }))}
        value={values.language || null}
        error={fields.errorOf('language')}
        onChange={(language) => set({ language: language ?? '' })}
      />
      <Switch
        label={t('operators.enabled')}
        description={t('operators.enabledHint')}
        checked={values.enabled}
        onChange={(event) => set({ enabled: event.currentTarget.checked })}
      />
      {isNew ? (
        <Radio.Group
          label={t('operators.how')}
          value={values.invite ? 'invite' : 'password'}
          onChange={(how) => set({ invite: how === 'invite' })}
          error={fields.errorOf('invite')}
        >
          <Stack gap="xs" mt={4}>
            <Radio value="password" label={t('operators.password')} description={t('operators.passwordHint')} />
            <Radio value="invite" label={t('operators.invite')} description={t('operators.inviteHint')} />
          </Stack>
        </Radio.Group>
      ) : (
        <Switch
          label={t('operators.mustChange')}
          checked={values.must_change_password}
          onChange={(event) => set({ must_change_password: event.currentTarget.checked })}
        />
      )}
    </>
  )
}

/** Role, organisation and a team of that organisation. */
function WhereFields({ fields }: { fields: Fields<OperatorValues> }) {
  const { t } = useTranslation()
  const { values, set, errorOf } = fields
  const roleName = useRoleName()
  const roles = useQuery(allRoles)
  const teams = useQuery(allTeams)
  const organisations = useQuery({ ...choicesOf.organisation, enabled: useMay('organisation.read') })
  const own = organisations.data?.[0]?.id
  const organisationId = values.organisation_id ?? own
  const fitting = teams.data?.filter((team) => organisationId === undefined || team.organisation_id === organisationId)
  return (
    <>
      <Select
        label={t('operators.role')}
        required
        data={(roles.data ?? []).map(({ id, name }) => ({ value: String(id), label: roleName(name) }))}
        value={values.role_id === null ? null : String(values.role_id)}
        error={errorOf('role_id')}
        onChange={(value) => set({ role_id: value === null ? null : Number(value) })}
      />
      {(organisations.data?.length ?? 0) > 1 && (
        <Select
          label={t('operators.organisation')}
          allowDeselect={false}
          data={organisations.data!.map(({ id, name }) => ({ value: String(id), label: name }))}
          value={organisationId === undefined ? null : String(organisationId)}
          error={errorOf('organisation_id')}
          onChange={(value) => set({ organisation_id: Number(value), team_id: null })}
        />
      )}
      {(fitting?.length ?? 0) > 0 && (
        <Select
          label={t('operators.team')}
          clearable
          placeholder={t('operators.noTeam')}
          data={fitting!.map(({ id, name }) => ({ value: String(id), label: name }))}
          value={values.team_id === null ? null : String(values.team_id)}
          error={errorOf('team_id')}
          onChange={(value) => set({ team_id: value === null ? null : Number(value) })}
        />
      )}
    </>
  )
}
