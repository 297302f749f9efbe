// How far an import is, what was counted, and what is to be known of it.
import { Badge, Group, List, Progress, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { formatOctets } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { isOpen, type ImportRun } from './run-state.ts'

const colours = { created: 'green', updated: 'blue', unchanged: 'gray', errors: 'red' } as const

export function RunFigures({ run }: { run: ImportRun }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const counted = (['created', 'updated', 'unchanged', 'errors'] as const).filter((name) => run[name] > 0)
  return (
    <>
      <Text size="sm" c="dimmed">
        <bdi>{run.author}</bdi> · {instant(run.created_at)} · {run.format.toUpperCase()} {formatOctets(run.octets)}
      </Text>
      {isOpen(run) && (
        <>
          {/* How many rows there are nobody knows before the last. */}
          <Progress mt="xs" value={100} animated aria-label={t('imports.progress')} />
          <Text size="sm" mt={4} role="status">
            {run.phase === null ? t('imports.begins') : t(`imports.phase.${run.phase}`)}
          </Text>
        </>
      )}
      <Group gap={6} mt="xs">
        <Badge variant="light" color="gray" tt="none">
          {t('imports.rows', { count: run.rows })}
        </Badge>
        {counted.map((name) => (
          <Badge key={name} variant="light" color={colours[name]} tt="none">
            {t(`imports.${name}`, { count: run[name] })}
          </Badge>
        ))}
      </Group>
      {run.groups_made.length > 0 && (
        <Text size="sm" mt="xs">
          <bdi>{t('imports.groupsMade', { names: run.groups_made.join(', ') })}</bdi>
        </Text>
      )}
      {run.notices.length > 0 && (
        <List size="sm" mt="xs">
          {run.notices.map((notice) => (
            <List.Item key={notice}>{notice}</List.Item>
          ))}
        </List>
      )}
      {run.error !== null && (
        <Text size="sm" mt="xs" c="var(--mantine-color-error)">
          {run.error}
        </Text>
      )}
    </>
  )
}
