import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { verifyReply } from '../../src/radius/authenticator.ts'
import { makeCertificate } from '../support/certificate.ts'
import { attribute } from '../support/radius.ts'
import { gate } from '../support/radius-server.ts'
import { authority, radsec, radsecNas, serverKeys } from '../support/radsec.ts'
import { accept, named, nasOf, pinned, request, serve } from '../support/radsec-server.ts'

describe('what a connection may cost', () => {
  it('answers the same octets once while they are in work, and again when they come later', async () => {
    const { opened, open: go } = gate<undefined>()
    const { port, handled, counted } = await serve({ handle: async (one) => (await opened, accept(one)) })
    const nas = await nasOf(port)
    const asked = request()
    nas.send(asked, asked, request({ identifier: 2 }))
    while (handled.length < 2) await new Promise((resolve) => setImmediate(resolve))
    go(undefined)
    expect((await nas.replies(2)).map(({ identifier }) => identifier)).toEqual([1, 2])
    expect(counted.filter((one) => one === 'duplicate bng')).toHaveLength(1)
    nas.send(asked)
    expect(await nas.replies(3)).toHaveLength(3)
  })

  it('answers the newer of two requests that share an identifier', async () => {
    const gates = [gate<undefined>(), gate<undefined>()]
    const { port, handled, counted } = await serve({
      async handle(one) {
        await gates[handled.length - 1]!.opened
        return accept(one)
      },
    })
    const nas = await nasOf(port)
    const second = request({ attributes: attribute(1, 'second') })
    nas.send(request(), second)
    while (handled.length < 2) await new Promise((resolve) => setImmediate(resolve))
    gates[0]!.open(undefined)
    gates[1]!.open(undefined)
    const [reply] = await nas.replies(1)
    expect(verifyReply(reply!, second.subarray(4, 20), radsec, 'require')).toMatchObject({ kind: 'ok' })
    expect(counted).toContain('dropped superseded bng')
  })

  it('reads no further where enough is in work, and loses nothing', async () => {
    const { opened, open: go } = gate<undefined>()
    let together = 0
    let most = 0
    const { port, counted, handled } = await serve({
      limits: { pauseAt: 4 },
      async handle(one) {
        most = Math.max(most, (together += 1))
        await opened
        together -= 1
        return accept(one)
      },
    })
    const nas = await nasOf(port)
    // Each in a TLS record of its own: a record is the least that is read at once.
    for (let at = 0; at < 200; at++) nas.send(request({ identifier: at, attributes: Buffer.concat(large()) }))
    while (handled.length < 4) await new Promise((resolve) => setImmediate(resolve))
    go(undefined)
    expect(await nas.replies(200)).toHaveLength(200)
    expect(most).toBeLessThan(30)
    expect(counted.filter((one) => one.startsWith('dropped'))).toEqual([])
  })

  it('ends who does not take its answers', async () => {
    const big = Buffer.concat(large())
    const { port, server, counted } = await serve({
      limits: { stuckMs: 100, sweepMs: 20 },
      handle: () => ({ code: 2, attributes: big }),
    })
    const nas = await nasOf(port)
    nas.socket.pause()
    for (let at = 0; at < 40_000 && server.connections === 1; at++) {
      nas.send(request({ identifier: at & 255 }))
      if (at % 64 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    while (server.connections > 0) await new Promise((resolve) => setTimeout(resolve, 10))
    // It stopped reading long before: what was asked was not all worked on.
    expect(counted.filter((one) => one === 'received 1 bng').length).toBeLessThan(40_000)
  })

  it('holds a reject back, and forgets it when the connection ends', async () => {
    const { port, counted } = await serve({ handle: () => ({ code: 3, attributes: Buffer.alloc(0), delayMs: 60_000 }) })
    const nas = await nasOf(port)
    nas.send(request())
    while (!counted.includes('received 1 bng')) await new Promise((resolve) => setImmediate(resolve))
    nas.close()
    while (!counted.includes('dropped closing bng')) await new Promise((resolve) => setImmediate(resolve))
    expect(counted).not.toContain('sent 3 bng')
  })

  it('sends a reject later where that was asked', async () => {
    const { port } = await serve({ handle: () => ({ code: 3, attributes: Buffer.alloc(0), delayMs: 30 }) })
    const nas = await nasOf(port)
    const at = performance.now()
    nas.send(request())
    expect(await nas.replies(1)).toMatchObject([{ code: 3 }])
    expect(performance.now() - at).toBeGreaterThanOrEqual(29)
  })

  it('lets one client have so many connections and no more', async () => {
    const { port, strangers, server } = await serve({ limits: { connectionsOfClient: 2 } })
    const kept = [await nasOf(port), await nasOf(port, named)]
    const third = await nasOf(port)
    await third.ended
    expect(strangers).toMatchObject([{ reason: 'too-many' }])
    for (const nas of kept) nas.send(request())
    for (const nas of kept) expect(await nas.replies(1)).toHaveLength(1)
    expect(server.connections).toBe(2)
  })

  it('ends a handshake that takes too long, and lets so many of one address wait', async () => {
    const { port, strangers } = await serve({ limits: { handshakeMs: 100, strangersOfAddress: 2 } })
    const sockets = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1'), connect(port, '127.0.0.1')]
    // The end of one's own half is not the end of the connection: read it, or it is never seen.
    const ended = sockets.map((socket) => once(socket.on('error', () => undefined).resume(), 'close'))
    await Promise.all(ended)
    expect(strangers.map(({ reason }) => reason).toSorted()).toEqual(['handshake', 'handshake', 'too-many'])
    const nas = await nasOf(port)
    nas.send(request())
    expect(await nas.replies(1)).toHaveLength(1)
  })
})

describe('who comes too often', () => {
  it('R34: is refused before its handshake, counted and told, and comes again when its time is there', async () => {
    let now = 0
    const limits = { handshakesOfAddressPerSecond: 1, handshakesOfAddressAtOnce: 2 }
    const { port, strangers, counted } = await serve({ limits, now: () => now })
    const kept = [await nasOf(port), await nasOf(port)]
    await expect(radsecNas(port, pinned)).rejects.toThrow(/ECONNRESET|socket disconnected|hang up/)
    expect(strangers).toEqual([{ address: '127.0.0.1', reason: 'too-many', identity: undefined, detail: undefined }])
    expect(counted.filter((one) => one.startsWith('dropped unknown-source'))).toHaveLength(1)
    now += 1_000
    kept.push(await nasOf(port))
    for (const nas of kept) nas.send(request())
    for (const nas of kept) expect(await nas.replies(1)).toHaveLength(1)
  })

  it('holds up nobody of another address', async () => {
    const limits = { handshakesOfAddressPerSecond: 0.001, handshakesOfAddressAtOnce: 3, handshakesPerSecond: 0.001 }
    const { port, strangers } = await serve({ limits: { ...limits, handshakesAtOnce: 4 }, addresses: undefined })
    const begun = await Promise.allSettled(Array.from({ length: 20 }, () => nasOf(port)))
    expect(begun.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
    expect(strangers).toHaveLength(17)
    const other = await nasOf(port, pinned, { host: '::1' })
    other.send(request())
    expect(await other.replies(1)).toHaveLength(1)
  })

  it('leaves no place taken by handshakes that are over', async () => {
    const { port } = await serve({ limits: { strangers: 1, strangersOfAddress: 1 } })
    for (let at = 0; at < 5; at++) {
      const nas = await nasOf(port)
      nas.send(request())
      expect(await nas.replies(1)).toHaveLength(1)
    }
  })
})

function large(): Buffer[] {
  return Array.from({ length: 15 }, () => attribute(18, 'x'.repeat(250)))
}

describe('the life of the server', () => {
  it('answers what is in work before it closes, and takes nothing new', async () => {
    const { opened, open: go } = gate<undefined>()
    const { port, server, handled } = await serve({ handle: async (one) => (await opened, accept(one)) })
    const nas = await nasOf(port)
    nas.send(request({ identifier: 1 }))
    while (handled.length < 1) await new Promise((resolve) => setImmediate(resolve))
    const closed = server.close({ drainMs: 5_000 })
    nas.send(request({ identifier: 2 }))
    go(undefined)
    await Promise.all([closed, nas.ended])
    expect((await nas.replies(1)).map(({ identifier }) => identifier)).toEqual([1])
    await expect(radsecNas(port, pinned)).rejects.toThrow('ECONNREFUSED')
  })

  it('ends in its time though some take nothing of what was written to them', async () => {
    const big = Buffer.concat(large())
    const { port, server, handled } = await serve({ handle: () => ({ code: 2, attributes: big }) })
    /** Asks one by one and reads nothing, so often at most; returns how often it was heard. */
    const askInVain = async (most: number): Promise<number> => {
      const nas = await nasOf(port)
      nas.socket.pause()
      const before = handled.length
      for (let at = 0; at < most; at++) {
        nas.send(request({ identifier: at & 255 }))
        const asked = performance.now()
        while (handled.length === before + at && performance.now() - asked < 300) {
          await new Promise((resolve) => setImmediate(resolve))
        }
        if (handled.length === before + at) return at
      }
      return most
    }
    const most = await askInVain(20_000)
    expect(most).toBeLessThan(20_000)
    // Of others less is left untaken, so that they do not look stuck yet.
    for (const less of [2, 9]) await askInVain(most - less)
    const began = performance.now()
    await server.close({ drainMs: 100 })
    expect(performance.now() - began).toBeLessThan(3_000)
    while (server.connections > 0) await new Promise((resolve) => setImmediate(resolve))
  })

  it('takes new keys without ending what is connected, and keeps the old where the new are of no use', async () => {
    const { port, server } = await serve()
    const before = await nasOf(port)
    const next = makeCertificate('next', { issuer: authority, dnsNames: ['localhost'] })
    const mismatched = { ...serverKeys, key: Buffer.from(next.key) }
    expect(() => server.setKeys(mismatched)).toThrow(/key values mismatch/)
    expect((await nasOf(port)).socket.getPeerCertificate().subject.CN).toBe('radius.example.net')
    server.setKeys({ ...serverKeys, certificate: Buffer.from(next.certificate), key: Buffer.from(next.key) })
    expect((await nasOf(port)).socket.getPeerCertificate().subject.CN).toBe('next')
    before.send(request())
    expect(await before.replies(1)).toHaveLength(1)
  })

  it('listens on all addresses of both families, named or not', async () => {
    for (const addresses of [['0.0.0.0', '::'], undefined]) {
      const { port, handled } = await serve({ addresses })
      for (const host of ['127.0.0.1', '::1']) {
        const nas = await nasOf(port, pinned, { host })
        nas.send(request())
        await nas.replies(1)
      }
      expect(handled.map(({ source }) => source.address)).toEqual(['127.0.0.1', '::1'])
    }
  })

  it('says which port is taken, and leaves nothing open', async () => {
    const { port } = await serve()
    await expect(serve({ port, addresses: ['127.0.0.2', '127.0.0.1'] })).rejects.toThrow('EADDRINUSE')
    const again = await serve({ port, addresses: ['127.0.0.2'] })
    expect(again.port).toBe(port)
  })
})
