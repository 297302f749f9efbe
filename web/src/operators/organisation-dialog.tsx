// A reseller, or the ISP itself: its name and its limits.
import { Button, Group, Modal, NumberInput, Stack, TextInput } from '@mantine/core'
import type { FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { patchOrganisationsId, postOrganisations } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import type { Organisation } from './organisations-page.tsx'

type Values = { name: string; subscriber_limit: number | null; credit_limit: string }

export function OrganisationDialog({
  organisation,
  onClose,
}: {
  organisation: Organisation | undefined
  onClose(): void
}) {
  const { t } = useTranslation()
  const save = useAct({
    run: async (values: Values) => {
      const body = { ...values, name: values.name.trim(), credit_limit: values.credit_limit.trim() || '0' }
      return organisation === undefined
        ? (await postOrganisations({ body, throwOnError: true })).data
        : (await patchOrganisationsId({ path: { id: String(organisation.id) }, body, throwOnError: true })).data
    },
    touches: [['organisations'], ['choices', 'organisation']],
    isForm: true,
    done: ({ name }) => t(organisation === undefined ? 'organisations.added' : 'organisations.saved', { name }),
    onDone: onClose,
  })
  const initial: Values = {
    name: organisation?.name ?? '',
    subscriber_limit: organisation?.subscriber_limit ?? null,
    credit_limit: organisation?.credit_limit ?? '',
  }
  const { values, set, field, errorOf } = useFields(initial, save.error)
  const send = (event: FormEvent) => {
    event.preventDefault()
    save.mutate(values)
  }
  const title = organisation ? t('organisations.editTitle', { name: organisation.name }) : t('organisations.add')
  return (
    <Modal opened onClose={onClose} title={title}>
      <form onSubmit={send}>
        <Stack gap="sm">
          <TextInput label={t('organisations.name')} required maxLength={50} data-autofocus {...field('name')} />
          <NumberInput
            label={t('organisations.subscriberLimit')}
            description={t('organisations.limitHint')}
            min={0}
            allowDecimal={false}
            hideControls
            value={values.subscriber_limit ?? ''}
            error={errorOf('subscriber_limit')}
            onChange={(value) => set({ subscriber_limit: value === '' ? null : Number(value) })}
          />
          <TextInput
            label={t('organisations.creditLimit')}
            description={t('organisations.creditHint')}
            inputMode="decimal"
            placeholder="0"
            {...field('credit_limit')}
          />
          <ProblemNote error={save.error instanceof ApiError && save.error.isOfFields ? null : save.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button type="submit" loading={save.isPending} disabled={values.name.trim() === ''}>
              {t(organisation ? 'act.save' : 'organisations.add')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
