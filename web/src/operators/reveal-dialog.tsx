// A secret that is shown this once: nothing but its own button closes it.
import { Alert, Button, Group, Modal, Stack } from '@mantine/core'
import { IconKey } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Copied } from '../shell/copied.tsx'

type Props = { title: string; hint: string; label: string; value: string; onClose(): void }

export function RevealDialog({ title, hint, label, value, onClose }: Props) {
  const { t } = useTranslation()
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
    >
      <Stack gap="sm">
        <Alert variant="light" icon={<IconKey size={18} aria-hidden />}>
          {hint}
        </Alert>
        <Copied label={label} value={value} />
        <Group justify="flex-end">
          <Button onClick={onClose}>{t('operators.revealed.close')}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
