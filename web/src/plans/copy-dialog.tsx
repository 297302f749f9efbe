// A plan like another, under a new name.
import { Button, Group, Modal, Stack, TextInput } from '@mantine/core'
import type { FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { postPlansIdDuplicate } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { planRoute } from '../routes/offer.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import type { Plan } from './values.ts'

export function CopyDialog({ plan, onClose }: { plan: Plan; onClose(): void }) {
  const { t } = useTranslation()
  const navigate = planRoute.useNavigate()
  const copy = useAct({
    run: async (name: string) =>
      (await postPlansIdDuplicate({ path: { id: String(plan.id) }, body: { name }, throwOnError: true })).data,
    touches: [['plans'], ['choices', 'plan']],
    isForm: true,
    done: ({ name }) => t('plan.added', { name }),
    onDone: ({ id }) => {
      onClose()
      void navigate({ to: '/plans/$id', params: { id: String(id) } })
    },
  })
  const { values, field } = useFields({ name: t('plan.copyName', { name: plan.name }) }, copy.error)
  const send = (event: FormEvent) => {
    event.preventDefault()
    copy.mutate(values.name.trim())
  }
  return (
    <Modal opened onClose={onClose} title={t('plan.copyTitle', { name: plan.name })}>
      <form onSubmit={send}>
        <Stack gap="sm">
          <TextInput label={t('plan.fields.name')} required data-autofocus maxLength={100} {...field('name')} />
          <ProblemNote error={copy.error instanceof ApiError && copy.error.isOfFields ? null : copy.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            <Button type="submit" loading={copy.isPending} disabled={values.name.trim() === ''}>
              {t('plan.copy')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
