// A row on a phone: its name, a line below it, and at the end what one looks for.
import { Group, Text } from '@mantine/core'
import type { ReactNode } from 'react'

type Props = { title: ReactNode; below?: ReactNode; end?: ReactNode }

export function TwoLineCard({ title, below, end }: Props) {
  return (
    <Group justify="space-between" wrap="nowrap" w="100%" px={8}>
      <div style={{ minInlineSize: 0 }}>
        <Text size="sm" fw={600} truncate>
          <bdi>{title}</bdi>
        </Text>
        <Text size="xs" c="dimmed" truncate>
          <bdi>{below}</bdi>
        </Text>
      </div>
      <Text component="div" size="sm" style={{ flex: 'none', fontVariantNumeric: 'tabular-nums' }}>
        {end}
      </Text>
    </Group>
  )
}
