// Compares who is online on a router with the sessions in our books. Pure. Zombies: the router has, we lack; gone: we have, it
// lacks. What began or changed a moment ago is left alone, since the two sides are never read at one instant, and in doubt a
// session is taken for being there.

export type LineKind = 'ppp' | 'lease' | 'hotspot'
export const lineKinds = ['ppp', 'lease', 'hotspot'] as const

/** One row of a router's lists of who is online. */
export type RouterLine = {
  readonly kind: LineKind
  /** As the router has it. */
  readonly name: string
  /** Under which our books would have it: canonical, by the NAS's rule for realms. Empty: it says nothing (a lease). */
  readonly username: string
  readonly sessionId: string | undefined
  /** Canonical. */
  readonly mac: string | undefined
  readonly address: string | undefined
  readonly uptimeS: number | undefined
  /** Whether we let it in; undefined: the router does not say. */
  readonly fromRadius: boolean | undefined
  /** Another ISP let it in, by its realm: that we lack it is right. */
  readonly isForwarded?: boolean
}

/** Undefined: this router has no such menu. */
export type RouterLists = { readonly [Kind in LineKind]: readonly RouterLine[] | undefined }

/** A session of the NAS in our books, open or ended a moment ago. */
export type BookedSession = {
  readonly id: bigint
  readonly acctSessionId: string
  readonly username: string
  readonly subscriberId: bigint | undefined
  readonly mac: string | undefined
  readonly address: string | undefined
  /** Where it is to be looked for by what its subscriber is; undefined: nobody's, anywhere. */
  readonly kind: 'ppp' | 'lease' | undefined
  readonly startedAt: Date
  readonly updatedAt: Date
  readonly endedAt: Date | undefined
  /** How often it reports, in seconds. */
  readonly intervalS: number
}

export type Comparison = {
  /** Each row of the router with our session of it, an open one where there are several. */
  readonly lines: readonly { readonly line: RouterLine; readonly session: BookedSession | undefined }[]
  readonly zombies: readonly RouterLine[]
  readonly gone: readonly BookedSession[]
  /** Rows and sessions that do not match and are too young to say so. */
  readonly leftAlone: number
  /** Why the router's lists are not to be believed, in a sentence: nothing may be mended then. */
  readonly doubt: string | undefined
}

/** Younger differences are left alone; of a session also what changed within one of its intervals. */
const youngS = 120
/** More missing sessions than this, and more than half of their kind: rather the list is wrong than the subscribers gone. */
const mostGone = 10

/** Compares what was read of the router at `readAt` with what was read of our books after it. */
export function compareWithRouter(lists: RouterLists, sessions: readonly BookedSession[], readAt: Date): Comparison {
  const books = indexSessions(sessions)
  const all = lineKinds.flatMap((kind) => lists[kind] ?? [])
  const idsAgree = all.some(({ kind, sessionId }) => kind === 'ppp' && books.byId.has(canonicalId(sessionId)))
  const there = new Set<BookedSession>()
  const lines = all.map((line) => {
    const same = candidates(books, line).filter((session) => isSame(line, session, idsAgree))
    for (const session of same) there.add(session)
    return { line, same }
  })
  const open = sessions.filter((session) => session.endedAt === undefined && canBeSeen(session, lists))
  const missing = open.filter((session) => !there.has(session))
  const gone = missing.filter((session) => !isYoung(session, readAt))
  const unknown = lines.filter(
    ({ line, same }) =>
      line.fromRadius !== false && line.isForwarded !== true && same.every(({ endedAt }) => endedAt !== undefined),
  )
  const zombies = unknown.filter(({ line, same }) => isOld(line) && !same.some((session) => isYoung(session, readAt)))
  return {
    lines: lines.map(({ line, same }) => ({ line, session: same.find(isOpen) ?? same[0] })),
    zombies: zombies.map(({ line }) => line),
    gone,
    leftAlone: missing.length - gone.length + (unknown.length - zombies.length),
    doubt: doubtOf(open, gone),
  }
}

