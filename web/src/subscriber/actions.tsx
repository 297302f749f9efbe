// What can be done to the subscriber that is shown: at once with Undo where that can be, else after it was asked; and what is
// revealed by it, once.
import { useState, type ReactNode } from 'react'
import { ActionDialog } from '../subscribers/action-dialog.tsx'
import { panelActions, type ActionName, type PanelAction } from '../subscribers/action-list.ts'
import { isDoneAtOnce, useRowAction } from '../subscribers/use-row-action.ts'
import type { Subscriber } from './use-subscriber.ts'

/** By name, or as the menu has it; with `params` it is done at once with these. */
export type Choose = (action: PanelAction | ActionName, params?: Record<string, unknown>) => void

type Props = { subscriber: Subscriber; onRun(runId: number): void; children(choose: Choose): ReactNode }

export function Actions({ subscriber: { id, username }, onRun, children }: Props) {
  const [asking, setAsking] = useState<PanelAction>()
  const act = useRowAction()
  const choose: Choose = (named, params) => {
    const action = typeof named === 'string' ? actionNamed(named) : named
    if (params !== undefined || isDoneAtOnce(action)) act.mutate({ id, action, username, params: params ?? {} })
    else setAsking(action)
  }
  return (
    <>
      {children(choose)}
      {asking && (
        <ActionDialog
          action={asking}
          target={{ ids: [id] }}
          onClose={() => setAsking(undefined)}
          onBegun={(run) => {
            setAsking(undefined)
            onRun(run.id)
          }}
        />
      )}
    </>
  )
}

export function actionNamed(name: ActionName): PanelAction {
  return panelActions.find((action) => action.name === name)!
}
