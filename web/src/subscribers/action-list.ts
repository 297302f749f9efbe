// The actions as the panel offers them: who may, what each is told, and what must be said before many are touched. What they do
// and what undoes them is the API's; an action that is not here is not offered.
import type { TFunction } from 'i18next'
import type { PanelActionOf } from './action-kinds.ts'

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

export type ActionName = (typeof panelActions)[number]['name']
export type PanelAction = PanelActionOf & { name: ActionName }

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
