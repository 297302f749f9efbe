// Before a plan that people have is changed: what differs, for how many, and what their routers are told.
import { Button, Group, List, Modal, Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { PatchPlansIdResponse } from '../api/generated/types.gen.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import type { TextName } from './values.ts'

export type Reach = Omit<PatchPlansIdResponse, 'plan' | 'dry_run'> & { name: string }

type Props = { reach: Reach; isBusy: boolean; error: Error | null; onClose(): void; onSave(): void }

export function SaveDialog({ reach, isBusy, error, onClose, onSave }: Props) {
  const { t } = useTranslation()
  return (
    <Modal opened onClose={onClose} title={t('plan.saveTitle', { name: reach.name })}>
      <Stack gap="sm">
        <Text fw={600}>{t('plan.touches', { count: reach.subscribers })}</Text>
        <div>
          <Text size="sm">{t('plan.changes')}</Text>
          <List size="sm">
            {reach.changed.map((name) => (
              <List.Item key={name}>{t(`plan.fields.${name as TextName}`)}</List.Item>
            ))}
          </List>
        </div>
        <Text size="sm">{reach.orders === 0 ? t('plan.tellsNone') : t('plan.tells', { count: reach.orders })}</Text>
        <Text size="sm" c="dimmed">
          {t('plan.canUndo')}
        </Text>
        <ProblemNote error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('act.cancel')}
          </Button>
          <Button loading={isBusy} onClick={onSave} data-autofocus>
            {t('plan.saveFor', { count: reach.subscribers })}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
