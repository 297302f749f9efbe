// Whether a NAS speaks: lately, not for a while, or never.
import { Badge } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { NasState } from '../api/generated/types.gen.ts'
import { formatRelative } from '../i18n/format.ts'

/** Contacts are written every minute or so; a quiet NAS accounts every few minutes. */
const latelyMs = 15 * 60_000

export function HeardBadge({ state }: { state: NasState | undefined }) {
  const { t } = useTranslation()
  if (state === undefined) return null
  if (state.heard_at === null) {
    return (
      <Badge variant="light" color="gray" tt="none">
        {t('nases.never')}
      </Badge>
    )
  }
  const isLately = Date.now() - Date.parse(state.heard_at) < latelyMs
  return (
    <Badge variant="light" color={isLately ? 'green' : 'orange'} tt="none">
      {formatRelative(state.heard_at, Date.now())}
    </Badge>
  )
}
