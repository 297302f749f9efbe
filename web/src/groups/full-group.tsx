// A group that somebody is in cannot be deleted: who has to leave it first.
import { Button, Group, Modal, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { SubscriberGroup } from './all-groups.ts'

type Props = { group: SubscriberGroup; onOpen(): void; onClose(): void }

export function FullGroup({ group, onOpen, onClose }: Props) {
  const { t } = useTranslation()
  return (
    <Modal opened onClose={onClose} title={t('groups.full', { name: group.name })}>
      <Text size="sm">{t('groups.fullHint', { count: group.subscribers })}</Text>
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={onClose}>
          {t('act.cancel')}
        </Button>
        <Button onClick={onOpen} data-autofocus>
          {t('groups.show')}
        </Button>
      </Group>
    </Modal>
  )
}
