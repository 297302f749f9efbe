// At one look: what is open now and how fast, how much of the volume is used, and the facts.
import { useTranslation } from 'react-i18next'
import { Facts } from './facts.tsx'
import { LiveSessions } from './live-sessions.tsx'
import { QuotaGauge } from './quota-gauge.tsx'
import { Section } from './section.tsx'
import classes from './subscriber.module.css'
import type { PartProps } from './subscriber-parts.tsx'

export function Overview({ subscriber }: PartProps) {
  const { t } = useTranslation()
  return (
    <div className={classes.columns}>
      <div className={classes.grid}>
        <div className={classes.column}>
          <Section title={t('subscriber.now')}>
            <LiveSessions subscriber={subscriber} />
          </Section>
          <QuotaGauge subscriber={subscriber} />
        </div>
        <div className={classes.column}>
          <Facts subscriber={subscriber} />
        </div>
      </div>
    </div>
  )
}
