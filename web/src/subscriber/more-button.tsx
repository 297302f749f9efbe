// Below a list that goes on: the next page comes when this is seen, or pressed.
import { Button } from '@mantine/core'
import { useIntersection } from '@mantine/hooks'
import { useEffect, useEffectEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { Pages } from '../list/use-pages.ts'

export function MoreButton({ pages }: { pages: Pick<Pages<unknown>, 'hasMore' | 'loadMore'> }) {
  const { t } = useTranslation()
  const { ref, entry } = useIntersection()
  const isSeen = entry?.isIntersecting === true
  const more = useEffectEvent(() => pages.loadMore())
  useEffect(() => {
    if (isSeen) more()
  }, [isSeen])
  if (!pages.hasMore) return null
  return (
    <Button ref={ref} variant="subtle" size="compact-sm" mt="xs" onClick={pages.loadMore}>
      {t('act.more')}
    </Button>
  )
}
