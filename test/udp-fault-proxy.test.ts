// The UDP fault proxy of the tests: what it promises must hold, or the tests that lean on it show nothing.
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { startUdpFaultProxy, type UdpFaultProxy, type UdpFaults } from './support/udp-fault-proxy.ts'

const opened: { close(): void }[] = []
afterEach(() => {
  for (const one of opened.splice(0)) one.close()
})

type Heard = { text: string; address: string; port: number }
type Party = { socket: Socket; port: number; heard: Heard[] }

async function party(address: string, answer?: (text: string) => string): Promise<Party> {
  const socket = createSocket('udp4')
  socket.bind(0, address)
  await once(socket, 'listening')
  const heard: Heard[] = []
  socket.on('message', (octets, from) => {
    heard.push({ text: octets.toString(), address: from.address, port: from.port })
    if (answer !== undefined) socket.send(answer(octets.toString()), from.port, from.address)
  })
  opened.push(socket)
  return { socket, port: socket.address().port, heard }
}

async function world(
  faults: Partial<UdpFaults> = {},
  seed = 'udp',
): Promise<{
  server: Party
  client: Party
  proxy: UdpFaultProxy
  say(text: string): void
}> {
  const server = await party('127.0.0.1', (text) => `answer to ${text}`)
  const client = await party('127.0.0.77')
  const proxy = await startUdpFaultProxy({ seed, target: { address: '127.0.0.1', port: server.port }, faults })
  opened.push(proxy)
  return { server, client, proxy, say: (text) => client.socket.send(text, proxy.port, proxy.address) }
}

/** Sends so many numbered datagrams, waits until all have come through or are lost, and gives what the server heard. */
async function sendMany(faults: Partial<UdpFaults>, count: number, seed?: string): Promise<string[]> {
  const { server, proxy, say } = await world(faults, seed)
  for (let at = 0; at < count; at += 1) say(`${at}`)
  await expect.poll(() => proxy.counts.toServer.arrived).toBe(count)
  await proxy.landed()
  await expect.poll(() => server.heard.length).toBe(proxy.counts.toServer.left)
  return server.heard.map(({ text }) => text)
}

describe('a UDP fault proxy', () => {
  it('carries both ways, and the server still sees who speaks', async () => {
    const { server, client, say } = await world()
    say('one')
    await expect.poll(() => client.heard.map(({ text }) => text)).toEqual(['answer to one'])
    expect(server.heard.map(({ address }) => address)).toEqual(['127.0.0.77'])
  })

  it('answers from the port that was asked', async () => {
    const { client, proxy, say } = await world()
    say('one')
    await expect.poll(() => client.heard.length).toBe(1)
    expect(client.heard[0]).toMatchObject({ address: proxy.address, port: proxy.port })
  })

  it('keeps one port on the far side for each sender', async () => {
    const { server, client, say } = await world()
    for (const text of ['one', 'two', 'three']) say(text)
    await expect.poll(() => client.heard.length).toBe(3)
    expect(new Set(server.heard.map(({ port }) => port)).size).toBe(1)
  })

  it('loses about as many as it was told, and says how many', async () => {
    const heard = await sendMany({ loss: 0.3 }, 200)
    expect(heard.length).toBeGreaterThan(110)
    expect(heard.length).toBeLessThan(170)
  })

  it('does the same again by the same seed, and something else by another', async () => {
    const faults = { loss: 0.3 }
    const one = await sendMany(faults, 60, 'this')
    expect(await sendMany(faults, 60, 'this')).toEqual(one)
    expect(await sendMany(faults, 60, 'that')).not.toEqual(one)
  })

  it('doubles', async () => {
    expect(await sendMany({ duplicate: 1 }, 3)).toEqual(expect.arrayContaining(['0', '1', '2']))
    expect((await sendMany({ duplicate: 1 }, 3)).length).toBe(6)
  })

  it('lets some pass others', async () => {
    const heard = await sendMany({ reorder: 0.5, holdMs: 40 }, 40)
    expect(heard.length).toBe(40)
    expect(heard).not.toEqual(heard.toSorted((one, other) => Number(one) - Number(other)))
  })

  it('turns one bit', async () => {
    const heard = await sendMany({ corrupt: 1 }, 5)
    expect(heard.length).toBe(5)
    for (const [at, text] of heard.entries()) {
      expect(text).not.toBe(`${at}`)
      const was = Buffer.from(`${at}`)
      // A turned highest bit is no text any more: then the decoder says so with three octets.
      if (Buffer.byteLength(text) === was.length) expect(bits(was[0]! ^ Buffer.from(text)[0]!)).toBe(1)
    }
  })

  it('holds each back as long as it was told', async () => {
    const { client, proxy, say } = await world({ delayMs: [60, 60] })
    proxy.set('toClient', { delayMs: [0, 0] })
    const begun = performance.now()
    say('one')
    await expect.poll(() => client.heard.length, { interval: 5 }).toBe(1)
    expect(performance.now() - begun).toBeGreaterThanOrEqual(55)
  })

  it('shows everything that comes in, also what it then loses', async () => {
    const seen: string[] = []
    const server = await party('127.0.0.1')
    const client = await party('127.0.0.77')
    const proxy = await startUdpFaultProxy({
      seed: 'tap',
      target: { address: '127.0.0.1', port: server.port },
      faults: { loss: 1 },
      tap: (direction, octets) => void seen.push(`${direction} ${octets.toString()}`),
    })
    opened.push(proxy)
    client.socket.send('one', proxy.port, proxy.address)
    await expect.poll(() => seen).toEqual(['toServer one'])
    expect(proxy.counts.toServer).toEqual({ arrived: 1, left: 0, lost: 1, corrupted: 0 })
  })

  it('lets senders be seen under another port, and under another address', async () => {
    const { server, client, proxy, say } = await world()
    for (const next of [undefined, '127.0.0.78', undefined]) {
      const before = server.heard.length
      say('one')
      await expect.poll(() => server.heard.length).toBe(before + 1)
      proxy.rebind(next)
    }
    await expect.poll(() => client.heard.length).toBe(3)
    expect(server.heard.map(({ address }) => address)).toEqual(['127.0.0.77', '127.0.0.77', '127.0.0.78'])
    expect(new Set(server.heard.map(({ port }) => port)).size).toBe(3)
  })

  it('is silent one way, until it is healed', async () => {
    const { server, client, proxy, say } = await world()
    proxy.set('toClient', { blackhole: true })
    say('one')
    await expect.poll(() => proxy.counts.toClient.lost).toBe(1)
    expect(server.heard.length).toBe(1)
    expect(client.heard).toEqual([])
    proxy.heal()
    say('two')
    await expect.poll(() => client.heard.map(({ text }) => text)).toEqual(['answer to two'])
  })
})

function bits(octet: number): number {
  return octet.toString(2).replaceAll('0', '').length
}
