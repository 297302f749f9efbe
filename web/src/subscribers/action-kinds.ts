// What is known of an action that the panel offers (action-list.ts), and of what it is told.

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

export type PanelActionOf = {
  name: string
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
