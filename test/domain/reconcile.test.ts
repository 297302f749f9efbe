import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareWithRouter } from '../../src/domain/reconcile.ts'
import type { BookedSession, RouterLine, RouterLists } from '../../src/domain/reconcile.ts'
import { hours, noon } from '../support/operator.ts'

const ago = (seconds: number): Date => new Date(noon.getTime() - seconds * 1_000)
const macOf = (n: number): string => `02:00:00:00:00:${n.toString(16).padStart(2, '0')}`
const addressOf = (n: number): string => `100.64.0.${n}`

/** A session of line `n` that began an hour ago and was last heard of half an hour ago. */
function booked(n: number, changes: Partial<BookedSession> = {}): BookedSession {
  return {
    id: BigInt(n),
    acctSessionId: `81${n.toString(16).padStart(6, '0')}`,
    username: `line${n}`,
    subscriberId: BigInt(1_000 + n),
    mac: macOf(n),
    address: addressOf(n),
    kind: 'ppp',
    startedAt: hours(-1),
    updatedAt: ago(1_800),
    endedAt: undefined,
    intervalS: 300,
    ...changes,
  }
}

function ppp(n: number, changes: Partial<RouterLine> = {}): RouterLine {
  return {
    kind: 'ppp',
    name: `Line${n}`,
    username: `line${n}`,
    sessionId: `0x81${n.toString(16).padStart(6, '0').toUpperCase()}`,
    mac: macOf(n),
    address: addressOf(n),
    uptimeS: 3_600,
    fromRadius: true,
    ...changes,
  }
}

function lease(n: number, changes: Partial<RouterLine> = {}): RouterLine {
  return ppp(n, { kind: 'lease', name: '', username: '', sessionId: undefined, uptimeS: undefined, ...changes })
}

const lists = (lines: readonly RouterLine[], changes: Partial<RouterLists> = {}): RouterLists => ({
  ppp: lines.filter(({ kind }) => kind === 'ppp'),
  lease: lines.filter(({ kind }) => kind === 'lease'),
  hotspot: lines.filter(({ kind }) => kind === 'hotspot'),
  ...changes,
})
const compare = (lines: readonly RouterLine[], sessions: readonly BookedSession[], changes?: Partial<RouterLists>) =>
  compareWithRouter(lists(lines, changes), sessions, noon)
const numbers = (sessions: readonly BookedSession[]) => sessions.map(({ id }) => Number(id))

describe('a router and our books', () => {
  it('that agree have nothing to mend', () => {
    const found = compare([ppp(1), lease(2)], [booked(1), booked(2, { kind: 'lease' })])
    expect(found).toMatchObject({ zombies: [], gone: [], leftAlone: 0, doubt: undefined })
    expect(found.lines.map(({ session }) => Number(session?.id))).toEqual([1, 2])
  })

  it('differ by zombies and by what is gone', () => {
    const found = compare([ppp(1), ppp(3), lease(4)], [booked(1), booked(2), booked(5, { kind: 'lease' })])
    expect(found.zombies).toEqual([ppp(3), lease(4)])
    expect(numbers(found.gone)).toEqual([2, 5])
  })

  it('do not differ by what is local to the router', () => {
    expect(compare([ppp(1, { fromRadius: false }), ppp(2, { fromRadius: undefined })], [])).toMatchObject({
      zombies: [ppp(2, { fromRadius: undefined })],
      leftAlone: 0,
    })
  })
})

