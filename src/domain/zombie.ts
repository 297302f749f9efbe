// Whose a session is that a router has and our books lack, and whether its subscriber is refused: by the rules of a login, but for
// those that ask what a router's list does not tell (port, circuit id, other lines).

import { textArrayLiteral } from '../db/array-literal.ts'
import type { Pool } from '../db/pool.ts'
import { loadAccess } from './access.ts'
import { decideAccess, decideLine, type BusinessReason } from './access-decision.ts'
import type { AccessRequest, AccessSubject } from './access-subject.ts'
import type { Nas } from './nas.ts'
import type { RouterLine } from './reconcile.ts'

export type Holder =
  /** Nobody of ours, or nobody that could be told by it. */
  | { readonly kind: 'nobody' }
  /** `refused`: why, in words; undefined: may be online, as far as can be told. */
  | { readonly kind: 'subscriber'; readonly id: bigint; readonly refused: string | undefined }

/** What holds of the subscriber alone. */
const ownReasons: readonly BusinessReason[] = ['archived', 'disabled', 'blocked', 'expired', 'quota-exhausted']

/** The statement is one of logins, which come in such batches. */
const mostAtOnce = 500

/** Who holds each of these rows of a router, in their order. */
export async function holdersOf(
  pool: Pool,
  input: { lines: readonly RouterLine[]; nas: Nas; zone: string },
  now: Date,
): Promise<Holder[]> {
  const { lines, nas, zone } = input
  if (lines.length === 0) return []
  const byMac = await usernamesByMac(pool, lines)
  const keys = lines.map(({ kind, username, mac }) => ({
    username: kind === 'lease' ? (byMac.get(mac) ?? '') : username,
    line: undefined,
    nasGroupId: nas.nasGroupId,
    addressSpaceId: nas.addressSpaceId,
  }))
  const subjects: (AccessSubject | undefined)[] = []
  for (let at = 0; at < keys.length; at += mostAtOnce) {
    subjects.push(...(await loadAccess(pool, keys.slice(at, at + mostAtOnce), { zone, now })))
  }
  return lines.map((line, at) => {
    const subject = subjects[at]
    if (subject === undefined || (subject.accountType === 'ipoe') !== (line.kind === 'lease')) return { kind: 'nobody' }
    return { kind: 'subscriber', id: subject.id, refused: refusalOf(subject, line, nas, now) }
  })
}

/** IPoE subscribers by a device of theirs; a MAC of several is nobody's. */
async function usernamesByMac(pool: Pool, lines: readonly RouterLine[]): Promise<Map<string | undefined, string>> {
  const macs = lines.flatMap(({ kind, mac }) => (kind === 'lease' && mac !== undefined ? [mac] : []))
  if (macs.length === 0) return new Map()
  const { rows } = await pool.query<{ mac: string; username: string }>({
    name: 'usernames-by-mac',
    text: `select device.mac::text as mac, min(subscriber.username) as username
      from device join subscriber on subscriber.id = device.subscriber_id
      where device.mac = any($1::macaddr[]) and subscriber.account_type = 'ipoe'
      group by device.mac having count(*) = 1`,
    values: [textArrayLiteral(macs)],
  })
  return new Map(rows.map(({ mac, username }) => [mac, username]))
}

function refusalOf(subject: AccessSubject, { mac }: RouterLine, nas: Nas, now: Date): string | undefined {
  const facts = { mac, circuitId: undefined, remoteId: undefined, duid: undefined, interface: undefined }
  const request: AccessRequest = { access: subject.accountType, username: '', facts, line: undefined, nas }
  const decision =
    subject.accountType === 'ipoe'
      ? decideLine(subject, request, { ...identified, subscriberId: subject.id }, now)
      : decideAccess(subject, request, 'match', now)
  if (decision.kind === 'accept' || !ownReasons.some((reason) => reason === decision.reason)) return undefined
  return decision.detail
}

const nothingBound = { circuitId: undefined, remoteId: undefined, duid: undefined }
const identified = { kind: 'found', by: 'mac', username: '', bound: nothingBound, live: undefined } as const
