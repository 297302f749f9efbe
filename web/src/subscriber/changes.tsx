// Who changed what of a subscriber, field by field: what was and what is.
import { Anchor, Group, Skeleton, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { getAudit } from '../api/generated/sdk.gen.ts'
import type { AuditEntry } from '../api/generated/types.gen.ts'
import { AuditDifference } from '../audit/audit-difference.tsx'
import { formatRelative } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { AgainButton } from '../list/again-button.tsx'
import { usePages } from '../list/use-pages.ts'
import { ProblemNote } from '../shell/problem-note.tsx'
import { MoreButton } from './more-button.tsx'
import classes from './subscriber.module.css'
import { auditTitle } from './timeline-words.ts'

export function Changes({ id }: { id: number }) {
  const { t } = useTranslation()
  const pages = usePages(['subscriber', id, 'changes'], async (cursor, signal) => {
    const query = { noun: 'subscriber', row_id: String(id), limit: '25', ...(cursor && { cursor }) }
    return (await getAudit({ query, signal, throwOnError: true })).data
  })
  return (
    <>
      <ProblemNote error={pages.error} />
      {pages.error !== null && <AgainButton onAgain={pages.again} />}
      {pages.isLoading && <Skeleton height={160} />}
      {!pages.isLoading && pages.rows.length === 0 && pages.error === null && (
        <Text size="sm">{t('subscriber.noChange')}</Text>
      )}
      <ul className={classes.rows}>
        {pages.rows.map((entry) => (
          <Change key={entry.id} entry={entry} />
        ))}
      </ul>
      <MoreButton pages={pages} />
      <Anchor
        size="sm"
        mt="xs"
        display="inline-block"
        renderRoot={(props) => <Link {...props} to="/audit" search={{ noun: 'subscriber', row: id }} />}
      >
        {t('subscriber.inAudit')}
      </Anchor>
    </>
  )
}

function Change({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const { at, action, author_name: author, viewed_by: viewer, address, before, after, personal } = entry
  return (
    <li className={classes.row}>
      <Group gap="xs" justify="space-between">
        <Text size="sm" fw={600}>
          {auditTitle(action, t)}
        </Text>
        <Text size="xs" c="dimmed">
          <bdi>{author}</bdi>
          {viewer !== null && ` (${t('audit.viewedBy', { name: viewer })})`}
          {address !== null && (
            <>
              {' · '}
              <bdi>{address}</bdi>
            </>
          )}
          {' · '}
          <time dateTime={at}>
            {instant(at)} ({formatRelative(at, Date.now())})
          </time>
        </Text>
      </Group>
      {personal === 'removed' && <Text size="sm">{t('audit.removed')}</Text>}
      {(before !== null || after !== null) && <AuditDifference entry={entry} />}
    </li>
  )
}
