// The menu of one row, at the place where it was asked for: open, copy, and the actions of the Actions menu.
import { Menu } from '@mantine/core'
import { IconCopy, IconExternalLink } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { SubscriberRow } from '../api/generated/types.gen.ts'
import type { Place } from '../list/list-row.tsx'
import type { PanelAction } from './action-list.ts'
import { ActionItems } from './actions-menu.tsx'
import { useCopy } from './use-copy.ts'
import classes from './subscribers.module.css'

type Props = {
  row: SubscriberRow
  at: Place
  onClose(): void
  onOpen(): void
  onChoose(action: PanelAction): void
}

/** At the very edge of the window a menu would be taken for one whose place has been scrolled away. */
const edge = 12

export function RowMenu({ row, at, onClose, onOpen, onChoose }: Props) {
  const { t } = useTranslation()
  const copy = useCopy()
  return (
    <Menu
      opened
      onChange={(isOpen) => !isOpen && onClose()}
      position="bottom-end"
      width={240}
      returnFocus={false}
      withinPortal={false}
      floatingStrategy="fixed"
      withInitialFocusPlaceholder={false}
      middlewares={{ flip: true, shift: { crossAxis: true, padding: 8 } }}
      transitionProps={{ duration: 0 }}
    >
      <Menu.Target>
        <span
          aria-hidden
          className={classes.menuPlace}
          style={{ top: Math.min(at.y, innerHeight - edge), left: Math.min(Math.max(at.x, edge), innerWidth - edge) }}
        />
      </Menu.Target>
      <Menu.Dropdown className={classes.longMenu} aria-label={t('list.rowMenu', { name: row.username ?? row.id })}>
        <Menu.Label>
          <bdi>{row.username}</bdi>
        </Menu.Label>
        <Menu.Item leftSection={<IconExternalLink size={15} aria-hidden />} onClick={onOpen}>
          {t('subscribers.open')}
        </Menu.Item>
        {row.username != null && (
          <Menu.Item leftSection={<IconCopy size={15} aria-hidden />} onClick={() => copy(row.username!)}>
            {t('subscribers.copyUsername')}
          </Menu.Item>
        )}
        {row.ip_address != null && (
          <Menu.Item leftSection={<IconCopy size={15} aria-hidden />} onClick={() => copy(row.ip_address!)}>
            {t('subscribers.copyAddress')} <bdi>{row.ip_address}</bdi>
          </Menu.Item>
        )}
        <ActionItems whom={{ label: row.label ?? null }} onChoose={onChoose} />
      </Menu.Dropdown>
    </Menu>
  )
}
