// What is open above the list of operators: a form, a question, the menu of a row, an action on many.
import type { Dispatch, SetStateAction } from 'react'
import type { Place } from '../list/list-row.tsx'
import { operatorsRoute } from '../routes/house.ts'
import { BulkDialog, type BulkAction } from './bulk-dialog.tsx'
import { OperatorAsked } from './operator-asked.tsx'
import type { OperatorRow } from './operator-columns.tsx'
import { AddOperator, EditOperator } from './operator-dialog.tsx'
import { OperatorMenu } from './operator-menu.tsx'
import type { AskedName } from './use-operator-acts.ts'

export type Above =
  | { kind: 'add' }
  | { kind: 'edit'; id: number }
  | { kind: 'asked'; operator: OperatorRow; asked: AskedName }
  | { kind: 'menu'; operator: OperatorRow; at: Place }
  | { kind: 'bulk'; action: BulkAction }

type AboveProps = {
  above: Above | undefined
  onChange: Dispatch<SetStateAction<Above | undefined>>
  onOpen(id: number): void
  bulk: { ids: readonly number[]; onDone(): void }
}

export function AboveOperators({ above, onChange, onOpen, bulk }: AboveProps) {
  const { q, role, team, organisation, enabled, second_factor, signed_in } = operatorsRoute.useSearch()
  const close = () => onChange(undefined)
  if (above === undefined) return null
  if (above.kind === 'add') return <AddOperator onClose={close} />
  if (above.kind === 'edit') return <EditOperator id={above.id} onClose={close} />
  if (above.kind === 'asked') return <OperatorAsked asked={above.asked} operator={above.operator} onClose={close} />
  if (above.kind === 'menu') {
    const { operator, at } = above
    return (
      <OperatorMenu
        operator={operator}
        at={at}
        // What was chosen in it may be open by now.
        onClose={() => onChange((now) => (now?.kind === 'menu' ? undefined : now))}
        onOpen={() => onOpen(operator.id)}
        onEdit={() => onChange({ kind: 'edit', id: operator.id })}
        onAsk={(asked) => onChange({ kind: 'asked', operator, asked })}
      />
    )
  }
  const listOf = (id: number | undefined) => (id === undefined ? undefined : [id])
  const all = {
    role: listOf(role),
    team: listOf(team),
    organisation: listOf(organisation),
    enabled,
    second_factor,
    signed_in,
  }
  const filter = Object.fromEntries(Object.entries({ search: q, ...all }).filter(([, value]) => value !== undefined))
  return (
    <BulkDialog
      action={above.action}
      ids={bulk.ids}
      filter={filter}
      onClose={close}
      onDone={() => {
        bulk.onDone()
        close()
      }}
    />
  )
}
