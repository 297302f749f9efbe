// Ends one session on its router, where CoA and Disconnect could not. What ends depends on the access: PPP and hotspot sessions
// are removed; of an IPoE line the lease is, since its client would go on using the address until it renews (T1).

import type { LiveSession } from '../domain/live-session.ts'
import { RouterAccessError } from '../domain/nas-router.ts'
import type { Nas } from '../domain/nas.ts'
import { canonicalUsername } from '../domain/username.ts'
import type { PppTarget, Removal, RouterControl } from '../nas/routeros/control.ts'
import { RouterError } from '../nas/routeros/router-error.ts'
import type { PppSession } from '../nas/routeros/rows.ts'
import { readSessionId } from '../nas/routeros/values.ts'
import { withRouter } from './router-access.ts'
import type { RouterParts } from './router-access.ts'

/** `none`: this NAS has no router that we may enter. `failed`: with why, for a person. */
export type EndedOnRouter = { readonly kind: 'none' } | Removal | { readonly kind: 'failed'; readonly detail: string }

type Named = Pick<LiveSession, 'accountType' | 'acctSessionId' | 'username' | 'framedIp' | 'facts'>

/** Removes the session from the router of its NAS. Exactly this one: who dialled again meanwhile stays. Never a RouterError. */
export async function endOnRouter(parts: RouterParts, session: Named, nas: Nas, now: Date): Promise<EndedOnRouter> {
  if (nas.vendor !== 'mikrotik') return { kind: 'none' }
  try {
    const used = await withRouter(parts, nas.id, now, (control) => removeFrom(control, session))
    return used.kind === 'none' ? used : used.value
  } catch (error) {
    if (error instanceof RouterError || error instanceof RouterAccessError) {
      return { kind: 'failed', detail: error.message }
    }
    throw error
  }
}

/** By what its subscriber is; who logs in with a password may also have come through a hotspot. */
async function removeFrom(control: RouterControl, session: Named): Promise<EndedOnRouter> {
  const { accountType, framedIp, facts } = session
  if (accountType !== 'ipoe') {
    const ppp = await removePpp(control, session)
    return ppp.kind === 'not-there' ? removeHotspot(control, session) : ppp
  }
  if (framedIp !== undefined && facts.mac !== undefined) {
    return control.removeLease({ address: framedIp, mac: facts.mac })
  }
  return { kind: 'failed', detail: 'its address and MAC are not both known: its lease cannot be told from others' }
}

/** Mostly a router lists the name as it sent it. Where it does not the id tells, or the caller with the name in canonical form. */
async function removePpp(control: RouterControl, session: Named): Promise<Removal> {
  const { username: name, acctSessionId: sessionId, facts } = session
  const known = await control.removePpp({ name, sessionId, ...callerOf(facts.mac) })
  if (known.kind !== 'not-there') return known
  const other = (await control.activePpp()).find((row) => row.name !== name && isSamePpp(row, session))
  return other === undefined ? known : control.removePpp(targetOf(other, session))
}

function isSamePpp(row: PppSession, { username, acctSessionId, facts }: Named): boolean {
  const sessionId = readSessionId(acctSessionId)
  if (row.sessionId !== undefined && sessionId !== undefined) return row.sessionId === sessionId
  return (
    facts.mac !== undefined && row.callerId === facts.mac && canonicalUsername(row.name) === canonicalUsername(username)
  )
}

function targetOf({ name }: PppSession, { acctSessionId: sessionId, facts }: Named): PppTarget {
  return { name, sessionId, ...callerOf(facts.mac) }
}

function callerOf(mac: string | undefined): { callerId?: string } {
  return mac === undefined ? {} : { callerId: mac }
}

async function removeHotspot(control: RouterControl, { framedIp: address, facts: { mac } }: Named): Promise<Removal> {
  if (address === undefined || mac === undefined) return { kind: 'not-there' }
  try {
    const found = (await control.hotspot()).find((row) => row.address === address && row.mac === mac)
    return found === undefined ? { kind: 'not-there' } : await control.removeHotspot({ user: found.user, address, mac })
  } catch (error) {
    if (saysNoSuchMenu(error)) return { kind: 'not-there' }
    throw error
  }
}

/** Of RouterOS 6 some menus come with packages of their own: what a router cannot have it has none of. */
export function saysNoSuchMenu(error: unknown): boolean {
  return (
    error instanceof RouterError &&
    (error.kind === 'trap' || error.kind === 'http') &&
    /no such (command|directory|menu)/i.test(error.message)
  )
}
