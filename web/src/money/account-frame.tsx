// The page of a balance: its ledger, beside it how much it is and whose; what is posted, and the statement.
import { Button, Group, Menu, Text, Title } from '@mantine/core'
import { IconChevronDown, IconCoin } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../i18n/format.ts'
import { ListPage } from '../list/list-page.tsx'
import { useTitle } from '../shell/use-title.ts'
import { useMay } from '../sign-in/me.ts'
import classes from './account.module.css'
import { Amount } from './columns.tsx'
import type { LedgerSearch } from './ledger-search.ts'
import { LedgerView } from './ledger-view.tsx'
import { PostingDialog } from './posting-dialog.tsx'
import { kindsFor, type Account, type PostingKind } from './posting.ts'

type Props = {
  account: Account
  creditLimit: string
  mayPost?: boolean
  tools?: ReactNode
  side: ReactNode
  search: LedgerSearch
  onSearch(change: LedgerSearch): void
}

export function AccountFrame({ account, creditLimit, mayPost = true, tools, side, search, onSearch }: Props) {
  const { t } = useTranslation()
  useTitle(account.name)
  const [posting, setPosting] = useState<PostingKind>()
  const may = { post: useMay('money.post'), adjust: useMay('money.adjust') }
  const kinds = mayPost ? kindsFor(account.kind, may) : []
  const [first, ...others] = kinds
  return (
    <ListPage
      title={account.name}
      error={null}
      tools={
        <>
          {tools}
          {first !== undefined && (
            <Button leftSection={<IconCoin size={16} aria-hidden />} onClick={() => setPosting(first)}>
              {t(`money.do.${first}`)}
            </Button>
          )}
          {others.length > 0 && (
            <Menu position="bottom-end">
              <Menu.Target>
                <Button variant="default" rightSection={<IconChevronDown size={14} aria-hidden />}>
                  {t('act.more')}
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                {others.map((kind) => (
                  <Menu.Item key={kind} onClick={() => setPosting(kind)}>
                    {t(`money.do.${kind}`)}
                  </Menu.Item>
                ))}
              </Menu.Dropdown>
            </Menu>
          )}
        </>
      }
    >
      <div className={classes.page}>
        <section className={classes.ledger} aria-label={t('money.ledger')}>
          <LedgerView of={account} search={search} onSearch={onSearch} />
        </section>
        <div className={classes.side}>
          <section aria-label={t('money.balance')}>
            <Title order={2} size="sm" fw={600}>
              {t('money.balance')}
            </Title>
            <div className={classes.balance}>
              <Amount amount={account.balance} currency={account.currency} />
            </div>
            {Number(creditLimit) !== 0 && (
              <Text size="sm" c="dimmed">
                {t('money.mayOwe', { amount: formatMoney(creditLimit, account.currency) })}
              </Text>
            )}
          </section>
          {side}
        </div>
      </div>
      {posting !== undefined && (
        <PostingDialog account={account} kind={posting} onClose={() => setPosting(undefined)} />
      )}
    </ListPage>
  )
}

/** What stands beside the ledger, under a name of its own. */
export function SideSection({ title, tools, children }: { title: string; tools?: ReactNode; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <Group justify="space-between" mb={4}>
        <Title order={2} size="sm" fw={600}>
          {title}
        </Title>
        {tools}
      </Group>
      {children}
    </section>
  )
}
