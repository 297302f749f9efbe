// The actions as the panel offers them: who may, what each is told, and what must be said before many are touched. What they do
// and what undoes them is the API's; an action that is not here is not offered.
import type { TFunction } from 'i18next'

export type ActionField =
  | { kind: 'text'; name: 'reason'; required: boolean }
  | { kind: 'plan'; name: 'plan' }
  | { kind: 'group'; name: 'group' }
  | { kind: 'organisation'; name: 'owner' }
  | { kind: 'number'; name: 'hours' | 'learn_hours' | 'periods'; initial: number; least: number; most: number }
  | { kind: 'choice'; name: 'when'; choices: readonly ['now', 'next-expiry'] }
  | { kind: 'flag'; name: 'free' | 'free_username' | 'must_change' }

export type PanelAction = {
  name: ActionName
  permission: string
  fields: readonly ActionField[]
  /** What it does to live sessions. */
  network: 'none' | 'disconnect' | 'change' | 'allow'
  /** It takes something away: shown in red, and never the first choice of a dialog. */
  isDanger?: boolean
  /** Nothing brings back what was. */
  isFinal?: boolean
}

const reason = { kind: 'text', name: 'reason', required: true } as const

export const panelActions = [
  { name: 'renew', permission: 'service.renew', fields: [], network: 'allow' },
  {
    name: 'change-plan',
    permission: 'service.renew',
    fields: [
      { kind: 'plan', name: 'plan' },
      { kind: 'choice', name: 'when', choices: ['now', 'next-expiry'] },
    ],
    network: 'change',
  },
  {
    name: 'grace',
    permission: 'service.renew',
    fields: [{ kind: 'number', name: 'hours', initial: 24, least: 1, most: 720 }],
    network: 'allow',
  },
  { name: 'block', permission: 'subscriber.block', fields: [reason], network: 'disconnect', isDanger: true },
  { name: 'unblock', permission: 'subscriber.block', fields: [], network: 'allow' },
  { name: 'enable', permission: 'subscriber.block', fields: [], network: 'allow' },
  { name: 'disable', permission: 'subscriber.block', fields: [], network: 'disconnect', isDanger: true },
  { name: 'disconnect', permission: 'subscriber.disconnect', fields: [], network: 'disconnect', isFinal: true },
  { name: 'add-to-group', permission: 'subscriber.edit', fields: [{ kind: 'group', name: 'group' }], network: 'none' },
  { name: 'remove-from-group', permission: 'subscriber.edit', fields: [], network: 'none' },
  {
    name: 'change-owner',
    permission: 'subscriber.owner',
    fields: [{ kind: 'organisation', name: 'owner' }],
    network: 'none',
  },
  {
    name: 'release-mac',
    permission: 'subscriber.network',
    fields: [{ kind: 'number', name: 'learn_hours', initial: 0, least: 0, most: 168 }],
    network: 'none',
  },
  { name: 'reset-password', permission: 'subscriber.credential', fields: [], network: 'none', isFinal: true },
  { name: 'delete', permission: 'subscriber.delete', fields: [], network: 'disconnect', isDanger: true },
  { name: 'restore', permission: 'subscriber.delete', fields: [], network: 'allow' },
] as const satisfies readonly PanelActionOf[]

type PanelActionOf = Omit<PanelAction, 'name'> & { name: string }
export type ActionName = (typeof panelActions)[number]['name']

export function actionTitle(name: string, t: TFunction): string {
  return t(`actions.${name as ActionName}`, { defaultValue: name })
}

/** The fields as they stand when the dialog opens. */
export function initialParams({ fields }: PanelAction): Record<string, unknown> {
  return Object.fromEntries(
    fields.flatMap((field): [string, unknown][] => {
      if (field.kind === 'number') return [[field.name, field.initial]]
      if (field.kind === 'choice') return [[field.name, field.choices[0]]]
      if (field.kind === 'flag') return [[field.name, false]]
      return []
    }),
  )
}

/** Whether all that must be told has been told. */
export function isComplete({ fields }: PanelAction, params: Record<string, unknown>): boolean {
  return fields.every((field) => {
    if (field.kind === 'text') return !field.required || String(params[field.name] ?? '').trim() !== ''
    return params[field.name] !== undefined && params[field.name] !== null
  })
}
