// The texts of mails: ours for each kind, and what was written in their place, a text a language.
import { Badge, Button, Group, Skeleton, Text, Title } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { queryOptions, useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { getMessageTemplates } from '../api/generated/sdk.gen.ts'
import type { GetMessageTemplatesResponse } from '../api/generated/types.gen.ts'
import { currentLanguage } from '../i18n/i18n.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { ListPage } from '../list/list-page.tsx'
import { messagesRoute } from '../routes/house.ts'
import { useMay } from '../sign-in/me.ts'
import classes from './messages.module.css'
import { TemplateEditor } from './template-editor.tsx'
import { kindWord, mailKinds } from './words.ts'

export type Template = GetMessageTemplatesResponse['items'][number]

export const allTemplates = queryOptions({
  queryKey: ['message-templates'],
  queryFn: async () => (await getMessageTemplates({ throwOnError: true })).data.items,
})

/** `de` as a word; the code itself where the browser does not know it. */
export function languageWord(code: string): string {
  try {
    return new Intl.DisplayNames([currentLanguage()], { type: 'language' }).of(code) ?? code
  } catch {
    return code
  }
}

export function Templates({ filters }: { filters: ReactNode }) {
  const { t } = useTranslation()
  const { template, language } = messagesRoute.useSearch()
  const navigate = messagesRoute.useNavigate()
  const found = useQuery(allTemplates)
  const edit = (kind: string | undefined, of?: string) =>
    void navigate({ search: { tab: 'templates', template: kind, language: of }, replace: true })
  const ours = found.data?.find((one) => one.kind === template && one.language === '')
  return (
    <ListPage title={t('nav.messages')} error={found.error} filters={filters}>
      <div className={classes.body}>
        {found.data === undefined && found.error === null && <Skeleton height={200} />}
        {found.data &&
          mailKinds.map((kind) => (
            <Kind key={kind} kind={kind} all={found.data.filter((one) => one.kind === kind)} onEdit={edit} />
          ))}
      </div>
      {ours && (
        <TemplateEditor
          key={`${template} ${language}`}
          ours={ours}
          written={found.data?.find((one) => one.kind === template && one.language === language)}
          taken={found.data?.filter((one) => one.kind === template).map((one) => one.language) ?? []}
          onClose={() => edit(undefined)}
        />
      )}
    </ListPage>
  )
}

type KindProps = { kind: string; all: readonly Template[]; onEdit(kind: string, language?: string): void }

function Kind({ kind, all, onEdit }: KindProps) {
  const { t } = useTranslation()
  const instant = useInstant()
  const mayEdit = useMay('message.edit')
  const written = all.filter(({ language }) => language !== '')
  const first = written[0] ?? all[0]
  return (
    <section className={classes.kind} aria-label={kindWord(kind, t)}>
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <div>
          <Title order={2} size="sm" fw={600}>
            {kindWord(kind, t)}
          </Title>
          <Text size="sm" c="dimmed">
            <bdi>{first?.subject}</bdi>
          </Text>
        </div>
        {mayEdit && (
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconPlus size={14} aria-hidden />}
            onClick={() => onEdit(kind)}
            aria-label={t('messages.writeFor', { kind: kindWord(kind, t) })}
          >
            {t('messages.write')}
          </Button>
        )}
      </Group>
      <Group gap="xs" mt={6}>
        {written.length === 0 && (
          <Badge variant="light" tt="none" color="gray">
            {t('messages.ours')}
          </Badge>
        )}
        {written.map(({ language, updated_at: updatedAt }) => (
          <Button
            key={language}
            size="compact-xs"
            variant="light"
            title={instant(updatedAt)}
            onClick={() => onEdit(kind, language)}
            aria-label={t('messages.openText', { kind: kindWord(kind, t), language: languageWord(language) })}
          >
            {languageWord(language)}
          </Button>
        ))}
      </Group>
    </section>
  )
}
