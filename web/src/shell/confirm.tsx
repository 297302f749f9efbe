// Before something that has no way back: what it is, what follows, and the one button that does it.
import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { ProblemNote } from './problem-note.tsx'

type Props = {
  title: string
  /** Whom or what it touches, and what follows. */
  lines: readonly string[]
  submit: string
  isDanger?: boolean
  isBusy: boolean
  error: Error | null
  onConfirm(): void
  onClose(): void
}

export function Confirm({ title, lines, submit, isDanger = true, isBusy, error, onConfirm, onClose }: Props) {
  const { t } = useTranslation()
  return (
    <Modal opened onClose={onClose} title={title}>
      <Stack gap="sm">
        {lines.map((line) => (
          <Text key={line} size="sm">
            {line}
          </Text>
        ))}
        <ProblemNote error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('act.cancel')}
          </Button>
          <Button color={isDanger ? 'red' : undefined} loading={isBusy} onClick={onConfirm}>
            {submit}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
