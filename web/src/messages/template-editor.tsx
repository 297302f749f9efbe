// Writing a text for a kind of mail and a language: values are put in by a click, and beside it one sees the mail as it arrives.
import { Button, Group, Modal, Stack, Text, Textarea, TextInput, Title } from '@mantine/core'
import { useRef, useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { deleteMessageTemplatesKindLanguage, putMessageTemplatesKindLanguage } from '../api/generated/sdk.gen.ts'
import type { PutMessageTemplatesKindLanguageData } from '../api/generated/types.gen.ts'
import { useAct } from '../api/use-act.ts'
import { useFields } from '../api/use-fields.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { useMay } from '../sign-in/me.ts'
import classes from './messages.module.css'
import { languageWord, type Template } from './templates.tsx'
import { kindWord } from './words.ts'

type Path = PutMessageTemplatesKindLanguageData['path']
type Props = {
  ours: Template
  /** What stands there now; nothing while it is a new language. */
  written: Template | undefined
  taken: readonly string[]
  onClose(): void
}

const languageForm = /^[a-z]{2}(-[A-Z]{2})?$/

/** Values of nobody, to see a mail by. */
const samples: Readonly<Record<string, string>> = {
  full_name: 'Anna Example',
  name: 'Anna Example',
  username: 'anna',
  plan: 'Home 50',
  expires_on: '2030-01-31',
  days: '3',
  email: 'anna@example.net',
  link: 'https://panel.example.net/…',
  title: 'Revenue',
  day: '2030-01-01',
  summary: '…',
  subject: '…',
  text: '…',
}

const fill = (text: string) => text.replaceAll(/\{\{(\w+)\}\}/g, (whole, name: string) => samples[name] ?? whole)

export function TemplateEditor({ ours, written, taken, onClose }: Props) {
  const { t } = useTranslation()
  const mayEdit = useMay('message.edit')
  const { kind, values: names } = ours
  const area = useRef<HTMLTextAreaElement>(null)
  const { save, remove } = useTemplateActs(ours, written, onClose)
  const initial = {
    language: written?.language ?? (taken.includes('en') ? '' : 'en'),
    subject: (written ?? ours).subject,
    text: (written ?? ours).text,
  }
  const { values, set, field, errorOf } = useFields(initial, save.error)
  const [isTried, setTried] = useState(false)
  const language = values.language.trim()
  const wrongLanguage = !languageForm.test(language)
    ? t('messages.wrongLanguage')
    : written === undefined && taken.includes(language)
      ? t('messages.takenLanguage')
      : undefined
  const unknown = (text: string) =>
    [...text.matchAll(/\{\{([^}]*)\}\}/g)].find(([, name]) => !names.includes(name!))?.[0]
  const wrongOf = (part: 'subject' | 'text') => {
    const found = unknown(values[part])
    return errorOf(part) ?? (found === undefined ? undefined : t('messages.unknownValue', { value: found }))
  }
  const insert = (name: string) => {
    const element = area.current
    const [from, to] = [element?.selectionStart ?? values.text.length, element?.selectionEnd ?? values.text.length]
    set({ text: `${values.text.slice(0, from)}{{${name}}}${values.text.slice(to)}` })
    element?.focus()
  }
  const send = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (wrongLanguage !== undefined) return
    save.mutate({ path: { kind, language } as Path, body: { subject: values.subject, text: values.text } })
  }
  return (
    <Modal opened onClose={onClose} size="xl" title={t('messages.textOf', { kind: kindWord(kind, t) })}>
      <form onSubmit={send}>
        <div className={classes.editor}>
          <Stack gap="sm">
            <TextInput
              label={t('messages.language')}
              description={languageForm.test(language) ? languageWord(language) : t('messages.languageHint')}
              required
              maw={200}
              readOnly={written !== undefined}
              data-autofocus={written === undefined || undefined}
              {...field('language')}
              error={errorOf('language') ?? (isTried || language !== '' ? wrongLanguage : undefined)}
            />
            <TextInput label={t('messages.subject')} required {...field('subject')} error={wrongOf('subject')} />
            <Textarea
              ref={area}
              label={t('messages.text')}
              required
              autosize
              minRows={8}
              maxRows={18}
              {...field('text')}
              error={wrongOf('text')}
            />
            <div>
              <Text size="xs" c="dimmed" mb={4}>
                {t('messages.values')}
              </Text>
              <Group gap={4}>
                {names.map((name) => (
                  <Button
                    key={name}
                    size="compact-xs"
                    variant="default"
                    onClick={() => insert(name)}
                    aria-label={t('messages.insert', { name })}
                  >
                    {`{{${name}}}`}
                  </Button>
                ))}
              </Group>
            </div>
          </Stack>
          <section aria-label={t('messages.preview')}>
            <Title order={3} size="sm" fw={600} mb={6}>
              {t('messages.preview')}
            </Title>
            <div className={classes.preview} dir="auto">
              <Text fw={600} mb="xs">
                {fill(values.subject)}
              </Text>
              {fill(values.text)}
            </div>
          </section>
        </div>
        <ProblemNote error={save.error instanceof ApiError && save.error.isOfFields ? null : save.error} />
        <Group justify="space-between" mt="md">
          {written !== undefined && mayEdit ? (
            <Button variant="subtle" color="red" loading={remove.isPending} onClick={() => remove.mutate(written)}>
              {t('messages.useOurs')}
            </Button>
          ) : (
            <span />
          )}
          <Group>
            <Button variant="default" onClick={onClose}>
              {t('act.cancel')}
            </Button>
            {mayEdit && (
              <Button type="submit" loading={save.isPending}>
                {t('act.save')}
              </Button>
            )}
          </Group>
        </Group>
      </form>
    </Modal>
  )
}

/** Both have a way back: what stood there before. */
function useTemplateActs(ours: Template, written: Template | undefined, onClose: () => void) {
  const { t } = useTranslation()
  const name = kindWord(ours.kind, t)
  const put = (path: Path, { subject, text }: { subject: string; text: string }) =>
    putMessageTemplatesKindLanguage({ path, body: { subject, text }, throwOnError: true })
  const save = useAct({
    run: ({ path, body }: { path: Path; body: { subject: string; text: string } }) => put(path, body),
    touches: [['message-templates']],
    isForm: true,
    done: (_result, { path }) => t('messages.textSaved', { name, language: languageWord(path.language) }),
    undo: (_result, { path }) =>
      written === undefined
        ? () => deleteMessageTemplatesKindLanguage({ path, throwOnError: true })
        : () => put(path, written),
    onDone: onClose,
  })
  const pathOf = ({ kind, language }: Template) => ({ kind, language }) as Path
  const remove = useAct({
    run: (one: Template) => deleteMessageTemplatesKindLanguage({ path: pathOf(one), throwOnError: true }),
    touches: [['message-templates']],
    done: (_result, one) => t('messages.textRemoved', { name, language: languageWord(one.language) }),
    undo: (_result, one) => () => put(pathOf(one), one),
    onDone: onClose,
  })
  return { save, remove }
}
