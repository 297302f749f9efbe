// A card of the dashboard: what it is about, the way to all of it, and its matter.
import { Anchor, Card, Title } from '@mantine/core'
import { Link, type LinkProps } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './dashboard.module.css'

export type Way = Pick<LinkProps, 'to' | 'search'>
type Props = { title: string; more?: Way | undefined; children: ReactNode; ref?: React.Ref<HTMLDivElement> }

export function DashboardCard({ title, more, children, ref }: Props) {
  const { t } = useTranslation()
  return (
    <Card ref={ref} withBorder padding="sm" component="section" aria-label={title}>
      <div className={classes.cardHead}>
        <Title order={2} size="sm" fw={600}>
          {title}
        </Title>
        {more && (
          <Anchor
            size="xs"
            renderRoot={(props) => <Link {...props} {...more} />}
            aria-label={t('dashboard.moreOf', { title })}
          >
            {t('dashboard.more')}
          </Anchor>
        )}
      </div>
      {children}
    </Card>
  )
}
