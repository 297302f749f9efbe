// What has been done, with the way back where there is one.
import { Button, Group, Kbd, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useTranslation } from 'react-i18next'

type Done = { message: string; undo?: (() => Promise<unknown>) | undefined; undoLabel: string }

export function showDone({ message, undo, undoLabel }: Done): void {
  const id = notifications.show({
    autoClose: undo === undefined ? 4_000 : 12_000,
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{message}</Text>
        {undo && (
          <UndoButton
            label={undoLabel}
            onUndo={() => {
              notifications.hide(id)
              void undo()
            }}
          />
        )}
      </Group>
    ),
  })
}

/** keys.ts finds it for Ctrl-Z: behind an open dialog it could not be reached else. */
function UndoButton({ label, onUndo }: { label: string; onUndo(): void }) {
  const { t } = useTranslation()
  return (
    <Button
      size="compact-sm"
      variant="subtle"
      data-shortcut="ctrl-z"
      aria-keyshortcuts="Control+Z"
      rightSection={
        <Kbd size="xs" aria-hidden>
          {t('keys.ctrl')} Z
        </Kbd>
      }
      onClick={onUndo}
    >
      {label}
    </Button>
  )
}
