// One entry of the trail: who, from where, and field by field what was and what is; and the ways on: the row itself, all of the
// row, all by the author, all of the request.
import { Anchor, Drawer, Group, Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { getAuditId } from '../api/generated/sdk.gen.ts'
import type { AuditEntry } from '../api/generated/types.gen.ts'
import { formatRelative } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { FactList } from '../list/fact-list.tsx'
import { ProblemNote } from '../shell/problem-note.tsx'
import { AuditDifference } from './audit-difference.tsx'
import type { AuditSearch } from './audit-filters.tsx'
import { nounWords } from './audit-words.ts'
import { rowWay } from './row-way.ts'

type Props = { id: number; known: AuditEntry | undefined; onClose(): void; onOnly(search: AuditSearch): void }

export function AuditDrawer({ id, known, onClose, onOnly }: Props) {
  const { data, error } = useQuery({
    queryKey: ['audit', 'entry', id],
    queryFn: async () => (await getAuditId({ path: { id: String(id) }, throwOnError: true })).data,
    initialData: known,
    // What was written is never written again.
    staleTime: Infinity,
  })
  return (
    <Drawer opened onClose={onClose} position="right" size="lg" title={<bdi>{data?.action}</bdi>}>
      <ProblemNote error={error} />
      {data === undefined && error === null && <Skeleton height={240} />}
      {data && <Entry entry={data} onOnly={onOnly} />}
    </Drawer>
  )
}

function Entry({ entry, onOnly }: { entry: AuditEntry; onOnly: Props['onOnly'] }) {
  const { t } = useTranslation()
  const instant = useInstant()
  const { at, author_name: author, viewed_by: viewer, address, noun, row_id: rowId, request_id: request } = entry
  return (
    <Stack gap="md">
      <FactList
        facts={[
          [t('audit.at'), `${instant(at)} (${formatRelative(at, Date.now())})`],
          [t('audit.author'), viewer === null ? author : `${author} (${t('audit.viewedBy', { name: viewer })})`],
          [t('audit.of'), `${nounWords(noun, t)} ${rowId ?? ''}`],
          [t('audit.address'), address],
          [t('audit.request'), request],
        ]}
      />
      <Ways entry={entry} onOnly={onOnly} />
      {entry.personal === 'removed' && <Text size="sm">{t('audit.removed')}</Text>}
      <AuditDifference entry={entry} />
    </Stack>
  )
}

function Ways({ entry, onOnly }: { entry: AuditEntry; onOnly: Props['onOnly'] }) {
  const { t } = useTranslation()
  const { noun, row_id: rowId, operator_id: operatorId, author_name: author, request_id: request } = entry
  const way = rowId === null ? undefined : rowWay(noun, rowId)
  const only = (words: string, search: AuditSearch) => (
    <Anchor component="button" type="button" size="sm" onClick={() => onOnly(search)}>
      {words}
    </Anchor>
  )
  return (
    <Group gap="md">
      {way && (
        <Anchor size="sm" fw={600} renderRoot={(props) => <Link {...props} {...way} />}>
          {t('audit.row')}
        </Anchor>
      )}
      {rowId !== null && only(t('audit.allOfRow', { noun: nounWords(noun, t) }), { noun, row: rowId })}
      {operatorId !== null && only(t('audit.allOfAuthor', { name: author }), { author: operatorId })}
      {request !== null && only(t('audit.allOfRequest'), { request })}
    </Group>
  )
}
