// One step of signing in: a card with a form in the middle of an empty page.
import { Button, Center, Group, Paper, Stack, Title } from '@mantine/core'
import type { FormEvent, ReactNode } from 'react'

type Props = { title: string; submit: string; busy: boolean; onSubmit: () => void; children: ReactNode }

export function Step({ title, submit, busy, onSubmit, children }: Props) {
  const send = (event: FormEvent) => {
    event.preventDefault()
    onSubmit()
  }
  return (
    <Center mih="100%" p="md" component="main">
      <Paper withBorder shadow="sm" p="xl" w={380} maw="100%">
        <form onSubmit={send}>
          <Stack gap="md">
            <Group gap="xs">
              <img src="/gatehouse.svg" alt="" width={28} height={28} />
              <Title order={1} size="h3">
                {title}
              </Title>
            </Group>
            {children}
            <Button type="submit" loading={busy} fullWidth>
              {submit}
            </Button>
          </Stack>
        </form>
      </Paper>
    </Center>
  )
}
