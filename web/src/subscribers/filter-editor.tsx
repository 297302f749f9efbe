// One filter being changed: it counts at once, and the list follows.
import { Checkbox, NumberInput, SegmentedControl, Stack, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { choicesOf } from '../api/choices.ts'
import { fromLocalInput, toLocalInput } from '../i18n/format.ts'
import { filterKind, type FilterName } from './filter-kinds.ts'

type Props = { name: FilterName; value: string | undefined; onChange(value: string | undefined): void }

export function FilterEditor({ name, value, onChange }: Props) {
  const { t } = useTranslation()
  const filter = filterKind(name)
  const label = t(`filters.${name}`)
  switch (filter?.kind) {
    case 'words': {
      const options = filter.values.map((word) => ({ value: word, label: t(`words.${word}` as 'words.new') }))
      return <Boxes label={label} options={options} value={value} onChange={onChange} />
    }
    case 'choice':
      return <Chosen label={label} of={filter.of} value={value} onChange={onChange} />
    case 'flag':
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
    case 'days':
      return (
        <NumberInput
          label={label}
          min={0}
          max={3_650}
          allowDecimal={false}
          value={value === undefined ? '' : Number(value)}
          onChange={(next) => onChange(next === '' ? undefined : String(next))}
          data-autofocus
        />
      )
    case 'instant':
      return (
        <TextInput
          type="datetime-local"
          label={label}
          value={value === undefined ? '' : toLocalInput(value)}
          onChange={(event) => onChange(fromLocalInput(event.currentTarget.value))}
          data-autofocus
        />
      )
    default:
      return (
        <TextInput
          label={label}
          value={value ?? ''}
          onChange={(event) => onChange(event.currentTarget.value === '' ? undefined : event.currentTarget.value)}
          data-autofocus
        />
      )
  }
}

type BoxesProps = {
  label: string
  options: readonly { value: string; label: string }[]
  value: string | undefined
  onChange(value: string | undefined): void
}

function Boxes({ label, options, value, onChange }: BoxesProps) {
  return (
    <Checkbox.Group
      label={label}
      value={value === undefined ? [] : value.split(',')}
      onChange={(next) => onChange(next.length === 0 ? undefined : next.join(','))}
    >
      <Stack gap={6} mt={6} mah={280} style={{ overflow: 'auto' }}>
        {options.map((option) => (
          <Checkbox key={option.value} size="xs" value={option.value} label={option.label} />
        ))}
      </Stack>
    </Checkbox.Group>
  )
}

type ChosenProps = Pick<BoxesProps, 'label' | 'value' | 'onChange'> & { of: keyof typeof choicesOf }

function Chosen({ of, ...props }: ChosenProps) {
  const known = useQuery(choicesOf[of])
  const options = known.data?.map(({ id, name }) => ({ value: String(id), label: name })) ?? []
  return <Boxes {...props} options={options} />
}
