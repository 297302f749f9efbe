// The policies of a RADIUS client as a form holds them, and as the API takes them.
import type { PatchClientsNameData } from '../api/generated/types.gen.ts'
import type { Client } from './use-nases.ts'

export type MessageAuthenticator = Client['message_authenticator']

export type Policies = {
  message_authenticator: MessageAuthenticator
  new_nas: Client['new_nas']
  limit_proxy_state: boolean
  trusted_proxy: boolean
  patience_ms: number | ''
  group: string
  unknown_pool: string
  radsec_fingerprint: string
  radsec_name: string
}

export function policiesOf(client: Client | undefined): Policies {
  return {
    message_authenticator: client?.message_authenticator ?? 'auto',
    new_nas: client?.new_nas ?? 'allow',
    limit_proxy_state: client?.limit_proxy_state ?? true,
    trusted_proxy: client?.trusted_proxy ?? false,
    patience_ms: client?.patience_ms ?? '',
    group: client?.group ?? '',
    unknown_pool: client?.unknown_pool ?? '',
    radsec_fingerprint: client?.radsec_fingerprint ?? '',
    radsec_name: client?.radsec_name ?? '',
  }
}

const names = [
  'message_authenticator',
  'new_nas',
  'limit_proxy_state',
  'trusted_proxy',
  'patience_ms',
  'group',
  'unknown_pool',
  'radsec_fingerprint',
  'radsec_name',
] as const

/** What differs from what was; of a new one what differs from the usual. */
export function policiesBody(
  values: Policies,
  before: Policies | undefined,
): NonNullable<PatchClientsNameData['body']> {
  const was = before ?? policiesOf(undefined)
  const changed = names.filter(
    (name) => (values[name] !== was[name] && values[name] !== '') || isTakenAway(name, values, was),
  )
  return Object.fromEntries(changed.map((name) => [name, values[name]]))
}

/** An empty text ends what was; an empty number or group means what it was. */
function isTakenAway(name: (typeof names)[number], values: Policies, was: Policies): boolean {
  return name !== 'patience_ms' && name !== 'group' && values[name] === '' && was[name] !== ''
}
