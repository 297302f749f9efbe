// One subscriber as a page: the same parts as in the sheet, with more room.
import { Anchor, Skeleton, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client.ts'
import { ListPage } from '../list/list-page.tsx'
import { subscriberRoute } from '../routes/customers.ts'
import { useTitle } from '../shell/use-title.ts'
import { Actions } from './actions.tsx'
import { HeadingLevel } from './section.tsx'
import { SubscriberParts } from './subscriber-parts.tsx'
import classes from './subscriber.module.css'
import { useSubscriber } from './use-subscriber.ts'

export function SubscriberPage() {
  const { t } = useTranslation()
  const { id } = subscriberRoute.useParams()
  const { tab = 'overview' } = subscriberRoute.useSearch()
  const navigate = subscriberRoute.useNavigate()
  const { data, error } = useSubscriber(Number(id))
  useTitle(data?.username ?? t('subscriber.title'))
  if (data === undefined) {
    const isGone = error instanceof ApiError && error.problem.status === 404
    return (
      <ListPage title={t('subscriber.title')} error={isGone ? null : error}>
        <div className={classes.page}>
          {error === null && <Skeleton height={320} aria-label={t('list.loading')} role="status" />}
          {isGone && <Text size="sm">{t('subscriber.gone')}</Text>}
          {error !== null && <Back />}
        </div>
      </ListPage>
    )
  }
  return (
    <div className={classes.page}>
      <HeadingLevel value={2}>
        <Actions
          key={data.id}
          subscriber={data}
          onRun={(run) => void navigate({ to: '/subscribers', search: { run } })}
        >
          {(choose) => (
            <SubscriberParts
              isPage
              subscriber={data}
              tab={tab}
              onTab={(next) =>
                void navigate({ search: { tab: next === 'overview' ? undefined : next }, replace: true })
              }
              choose={choose}
            />
          )}
        </Actions>
      </HeadingLevel>
    </div>
  )
}

function Back() {
  const { t } = useTranslation()
  return (
    <Anchor size="sm" renderRoot={(props) => <Link {...props} to="/subscribers" />}>
      {t('subscriber.back')}
    </Anchor>
  )
}
