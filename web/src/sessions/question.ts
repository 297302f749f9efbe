// What the address of the page says, as the question to the API.
import type { GetSessionsData } from '../api/generated/types.gen.ts'

export type SessionQuery = NonNullable<GetSessionsData['query']>

export const sessionStates = ['online', 'zombie', 'open', 'ended'] as const
export type SessionState = (typeof sessionStates)[number]

/** What narrows the list beside its state and the one search box. */
export type SessionFilters = {
  nas?: number | undefined
  interface?: string | undefined
  sVlan?: number | undefined
  cVlan?: number | undefined
  acct?: string | undefined
  since?: string | undefined
  until?: string | undefined
  anomalies?: boolean | undefined
}

/** What was typed, as what it is: a MAC, an address or a prefix, or a username. */
function textQuery(text: string): SessionQuery {
  if (text === '') return {}
  if (/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text) || /^[0-9a-f]{4}(\.[0-9a-f]{4}){2}$/i.test(text))
    return { mac: text }
  const isV4 = /^\d{1,3}(\.\d{1,3}){3}(\/\d{1,2})?$/.test(text)
  const isV6 = text.includes(':') && /^[0-9a-f:]+(\/\d{1,3})?$/i.test(text)
  return isV4 || isV6 ? { address: text } : { username: text }
}

export function filterCount(filters: SessionFilters): number {
  return Object.values(filters).filter((value) => value !== undefined).length
}

/** Without the state, as the count of the open ones is asked too. */
export function queryOf(text: string, filters: SessionFilters): SessionQuery {
  const { nas, sVlan, cVlan, acct, since, until, anomalies } = filters
  return {
    ...textQuery(text.trim()),
    ...(nas !== undefined && { nas_id: String(nas) }),
    ...(filters.interface !== undefined && { interface: filters.interface }),
    ...(sVlan !== undefined && { s_vlan: String(sVlan) }),
    ...(cVlan !== undefined && { c_vlan: String(cVlan) }),
    ...(acct !== undefined && { acct_session_id: acct }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(anomalies === true && { anomalies: 'true' as const }),
  }
}
