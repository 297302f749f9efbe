// What can be done to one operator: of its row and of its sheet. What this person may not do, or what has no sense, is not there.
import { Menu } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import type { Place } from '../list/list-row.tsx'
import { useMe } from '../sign-in/me.ts'
import type { OperatorRow } from './operator-columns.tsx'
import classes from './operators.module.css'
import { useToggleOperator, type AskedName } from './use-operator-acts.ts'

type Acts = { operator: OperatorRow; onEdit(): void; onAsk(asked: AskedName): void }

export function OperatorItems({ operator, onEdit, onAsk }: Acts) {
  const { t } = useTranslation()
  const me = useMe()
  const navigate = useNavigate()
  const toggle = useToggleOperator()
  const may = (permission: string) => me.permissions.includes(permission)
  const isOther = operator.id !== me.operator_id
  const isThere = operator.archived_at === null
  const mayEdit = may('operator.edit') && isThere
  return (
    <>
      {mayEdit && <Menu.Item onClick={onEdit}>{t('operators.edit')}</Menu.Item>}
      {mayEdit && isOther && (
        <Menu.Item onClick={() => toggle.mutate(operator)}>
          {t(operator.enabled ? 'operators.disable' : 'operators.enable')}
        </Menu.Item>
      )}
      {mayEdit && <Menu.Item onClick={() => onAsk('reset')}>{t('operators.resetPassword')}</Menu.Item>}
      {mayEdit && operator.second_factor && (
        <Menu.Item onClick={() => onAsk('factor')}>{t('operators.resetFactor')}</Menu.Item>
      )}
      {mayEdit && operator.sessions > 0 && (
        <Menu.Item onClick={() => onAsk('signOut')}>{t('operators.signOut')}</Menu.Item>
      )}
      {may('operator.view-as') && isOther && isThere && operator.enabled && (
        <Menu.Item onClick={() => onAsk('viewAs')}>{t('operators.viewAs')}</Menu.Item>
      )}
      {may('audit.read') && (
        <>
          <Menu.Item onClick={() => void navigate({ to: '/audit', search: { author: operator.id } })}>
            {t('operators.activity')}
          </Menu.Item>
          <Menu.Item onClick={() => void navigate({ to: '/audit', search: { noun: 'operator', row: operator.id } })}>
            {t('operators.history')}
          </Menu.Item>
        </>
      )}
      {mayEdit && isOther && (
        <Menu.Item color="red" onClick={() => onAsk('delete')}>
          {t('operators.delete')}
        </Menu.Item>
      )}
    </>
  )
}

/** At the place of the window where it was asked for. */
export function OperatorMenu({ at, onClose, onOpen, ...acts }: Acts & { at: Place; onClose(): void; onOpen(): void }) {
  const { t } = useTranslation()
  return (
    <Menu
      opened
      onChange={(isOpen) => !isOpen && onClose()}
      position="bottom-end"
      width={240}
      transitionProps={{ duration: 0 }}
    >
      <Menu.Target>
        <span aria-hidden className={classes.menuPlace} style={{ top: at.y, left: at.x }} />
      </Menu.Target>
      <Menu.Dropdown aria-label={t('operators.menuOf', { name: acts.operator.name })}>
        <Menu.Item onClick={onOpen}>{t('operators.open')}</Menu.Item>
        <OperatorItems {...acts} />
      </Menu.Dropdown>
    </Menu>
  )
}
