// Name, contact and credit limit of a payer: changed at once, with the way back.
import { Button, Group, Modal, Stack, TextInput } from '@mantine/core'
import type { FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { patchPayersId } from '../api/generated/sdk.gen.ts'
import type { PatchPayersIdData } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import type { Payer } from './columns.tsx'

type Body = PatchPayersIdData['body']

export function EditPayer({ payer, onClose }: { payer: Payer; onClose(): void }) {
  const { t } = useTranslation()
  const path = { id: String(payer.id) }
  const { name, email, phone, address, credit_limit: limit } = payer
  const before = { name, email: email ?? '', phone: phone ?? '', address: address ?? '', credit_limit: limit }
  const save = useAct({
    run: async (body: Body) => (await patchPayersId({ path, body, throwOnError: true })).data,
    touches: [['payers'], ['ledger']],
    isForm: true,
    done: (now) => t('money.payerSaved', { name: now.name }),
    undo: () => () =>
      patchPayersId({ path, body: { name, email, phone, address, credit_limit: limit }, throwOnError: true }),
    onDone: onClose,
  })
  const { values, field } = useFields(before, save.error)
  const send = (event: FormEvent) => {
    event.preventDefault()
    const orNull = (text: string) => (text.trim() === '' ? null : text.trim())
    save.mutate({
      name: values.name.trim(),
      email: orNull(values.email),
      phone: orNull(values.phone),
      address: orNull(values.address),
      credit_limit: values.credit_limit.trim() || '0',
    })
  }
  return (
    <Modal opened onClose={onClose} title={t('money.editPayer', { name })}>
      <form onSubmit={send}>
        <Stack gap="sm">
          <TextInput label={t('money.name')} required data-autofocus maxLength={100} {...field('name')} />
          <TextInput label={t('money.email')} type="email" {...field('email')} />
          <TextInput label={t('money.phone')} type="tel" {...field('phone')} />
          <TextInput label={t('money.address')} {...field('address')} />
          <TextInput
            label={t('money.creditLimit')}
            description={t('money.creditHint')}
            inputMode="decimal"
            rightSection={payer.currency}
            rightSectionWidth={52}
            {...field('credit_limit')}
          />
          <ProblemNote error={save.error instanceof ApiError && save.error.isOfFields ? null : save.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button type="submit" loading={save.isPending} disabled={values.name.trim() === ''}>
              {t('act.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
