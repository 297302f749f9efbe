// What every page with a list has: a head with its name, how many there are, and what can be done; below it the list.
import { Group, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { ProblemNote } from '../shell/problem-note.tsx'
import classes from './list-page.module.css'

type Props = {
  title: string
  status?: string | undefined
  tools?: ReactNode
  filters?: ReactNode
  /** The ways to the pages beside this one. */
  places?: ReactNode
  error: Error | null
  children: ReactNode
}

export function ListPage({ title, status, tools, filters, places, error, children }: Props) {
  return (
    <>
      {places}
      <Group className={classes.head} justify="space-between">
        <Group gap="sm">
          <Title order={1} size="h4">
            {title}
          </Title>
          {status !== undefined && (
            <Text size="sm" c="dimmed" role="status">
              {status}
            </Text>
          )}
        </Group>
        {tools && (
          <Group gap="xs" className={classes.tools}>
            {tools}
          </Group>
        )}
      </Group>
      {filters && <div className={classes.filters}>{filters}</div>}
      <ProblemNote error={error} />
      {children}
    </>
  )
}
