// Which username a request asks for: what was sent, less the realm or domain that the rule of its NAS takes away.

import type { AccountingRecord } from '../domain/accounting-record.ts'
import type { Nas } from '../domain/nas.ts'
import { routeOf } from '../domain/realm.ts'
import type { Realms } from '../domain/realm.ts'
import { readUsername } from '../domain/username.ts'
import type { SentUsername } from '../domain/username.ts'

const noRealms: Realms = new Map()

/** The username that is looked up for the octets of a User-Name from this NAS. What realms say of it: route-request.ts. */
export function usernameOf(nas: Nas, octets: Buffer | undefined): SentUsername {
  const sent = readUsername(octets)
  const { username_rule: rule } = nas.settings
  if (rule === 'whole') return sent
  const route = routeOf(sent.username, noRealms, rule)
  // Octets that are no text name nobody, and are shown as they came.
  if (route.kind !== 'local' || sent.username === '' || route.username === sent.username) return sent
  return { username: route.username, shown: route.username, sent: sent.sent ?? sent.username }
}

/** The record under the username that its realm or its NAS says. */
export function called(record: AccountingRecord, username: string | undefined): AccountingRecord {
  if (username === undefined || username === record.username) return record
  return { ...record, username, sentUsername: record.sentUsername ?? record.username }
}
