// What an action is told: as its dialog opens, as it was typed, and as the API takes it.
import type { PanelAction } from './action-list.ts'

/** The fields as they stand when the dialog opens. */
export function initialParams({ fields }: PanelAction): Record<string, unknown> {
  return Object.fromEntries(
    fields.flatMap((field): [string, unknown][] => {
      if (field.kind === 'number') return [[field.name, field.initial]]
      if (field.kind === 'choice') return [[field.name, field.choices[0]]]
      if (field.kind === 'flag') return [[field.name, field.initial ?? false]]
      if (field.kind === 'payer') return [[field.name, null]]
      return []
    }),
  )
}

/** As the API takes them: what was left empty is not told, but for what is emptied by it. */
export function paramsOf({ name, fields }: PanelAction, typed: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    fields.flatMap((field): [string, unknown][] => {
      const value = typed[field.name]
      if (field.kind === 'lines') return [[field.name, linesOf(value)]]
      if (name === 'set-zone') return [[field.name, textOf(value).trim() || null]]
      if (value === undefined || value === '' || (value === null && field.kind !== 'payer')) return []
      return [[field.name, field.kind === 'text' ? textOf(value).trim() : value]]
    }),
  )
}

/** What was typed into an input of text or of a number. */
export function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function linesOf(value: unknown): string[] {
  return textOf(value)
    .split(/[\s,;]+/)
    .filter((line) => line !== '')
}

/** Whether all that must be told has been told. */
export function isComplete(action: PanelAction, params: Record<string, unknown>): boolean {
  const isTold = (name: string): boolean => params[name] !== undefined && params[name] !== null && params[name] !== ''
  if (action.name === 'rebind-interface') {
    return action.fields.some(({ kind, name }) =>
      kind === 'flag' ? name === 'from_session' && params[name] === true : isTold(name),
    )
  }
  return action.fields.every((field) => {
    if (field.kind === 'text') return !field.required || textOf(params[field.name]).trim() !== ''
    if (field.kind === 'lines') return !field.required || linesOf(params[field.name]).length > 0
    if (field.kind === 'payer' || field.kind === 'vlan' || field.kind === 'nas_group' || field.kind === 'flag')
      return true
    return isTold(field.name)
  })
}
