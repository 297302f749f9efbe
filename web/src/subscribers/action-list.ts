// The actions as the panel offers them: who may, what each is told, and what must be said before many are touched. What they do
// and what undoes them is the API's; an action that is not here is not offered.
import type { TFunction } from 'i18next'

export type ActionField =
  | {
      kind: 'text'
      name: 'reason' | 'zone' | 'interface' | 'port' | 'circuit_id' | 'remote_id' | 'duid'
      required: boolean
    }
  /** One a line. */
  | { kind: 'lines'; name: 'macs' | 'addresses'; required: boolean }
  | { kind: 'plan'; name: 'plan' }
  | { kind: 'group'; name: 'group' }
  | { kind: 'organisation'; name: 'owner' }
  | { kind: 'nas_group'; name: 'nas_group'; optional: true }
  /** Empty: one of its own. */
  | { kind: 'payer'; name: 'payer_id' }
  | { kind: 'number'; name: 'hours' | 'learn_hours' | 'periods'; initial: number; least: number; most: number }
  | { kind: 'vlan'; name: 's_vlan' | 'c_vlan' }
  | { kind: 'choice'; name: 'when'; choices: readonly ['now', 'next-expiry'] }
  | {
      kind: 'flag'
      name: 'free' | 'free_username' | 'must_change' | 'disconnect' | 'from_session'
      initial?: boolean
      permission?: string
    }

export const actionSections = ['service', 'access', 'belonging', 'network', 'password', 'removal'] as const

export type PanelAction = {
  name: ActionName
  section: (typeof actionSections)[number]
  permission: string
  fields: readonly ActionField[]
  /** What it does to live sessions. */
  network: 'none' | 'disconnect' | 'change' | 'allow' | 'asked'
  /** It takes something away: shown in red, and never the first choice of a dialog. */
  isDanger?: boolean
  /** Nothing brings back what was. */
  isFinal?: boolean
  /** So grave that one types whom it concerns. */
  isTyped?: boolean
  /** For one subscriber only, or in another way for many. */
  only?: 'one' | 'many'
  /** Its title for one subscriber, where it is there twice. */
  title?: 'renew-with'
  /** Whom it can concern, by their labels; all of them without it. */
  labels?: readonly string[]
}

const reason = { kind: 'text', name: 'reason', required: true } as const
const free = { kind: 'flag', name: 'free', permission: 'service.free' } as const
const disconnect = { kind: 'flag', name: 'disconnect' } as const
const there = ['new', 'active', 'grace', 'expired', 'blocked', 'disabled'] as const

