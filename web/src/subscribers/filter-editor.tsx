// One filter being changed: the list follows at once.
import {
  Checkbox,
  Group,
  MultiSelect,
  NumberInput,
  Radio,
  SegmentedControl,
  Stack,
  TagsInput,
  TextInput,
} from '@mantine/core'
import { useDebouncedCallback, useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { choicesOf } from '../api/choices.ts'
import { getPayers } from '../api/generated/sdk.gen.ts'
import { fromLocalInput, toLocalInput } from '../i18n/format.ts'
import { filterKind, type FilterName } from './filter-kinds.ts'
import { wordOf } from './use-filter-words.ts'

type Props = { name: FilterName; value: string | undefined; onChange(value: string | undefined): void }
type OneProps = Omit<Props, 'name'> & { label: string }

/** Words that come by the keyboard: the list follows when one stops. */
const waitMs = 250

export function FilterEditor({ name, value, onChange }: Props) {
  const { t } = useTranslation()
  const filter = filterKind(name)
  const label = t(`filters.${name}`)
  const props = { label, value, onChange }
  switch (filter?.kind) {
    case 'words': {
      const options = filter.values.map((word) => ({ value: word, label: wordOf(name, word, t) }))
      return filter.single === true ? <One {...props} options={options} /> : <Boxes {...props} options={options} />
    }
    case 'choice':
      return <Chosen {...props} of={filter.of} />
    case 'payer':
      return <Payers {...props} />
    case 'flag':
      return <Flag {...props} />
    case 'number':
      return <Count {...props} most={filter.most} />
    case 'instant':
      return (
        <TextInput
          type="datetime-local"
          label={label}
          defaultValue={value === undefined ? '' : toLocalInput(value)}
          onChange={(event) => onChange(fromLocalInput(event.currentTarget.value))}
          data-autofocus
        />
      )
    case 'texts':
      return (
        <TagsInput
          label={label}
          description={t('filters.severalHint')}
          value={value === undefined ? [] : value.split(',')}
          onChange={(next) => onChange(next.length === 0 ? undefined : next.join(','))}
          data-autofocus
        />
      )
    default:
      return <Words {...props} />
  }
}

function Words({ label, value, onChange }: OneProps) {
  const [typed, setTyped] = useState(value ?? '')
  const send = useDebouncedCallback((text: string) => onChange(text === '' ? undefined : text), waitMs)
  return (
    <TextInput
      label={label}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value)
        send(event.currentTarget.value.trim())
      }}
      data-autofocus
    />
  )
}

function Count({ label, value, onChange, most }: OneProps & { most: number }) {
  const [typed, setTyped] = useState<number | string>(value === undefined ? '' : Number(value))
  const send = useDebouncedCallback((next: number | string) => onChange(next === '' ? undefined : String(next)), waitMs)
  return (
    <NumberInput
      label={label}
      min={0}
      max={most}
      allowDecimal={false}
      clampBehavior="strict"
      value={typed}
      onChange={(next) => {
        setTyped(next)
        send(next)
      }}
      data-autofocus
    />
  )
}

function Flag({ label, value, onChange }: OneProps) {
  const { t } = useTranslation()
  return (
    <SegmentedControl
      aria-label={label}
      value={value ?? ''}
      onChange={onChange}
      data={[
        { value: 'true', label: t('words.yes') },
        { value: 'false', label: t('words.no') },
      ]}
    />
  )
}

type Option = { value: string; label: string }

function One({ label, value, onChange, options }: OneProps & { options: readonly Option[] }) {
  return (
    <Radio.Group label={label} value={value ?? null} onChange={onChange}>
      <Stack gap={8} mt={6}>
        {options.map((option) => (
          <Radio key={option.value} size="xs" value={option.value} label={option.label} />
        ))}
      </Stack>
    </Radio.Group>
  )
}

function Boxes({ label, value, onChange, options }: OneProps & { options: readonly Option[] }) {
  return (
    <Checkbox.Group
      label={label}
      value={value === undefined ? [] : value.split(',')}
      onChange={(next) => onChange(next.length === 0 ? undefined : next.join(','))}
    >
      <Stack gap={8} mt={6}>
        {options.map((option) => (
          <Checkbox key={option.value} size="xs" value={option.value} label={option.label} />
        ))}
      </Stack>
    </Checkbox.Group>
  )
}

/** From so many on they are looked for by typing. */
const many = 8

function Chosen({ of, ...props }: OneProps & { of: keyof typeof choicesOf }) {
  const { t } = useTranslation()
  const known = useQuery(choicesOf[of])
  const options = known.data?.map(({ id, name }) => ({ value: String(id), label: name })) ?? []
  if (options.length <= many) return <Boxes {...props} options={options} />
  return (
    <MultiSelect
      label={props.label}
      searchable
      data={options}
      nothingFoundMessage={t('list.emptyFiltered')}
      comboboxProps={{ withinPortal: false }}
      value={props.value === undefined ? [] : props.value.split(',')}
      onChange={(next) => props.onChange(next.length === 0 ? undefined : next.join(','))}
      data-autofocus
    />
  )
}

function Payers({ label, value, onChange }: OneProps) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState('')
  const [search] = useDebouncedValue(typed.trim(), waitMs)
  const { data = [] } = useQuery({
    queryKey: ['payers', 'filter', search],
    queryFn: async ({ signal }) => {
      const query = { limit: '30', ...(search && { search }) }
      return (await getPayers({ query, signal, throwOnError: true })).data.items
    },
    placeholderData: keepPreviousData,
  })
  const chosen = value === undefined ? [] : value.split(',')
  const found = data.map(({ id, name }) => ({ value: String(id), label: name }))
  const others = chosen.filter((id) => !found.some((one) => one.value === id)).map((id) => ({ value: id, label: id }))
  return (
    <Group>
      <MultiSelect
        label={label}
        searchable
        data={[...others, ...found]}
        filter={({ options }) => options}
        searchValue={typed}
        onSearchChange={setTyped}
        nothingFoundMessage={t('list.emptyFiltered')}
        comboboxProps={{ withinPortal: false }}
        value={chosen}
        onChange={(next) => onChange(next.length === 0 ? undefined : next.join(','))}
        data-autofocus
      />
    </Group>
  )
}
