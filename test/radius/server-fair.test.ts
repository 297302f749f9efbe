// One client that floods, forges or asks for ever, beside another that does nothing wrong: over real sockets.
import { describe, expect, it } from 'vitest'
import { createSecret } from '../../src/radius/authenticator.ts'
import { codes } from '../../src/radius/codes.ts'
import { bng } from '../support/radius.ts'
import { answersTo, gate, request, testNas, testServer } from '../support/radius-server.ts'

const noisy = { ...bng, name: 'noisy' }
/** The flooding client and the quiet one differ by their address. */
const findClient = (address: string) => (address === '127.0.0.2' ? noisy : bng)
const countOf = (counted: string[], line: string) => counted.filter((one) => one === line).length

describe('a client that floods', () => {
  it('R35: leaves places to the others, whose answers come as ever', async () => {
    const work = gate<void>()
    const { authentication, counted, server } = await testServer({
      findClient,
      maximumInWork: 100,
      fairShare: { busyAt: 20 },
      handle: async ({ client }) => {
        if (client === noisy) await work.opened
        return { code: 2, attributes: Buffer.alloc(0) }
      },
    })
    const [flooding, quiet] = [await testNas('127.0.0.2'), await testNas('127.0.0.1')]
    for (let identifier = 0; identifier < 256; identifier++)
      flooding.send(request({ identifier }), authentication, '127.0.0.1')
    while (countOf(counted, 'received 1 noisy') < 256) await new Promise(setImmediate)
    expect(server.inWork).toBe(50)
    expect(countOf(counted, 'dropped overload noisy')).toBe(206)
    for (let identifier = 0; identifier < 40; identifier++) quiet.send(request({ identifier }), authentication)
    expect((await quiet.replies(40)).every(({ code }) => code === codes.accessAccept)).toBe(true)
    work.open()
    expect((await flooding.replies(50)).length).toBe(50)
  })

  it('a reply that is only held back keeps no place', async () => {
    const { authentication, server } = await testServer({
      maximumInWork: 1_000,
      fairShare: { busyAt: 0 },
      handle: () => ({ code: 3, attributes: Buffer.alloc(0), delayMs: 200 }),
    })
    const nas = await testNas()
    for (let identifier = 0; identifier < 100; identifier++) nas.send(request({ identifier }), authentication)
    while (server.inWork < 100) await new Promise(setImmediate)
    expect((await nas.replies(100)).every(({ code }) => code === codes.accessReject)).toBe(true)
  })
})

describe('replies that are held back', () => {
  it('R31: leave at once beyond half of what may be in work, so that guessing shuts nobody out', async () => {
    const { authentication, counted, server } = await testServer({
      maximumInWork: 40,
      handle: ({ packet }) =>
        packet.identifier < 200
          ? { code: 3, attributes: Buffer.alloc(0), delayMs: 60_000 }
          : { code: 2, attributes: Buffer.alloc(0) },
    })
    const nas = await testNas()
    for (let identifier = 0; identifier < 100; identifier++) nas.send(request({ identifier }), authentication)
    nas.send(request({ identifier: 200 }), authentication)
    const replies = await nas.replies(81)
    expect(replies.filter(({ code }) => code === codes.accessReject).length).toBe(80)
    expect(replies.filter(({ code }) => code === codes.accessAccept).length).toBe(1)
    expect(server.inWork).toBe(20)
    expect(countOf(counted, 'dropped overload bng')).toBe(0)
  })
})

describe('packets forged in the name of a client', () => {
  it('R13: are not looked at beyond a number a second; the client itself is heard from its own port', async () => {
    const { authentication, counted } = await testServer({ now: () => 5_000, fairShare: { forgedPerSecond: 20 } })
    const [real, forger] = [await testNas(), await testNas()]
    const forged = (identifier: number) => request({ identifier, with: createSecret('guessed') })
    forger.send(forged(0), authentication)
    while (countOf(counted, 'dropped bad-message-authenticator bng') < 1) await new Promise(setImmediate)
    await answersTo(real, authentication, [])
    for (let identifier = 1; identifier < 100; identifier++) forger.send(forged(identifier), authentication)
    while (countOf(counted, 'dropped forged-flood bng') < 80) await new Promise(setImmediate)
    expect(countOf(counted, 'dropped bad-message-authenticator bng')).toBe(20)
    real.send(request({ identifier: 9 }), authentication)
    expect((await real.replies(2))[1]?.identifier).toBe(9)
  })
})

describe('Status-Server', () => {
  it('R37: beyond its own rate is dropped, and no login with it', async () => {
    const { authentication, counted, handled } = await testServer({
      now: () => 5_000,
      fairShare: { statusPerSecond: 10 },
    })
    const nas = await testNas()
    for (let identifier = 0; identifier < 50; identifier++) nas.send(request({ code: 12, identifier }), authentication)
    nas.send(request({ identifier: 200 }), authentication)
    const replies = await nas.replies(11)
    expect(replies.at(-1)?.identifier).toBe(200)
    expect(countOf(counted, 'dropped status-flood bng')).toBe(40)
    expect(handled.length).toBe(11)
  })

  it('R38: its answer is no longer than it', async () => {
    const { authentication, accounting } = await testServer({
      handle: ({ local }) => ({ code: local.kind === 'accounting' ? 5 : 2, attributes: Buffer.alloc(0) }),
    })
    const nas = await testNas()
    const asked = request({ code: 12, attributes: Buffer.alloc(0) })
    for (const port of [authentication, accounting]) nas.send(asked, port)
    for (const { octets } of await nas.replies(2)) expect(octets.length).toBeLessThanOrEqual(asked.length)
  })
})
