// The page that the form of a plan stands in: its name, what can be done with it, the sections, the preview, and Save in sight.
import { Button, Group, Kbd, Text, Title } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { useRef, type FormEvent, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ProblemNote } from '../shell/problem-note.tsx'
import classes from './plan.module.css'
import { PlanPreview } from './preview.tsx'
import { Sections } from './sections.tsx'
import { PlanFormProvider, type PlanForm } from './use-plan-form.ts'

type Props = {
  title: ReactNode
  status?: ReactNode
  tools?: ReactNode
  form: PlanForm
  planId?: number
  error: Error | null
  isBusy: boolean
  submit: string
  /** Nothing was changed yet. */
  isSame?: boolean
  onSubmit(): void
  onCancel(): void
}

export function PlanFrame({
  title,
  status,
  tools,
  form,
  planId,
  error,
  isBusy,
  submit,
  isSame,
  onSubmit,
  onCancel,
}: Props) {
  const { t } = useTranslation()
  const element = useRef<HTMLFormElement>(null)
  const send = (event?: FormEvent) => {
    event?.preventDefault()
    if (form.isReadOnly || isSame === true) return
    if (form.tryIt()) onSubmit()
    else requestAnimationFrame(() => element.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus())
  }
  useHotkeys([['mod+Enter', () => send()]], [])
  return (
    <form ref={element} onSubmit={send} noValidate className={classes.page}>
      <Group className={classes.head} justify="space-between">
        <Group gap="sm">
          <Title order={1} size="h4">
            {title}
          </Title>
          {status}
        </Group>
        <Group gap="xs">{tools}</Group>
      </Group>
      <PlanFormProvider value={form}>
        <div className={classes.body}>
          <div className={classes.columns}>
            <Sections planId={planId} />
            <div className={classes.side}>
              <PlanPreview />
            </div>
          </div>
        </div>
      </PlanFormProvider>
      {!form.isReadOnly && (
        <div className={classes.foot}>
          <ProblemNote error={error} />
          <Group gap="sm" mt={error === null ? 0 : 'xs'}>
            <Button type="submit" loading={isBusy} disabled={isSame === true}>
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
      )}
    </form>
  )
}
