// Who it is and how it stands, and all that can be done: the most used as buttons, the rest in a menu.
import { ActionIcon, Anchor, Badge, Button, Group, Menu, Text, Title, Tooltip } from '@mantine/core'
import { IconDots, IconPhone } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { formatMoney, formatRelative } from '../i18n/format.ts'
import { useInstant } from '../i18n/use-instant.ts'
import { usePhone } from '../list/use-phone.ts'
import { useMe } from '../sign-in/me.ts'
import { actionsFor, actionTitle, type ActionName } from '../subscribers/action-list.ts'
import { ActionItems } from '../subscribers/actions-menu.tsx'
import { labelColours } from '../subscribers/columns.tsx'
import type { Choose } from './actions.tsx'
import classes from './subscriber.module.css'
import { SupportDialogs, SupportItems } from './support.tsx'
import type { Subscriber } from './use-subscriber.ts'
import { useSupport } from './use-support.ts'

type Props = { subscriber: Subscriber; choose: Choose; isPage: boolean; onMoney(): void }

export function Head({ subscriber, choose, isPage, onMoney }: Props) {
  const { t } = useTranslation()
  return (
    <div className={classes.head}>
      <Group gap="xs">
        {isPage && (
          <Title order={1} size="h3">
            <bdi>{subscriber.username}</bdi>
          </Title>
        )}
        <Badge variant="light" color={labelColours[subscriber.label] ?? 'gray'} tt="none">
          {t(`words.${subscriber.label}`)}
        </Badge>
        <Badge variant="dot" color={subscriber.online ? 'green' : 'gray'} tt="none">
          {t(subscriber.online ? 'subscribers.online' : 'subscribers.offline')}
        </Badge>
        {subscriber.full_name !== null && (
          <Text span size="sm" fw={500}>
            <bdi>{subscriber.full_name}</bdi>
          </Text>
        )}
        {subscriber.phone !== null && (
          <Anchor size="sm" href={`tel:${subscriber.phone}`}>
            <IconPhone size={13} aria-hidden /> <bdi dir="ltr">{subscriber.phone}</bdi>
          </Anchor>
        )}
      </Group>
      <Standing subscriber={subscriber} onMoney={onMoney} />
      <Buttons subscriber={subscriber} choose={choose} />
    </div>
  )
}

function Standing({ subscriber, onMoney }: Pick<Props, 'subscriber' | 'onMoney'>) {
  const { t } = useTranslation()
  const instant = useInstant()
  const { plan, next_plan: next, expires_at: expires, balance, currency } = subscriber
  return (
    <div className={classes.headLine}>
      <span>
        <bdi>{plan.name}</bdi>
        {next !== null && (
          <Text span size="sm" c="dimmed">
            {' · '}
            {t('subscriber.nextThen')} <bdi>{next.name}</bdi>
          </Text>
        )}
      </span>
      {expires === null ? (
        <span>{t('subscriber.noExpiry')}</span>
      ) : (
        <span>
          {t('facts.expires')} {instant(expires)}{' '}
          <Text span size="sm" c="dimmed">
            ({formatRelative(expires, Date.now())})
          </Text>
        </span>
      )}
      {balance !== null && (
        <Anchor component="button" type="button" size="sm" onClick={onMoney}>
          {t('facts.balance')} {formatMoney(balance, currency)}
        </Anchor>
      )}
      {subscriber.block_reason !== null && (
        <Text span size="sm" c="var(--mantine-color-red-light-color)">
          {t('facts.blocked')} <bdi>{subscriber.block_reason}</bdi>
        </Text>
      )}
    </div>
  )
}

/** What is done most, as far as it makes sense for who is shown. */
function mostUsed({ label, online }: Subscriber): ActionName[] {
  if (label === 'archived') return ['restore']
  const service: ActionName[] = [label === 'new' ? 'activate' : 'renew', 'change-plan']
  const ending: ActionName[] = online ? ['disconnect'] : []
  if (label === 'blocked') return ['unblock', ...service, ...ending]
  if (label === 'disabled') return ['enable', ...service, ...ending]
  return [...service, 'block', ...ending]
}

function Buttons({ subscriber, choose }: Pick<Props, 'subscriber' | 'choose'>) {
  const { t } = useTranslation()
  const { permissions } = useMe()
  const support = useSupport(subscriber)
  const offered = actionsFor(subscriber).filter(({ permission }) => permissions.includes(permission))
  // What a phone has no line for is in the menu, as all of them are.
  const most = usePhone() ? 3 : undefined
  const shown = mostUsed(subscriber)
    .flatMap((name) => offered.find((action) => action.name === name) ?? [])
    .slice(0, most)
  return (
    <Group gap="xs">
      {shown.map((action, at) => (
        <Button
          key={action.name}
          size="compact-md"
          variant={at === 0 ? 'filled' : 'default'}
          onClick={() => choose(action)}
        >
          {actionTitle(action.name, t)}
        </Button>
      ))}
      <Menu position="bottom-end" width={260}>
        <Menu.Target>
          <Tooltip label={t('subscriber.allActions')}>
            <ActionIcon variant="default" size={30} aria-label={t('subscriber.allActions')}>
              <IconDots size={17} aria-hidden />
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown mah="min(70vh, 560px)" style={{ overflowY: 'auto' }}>
          <SupportItems subscriber={subscriber} support={support} />
          <ActionItems whom={subscriber} onChoose={choose} />
        </Menu.Dropdown>
      </Menu>
      <SupportDialogs username={subscriber.username} support={support} />
    </Group>
  )
}
