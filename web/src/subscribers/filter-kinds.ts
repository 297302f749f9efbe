// The filters that the panel offers, by how they are edited. The API checks every value.
export type FilterKind =
  | { kind: 'words'; values: readonly string[] }
  | { kind: 'choice'; of: 'plan' | 'group' | 'organisation' | 'nas' }
  | { kind: 'flag' }
  | { kind: 'days' }
  | { kind: 'instant' }
  | { kind: 'text' }

const kinds = [
  { name: 'label', kind: 'words', values: ['new', 'active', 'grace', 'expired', 'blocked', 'disabled', 'archived'] },
  { name: 'online', kind: 'flag' },
  { name: 'plan_id', kind: 'choice', of: 'plan' },
  { name: 'expires_within_days', kind: 'days' },
  { name: 'expires_from', kind: 'instant' },
  { name: 'expires_to', kind: 'instant' },
  { name: 'never_expires', kind: 'flag' },
  { name: 'group_id', kind: 'choice', of: 'group' },
  { name: 'owner_id', kind: 'choice', of: 'organisation' },
  { name: 'nas_id', kind: 'choice', of: 'nas' },
  { name: 'account_type', kind: 'words', values: ['pppoe', 'ipoe'] },
  { name: 'auto_renew', kind: 'flag' },
  { name: 'blocked', kind: 'flag' },
  { name: 'enabled', kind: 'flag' },
  { name: 'never_online', kind: 'flag' },
  { name: 'last_seen_to', kind: 'instant' },
  { name: 'created_from', kind: 'instant' },
  { name: 'created_to', kind: 'instant' },
  { name: 'has_phone', kind: 'flag' },
  { name: 'has_email', kind: 'flag' },
  { name: 'has_static_address', kind: 'flag' },
  { name: 'quota_used_from', kind: 'days' },
  { name: 'balance_to', kind: 'text', permission: 'money.read' },
  { name: 'balance_from', kind: 'text', permission: 'money.read' },
  { name: 'interface', kind: 'text' },
  { name: 'zone', kind: 'text' },
] as const satisfies readonly ({ name: string; permission?: string } & FilterKind)[]

export type FilterName = (typeof kinds)[number]['name']
type Known = { name: FilterName; permission?: string } & FilterKind

export const filterKinds: readonly Known[] = kinds

export function filterKind(name: string): Known | undefined {
  return filterKinds.find((one) => one.name === name)
}
