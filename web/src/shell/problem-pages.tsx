// In place of a page: that it stumbled, that there is none, that Gatehouse does not answer at the very start.
import { Button, Code, Group, Text, Title } from '@mantine/core'
import { useInterval } from '@mantine/hooks'
import { useQueryErrorResetBoundary } from '@tanstack/react-query'
import { Link, useRouter, type ErrorComponentProps } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError, NoAnswerError } from '../api/client.ts'
import { ProblemNote } from './problem-note.tsx'
import classes from './shell.module.css'
import { useTitle } from './use-title.ts'

const againMs = 3_000

export function ErrorPage({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation()
  const router = useRouter()
  const boundary = useQueryErrorResetBoundary()
  const again = () => {
    boundary.reset()
    reset()
    void router.invalidate()
  }
  useTitle(t('problem.title'))
  useInterval(again, againMs, { autoInvoke: error instanceof NoAnswerError })
  if (error instanceof ApiError || error instanceof NoAnswerError) {
    return (
      <div className={classes.whole}>
        <ProblemNote error={error} />
        <Button onClick={again}>{t('problem.again')}</Button>
      </div>
    )
  }
  return (
    <Whole title={t('problem.broken')} hint={t('problem.brokenHint')}>
      <Code>{error instanceof Error ? error.message : String(error)}</Code>
      <Group>
        <Button onClick={again}>{t('problem.again')}</Button>
        <Button variant="default" onClick={() => location.reload()}>
          {t('problem.reload')}
        </Button>
      </Group>
    </Whole>
  )
}

export function NotFoundPage() {
  const { t } = useTranslation()
  useTitle(t('problem.notFound'))
  return (
    <Whole title={t('problem.notFound')} hint={t('problem.notFoundHint')}>
      <Button component={Link} to="/">
        {t('problem.home')}
      </Button>
    </Whole>
  )
}

function Whole({ title, hint, children }: { title: string; hint: string; children: ReactNode }) {
  return (
    <div className={classes.whole}>
      <Title order={1} size="h3">
        {title}
      </Title>
      <Text c="dimmed" maw={460}>
        {hint}
      </Text>
      {children}
    </div>
  )
}
