// Who had an address at that time. Every question wants a reason and is recorded; who may read the trail sees what was asked. What
// is asked is in no address of a page, and so in no log on the way.
import { Alert, Anchor, Group, Tabs, Text } from '@mantine/core'
import { IconGavel } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { ListPage } from '../list/list-page.tsx'
import { holdersRoute } from '../routes/customers.ts'
import { useTitle } from '../shell/use-title.ts'
import { useMay } from '../sign-in/me.ts'
import { Disclosures } from './disclosures.tsx'
import { HolderSearch } from './holder-search.tsx'
import classes from './sessions.module.css'

export function HoldersPage() {
  const { t } = useTranslation()
  useTitle(t('holders.title'))
  const mayAsk = useMay('address.search')
  const mayRead = useMay('audit.read')
  const { tab = mayAsk ? 'ask' : 'log' } = holdersRoute.useSearch()
  const navigate = holdersRoute.useNavigate()
  return (
    <ListPage
      title={t('holders.title')}
      error={null}
      tools={
        <Anchor component={Link} to="/online" size="sm">
          {t('nav.online')}
        </Anchor>
      }
    >
      <Tabs
        value={tab}
        onChange={(next) => void navigate({ search: { tab: next as typeof tab }, replace: true })}
        keepMounted={false}
        className={classes.tabs}
      >
        <Tabs.List px={2}>
          {mayAsk && <Tabs.Tab value="ask">{t('holders.ask')}</Tabs.Tab>}
          {mayRead && <Tabs.Tab value="log">{t('holders.log')}</Tabs.Tab>}
        </Tabs.List>
        {mayAsk && (
          <Tabs.Panel value="ask" className={classes.scrolling}>
            <Alert variant="light" icon={<IconGavel size={18} />} mb="md">
              <Group>
                <Text size="sm">{t('holders.recorded')}</Text>
              </Group>
            </Alert>
            <HolderSearch />
          </Tabs.Panel>
        )}
        {mayRead && (
          <Tabs.Panel value="log" className={classes.filling}>
            <Disclosures />
          </Tabs.Panel>
        )}
      </Tabs>
    </ListPage>
  )
}
