// What has been done, with the way back where there is one.
import { Button, Group, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'

type Done = { message: string; undo?: (() => Promise<unknown>) | undefined; undoLabel: string }

export function showDone({ message, undo, undoLabel }: Done): void {
  const id = notifications.show({
    autoClose: undo === undefined ? 4_000 : 12_000,
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{message}</Text>
        {undo && (
          <Button
            size="compact-sm"
            variant="subtle"
            onClick={() => {
              notifications.hide(id)
              void undo()
            }}
          >
            {undoLabel}
          </Button>
        )}
      </Group>
    ),
  })
}
