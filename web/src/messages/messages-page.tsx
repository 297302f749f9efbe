// Messages out: what was sent and what failed, the texts, the mail server, and the webhooks.
import { SegmentedControl } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { messagesRoute } from '../routes/house.ts'
import { MailServer } from './mail-server.tsx'
import { Outbox } from './outbox.tsx'
import { Templates } from './templates.tsx'
import { Webhooks } from './webhooks.tsx'

const tabs = ['outbox', 'templates', 'webhooks', 'server'] as const

export function MessagesPage() {
  const { t } = useTranslation()
  const { tab = 'outbox' } = messagesRoute.useSearch()
  const navigate = messagesRoute.useNavigate()
  const filters = (
    <SegmentedControl
      size="xs"
      aria-label={t('messages.show')}
      value={tab}
      onChange={(next) => void navigate({ search: { tab: next } })}
      data={tabs.map((value) => ({ value, label: t(`messages.tabs.${value}`) }))}
    />
  )
  if (tab === 'templates') return <Templates filters={filters} />
  if (tab === 'webhooks') return <Webhooks filters={filters} />
  if (tab === 'server') return <MailServer filters={filters} />
  return <Outbox filters={filters} />
}
