// One step of signing in: a card with a form in the middle of an empty page, in any language.
import { Anchor, Button, Group, Paper, Stack, Title } from '@mantine/core'
import type { FormEvent, ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { languages, setLanguage, type Language } from '../i18n/i18n.ts'
import { LineNote } from '../shell/notes.tsx'

type Props = { title: string; submit: string; busy: boolean; onSubmit: () => void; children: ReactNode }

export function Step({ title, submit, busy, onSubmit, children }: Props) {
  const { i18n } = useTranslation()
  const send = (event: FormEvent) => {
    event.preventDefault()
    onSubmit()
  }
  return (
    <Stack mih="100%" p="md" align="center" justify="center" component="main">
      <LineNote />
      <Paper withBorder shadow="sm" p="xl" w={380} maw="100%">
        <form onSubmit={send}>
          <Stack gap="md">
            <Group gap="xs" wrap="nowrap">
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
      <Group gap="md">
        {(Object.keys(languages) as Language[])
          .filter((language) => language !== i18n.language)
          .map((language) => (
            <Anchor
              key={language}
              component="button"
              type="button"
              size="sm"
              lang={language}
              onClick={() => void setLanguage(language)}
            >
              {languages[language].name}
            </Anchor>
          ))}
      </Group>
    </Stack>
  )
}
