// What narrows the list of sessions, behind one button that says how much of it does.
import { Button, Checkbox, Group, NumberInput, Popover, Select, Stack, TextInput } from '@mantine/core'
import { IconFilter } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { choicesOf } from '../api/choices.ts'
import { fromLocalInput, toLocalInput } from '../i18n/format.ts'
import { useMay } from '../sign-in/me.ts'
import { filterCount, type SessionFilters as Filters } from './question.ts'

type Props = { filters: Filters; onChange(change: Filters): void }

const noFilters: Filters = {
  nas: undefined,
  interface: undefined,
  sVlan: undefined,
  cVlan: undefined,
  acct: undefined,
  since: undefined,
  until: undefined,
  anomalies: undefined,
}

export function SessionFilters({ filters, onChange }: Props) {
  const { t } = useTranslation()
  const count = filterCount(filters)
  return (
    <Popover position="bottom-end" withArrow trapFocus>
      <Popover.Target>
        <Button variant={count === 0 ? 'default' : 'light'} leftSection={<IconFilter size={15} aria-hidden />}>
          {count === 0 ? t('list.filters') : t('sessions.filters', { count })}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs" w={300} maw="80vw">
          <Fields filters={filters} onChange={onChange} />
          {count > 0 && (
            <Button variant="subtle" color="gray" size="compact-sm" onClick={() => onChange(noFilters)}>
              {t('list.clear')}
            </Button>
          )}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}

function Fields({ filters, onChange }: Props) {
  const { t } = useTranslation()
  const may = useMay('nas.read')
  const { data: nases } = useQuery({ ...choicesOf.nas, enabled: may })
  const text = (name: 'interface' | 'acct') => ({
    value: filters[name] ?? '',
    onChange: (event: React.ChangeEvent<HTMLInputElement>) =>
      onChange({ [name]: event.currentTarget.value === '' ? undefined : event.currentTarget.value }),
  })
  const vlan = (name: 'sVlan' | 'cVlan') => ({
    min: 0,
    max: 4095,
    allowDecimal: false,
    hideControls: true,
    value: filters[name] ?? '',
    onChange: (value: string | number) => onChange({ [name]: value === '' ? undefined : Number(value) }),
  })
  const instant = (name: 'since' | 'until') => {
    const value = filters[name]
    return {
      type: 'datetime-local',
      value: value === undefined ? '' : toLocalInput(value),
      onChange: (event: React.ChangeEvent<HTMLInputElement>) =>
        onChange({ [name]: fromLocalInput(event.currentTarget.value) }),
    }
  }
  return (
    <>
      {may && (
        <Select
          label={t('sessions.nas')}
          clearable
          searchable
          comboboxProps={{ withinPortal: false }}
          data={nases?.map(({ id, name }) => ({ value: String(id), label: name })) ?? []}
          value={filters.nas === undefined ? null : String(filters.nas)}
          onChange={(value) => onChange({ nas: value === null ? undefined : Number(value) })}
        />
      )}
      <TextInput label={t('sessions.interface')} {...text('interface')} />
      <Group grow gap="xs">
        <NumberInput label={t('sessions.sVlan')} {...vlan('sVlan')} />
        <NumberInput label={t('sessions.cVlan')} {...vlan('cVlan')} />
      </Group>
      <TextInput label={t('sessions.acct')} {...text('acct')} />
      <TextInput label={t('sessions.since')} {...instant('since')} />
      <TextInput label={t('sessions.until')} {...instant('until')} />
      <Checkbox
        label={t('sessions.withAnomalies')}
        checked={filters.anomalies === true}
        onChange={(event) => onChange({ anomalies: event.currentTarget.checked ? true : undefined })}
      />
    </>
  )
}
