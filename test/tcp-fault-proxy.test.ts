// The TCP fault proxy of the tests, before a server that says everything back and before a real Postgres.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { Client } from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { useDatabase } from './support/database.ts'
import { startTcpFaultProxy, type TcpFaultProxy, type TcpFaults } from './support/tcp-fault-proxy.ts'

const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step()
})

type Talk = { socket: Socket; heard: () => string; ended: () => string | undefined }

function talkTo(port: number): Talk {
  const socket = connect(port, '127.0.0.1')
  let heard = ''
  let ended: string | undefined
  socket.on('data', (chunk) => (heard += chunk.toString()))
  socket.on('error', (error: NodeJS.ErrnoException) => (ended = error.code))
  socket.on('close', () => (ended ??= 'closed'))
  undo.push(() => socket.destroy())
  return { socket, heard: () => heard, ended: () => ended }
}

async function world(faults: Partial<TcpFaults> = {}): Promise<{ proxy: TcpFaultProxy; talk: Talk; closeAll(): void }> {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await startTcpFaultProxy({
    seed: 'tcp',
    target: { port: (server.address() as AddressInfo).port },
    faults,
  })
  const closeAll = (): void => {
    for (const socket of open) socket.destroy()
  }
  undo.push(() => {
    closeAll()
    server.close()
  })
  undo.push(() => proxy.close())
  return { proxy, closeAll, talk: talkTo(proxy.port) }
}

describe('a TCP fault proxy', () => {
  it('carries both ways', async () => {
    const { talk } = await world()
    talk.socket.write('one')
    await expect.poll(talk.heard).toBe('one')
  })

  it('is slow in both directions, and keeps the order', async () => {
    const { talk, proxy } = await world({ delayMs: [20, 60] })
    const begun = performance.now()
    await once(talk.socket, 'connect')
    let said = ''
    for (let at = 0; at < 50; at += 1) {
      talk.socket.write(`${at};`)
      said += `${at};`
      if (at % 10 === 0) await expect.poll(() => proxy.counts.begun).toBe(1)
    }
    await expect.poll(talk.heard).toBe(said)
    expect(performance.now() - begun).toBeGreaterThanOrEqual(35)
  })

  it('lets what is said vanish one way, and goes on when healed', async () => {
    const { talk, proxy } = await world()
    talk.socket.write('a')
    await expect.poll(talk.heard).toBe('a')
    proxy.set({ blackhole: 'toServer' })
    talk.socket.write('lost')
    const other = talkTo(proxy.port)
    other.socket.write('lost too')
    await expect.poll(() => proxy.counts.begun).toBe(2)
    // Both have been read by the proxy when a third, begun later, has been.
    proxy.heal()
    const third = talkTo(proxy.port)
    third.socket.write('c')
    await expect.poll(third.heard).toBe('c')
    talk.socket.write('b')
    await expect.poll(talk.heard).toMatch(/^a(lost)?b$/)
    expect(talk.ended()).toBeUndefined()
  })

  it('makes what stands half-open: silent without an end, while new connections are good', async () => {
    const { talk, proxy } = await world()
    talk.socket.write('a')
    await expect.poll(talk.heard).toBe('a')
    proxy.halfOpen()
    talk.socket.write('into nothing')
    const fresh = talkTo(proxy.port)
    fresh.socket.write('b')
    await expect.poll(fresh.heard).toBe('b')
    proxy.heal()
    fresh.socket.write('c')
    await expect.poll(fresh.heard).toBe('bc')
    expect(talk.heard()).toBe('a')
    expect(talk.ended()).toBeUndefined()
  })

  it('does not tell a half-open connection that the server has ended', async () => {
    const { talk, proxy, closeAll } = await world()
    talk.socket.write('a')
    await expect.poll(talk.heard).toBe('a')
    proxy.halfOpen()
    const fresh = talkTo(proxy.port)
    fresh.socket.write('b')
    await expect.poll(fresh.heard).toBe('b')
    closeAll()
    await expect.poll(fresh.ended).toBe('closed')
    expect(talk.ended()).toBeUndefined()
    proxy.cut()
    await expect.poll(talk.ended).toBe('ECONNRESET')
  })

  it('resets what stands, and takes new ones', async () => {
    const { talk, proxy } = await world()
    talk.socket.write('a')
    await expect.poll(talk.heard).toBe('a')
    proxy.cut()
    await expect.poll(talk.ended).toBe('ECONNRESET')
    const fresh = talkTo(proxy.port)
    fresh.socket.write('b')
    await expect.poll(fresh.heard).toBe('b')
    expect(proxy.counts).toEqual({ open: 1, begun: 2 })
  })

  it('refuses new connections, or accepts them and is silent', async () => {
    const { proxy } = await world()
    proxy.set({ fresh: 'refuse' })
    await expect.poll(talkTo(proxy.port).ended).toBe('ECONNRESET')
    proxy.set({ fresh: 'silent' })
    const silent = talkTo(proxy.port)
    silent.socket.write('a')
    await once(silent.socket, 'connect')
    const open = proxy.counts.open
    proxy.heal()
    const good = talkTo(proxy.port)
    good.socket.write('b')
    await expect.poll(good.heard).toBe('b')
    expect(open).toBeGreaterThanOrEqual(1)
    expect(silent.heard()).toBe('')
    expect(silent.ended()).toBeUndefined()
  })

  it('forgets who hangs up', async () => {
    const { talk, proxy } = await world()
    talk.socket.write('a')
    await expect.poll(talk.heard).toBe('a')
    talk.socket.destroy()
    await expect.poll(() => proxy.counts.open).toBe(0)
  })
})

describe('a TCP fault proxy before Postgres', () => {
  const database = useDatabase({ empty: true })

  it('gives a URL by which the same database is asked', async () => {
    const proxy = await startTcpFaultProxy({ seed: 'pg', target: { port: Number(new URL(database.url).port) } })
    undo.push(() => proxy.close())
    const client = new Client({ connectionString: proxy.through(database.url) })
    await client.connect()
    undo.push(() => client.end())
    const { rows } = await client.query('select current_database() as name')
    expect(rows).toEqual([{ name: new URL(database.url).pathname.slice(1) }])
    expect(proxy.counts.open).toBe(1)
  })
})
