// One subscriber: what is told nothing and has an inverse is done at once, with Undo; all else asks first (action-dialog.tsx).
import { useTranslation } from 'react-i18next'
import { useAct } from '../api/use-act.ts'
import { actionTitle, type PanelAction } from './action-list.ts'
import { callAction } from './call-action.ts'

export function isDoneAtOnce(action: PanelAction): boolean {
  return action.fields.length === 0 && action.isFinal !== true && action.isDanger !== true
}

export type RowAction = {
  id: number
  action: Pick<PanelAction, 'name'>
  username: string
  params?: Record<string, unknown>
}

/** `isForm`: whoever asks shows what is wrong. */
export function useRowAction({ isForm = false } = {}) {
  const { t } = useTranslation()
  return useAct({
    run: ({ id, action, params = {} }: RowAction) => callAction(id, action.name, params),
    touches: [['subscribers'], ['subscriber']],
    isForm,
    done: ({ outcome }, { action, username }) =>
      t(outcome === 'done' ? 'actions.wasDone' : 'actions.wasSo', {
        action: actionTitle(action.name, t),
        name: username,
      }),
    undo: ({ undo }, { id }) => undo && (() => callAction(id, undo.action, undo.params)),
  })
}
