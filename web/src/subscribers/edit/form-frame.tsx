// The page that a form of a subscriber stands in: its name, the form, and what can be done with it, always in sight.
import { Button, Group, Kbd, Text, Title } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { useRef, type FormEvent, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../../api/client.ts'
import { ProblemNote } from '../../shell/problem-note.tsx'
import classes from './form.module.css'
import { Sections } from './sections.tsx'
import { FormProvider, type SubscriberForm } from './use-subscriber-form.ts'
import type { FieldName } from './values.ts'

type Props = {
  title: ReactNode
  tools?: ReactNode
  /** Above the form. */
  notes?: ReactNode
  form: SubscriberForm
  error: Error | null
  isBusy: boolean
  submit: string
  onSubmit(): void
  onCancel(): void
}

export function FormFrame({ title, tools, notes, form, error, isBusy, submit, onSubmit, onCancel }: Props) {
  const { t } = useTranslation()
  const element = useRef<HTMLFormElement>(null)
  const send = (event?: FormEvent) => {
    event?.preventDefault()
    if (form.check()) onSubmit()
    else showFirst(element.current)
  }
  useHotkeys([['mod+Enter', () => send()]], [])
  const isShownByFields =
    error instanceof ApiError &&
    error.isOfFields &&
    Object.keys(error.fields).every((name) => form.writable.includes(name as FieldName))
  return (
    <form ref={element} onSubmit={send} noValidate className={classes.page}>
      <Group className={classes.head} justify="space-between">
        <Title order={1} size="h4">
          {title}
        </Title>
        <Group gap="xs">{tools}</Group>
      </Group>
      {/* Its inputs take the focus; it scrolls with them. */}
      <div className={classes.body}>
        {notes}
        <FormProvider value={form}>
          <Sections />
        </FormProvider>
      </div>
      <div className={classes.foot}>
        {!isShownByFields && <ProblemNote error={error} />}
        <Group gap="sm" mt={error !== null && !isShownByFields ? 'xs' : 0}>
          <Button type="submit" loading={isBusy}>
            {submit}
          </Button>
          <Button variant="default" onClick={onCancel}>
            {t('act.cancel')}
          </Button>
          <Text size="xs" c="dimmed" visibleFrom="sm">
            <Kbd size="xs">Ctrl</Kbd> <Kbd size="xs">Enter</Kbd>
          </Text>
        </Group>
      </div>
    </form>
  )
}

/** Once it is drawn that it is wrong. */
function showFirst(form: HTMLFormElement | null): void {
  requestAnimationFrame(() => form?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus())
}
