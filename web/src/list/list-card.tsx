// A row as a phone has it: what it is, beneath it what else matters, and at the end its state.
import { Group, Text } from '@mantine/core'
import type { ReactNode } from 'react'

type Props = { title: ReactNode; note?: ReactNode; end?: ReactNode }

export function ListCard({ title, note, end }: Props) {
  return (
    <Group justify="space-between" wrap="nowrap" w="100%" gap="xs">
      <div style={{ minInlineSize: 0 }}>
        <Text size="sm" fw={600} truncate>
          <bdi>{title}</bdi>
        </Text>
        <Text size="xs" c="dimmed" truncate>
          <bdi>{note}</bdi>
        </Text>
      </div>
      <Text component="div" size="sm" style={{ flex: 'none', fontVariantNumeric: 'tabular-nums' }}>
        {end}
      </Text>
    </Group>
  )
}
