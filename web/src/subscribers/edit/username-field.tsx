// The username: whether somebody has it already is said while it is typed, and how it will be kept where that differs.
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { getSubscribers } from '../../api/generated/sdk.gen.ts'
import { TextField } from './inputs.tsx'
import { canonical } from './rules.ts'
import { useForm } from './use-subscriber-form.ts'

const patienceMs = 250
/** Shorter ones are found everywhere. */
const shortest = 2

export function UsernameField() {
  const { t } = useTranslation()
  const form = useForm()
  const kept = canonical(form.values.username)
  const [asked] = useDebouncedValue(kept, patienceMs)
  const holder = useQuery({
    queryKey: ['username-holder', asked],
    queryFn: async ({ signal }) => {
      const query = { search: asked, archived: 'any', columns: 'username', sort: 'username', limit: '200' } as const
      const { data } = await getSubscribers({ query, signal, throwOnError: true })
      return data.items.find(({ username }) => username === asked)?.id ?? null
    },
    enabled: asked.length >= shortest,
  })
  const isTaken = asked === kept && holder.data != null && holder.data !== form.id
  const error = form.errorOf('username') ?? (isTaken ? t('subscriberForm.taken', { username: kept }) : undefined)
  const hint =
    kept !== '' && kept !== form.values.username
      ? t('subscriberForm.keptAs', { username: kept })
      : t('subscriberForm.hints.username')
  return (
    <TextField
      name="username"
      required
      data-autofocus
      autoFocus={form.mode === 'add'}
      autoCapitalize="none"
      spellCheck={false}
      description={hint}
      error={error}
    />
  )
}
