// One part of a page of settings: what it is about, what can be done, and what there is.
import { Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useId, type ReactNode } from 'react'

type Props = { title: string; hint?: string; tools?: ReactNode; children?: ReactNode }

export function Card({ title, hint, tools, children }: Props) {
  const id = useId()
  return (
    <Paper withBorder p="md" component="section" aria-labelledby={id}>
      <Stack gap="sm">
        <Group justify="space-between" align="start" gap="xs">
          <div>
            <Title order={2} size="h5" id={id}>
              {title}
            </Title>
            {hint !== undefined && (
              <Text size="sm" c="dimmed">
                {hint}
              </Text>
            )}
          </div>
          {tools && <Group gap="xs">{tools}</Group>}
        </Group>
        {children}
      </Stack>
    </Paper>
  )
}
