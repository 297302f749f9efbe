import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FairShare } from '../../src/radius/fair-share.ts'

const one = { name: 'one' }
const other = { name: 'other' }

describe('places in work', () => {
  it('are given to anybody while the server is not busy', () => {
    const fair = new FairShare({ maximumInWork: 1_000, busyAt: 100 })
    const account = fair.of(one)
    for (let i = 0; i < 100; i++) expect(fair.take(account, 0)).toBe(true)
  })

  it('R35: one client alone takes at most half of the room, so that another always finds a place', () => {
    const fair = new FairShare({ maximumInWork: 1_000, busyAt: 100 })
    let taken = 0
    while (fair.take(fair.of(one), 0)) taken += 1
    expect(taken).toBe(500)
    expect(fair.take(fair.of(other), 0)).toBe(true)
  })

  it('R35: while another is active a flooding client gets no more than its equal part', () => {
    const fair = new FairShare({ maximumInWork: 1_000, busyAt: 100 })
    const flooding = fair.of(one)
    while (fair.take(flooding, 0));
    expect(fair.take(fair.of(other), 0)).toBe(true)
    // What it had too much is worked off, and not filled up again while the server is busy.
    for (let held = 500; held > 98; held--) {
      expect(fair.take(flooding, 500), String(held)).toBe(false)
      fair.done(flooding)
    }
    expect(fair.take(flooding, 500)).toBe(true)
    expect(fair.take(flooding, 500)).toBe(false)
    // The other has room up to its own part, however much the flooding one holds.
    let taken = 1
    while (fair.take(fair.of(other), 500)) taken += 1
    expect(taken).toBe(50)
  })

  it('R35: who has nothing in work at this instant is still counted, for a second or two', () => {
    const fair = new FairShare({ maximumInWork: 1_000, busyAt: 100 })
    const [flooding, quiet] = [fair.of(one), fair.of(other)]
    const held = (now: number): number => {
      let taken = 0
      while (fair.take(flooding, now)) taken += 1
      for (let i = 0; i < taken; i++) fair.done(flooding)
      return taken
    }
    fair.take(quiet, 100)
    fair.done(quiet)
    expect(held(900)).toBe(100)
    expect(held(1_100)).toBe(100)
    expect(held(2_100)).toBe(500)
  })

  it('holds for any order of takings and givings back: never beyond the maximum, a quiet client is let in while there is room', () => {
    const step = fc.record({ who: fc.nat({ max: 5 }), done: fc.boolean(), at: fc.nat({ max: 5_000 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const fair = new FairShare({ maximumInWork: 100, busyAt: 20 })
        const clients = Array.from({ length: 6 }, (_, name) => ({ name, held: 0 }))
        const total = () => clients.reduce((sum, client) => sum + client.held, 0)
        for (const { who, done, at } of steps) {
          const client = clients[who]!
          const account = fair.of(client)
          if (done && client.held > 0) {
            fair.done(account)
            client.held -= 1
          } else {
            const room = total() < 100
            const taken = fair.take(account, at)
            if (taken) client.held += 1
            expect(total()).toBeLessThanOrEqual(100)
            if (room && client.held < 16) expect(taken).toBe(true)
          }
        }
      }),
    )
  })
})

describe('packets that do not verify', () => {
  const fill = (fair: FairShare<object>, now: number) => {
    for (let i = 0; i < 10; i++) fair.forged(fair.of(one), now)
  }

  it('R13: of one client are looked at up to a number a second, and again in the next', () => {
    const fair = new FairShare({ maximumInWork: 10, forgedPerSecond: 10 })
    const account = fair.of(one)
    fill(fair, 5_000)
    expect(fair.mayVerify(account, 1_700, 5_500)).toBe(false)
    expect(fair.mayVerify(fair.of(other), 1_700, 5_500)).toBe(true)
    expect(fair.mayVerify(account, 1_700, 6_000)).toBe(true)
    expect(fair.mayVerify(account, 1_700, 6_001)).toBe(true)
  })

  it('a clock that steps back opens it again', () => {
    const fair = new FairShare({ maximumInWork: 10, forgedPerSecond: 10 })
    fill(fair, 5_000)
    expect(fair.mayVerify(fair.of(one), 1_700, 4_000)).toBe(true)
  })

  it('leave the ports alone that right packets come from', () => {
    const fair = new FairShare({ maximumInWork: 10, forgedPerSecond: 10 })
    const account = fair.of(one)
    fair.forged(account, 0)
    for (let port = 2_001; port <= 2_009; port++) fair.verified(account, port)
    fill(fair, 0)
    expect(fair.mayVerify(account, 2_009, 10)).toBe(true)
    expect(fair.mayVerify(account, 2_002, 10)).toBe(true)
    // The ninth took the place of the first; port 0 is nobody's.
    expect(fair.mayVerify(account, 2_001, 10)).toBe(false)
    expect(fair.mayVerify(account, 0, 10)).toBe(false)
  })

  it('a trickle of them over days never closes it', () => {
    const fair = new FairShare({ maximumInWork: 10, forgedPerSecond: 10 })
    const account = fair.of(one)
    for (let minute = 0; minute < 1_000; minute++) {
      expect(fair.mayVerify(account, 1, minute * 60_000)).toBe(true)
      fair.forged(account, minute * 60_000)
    }
  })
})

describe('Status-Server', () => {
  it('R37: is answered so many times a second for each client', () => {
    const fair = new FairShare({ maximumInWork: 10, statusPerSecond: 3 })
    const answers = (now: number) => [1, 2, 3, 4].map(() => fair.mayAskStatus(fair.of(one), now))
    expect(answers(10_000)).toEqual([true, true, true, false])
    expect(fair.mayAskStatus(fair.of(other), 10_000)).toBe(true)
    expect(fair.mayAskStatus(fair.of(one), 10_999)).toBe(false)
    expect(answers(11_000)).toEqual([true, true, true, false])
    expect(answers(500)).toEqual([true, true, true, false])
  })
})
