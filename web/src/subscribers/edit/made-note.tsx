// What was made and is shown only now: the password of a new subscriber, to be copied.
import { ActionIcon, Alert, Button, CopyButton, Group, Modal, Stack, Text, TextInput, Tooltip } from '@mantine/core'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'

export type Made = { id: number; username: string; password: string | null; warning: string | null }

type Props = { made: Made; onOpen(): void; onAnother(): void }

export function MadeNote({ made, onOpen, onAnother }: Props) {
  const { t } = useTranslation()
  return (
    <Modal opened onClose={onOpen} title={t('subscriberForm.added', { name: made.username })} closeOnClickOutside={false}>
      <Stack gap="sm">
        <Copied label={t('subscriberForm.fields.username')} value={made.username} />
        {made.password !== null && (
          <>
            <Copied label={t('subscriberForm.fields.password')} value={made.password} />
            <Text size="sm">{t('subscriberForm.shownOnce')}</Text>
          </>
        )}
        {made.warning !== null && <Alert color="yellow">{made.warning}</Alert>}
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

function Copied({ label, value }: { label: string; value: string }) {
  const { t } = useTranslation()
  return (
    <TextInput
      label={label}
      value={value}
      readOnly
      dir="ltr"
      ff="monospace"
      onFocus={(event) => event.currentTarget.select()}
      rightSection={
        <CopyButton value={value}>
          {({ copied, copy }) => {
            const name = t(copied ? 'subscriberForm.copied' : 'subscriberForm.copy', { what: label })
            return (
              <Tooltip label={name}>
                <ActionIcon variant="subtle" color={copied ? 'green' : 'gray'} aria-label={name} onClick={copy}>
                  {copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
                </ActionIcon>
              </Tooltip>
            )
          }}
        </CopyButton>
      }
    />
  )
}