describe('what is young is left alone', () => {
  it.each<[string, Partial<BookedSession>, boolean]>([
    ['a session that began just now', { startedAt: ago(119), updatedAt: ago(119), intervalS: 60 }, false],
    ['one that began two minutes ago', { startedAt: ago(120), updatedAt: ago(120), intervalS: 60 }, true],
    ['one that was heard of within its interval', { updatedAt: ago(299) }, false],
    ['one that is silent for an interval', { updatedAt: ago(300) }, true],
    ['one whose NAS clock runs ahead', { startedAt: hours(1) }, false],
  ])('%s', (_what, changes, isGone) => {
    const found = compare([], [booked(1, changes)])
    expect([found.gone.length, found.leftAlone]).toEqual(isGone ? [1, 0] : [0, 1])
  })

  it('a row of the router whose Start may be on its way', () => {
    expect(compare([ppp(1, { uptimeS: 119 })], [])).toMatchObject({ zombies: [], leftAlone: 1 })
    expect(compare([ppp(1, { uptimeS: 120 })], [])).toMatchObject({ zombies: [ppp(1, { uptimeS: 120 })], leftAlone: 0 })
  })

  it('a row whose Stop came while the lists were read', () => {
    const ended = { updatedAt: ago(5), endedAt: ago(5) }
    expect(compare([ppp(1)], [booked(1, ended)])).toMatchObject({ zombies: [], leftAlone: 1 })
    const before = { updatedAt: ago(301), endedAt: ago(301) }
    const found = compare([ppp(1)], [booked(1, before)])
    expect(found.zombies).toEqual([ppp(1)])
    expect(Number(found.lines[0]?.session?.id)).toBe(1)
  })
})

describe('a session is told', () => {
  it('by its id: a redial is another one, whatever else is the same', () => {
    const redialled = ppp(1, { sessionId: '0x81ffffff' })
    const found = compare([redialled, ppp(2)], [booked(1), booked(2)])
    expect(found.zombies).toEqual([redialled])
    expect(numbers(found.gone)).toEqual([1])
  })

  it('not by ids that no session of ours has: the router writes them another way', () => {
    const strange = [ppp(1, { sessionId: 'session-1' }), ppp(2, { sessionId: 'session-2' })]
    expect(compare(strange, [booked(1), booked(2)])).toMatchObject({ zombies: [], gone: [] })
  })

  it('not by an id that came again after a reboot, for another name and caller', () => {
    const again = ppp(9, { sessionId: '0x81000001' })
    const found = compare([again, ppp(2)], [booked(1), booked(2)])
    expect([found.zombies, numbers(found.gone)]).toEqual([[again], [1]])
  })

  it('by its caller where there is no id, else by its name', () => {
    const plain = { sessionId: undefined }
    expect(compare([ppp(1, plain)], [booked(1)]).gone).toEqual([])
    expect(compare([ppp(1, { ...plain, mac: undefined })], [booked(1)]).gone).toEqual([])
    expect(numbers(compare([ppp(1, { ...plain, mac: macOf(7) })], [booked(1)]).gone)).toEqual([1])
  })

  it('of a lease by its MAC, and by its address where a MAC is not known', () => {
    const ipoe = booked(1, { kind: 'lease' })
    expect(compare([lease(1, { address: addressOf(9) })], [ipoe]).gone).toEqual([])
    expect(compare([lease(1, { mac: undefined })], [ipoe]).gone).toEqual([])
    expect(numbers(compare([lease(9, { address: addressOf(1) })], [ipoe]).gone)).toEqual([1])
  })

  it('wherever it is: a hotspot login has a password as PPP has', () => {
    expect(compare([ppp(1, { kind: 'hotspot', sessionId: undefined })], [booked(1)]).gone).toEqual([])
  })
})

describe('nobody is called gone', () => {
  it('of whom the router has no list', () => {
    expect(compare([], [booked(1)], { ppp: undefined }).gone).toEqual([])
    expect(numbers(compare([], [booked(1)], { hotspot: undefined }).gone)).toEqual([1])
    expect(compare([], [booked(1, { kind: 'lease' })], { lease: undefined }).gone).toEqual([])
    expect(compare([], [booked(1, { kind: undefined })], { hotspot: undefined }).gone).toEqual([])
    expect(numbers(compare([], [booked(1, { kind: undefined })]).gone)).toEqual([1])
  })

  it('of whom the list of leases could not tell: IPv6 alone', () => {
    expect(compare([], [booked(1, { kind: 'lease', address: undefined })]).gone).toEqual([])
  })
})