export const panelActions = [
  {
    name: 'activate',
    section: 'service',
    permission: 'service.renew',
    fields: [free],
    network: 'allow',
    labels: ['new', 'blocked', 'disabled'],
  },
  {
    name: 'renew',
    section: 'service',
    permission: 'service.renew',
    fields: [],
    network: 'allow',
    only: 'one',
    labels: there,
  },
  {
    name: 'renew',
    title: 'renew-with',
    section: 'service',
    permission: 'service.renew',
    fields: [{ kind: 'number', name: 'periods', initial: 1, least: 1, most: 12 }, free],
    network: 'allow',
    labels: there,
  },
  {
    name: 'change-plan',
    section: 'service',
    permission: 'service.renew',
    fields: [{ kind: 'plan', name: 'plan' }, { kind: 'choice', name: 'when', choices: ['now', 'next-expiry'] }, free],
    network: 'change',
    labels: there,
  },
  {
    name: 'grace',
    section: 'service',
    permission: 'service.renew',
    fields: [{ kind: 'number', name: 'hours', initial: 24, least: 1, most: 720 }],
    network: 'allow',
    isFinal: true,
    labels: there,
  },
  {
    name: 'revert-renewal',
    section: 'service',
    permission: 'service.free',
    fields: [{ kind: 'text', name: 'reason', required: false }],
    network: 'change',
    isDanger: true,
    labels: there,
  },
  {
    name: 'block',
    section: 'access',
    permission: 'subscriber.block',
    fields: [reason],
    network: 'disconnect',
    isDanger: true,
    labels: ['new', 'active', 'grace', 'expired', 'disabled'],
  },
  {
    name: 'unblock',
    section: 'access',
    permission: 'subscriber.block',
    fields: [],
    network: 'allow',
    labels: ['blocked', 'disabled'],
  },
  {
    name: 'enable',
    section: 'access',
    permission: 'subscriber.block',
    fields: [],
    network: 'allow',
    labels: ['disabled'],
  },
  {
    name: 'disable',
    section: 'access',
    permission: 'subscriber.block',
    fields: [],
    network: 'disconnect',
    isDanger: true,
    labels: ['new', 'active', 'grace', 'expired', 'blocked'],
  },
  {
    name: 'disconnect',
    section: 'access',
    permission: 'subscriber.disconnect',
    fields: [],
    network: 'disconnect',
    isFinal: true,
  },
  {
    name: 'add-to-group',
    section: 'belonging',
    permission: 'subscriber.edit',
    fields: [{ kind: 'group', name: 'group' }],
    network: 'none',
  },
  { name: 'remove-from-group', section: 'belonging', permission: 'subscriber.edit', fields: [], network: 'none' },
  {
    name: 'set-zone',
    section: 'belonging',
    permission: 'subscriber.edit',
    fields: [{ kind: 'text', name: 'zone', required: false }],
    network: 'none',
  },
  {
    name: 'change-owner',
    section: 'belonging',
    permission: 'subscriber.owner',
    fields: [{ kind: 'organisation', name: 'owner' }],
    network: 'none',
  },
  {
    name: 'change-payer',
    section: 'belonging',
    permission: 'subscriber.owner',
    fields: [{ kind: 'payer', name: 'payer_id' }],
    network: 'none',
  },
  {
    name: 'release-mac',
    section: 'network',
    permission: 'subscriber.network',
    fields: [{ kind: 'number', name: 'learn_hours', initial: 0, least: 0, most: 168 }],
    network: 'none',
  },
  {
    name: 'bind-mac',
    section: 'network',
    permission: 'subscriber.network',
    fields: [{ kind: 'lines', name: 'macs', required: true }],
    network: 'none',
    only: 'one',
  },
  {
    name: 'set-address',
    section: 'network',
    permission: 'subscriber.network',
    fields: [
      { kind: 'lines', name: 'addresses', required: true },
      { ...disconnect, initial: true },
    ],
    network: 'asked',
    only: 'one',
  },
  {
    name: 'release-address',
    section: 'network',
    permission: 'subscriber.network',
    fields: [{ ...disconnect, initial: true }],
    network: 'asked',
  },
  {
    name: 'rebind-interface',
    section: 'network',
    permission: 'subscriber.network',
    fields: [
      { kind: 'flag', name: 'from_session' },
      { kind: 'text', name: 'interface', required: false },
      { kind: 'vlan', name: 's_vlan' },
      { kind: 'vlan', name: 'c_vlan' },
      { kind: 'text', name: 'port', required: false },
      { kind: 'text', name: 'circuit_id', required: false },
      { kind: 'text', name: 'remote_id', required: false },
      { kind: 'nas_group', name: 'nas_group', optional: true },
      disconnect,
    ],
    network: 'asked',
  },
  {
    name: 'reset-password',
    section: 'password',
    permission: 'subscriber.credential',
    fields: [disconnect, { kind: 'flag', name: 'must_change' }],
    network: 'asked',
    isFinal: true,
  },
  {
    name: 'delete',
    section: 'removal',
    permission: 'subscriber.delete',
    fields: [{ kind: 'flag', name: 'free_username' }],
    network: 'disconnect',
    isDanger: true,
    labels: there,
  },
  {
    name: 'restore',
    section: 'removal',
    permission: 'subscriber.delete',
    fields: [],
    network: 'allow',
    labels: ['archived'],
  },
  {
    name: 'purge',
    section: 'removal',
    permission: 'subscriber.purge',
    fields: [],
    network: 'disconnect',
    isDanger: true,
    isFinal: true,
    isTyped: true,
  },
] as const satisfies readonly PanelActionOf[]

type PanelActionOf = Omit<PanelAction, 'name'> & { name: string }
export type ActionName = (typeof panelActions)[number]['name']

const all: readonly PanelAction[] = panelActions

/** What is offered for one subscriber, or for many. */
export function actionsFor(whom: { label?: string | null | undefined } | 'many'): readonly PanelAction[] {
  if (whom === 'many') return all.filter(({ only }) => only !== 'one')
  const { label } = whom
  return all.filter(({ only, labels }) => only !== 'many' && (label == null || (labels?.includes(label) ?? true)))
}

export function actionTitle(name: string, t: TFunction): string {
  return t(`actions.${name as ActionName}`, { defaultValue: name })
}

/** In a menu; what asks more before it is done ends in dots. */
export function menuTitle(action: PanelAction, whom: 'one' | 'many', t: TFunction): string {
  if (whom === 'one' && action.title !== undefined) return t(`actions.${action.title}`)
  return actionTitle(action.name, t)
}

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
      if (name === 'set-zone') return [[field.name, String(value ?? '').trim() || null]]
      if (value === undefined || value === '' || (value === null && field.kind !== 'payer')) return []
      return [[field.name, field.kind === 'text' ? String(value).trim() : value]]
    }),
  )
}

function linesOf(value: unknown): string[] {
  return String(value ?? '')
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
    if (field.kind === 'text') return !field.required || String(params[field.name] ?? '').trim() !== ''
    if (field.kind === 'lines') return !field.required || linesOf(params[field.name]).length > 0
    if (field.kind === 'payer' || field.kind === 'vlan' || field.kind === 'nas_group' || field.kind === 'flag')
      return true
    return isTold(field.name)
  })
}
