// One subscriber: what is told nothing and has an inverse is done at once, with Undo; all else asks first (action-dialog.tsx).
import { useTranslation } from 'react-i18next'
import { client } from '../api/generated/client.gen.ts'
import { useAct } from '../api/use-act.ts'
import { actionTitle, type PanelAction } from './action-list.ts'

type Outcome = {
  outcome: 'done' | 'unchanged'
  undo?: { action: string; params: Record<string, unknown> }
  revealed?: Record<string, string>
}

/** The calls are made from the list of actions, as the API's routes are. */
async function call(id: number, action: string, params: Record<string, unknown>): Promise<Outcome> {
  const url = `/subscribers/${id}/${action}`
  const { data } = await client.post<{ 200: Outcome }, unknown, true>({
    url,
    body: params,
    headers: { 'Content-Type': 'application/json' },
    throwOnError: true,
  })
  return data
}

export function isDoneAtOnce(action: PanelAction): boolean {
  return action.fields.length === 0 && action.isFinal !== true && action.isDanger !== true
}

export function useRowAction() {
  const { t } = useTranslation()
  return useAct({
    run: ({ id, action }: { id: number; action: PanelAction; username: string }) => call(id, action.name, {}),
    touches: [['subscribers'], ['subscriber']],
    done: ({ outcome }, { action, username }) =>
      t(outcome === 'done' ? 'actions.wasDone' : 'actions.wasSo', {
        action: actionTitle(action.name, t),
        name: username,
      }),
    undo: ({ undo }, { id }) => undo && (() => call(id, undo.action, undo.params)),
  })
}