describe('a list is doubted', () => {
  const many = (count: number, changes: Partial<BookedSession> = {}) =>
    Array.from({ length: count }, (_, n) => booked(n + 1, changes))

  it('where it is empty and we have more than ten', () => {
    expect(compare([], many(10)).doubt).toBeUndefined()
    expect(compare([], many(11)).doubt).toContain('11 of 11 PPP and hotspot sessions')
  })

  it('where more than half of a kind is missing, whatever the other kinds say', () => {
    const ipoe = many(40).map((session) => ({ ...session, id: session.id + 100n, kind: 'lease' as const }))
    const leases = ipoe.map((_, n) => lease(n + 1))
    const half = many(22)
    const there = half.slice(0, 11).map((_, n) => ppp(n + 1))
    // The leases have the same MACs: these PPP sessions would be seen there.
    const apart = half.map((session, n) => ({ ...session, mac: macOf(n + 100), username: `other${n}` }))
    const rows = there.map((line, n) => ({ ...line, mac: macOf(n + 100), username: `other${n}` }))
    expect(compare([...rows, ...leases], [...apart, ...ipoe]).doubt).toBeUndefined()
    expect(compare([...rows.slice(1), ...leases], [...apart, ...ipoe]).doubt).toContain('12 of 22 PPP')
    expect(compare(rows, [...apart, ...ipoe]).doubt).toContain('40 of 40 IPoE')
  })

  it('for sessions of nobody too', () => {
    expect(compare([], many(11, { kind: undefined })).doubt).toContain('11 of 11 unassigned')
  })
})

describe('of any history', () => {
  /** Each line is in one of these places; all that begin are old. */
  const places = fc.array(fc.constantFrom('both', 'router', 'books', 'neither'), { minLength: 1, maxLength: 200 })

  it('exactly the differences are found, in any order of both sides', () => {
    fc.assert(
      fc.property(places, fc.boolean(), fc.infiniteStream(fc.nat()), (where, isLease, order) => {
        const shuffled = <T>(items: T[]): T[] =>
          items
            .map((item) => ({ item, at: order.next().value! }))
            .toSorted((a, b) => a.at - b.at)
            .map(({ item }) => item)
        const at = (...wanted: string[]) => where.flatMap((place, n) => (wanted.includes(place) ? [n + 1] : []))
        const [line, kind] = isLease ? ([lease, 'lease'] as const) : ([ppp, 'ppp'] as const)
        const rows = shuffled(at('both', 'router').map((n) => line(n)))
        const sessions = shuffled(at('both', 'books').map((n) => booked(n, { kind })))
        const found = compareWithRouter(lists(rows), sessions, noon)
        expect(numbers(found.gone).toSorted((a, b) => a - b)).toEqual(at('books'))
        expect(new Set(found.zombies)).toEqual(
          new Set(rows.filter((row) => at('router').some((n) => macOf(n) === row.mac))),
        )
        expect(found.leftAlone).toBe(0)
      }),
    )
  })

  it('who is there under any fact is never gone, and each row is counted once', () => {
    const fact = fc.nat(5)
    const line = fc.record({ id: fact, name: fact, mac: fact, address: fact, without: fc.nat(15) })
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), fc.array(line, { maxLength: 30 }), (rows, ours) => {
        const read = rows.map(({ id, name, mac, address, without }) =>
          ppp(1, {
            sessionId: without & 1 ? undefined : `0x${id}`,
            username: without & 2 ? '' : `n${name}`,
            mac: without & 4 ? undefined : macOf(mac),
            address: without & 8 ? undefined : addressOf(address),
          }),
        )
        const sessions = ours.map(({ id, name, mac, address, without }, n) =>
          booked(n + 1, {
            acctSessionId: String(id),
            username: `n${name}`,
            mac: without & 4 ? undefined : macOf(mac),
            address: addressOf(address),
          }),
        )
        const found = compareWithRouter(lists(read), sessions, noon)
        expect(found.lines.length).toBe(read.length)
        for (const session of found.gone) {
          const alike = read.filter(
            (row) =>
              row.mac === session.mac &&
              row.username === session.username &&
              row.sessionId === `0x${session.acctSessionId}`,
          )
          expect(session.mac === undefined ? [] : alike).toEqual([])
        }
        for (const row of found.zombies) {
          const alike = sessions.filter(
            ({ mac, username, acctSessionId }) =>
              mac === row.mac && username === row.username && `0x${acctSessionId}` === row.sessionId,
          )
          expect(row.mac === undefined ? [] : alike).toEqual([])
        }
      }),
    )
  })
})
