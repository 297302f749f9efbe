// Putting a plan away: there is no way back, and whoever has it is moved to another.
import { Button, Group, Modal, Select, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { choicesOf } from '../api/choices.ts'
import { postPlansIdArchive } from '../api/generated/sdk.gen.ts'
import { useAct } from '../api/use-act.ts'
import { planRoute } from '../routes/offer.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import type { Plan } from './values.ts'

type Props = { plan: Plan; version: string; onClose(): void }

export function ArchiveDialog({ plan, version, onClose }: Props) {
  const { t } = useTranslation()
  const navigate = planRoute.useNavigate()
  const plans = useQuery(choicesOf.plan)
  const [moveTo, setMoveTo] = useState<string | null>(null)
  const archive = useAct({
    run: async () =>
      (
        await postPlansIdArchive({
          path: { id: String(plan.id) },
          body: moveTo === null ? {} : { move_to: Number(moveTo) },
          headers: { 'If-Match': version },
          throwOnError: true,
        })
      ).data,
    touches: [['plans'], ['plan'], ['choices', 'plan'], ['subscribers']],
    isForm: true,
    done: ({ moved }) =>
      moved === 0 ? t('plan.wasArchived', { name: plan.name }) : t('plan.wasMoved', { name: plan.name, count: moved }),
    onDone: () => void navigate({ to: '/plans' }),
  })
  const told = archive.error instanceof ApiError ? archive.error.fields.move_to : undefined
  const hasSubscribers = plan.subscribers > 0 || told !== undefined
  return (
    <Modal opened onClose={onClose} title={t('plan.archiveTitle', { name: plan.name })}>
      <Stack gap="sm">
        <Text size="sm">{t('plan.archiveHint')}</Text>
        {hasSubscribers && (
          <>
            <Text fw={600}>{t('plan.touches', { count: plan.subscribers })}</Text>
            <Select
              label={t('plan.moveTo')}
              description={t('plan.moveToHint')}
              searchable
              required
              error={told}
              data={(plans.data ?? [])
                .filter(({ id }) => id !== plan.id)
                .map(({ id, name }) => ({ value: String(id), label: name }))}
              value={moveTo}
              onChange={setMoveTo}
            />
          </>
        )}
        <ProblemNote error={told === undefined ? archive.error : null} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('act.cancel')}
          </Button>
          <Button
            color="red"
            loading={archive.isPending}
            disabled={hasSubscribers && moveTo === null}
            onClick={() => archive.mutate(undefined)}
          >
            {t('plan.archive')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
