// Before what has no way back: whom it touches, what follows; and the new password where one was made up, shown once.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Confirm } from '../shell/confirm.tsx'
import type { OperatorRow } from './operator-columns.tsx'
import { RevealDialog } from './reveal-dialog.tsx'
import { useAskedActs, type AskedName } from './use-operator-acts.ts'

type Props = { asked: AskedName; operator: OperatorRow; onClose(): void }

export function OperatorAsked({ asked, operator, onClose }: Props) {
  const { t } = useTranslation()
  const [password, setPassword] = useState<string>()
  const acts = useAskedActs(onClose, setPassword)
  const act = acts[asked]
  const { name } = operator
  if (password !== undefined) {
    return (
      <RevealDialog
        title={t('operators.revealed.title', { name })}
        hint={t('operators.revealed.hint')}
        label={t('operators.revealed.label')}
        value={password}
        onClose={onClose}
      />
    )
  }
  const said = {
    delete: { lines: ['deleteWhat', 'deleteStays'], submit: t('operators.delete') },
    reset: { lines: ['resetWhat', 'resetOut'], submit: t('operators.resetPassword') },
    factor: { lines: ['factorWhat', 'factorOut'], submit: t('operators.resetFactor') },
    signOut: { lines: ['signOutWhat'], submit: t('operators.signOut') },
    viewAs: { lines: ['viewAsWhat'], submit: t('operators.viewAs') },
  } as const
  const { lines, submit } = said[asked]
  return (
    <Confirm
      title={t(`operators.confirm.${asked}`, { name })}
      lines={lines.map((line) => t(`operators.confirm.${line}`, { name }))}
      submit={submit}
      isDanger={asked !== 'viewAs'}
      isBusy={act.isPending}
      error={act.error}
      onConfirm={() => act.mutate(operator)}
      onClose={onClose}
    />
  )
}