type Books = {
  readonly [By in 'byId' | 'byName' | 'byMac' | 'byAddress']: ReadonlyMap<string | undefined, readonly BookedSession[]>
}

function indexSessions(sessions: readonly BookedSession[]): Books {
  return {
    byId: Map.groupBy(sessions, ({ acctSessionId }) => canonicalId(acctSessionId)),
    byName: Map.groupBy(sessions, ({ username }) => username),
    byMac: Map.groupBy(sessions, ({ mac }) => mac),
    byAddress: Map.groupBy(sessions, ({ address }) => address),
  }
}

/** RouterOS writes `0x8130000A` in one place and `8130000a` in another. */
function canonicalId(id: string | undefined): string | undefined {
  return id?.toLowerCase().replace(/^0x/, '')
}

/** All that could be the session of a row, by any fact that both sides have. */
function candidates(books: Books, { sessionId, username, mac, address }: RouterLine): BookedSession[] {
  const found = new Set<BookedSession>()
  const add = (sessions: readonly BookedSession[] = []): void => sessions.forEach((session) => found.add(session))
  if (sessionId !== undefined) add(books.byId.get(canonicalId(sessionId)))
  if (username !== '') add(books.byName.get(username))
  if (mac !== undefined) add(books.byMac.get(mac))
  if (address !== undefined) add(books.byAddress.get(address))
  return [...found]
}

/** `idsAgree`: some id of the router is one of ours, so that both write them the same way. */
function isSame(line: RouterLine, session: BookedSession, idsAgree: boolean): boolean {
  const mac = compareFacts(line.mac, session.mac)
  const name = compareFacts(line.username || undefined, session.username || undefined)
  if (line.kind === 'ppp' && line.sessionId !== undefined && idsAgree) {
    // A redial has another id. An id that came again after a reboot has another name and another caller.
    const isOther = mac === 'differs' && name === 'differs'
    return canonicalId(line.sessionId) === canonicalId(session.acctSessionId) && !isOther
  }
  if (mac !== 'unknown') return mac === 'same'
  if (line.kind === 'ppp') return name === 'same'
  return compareFacts(line.address, session.address) === 'same'
}

function compareFacts(one: string | undefined, other: string | undefined): 'same' | 'differs' | 'unknown' {
  if (one === undefined || other === undefined) return 'unknown'
  return one === other ? 'same' : 'differs'
}

/** Whether the router would list it if it were there. A lease has an IPv4 address; a menu that is missing lists nobody. */
function canBeSeen({ kind, address }: BookedSession, lists: RouterLists): boolean {
  if (kind === 'lease') return lists.lease !== undefined && address !== undefined
  if (kind === 'ppp') return lists.ppp !== undefined
  return lineKinds.every((one) => lists[one] !== undefined)
}

function isOpen({ endedAt }: BookedSession): boolean {
  return endedAt === undefined
}

/** By our clock, which also tells when a Stop came. */
function isYoung({ startedAt, updatedAt, intervalS }: BookedSession, readAt: Date): boolean {
  const changedMs = Math.max(startedAt.getTime(), updatedAt.getTime())
  return readAt.getTime() - changedMs < Math.max(youngS, intervalS) * 1_000
}

/** Its Start may still be on the way. */
function isOld({ uptimeS }: RouterLine): boolean {
  return uptimeS === undefined || uptimeS >= youngS
}

const kindNames = { ppp: 'PPP and hotspot', lease: 'IPoE', nobody: 'unassigned' } as const

function doubtOf(open: readonly BookedSession[], gone: readonly BookedSession[]): string | undefined {
  const kindOf = ({ kind }: BookedSession) => kind ?? 'nobody'
  const openOf = Map.groupBy(open, kindOf)
  for (const [kind, { length: lost }] of Map.groupBy(gone, kindOf)) {
    const { length: all } = openOf.get(kind) ?? []
    if (lost <= mostGone || lost * 2 <= all) continue
    return `${lost} of ${all} ${kindNames[kind]} sessions would not be on the router: rather its list is not whole`
  }
  return undefined
}
