import { createSocket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import { describe, expect, it } from 'vitest'
import { BindError, plainAddress } from '../../src/radius/sockets.ts'
import { startRadiusServer } from '../../src/radius/server.ts'
import { bng } from '../support/radius.ts'
import { gate, request, testNas, testServer } from '../support/radius-server.ts'

const none = Buffer.alloc(0)
const hasIPv6 = Object.values(networkInterfaces()).some((list) => list?.some((one) => one.address === '::1'))
const tick = () => new Promise(setImmediate)

describe('delayed replies', () => {
  it('are held back, retransmissions meanwhile dropped, then all get the same octets', async () => {
    const { authentication, counted } = await testServer({
      handle: () => ({ code: 3, attributes: none, delayMs: 40 }),
    })
    const nas = await testNas()
    const sent = request()
    const start = performance.now()
    nas.send(sent, authentication)
    nas.send(sent, authentication)
    await nas.replies(1)
    expect(performance.now() - start).toBeGreaterThan(35)
    nas.send(sent, authentication)
    const [first, second] = await nas.replies(2)
    expect(second?.octets).toEqual(first?.octets)
    expect(counted.filter((line) => line === 'duplicate bng').length).toBe(2)
    expect(counted.filter((line) => line === 'sent 3 bng').length).toBe(2)
  })

  it('leave at once when the server closes before their time, so that it waits for nothing else', async () => {
    const { server, authentication, handled, counted } = await testServer({
      handle: () => ({ code: 3, attributes: none, delayMs: 60_000 }),
    })
    const nas = await testNas()
    nas.send(request(), authentication)
    while (handled.length === 0) await tick()
    await server.close({ drainMs: 60_000 })
    expect(server.inWork).toBe(0)
    expect(counted).toContain('sent 3 bng')
    await nas.replies(1)
  })

  it('are not sent where the request was superseded meanwhile', async () => {
    const { authentication, counted } = await testServer({
      handle: ({ packet }) => ({ code: 3, attributes: none, delayMs: packet.octets.includes('slow') ? 30 : 60 }),
    })
    const nas = await testNas()
    nas.send(request({ attributes: Buffer.from([1, 6, 0x73, 0x6c, 0x6f, 0x77]) }), authentication)
    nas.send(request(), authentication)
    await nas.replies(1)
    expect(counted).toEqual(['received 1 bng', 'received 1 bng', 'dropped superseded bng', 'sent 3 bng'])
  })
})

describe('close', () => {
  it('drains: what is in work is answered, what comes meanwhile is not', async () => {
    const work = gate<{ code: 2; attributes: Buffer }>()
    const { server, authentication, handled, counted } = await testServer({ handle: () => work.opened })
    const nas = await testNas()
    nas.send(request({ identifier: 1 }), authentication)
    while (handled.length === 0) await tick()
    const closed = server.close({ drainMs: 10_000 })
    nas.send(request({ identifier: 2 }), authentication)
    while (!counted.includes('dropped closing -')) await tick()
    work.open({ code: 2, attributes: none })
    await closed
    expect((await nas.replies(1)).map((reply) => reply.identifier)).toEqual([1])
    expect(server.sockets()).toEqual([])
  })

  it('waits no longer than told for a handler that hangs', async () => {
    const { server, authentication, handled } = await testServer({ handle: () => new Promise(() => undefined) })
    const nas = await testNas()
    nas.send(request(), authentication)
    while (handled.length === 0) await tick()
    await server.close({ drainMs: 5 })
    expect(server.sockets()).toEqual([])
  })

  it('frees its ports, may be called twice, and a reply that comes too late is only counted', async () => {
    const work = gate<{ code: 2; attributes: Buffer }>()
    const { server, authentication, handled, counted } = await testServer({ handle: () => work.opened })
    const nas = await testNas()
    nas.send(request(), authentication)
    while (handled.length === 0) await tick()
    await server.close({ drainMs: 0 })
    await server.close({ drainMs: 0 })
    work.open({ code: 2, attributes: none })
    while (server.inWork > 0) await tick()
    expect(counted).toContain('dropped send-error bng')
    const next = await testServer({
      addresses: [{ address: '127.0.0.1', port: authentication, kind: 'authentication' }],
    })
    expect(next.authentication).toBe(authentication)
  })
})

describe('addresses', () => {
  it('a reply leaves from the address that was asked', async () => {
    const addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.3'].map((address) => ({
      address,
      port: 0,
      kind: 'authentication' as const,
    }))
    const { server } = await testServer({ addresses })
    for (const { address, port } of server.sockets()) {
      const socket = createSocket('udp4')
      socket.send(request(), port, address)
      const from = await new Promise<{ address: string; port: number }>((resolve) => {
        socket.once('message', (_octets, rinfo) => resolve({ address: rinfo.address, port: rinfo.port }))
      })
      expect(from).toEqual({ address, port })
      socket.close()
    }
  })

  it.runIf(hasIPv6)('IPv6 has sockets of its own', async () => {
    const { server, handled } = await testServer({
      addresses: [{ address: '::1', port: 0, kind: 'authentication' }],
    })
    const nas = await testNas('::1')
    nas.send(request(), server.sockets()[0]!.port)
    expect((await nas.replies(1))[0]?.code).toBe(2)
    expect(handled[0]?.source.address).toBe('::1')
  })

  it('are changed while it runs: new ones bound, old ones closed, the others left alone', async () => {
    const { server, authentication, accounting } = await testServer()
    const keep = { address: '127.0.0.1', port: 0, kind: 'authentication' } as const
    const extra = { address: '127.0.0.2', port: 0, kind: 'accounting' } as const
    expect(await server.setAddresses([keep, extra])).toEqual({ failures: [] })
    const now = server.sockets()
    expect(now.map(({ address, kind }) => `${address} ${kind}`)).toEqual([
      '127.0.0.1 authentication',
      '127.0.0.2 accounting',
    ])
    expect(now[0]?.port).toBe(authentication)
    const nas = await testNas()
    nas.send(request(), authentication)
    await nas.replies(1)
    const reused = await testServer({ addresses: [{ address: '127.0.0.1', port: accounting, kind: 'accounting' }] })
    expect(reused.accounting).toBe(accounting)
  })

  it('one that cannot be bound is told and leaves the others working', async () => {
    const { server, authentication } = await testServer()
    const keep = { address: '127.0.0.1', port: 0, kind: 'authentication' } as const
    const foreign = { address: '192.0.2.1', port: 0, kind: 'authentication' } as const
    const { failures } = await server.setAddresses([foreign, keep])
    expect(failures.map((failure) => failure.asked)).toEqual([foreign])
    const nas = await testNas()
    nas.send(request(), authentication)
    expect((await nas.replies(1))[0]?.code).toBe(2)
  })

  it('a start that cannot bind one of them holds none and names it', async () => {
    const { authentication } = await testServer()
    const free = { address: '127.0.0.1', port: 0, kind: 'accounting' } as const
    const taken = { address: '127.0.0.1', port: authentication, kind: 'authentication' } as const
    const starting = testServer({ addresses: [free, taken] })
    await expect(starting).rejects.toThrow(BindError)
    await expect(starting).rejects.toThrow(`cannot bind authentication to 127.0.0.1 port ${authentication}`)
  })

  it('reusePort lets a second process share them', async () => {
    const address = { address: '127.0.0.1', port: 0, kind: 'authentication' } as const
    const first = await testServer({ addresses: [address], reusePort: true })
    const shared = { ...address, port: first.authentication }
    const second = await testServer({ addresses: [shared], reusePort: true })
    expect(second.authentication).toBe(first.authentication)
  })

  it('says what receive buffer the kernel granted', async () => {
    const { server } = await testServer({ receiveBufferBytes: 65_536 })
    for (const socket of server.sockets()) expect(socket.receiveBufferBytes).toBeGreaterThanOrEqual(65_536)
  })

  it('IPv4 mapped into IPv6 is looked up as IPv4', () => {
    expect(plainAddress('::ffff:192.0.2.7')).toBe('192.0.2.7')
    expect(plainAddress('192.0.2.7')).toBe('192.0.2.7')
    expect(plainAddress('2001:db8::7')).toBe('2001:db8::7')
    expect(plainAddress('::ffff:0:7')).toBe('::ffff:0:7')
  })

  it('without any it runs and answers nothing', async () => {
    const server = await startRadiusServer({
      addresses: [],
      now: () => 0,
      findClient: () => bng,
      handle: () => undefined,
      counters: { received() {}, sent() {}, dropped() {}, duplicate() {} },
      onError() {},
    })
    expect(server.sockets()).toEqual([])
    await server.close({ drainMs: 1000 })
  })
})
