// The Actions menu over whom is selected; what the person may not do is not there.
import { Button, Menu } from '@mantine/core'
import { IconChevronDown } from '@tabler/icons-react'
import { Fragment } from 'react'
import { useTranslation } from 'react-i18next'
import { useMe } from '../sign-in/me.ts'
import { actionSections } from './action-kinds.ts'
import { actionsFor, menuTitle, type PanelAction } from './action-list.ts'
import classes from './subscribers.module.css'

type Whom = { label?: string | null | undefined } | 'many'
type Props = { onChoose(action: PanelAction): void; whom?: Whom; disabled?: boolean; isQuiet?: boolean }

export function ActionsMenu({ onChoose, whom = 'many', disabled = false, isQuiet = false }: Props) {
  const { t } = useTranslation()
  return (
    <Menu
      position="bottom-start"
      width={240}
      withinPortal={false}
      floatingStrategy="fixed"
      withInitialFocusPlaceholder={false}
    >
      <Menu.Target>
        <Button
          size="compact-md"
          variant={isQuiet ? 'default' : 'filled'}
          disabled={disabled}
          rightSection={<IconChevronDown size={15} aria-hidden />}
        >
          {t('list.actions')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown className={classes.longMenu}>
        <ActionItems whom={whom} onChoose={onChoose} />
      </Menu.Dropdown>
    </Menu>
  )
}

/** The same in any menu, in sections. */
export function ActionItems({ whom, onChoose }: { whom: Whom; onChoose(action: PanelAction): void }) {
  const { t } = useTranslation()
  const { permissions } = useMe()
  const offered = actionsFor(whom).filter(({ permission }) => permissions.includes(permission))
  return actionSections.map((section) => {
    const those = offered.filter((action) => action.section === section)
    if (those.length === 0) return null
    return (
      <Fragment key={section}>
        <Menu.Label>{t(`actions.sections.${section}`)}</Menu.Label>
        {those.map((action) => (
          <Menu.Item
            key={`${action.name} ${action.title}`}
            className={action.isDanger === true ? classes.danger : undefined}
            onClick={() => onChoose(action)}
          >
            {menuTitle(action, whom === 'many' ? 'many' : 'one', t)}
          </Menu.Item>
        ))}
      </Fragment>
    )
  })
}
