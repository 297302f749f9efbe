// Who reads live events, for as long as they may: the caller is looked up anew every few seconds, so that a logout, a disabled
// operator or a permission that was taken away ends the stream; and how many streams one caller may have open.

import type { Request } from 'express'
import { authorOf, callerOfSession, callerOfToken } from '../domain/operator/caller.ts'
import type { Caller } from '../domain/operator/caller.ts'
import type { Author } from '../domain/author.ts'
import { addressOf, readCookie, sessionCookie } from './auth.ts'
import type { Services } from './context.ts'
import { Problem } from './errors.ts'

const recheckMs = 5_000
const streamsPerCaller = 5
const streamsInAll = 500

const open = new Map<string, number>()

/** Takes one of the caller's places; returns what gives it back. Throws Problem where none is left. */
export function takePlace(caller: Caller): () => void {
  const key = `${caller.kind} ${caller.id}`
  const taken = open.get(key) ?? 0
  const inAll = [...open.values()].reduce((sum, count) => sum + count, 0)
  if (taken >= streamsPerCaller || inAll >= streamsInAll) {
    throw new Problem('too-many-requests', `no more than ${streamsPerCaller} streams at a time`, {
      headers: { 'Retry-After': '30' },
    })
  }
  open.set(key, taken + 1)
  return () => {
    const left = (open.get(key) ?? 1) - 1
    if (left === 0) open.delete(key)
    else open.set(key, left)
  }
}

/** A page of another origin cannot read the stream, and shall not open it either (W45). */
export function requireOwnOrigin(request: Request): void {
  const { origin, host } = request.headers
  const site = request.headers['sec-fetch-site']
  const isForeign = site !== undefined && site !== 'same-origin' && site !== 'none'
  const isOfOther = origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host)
  if (request.headers.authorization === undefined && (isForeign || isOfOther)) throw new Problem('foreign-origin')
}

/**
 * Looks every few seconds whether the caller still may: `onChange` is told the author as it is now, `onEnd` once that it may
 * no longer. Returns what stops it. A database that cannot be asked ends nothing.
 */
export function watchCaller(
  services: Services,
  request: Request,
  watch: { requestId: string; onChange(author: Author): void; onEnd(): void },
): () => void {
  const check = async (): Promise<void> => {
    const found = await look(services, request)
    if (found.kind === 'unknown') return
    const { caller } = found
    if (caller?.state !== 'full' || !caller.permissions.has('log.read')) {
      clearInterval(timer)
      watch.onEnd()
      return
    }
    watch.onChange(authorOf(caller, { address: addressOf(request), requestId: watch.requestId }, services.keyring))
  }
  const timer = setInterval(() => void check(), recheckMs)
  timer.unref()
  return () => clearInterval(timer)
}

type Found = { kind: 'known'; caller: Caller | undefined } | { kind: 'unknown' }

async function look(services: Services, request: Request): Promise<Found> {
  const { db, clock } = services
  const bearer = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  try {
    const caller =
      bearer === undefined
        ? await callerOfSession(db, readCookie(request, sessionCookie) ?? '', clock.now(), { quietly: true })
        : await callerOfToken(db, bearer, addressOf(request), clock.now())
    return { kind: 'known', caller }
  } catch {
    return { kind: 'unknown' }
  }
}
