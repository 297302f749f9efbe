// The inputs of the form: each knows its field by name alone; one that may not be written is not there.
import { Select, TagsInput, Textarea, TextInput, type SelectProps, type TextInputProps } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { Choice, Choices } from '../../api/choices.ts'
import classes from './form.module.css'
import { useForm } from './use-subscriber-form.ts'
import type { FieldName, ListName, TextName } from './values.ts'

/** Fields that need a word of explanation. */
const hints = [
  'username',
  'latitude',
  'expires_at',
  'next_plan',
  'payer_id',
  'devices',
  'addresses',
  'routes',
  'attributes',
  'circuit_id',
  'credential',
] as const satisfies readonly FieldName[]
type Hinted = (typeof hints)[number]

const isHinted = (name: FieldName): name is Hinted => (hints as readonly FieldName[]).includes(name)

type InputOrder = ('label' | 'input' | 'error' | 'description')[]

/** Written from left to right in every language. */
const latin: readonly FieldName[] = [
  'username',
  'email',
  'phone',
  'phone_extension',
  'latitude',
  'longitude',
  'devices',
  'addresses',
  'routes',
  'attributes',
  'bound_interface',
  'circuit_id',
  'remote_id',
  'duid',
]

/** What every input has: its label, what explains it, what is wrong with it. */
export function useInput(name: FieldName) {
  const { t } = useTranslation()
  const form = useForm()
  return {
    name,
    label: t(`subscriberForm.fields.${name}`),
    description: isHinted(name) ? t(`subscriberForm.hints.${name}`) : undefined,
    error: form.errorOf(name),
    ...(latin.includes(name) && { dir: 'ltr' as const, classNames: { input: classes.latin } }),
    // What explains stands below, so that the inputs of a row stand in a line.
    inputWrapperOrder: ['label', 'input', 'error', 'description'] satisfies InputOrder,
    onBlur: () => form.visit(name),
  }
}

type TextProps = Omit<TextInputProps, 'name'> & { name: TextName }

export function TextField({ name, ...rest }: TextProps) {
  const form = useForm()
  const input = useInput(name)
  if (!form.writable.includes(name)) return null
  return (
    <TextInput
      {...input}
      autoComplete="off"
      value={form.values[name]}
      onChange={(event) => form.set({ [name]: event.currentTarget.value })}
      {...rest}
    />
  )
}

export function LinesField({ name, rows = 2 }: { name: TextName; rows?: number }) {
  const form = useForm()
  const input = useInput(name)
  if (!form.writable.includes(name)) return null
  return (
    <Textarea
      {...input}
      autosize
      minRows={rows}
      maxRows={8}
      value={form.values[name]}
      onChange={(event) => form.set({ [name]: event.currentTarget.value })}
    />
  )
}

/** Several values, each ended by Enter, a comma or a blank. */
export function ListField({ name, placeholder }: { name: ListName; placeholder: string }) {
  const form = useForm()
  const input = useInput(name)
  if (!form.writable.includes(name)) return null
  const { values } = form
  return (
    <TagsInput
      {...input}
      acceptValueOnBlur
      splitChars={[',', ' ', ';']}
      placeholder={values[name].length === 0 ? placeholder : undefined}
      value={values[name]}
      onChange={(next) => form.set({ [name]: next })}
      clearButtonProps={{ tabIndex: -1 }}
    />
  )
}

type ChosenProps = Omit<SelectProps, 'name' | 'data' | 'value' | 'onChange'> & { name: TextName }

export function WordField({
  name,
  words,
  ...rest
}: ChosenProps & { words: readonly { value: string; label: string }[] }) {
  const form = useForm()
  const input = useInput(name)
  const value = form.values[name]
  if (!form.writable.includes(name)) return null
  // What a preset calls by its name, or what is not offered any more, is shown as it stands.
  const isKnown = value === '' || words.some((word) => word.value === value)
  return (
    <Select
      {...input}
      data={[...words, ...(isKnown ? [] : [{ value, label: value }])]}
      value={value === '' ? null : value}
      onChange={(next) => form.set({ [name]: next ?? '' })}
      searchable
      {...rest}
    />
  )
}

/** One of what there is: a plan, an organisation. */
export function ChoiceField({ of, only, ...rest }: ChosenProps & { of: Choices; only?: (choice: Choice) => boolean }) {
  const form = useForm()
  if (!form.writable.includes(rest.name)) return null
  return <Chosen of={of} only={only} {...rest} />
}

function Chosen({
  of,
  only = () => true,
  ...rest
}: ChosenProps & { of: Choices; only?: ((choice: Choice) => boolean) | undefined }) {
  const known = useQuery(of)
  const words = (known.data ?? []).filter(only).map(({ id, name }) => ({ value: String(id), label: name }))
  return <WordField words={words} {...rest} />
}
