// What was made and is shown only now: the password of a new subscriber, to be copied.
import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Copied } from '../../shell/copied.tsx'

export type Made = { id: number; username: string; password: string | null; warning: string | null }

type Props = { made: Made; onOpen(): void; onAnother(): void }

export function MadeNote({ made, onOpen, onAnother }: Props) {
  const { t } = useTranslation()
  return (
    <Modal
      opened
      onClose={onOpen}
      title={t('subscriberForm.added', { name: made.username })}
      closeOnClickOutside={false}
    >
      <Stack gap="sm">
        <Copied label={t('subscriberForm.fields.username')} value={made.username} />
        {made.password !== null && (
          <>
            <Copied label={t('subscriberForm.fields.password')} value={made.password} />
            <Text size="sm">{t('subscriberForm.shownOnce')}</Text>
          </>
        )}
        {made.warning !== null && <Alert color="orange">{made.warning}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onAnother}>
            {t('subscriberForm.another')}
          </Button>
          <Button onClick={onOpen} data-autofocus>
            {t('subscriberForm.open')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
