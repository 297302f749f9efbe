// What is done from the list: to one row at once where that can be, else after it was asked whom and how.
import { useMemo, useState } from 'react'
import type { SubscriberRow } from '../api/generated/types.gen.ts'
import type { Selection } from '../list/use-selection.ts'
import { useMay } from '../sign-in/me.ts'
import type { TargetChoice } from './action-dialog.tsx'
import type { PanelAction } from './action-list.ts'
import { filterOf, type ListQuery } from './filter.ts'
import { isDoneAtOnce, useRowAction } from './use-row-action.ts'

export type Asking = { action: PanelAction; choices: readonly TargetChoice[] }

export function useListActions(asked: ListQuery, selection: Selection) {
  const [asking, setAsking] = useState<Asking>()
  const act = useRowAction()
  const choices = useChoices(asked, selection)
  const mayAll = useMay('bulk.all')
  const offered = mayAll ? choices : choices.filter(({ name }) => name !== 'all')
  return {
    asking,
    choices,
    canChoose: offered.length > 0,
    close: () => setAsking(undefined),
    /** Of the Actions menu. */
    choose: (action: PanelAction) => setAsking({ action, choices: offered }),
    /** Of the menu of a row. */
    chooseFor: (row: SubscriberRow, action: PanelAction) => {
      const { id, username } = row
      if (isDoneAtOnce(action)) act.mutate({ id, action, username: username ?? String(id) })
      else setAsking({ action, choices: [{ name: 'selected', target: { ids: [id] } }] })
    },
  }
}

/** The selected ones, all that match, everybody; the first is what is meant. */
function useChoices(asked: ListQuery, selection: Selection): readonly TargetChoice[] {
  const { ids, isAllMatching } = selection
  return useMemo(() => {
    const selected: TargetChoice[] =
      ids.length === 0 || isAllMatching ? [] : [{ name: 'selected', target: { ids: [...ids] } }]
    const matching: TargetChoice[] =
      Object.keys(asked).length === 0 ? [] : [{ name: 'matching', target: { filter: filterOf(asked) } }]
    return [...selected, ...matching, { name: 'all', target: { all: true } }]
  }, [asked, ids, isAllMatching])
}
