// The Actions menu over whom is selected; what the person may not do is not there.
import { Button, Menu } from '@mantine/core'
import { IconChevronDown } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { useMe } from '../sign-in/me.ts'
import { actionTitle, panelActions, type PanelAction } from './action-list.ts'

export function ActionsMenu({ onChoose }: { onChoose(action: PanelAction): void }) {
  const { t } = useTranslation()
  const me = useMe()
  return (
    <Menu position="bottom-start" width={230}>
      <Menu.Target>
        <Button size="compact-md" rightSection={<IconChevronDown size={15} aria-hidden />}>
          {t('list.actions')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {panelActions
          .filter(({ permission }) => me.permissions.includes(permission))
          .map((action: PanelAction) => (
            <Menu.Item
              key={action.name}
              color={action.isDanger === true ? 'red' : undefined}
              onClick={() => onChoose(action)}
            >
              {actionTitle(action.name, t)}
            </Menu.Item>
          ))}
      </Menu.Dropdown>
    </Menu>
  )
}
