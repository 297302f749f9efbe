// A password that was made up, shown this once, to be copied.
import { ActionIcon, Alert, Button, Group, Modal, Stack, Text, TextInput, Tooltip } from '@mantine/core'
import { IconCopy } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { useCopy } from './use-copy.ts'

type Props = { username: string; revealed: Readonly<Record<string, string>>; onClose(): void }

export function Revealed({ username, revealed, onClose }: Props) {
  const { t } = useTranslation()
  const copy = useCopy()
  return (
    <Modal
      opened
      onClose={onClose}
      // Not by a slip beside it: what is shown here is nowhere else.
      closeOnClickOutside={false}
      closeOnEscape={false}
      title={t('revealed.title', { name: username })}
    >
      <Stack gap="sm">
        <Alert color="yellow" variant="light">
          <Text size="sm">{t('revealed.once')}</Text>
        </Alert>
        {Object.entries(revealed).map(([name, value], at) => (
          <TextInput
            key={name}
            readOnly
            label={t(`revealed.${name as 'password'}`, { defaultValue: name })}
            value={value}
            onFocus={(event) => event.currentTarget.select()}
            styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', direction: 'ltr' } }}
            {...(at === 0 && { 'data-autofocus': true })}
            rightSection={
              <Tooltip label={t('revealed.copy')}>
                <ActionIcon variant="subtle" aria-label={t('revealed.copy')} onClick={() => copy(value)}>
                  <IconCopy size={16} aria-hidden />
                </ActionIcon>
              </Tooltip>
            }
          />
        ))}
        <Group justify="flex-end">
          <Button onClick={onClose}>{t('revealed.noted')}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
