// The filters that the panel offers, by how they are edited, in the groups of the filter menu. The API checks every value.
export type FilterKind =
  | { kind: 'words'; values: readonly string[]; single?: boolean }
  | { kind: 'choice'; of: 'plan' | 'group' | 'organisation' | 'nas' | 'nas_group' }
  | { kind: 'payer' }
  | { kind: 'flag' }
  | { kind: 'number'; most: number }
  | { kind: 'instant' }
  | { kind: 'text' }
  /** Several, any of which may be. */
  | { kind: 'texts' }
  /** Made by a link, shown and taken away, but not edited. */
  | { kind: 'ids' }

export const filterGroups = ['service', 'presence', 'belonging', 'line', 'person', 'money'] as const
export type FilterGroup = (typeof filterGroups)[number]

const days = { kind: 'number', most: 3_650 } as const
const percent = { kind: 'number', most: 100_000 } as const
const vlan = { kind: 'number', most: 4_095 } as const

const kinds = [
  {
    name: 'label',
    group: 'service',
    kind: 'words',
    values: ['new', 'active', 'grace', 'expired', 'blocked', 'disabled', 'archived'],
  },
  { name: 'service_period', group: 'service', kind: 'words', values: ['new', 'active', 'grace', 'expired'] },
  { name: 'plan_id', group: 'service', kind: 'choice', of: 'plan' },
  { name: 'next_plan_id', group: 'service', kind: 'choice', of: 'plan' },
  { name: 'has_next_plan', group: 'service', kind: 'flag' },
  { name: 'expires_within_days', group: 'service', ...days },
  { name: 'expires_from', group: 'service', kind: 'instant' },
  { name: 'expires_to', group: 'service', kind: 'instant' },
  { name: 'never_expires', group: 'service', kind: 'flag' },
  { name: 'auto_renew', group: 'service', kind: 'flag' },
  { name: 'quota_used_from', group: 'service', ...percent },
  { name: 'quota_used_to', group: 'service', ...percent },
  { name: 'blocked', group: 'service', kind: 'flag' },
  { name: 'block_reason', group: 'service', kind: 'texts' },
  { name: 'enabled', group: 'service', kind: 'flag' },
  { name: 'archived', group: 'service', kind: 'words', values: ['false', 'true', 'any'], single: true },
  { name: 'online', group: 'presence', kind: 'flag' },
  { name: 'never_online', group: 'presence', kind: 'flag' },
  { name: 'last_seen_from', group: 'presence', kind: 'instant' },
  { name: 'last_seen_to', group: 'presence', kind: 'instant' },
  { name: 'group_id', group: 'belonging', kind: 'choice', of: 'group' },
  { name: 'has_group', group: 'belonging', kind: 'flag' },
  { name: 'owner_id', group: 'belonging', kind: 'choice', of: 'organisation', permission: 'organisation.read' },
  { name: 'zone', group: 'belonging', kind: 'texts' },
  { name: 'nas_id', group: 'line', kind: 'choice', of: 'nas', permission: 'nas.read' },
  { name: 'nas_group_id', group: 'line', kind: 'choice', of: 'nas_group', permission: 'nas.read' },
  { name: 'account_type', group: 'line', kind: 'words', values: ['pppoe', 'ipoe'], single: true },
  { name: 'interface', group: 'line', kind: 'text' },
  { name: 'port', group: 'line', kind: 'text' },
  { name: 's_vlan', group: 'line', ...vlan },
  { name: 'c_vlan', group: 'line', ...vlan },
  { name: 'has_static_address', group: 'line', kind: 'flag' },
  { name: 'created_from', group: 'person', kind: 'instant' },
  { name: 'created_to', group: 'person', kind: 'instant' },
  { name: 'has_phone', group: 'person', kind: 'flag' },
  { name: 'has_email', group: 'person', kind: 'flag' },
  { name: 'has_comment', group: 'person', kind: 'flag' },
  { name: 'language', group: 'person', kind: 'texts' },
  { name: 'ids', group: 'person', kind: 'ids' },
  { name: 'payer_id', group: 'money', kind: 'payer', permission: 'money.read' },
  { name: 'balance_from', group: 'money', kind: 'text', permission: 'money.read' },
  { name: 'balance_to', group: 'money', kind: 'text', permission: 'money.read' },
] as const satisfies readonly ({ name: string; group: FilterGroup; permission?: string } & FilterKind)[]

export type FilterName = (typeof kinds)[number]['name']
type Known = { name: FilterName; group: FilterGroup; permission?: string } & FilterKind

export const filterKinds: readonly Known[] = kinds

export function filterKind(name: string): Known | undefined {
  return filterKinds.find((one) => one.name === name)
}
