// Where the row that an entry is about is looked at; undefined where it has no page.
import type { LinkProps } from '@tanstack/react-router'

export type Way = Pick<LinkProps, 'to' | 'search' | 'params'>

const ways: Readonly<Record<string, (id: number) => Way>> = {
  subscriber: (id) => ({ to: '/subscribers', search: { open: id } }),
  'bulk-run': (id) => ({ to: '/bulk-runs', search: { open: id } }),
  'report-schedule': (id) => ({ to: '/report-schedules', search: { open: id } }),
  'job-run': () => ({ to: '/jobs' }),
  nas: (id) => ({ to: '/nases/$id', params: { id: String(id) } }),
  'ip-pool': (id) => ({ to: '/pools/$id', params: { id: String(id) } }),
  import: (id) => ({ to: '/imports/$id', params: { id: String(id) } }),
  client: () => ({ to: '/nases/clients' }),
  'nas-group': () => ({ to: '/nases/groups' }),
  realm: () => ({ to: '/nases/realms' }),
  'home-server': () => ({ to: '/nases/realms' }),
  plan: (id) => ({ to: '/plans/$id', params: { id: String(id) } }),
  group: () => ({ to: '/groups' }),
  payer: (id) => ({ to: '/money/payers/$id', params: { id: String(id) } }),
  wallet: (id) => ({ to: '/money/wallets/$id', params: { id: String(id) } }),
  message: () => ({ to: '/messages' }),
  operator: (id) => ({ to: '/operators', search: { open: id } }),
  role: () => ({ to: '/operators/roles' }),
  team: () => ({ to: '/operators/teams' }),
  organisation: () => ({ to: '/operators/organisations' }),
  'api-token': () => ({ to: '/operators/tokens' }),
  unmatched: () => ({ to: '/unmatched' }),
  export: () => ({ to: '/exports' }),
  setting: () => ({ to: '/settings' }),
}

export function rowWay(noun: string, id: number): Way | undefined {
  return ways[noun]?.(id)
}
