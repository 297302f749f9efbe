// A login tried out: on which NAS, with which MAC and interface, and whether a password is the right one. Nothing is sent or taken.
import { Button, Group, PasswordInput, Select, SimpleGrid, Stack, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import type { FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { choicesOf } from '../api/choices.ts'
import { ApiError } from '../api/client.ts'
import { postSubscribersIdWhyNow } from '../api/generated/sdk.gen.ts'
import { useFields } from '../api/use-fields.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { withProof } from '../shell/proof.tsx'
import { useMay } from '../sign-in/me.ts'
import type { PartProps } from './subscriber-parts.tsx'
import { Verdict } from './verdict.tsx'

type Values = { nas_id: number | undefined; mac: string; interface: string; with_password: string }

export function TryLogin({ subscriber, choose, nasId }: PartProps & { nasId: number | undefined }) {
  const { t } = useTranslation()
  const mayPassword = useMay('subscriber.credential') && subscriber.account_type === 'pppoe'
  const nases = useQuery(choicesOf.nas)
  const { last_seen: seen, id } = subscriber
  const test = useMutation({
    mutationFn: async ({ nas_id: nas, mac, interface: place, with_password: password }: Values) => {
      const body = {
        nas_id: nas!,
        ...(mac.trim() !== '' && { mac: mac.trim() }),
        ...(place.trim() !== '' && { interface: place.trim() }),
        ...(password !== '' && { with_password: password }),
      }
      const call = { path: { id: String(id) }, body, throwOnError: true } as const
      return (await withProof(() => postSubscribersIdWhyNow(call))).data
    },
  })
  const initial: Values = { nas_id: nasId, mac: seen.mac ?? '', interface: seen.interface ?? '', with_password: '' }
  const { values, set, field, errorOf } = useFields(initial, test.error)
  const send = (event: FormEvent) => {
    event.preventDefault()
    test.mutate(values)
  }
  return (
    <form onSubmit={send} aria-label={t('why.try')}>
      <Stack gap="sm">
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" verticalSpacing="xs">
          <Select
            label={t('why.nas')}
            searchable
            required
            allowDeselect={false}
            error={errorOf('nas_id')}
            data={nases.data?.map((nas) => ({ value: String(nas.id), label: nas.name })) ?? []}
            value={values.nas_id === undefined ? null : String(values.nas_id)}
            onChange={(next) => set({ nas_id: next === null ? undefined : Number(next) })}
          />
          <TextInput label={t('why.mac')} autoComplete="off" {...field('mac')} />
          <TextInput label={t('why.interface')} autoComplete="off" {...field('interface')} />
          {mayPassword && (
            <PasswordInput
              label={t('why.password')}
              description={t('why.passwordHint')}
              autoComplete="off"
              {...field('with_password')}
            />
          )}
        </SimpleGrid>
        <ProblemNote error={test.error instanceof ApiError && test.error.isOfFields ? null : test.error} />
        <Group>
          <Button type="submit" size="compact-md" loading={test.isPending} disabled={values.nas_id === undefined}>
            {t('why.test')}
          </Button>
        </Group>
        {test.data && <Verdict answer={test.data} subscriber={subscriber} choose={choose} />}
      </Stack>
    </form>
  )
}
