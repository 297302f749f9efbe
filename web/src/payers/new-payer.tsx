// A company that pays for several services, added without leaving the form that needs it.
import { Button, Group, Modal, Stack, TextInput } from '@mantine/core'
import type { FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { postPayers } from '../api/generated/sdk.gen.ts'
import type { PostPayersData } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { ProblemNote } from '../shell/problem-note.tsx'

type Props = { ownerId: number; name: string; onClose(): void; onMade(id: number): void }

export function NewPayer({ ownerId, name, onClose, onMade }: Props) {
  const { t } = useTranslation()
  const make = useAct({
    run: async (body: PostPayersData['body']) => (await postPayers({ body, throwOnError: true })).data,
    touches: [['payers']],
    isForm: true,
    done: (payer) => t('payerChoice.made', { name: payer.name }),
    onDone: ({ id }) => onMade(id),
  })
  const { values, field } = useFields({ name, email: '', phone: '', address: '' }, make.error)
  const send = (event: FormEvent) => {
    event.preventDefault()
    // The form that it stands in is another one.
    event.stopPropagation()
    const filled = Object.entries(values).filter(([, text]) => text.trim() !== '')
    make.mutate({ ...Object.fromEntries(filled), name: values.name, owner_id: ownerId })
  }
  return (
    <Modal opened onClose={onClose} title={t('payerChoice.title')}>
      <form onSubmit={send}>
        <Stack gap="sm">
          <TextInput label={t('payerChoice.name')} required data-autofocus {...field('name')} />
          <TextInput label={t('subscriberForm.fields.email')} type="email" {...field('email')} />
          <TextInput label={t('subscriberForm.fields.phone')} type="tel" {...field('phone')} />
          <TextInput label={t('subscriberForm.fields.address')} {...field('address')} />
          <ProblemNote error={make.error instanceof ApiError && make.error.isOfFields ? null : make.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button type="submit" loading={make.isPending} disabled={values.name.trim() === ''}>
              {t('payerChoice.add')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
