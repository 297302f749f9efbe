// Many on one RadSec server: routers that ask at the same time, somebody who guesses passwords behind one of them, and what
// waited while the process stood still.
import { describe, expect, it } from 'vitest'
import type { RadiusRequest, RadiusResponse } from '../../src/radius/server.ts'
import { parsePacket } from '../../src/radius/packet.ts'
import type { RadiusClient } from '../../src/radius/admission.ts'
import { attribute } from '../support/radius.ts'
import { gate } from '../support/radius-server.ts'
import { accept, nasOf, request, serve } from '../support/radsec-server.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))
const identifiers = Array.from({ length: 256 }, (_, identifier) => identifier)

describe('a crowd of routers', () => {
  it('of twenty with all 256 identifiers in work at once is answered, and nothing is dropped', async () => {
    const { opened, open: go } = gate<undefined>()
    const { port, server, handled, counted, errors } = await serve({
      handle: async (one) => (await opened, accept(one)),
    })
    const routers = []
    for (let at = 0; at < 20; at++) routers.push(await nasOf(port))
    for (const nas of routers) nas.send(...identifiers.map((identifier) => request({ identifier })))
    while (handled.length < 20 * 256) await turn()
    expect(routers.map((nas) => nas.count())).toEqual(routers.map(() => 0))
    go(undefined)
    for (const nas of routers) {
      const answered = (await nas.replies(256)).map(({ identifier }) => identifier)
      expect(answered.toSorted((one, other) => one - other)).toEqual(identifiers)
    }
    expect(counted.filter((one) => one.startsWith('dropped') || one.startsWith('duplicate'))).toEqual([])
    expect(counted.filter((one) => one === 'sent 2 bng')).toHaveLength(20 * 256)
    expect([errors, server.connections]).toEqual([[], 20])
  })
})

describe('who guesses passwords behind a router', () => {
  const guess = (identifier: number, nth = 0): Buffer =>
    request({ identifier, attributes: attribute(1, `guess ${identifier} ${nth}`) })
  const right = (identifier: number): Buffer => request({ identifier, attributes: attribute(1, 'right') })

  /** Rejects are held back for so long, the right login is let in at once. */
  const judge =
    (delayMs: number) =>
    (one: RadiusRequest<RadiusClient>): RadiusResponse => {
      const parsed = parsePacket(one.packet.octets)
      const isRight = parsed.ok && parsed.packet.octets.includes('right')
      return isRight ? accept(one) : { code: 3, attributes: Buffer.alloc(0), delayMs }
    }

  it('R31: has 300 rejects held back, and the right login of another is answered before the first of them', async () => {
    const { port, counted } = await serve({ handle: judge(1_000) })
    const nas = await nasOf(port)
    const began = performance.now()
    nas.send(...identifiers.slice(0, 255).map((identifier) => guess(identifier)))
    // Who asks again under an identifier gives up the answer to the request before.
    nas.send(...identifiers.slice(0, 45).map((identifier) => guess(identifier, 1)))
    nas.send(right(255))
    expect(await nas.replies(1)).toMatchObject([{ code: 2, identifier: 255 }])
    const rejects = (await nas.replies(256)).slice(1)
    expect(performance.now() - began).toBeGreaterThan(990)
    expect(new Set(rejects.map(({ code }) => code))).toEqual(new Set([3]))
    expect(new Set(rejects.map(({ identifier }) => identifier)).size).toBe(255)
    expect(counted.filter((one) => one === 'received 1 bng')).toHaveLength(301)
    expect(counted.filter((one) => one.startsWith('dropped'))).toEqual(Array(45).fill('dropped superseded bng'))
  })

  it('R31: cannot keep others from being heard: there is room left, however many rejects are held', async () => {
    const { port, counted, handled } = await serve({ limits: { inWorkOfOne: 20 }, handle: judge(60_000) })
    const nas = await nasOf(port)
    for (let at = 0; at < 200; at++) {
      nas.send(guess(at))
      while (handled.length === at) await turn()
    }
    // Half of the room is for what is held: what is beyond it leaves at once.
    expect(await nas.replies(190)).toHaveLength(190)
    nas.send(right(255))
    expect((await nas.replies(191)).at(-1)).toMatchObject({ code: 2, identifier: 255 })
    expect(counted.filter((one) => one.startsWith('dropped'))).toEqual([])
  })
})

describe('what waited while the process stood still', () => {
  it('F05: counts as old as that, on each connection, and what comes afterwards as fresh', async () => {
    let loop = 0
    const { port, handled } = await serve({ now: () => 10_000, loopNow: () => loop })
    const routers = [await nasOf(port), await nasOf(port)]
    for (const nas of routers) nas.send(request({ identifier: 1 }))
    for (const nas of routers) await nas.replies(1)
    loop += 5_000
    for (const nas of routers) nas.send(request({ identifier: 2 }), request({ identifier: 3 }))
    for (const nas of routers) await nas.replies(3)
    await turn()
    await turn()
    for (const nas of routers) nas.send(request({ identifier: 4 }))
    for (const nas of routers) await nas.replies(4)
    const ages = (identifier: number): number[] =>
      handled.filter(({ packet }) => packet.identifier === identifier).map(({ receivedAt }) => 10_000 - receivedAt)
    expect([1, 2, 3, 4].map((identifier) => ages(identifier))).toEqual([
      [0, 0],
      [5_000, 5_000],
      [5_000, 5_000],
      [0, 0],
    ])
  })
})
