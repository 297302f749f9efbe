// One call of a webhook against receivers that do what receivers do: hang, dribble, close, redirect, or live where they must not.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { createServer as createSocketServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { callWebhook, isPublic, WebhookError } from '../../src/jobs/webhook-request.ts'
import type { WebhookRequest } from '../../src/jobs/webhook-request.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function listen(server: Server, address = '127.0.0.1'): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  server.listen(0, address)
  await once(server, 'listening')
  closing.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  })
  return (server.address() as AddressInfo).port
}

/** A web server on this machine. */
const receiver = (listener: RequestListener, address?: string) => listen(createServer(listener), address)
/** Something that takes connections and is no web server. */
const rawReceiver = (take: (socket: Socket) => void) => listen(createSocketServer(take))
const call = (url: string, input: Partial<WebhookRequest> = {}) =>
  callWebhook({ url, body: '{}', headers: {}, allowedHosts: ['127.0.0.1', 'crm.test', '::1'], ...input })
const failureOf = async (done: Promise<void>): Promise<string> => {
  const error = await done.then(
    () => undefined,
    (failure: unknown) => failure,
  )
  expect(error).toBeInstanceOf(WebhookError)
  return (error as WebhookError).message
}

describe('a receiver', () => {
  it('gets the body in whole, counted in octets, with the headers that sign it', async () => {
    const heard: { body: string; headers: Record<string, unknown>; path: string | undefined }[] = []
    const port = await receiver((request, response) => {
      void text(request).then((body) => {
        heard.push({ body, headers: request.headers, path: request.url })
        return response.writeHead(202).end()
      })
    })
    const body = JSON.stringify({ name: 'Zoë Ångström 🚀' })
    await call(`http://127.0.0.1:${port}/hook?tenant=7`, { body, headers: { 'Gatehouse-Event': 'subscriber.edit' } })
    expect(heard).toMatchObject([
      {
        body,
        path: '/hook?tenant=7',
        headers: {
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(body)),
          'gatehouse-event': 'subscriber.edit',
        },
      },
    ])
  })

  it.each([200, 201, 204, 299])('that answers %i has taken it', async (status) => {
    const port = await receiver((_request, response) => response.writeHead(status).end())
    await expect(call(`http://127.0.0.1:${port}/`)).resolves.toBeUndefined()
  })

  it.each([300, 301, 307, 400, 401, 404, 410, 429, 500, 503])('that answers %i has not', async (status) => {
    let calls = 0
    const port = await receiver((_request, response) => {
      calls += 1
      response.writeHead(status, { location: '/elsewhere' }).end('a long story')
    })
    expect(await failureOf(call(`http://127.0.0.1:${port}/`))).toBe(`answered ${status}`)
    expect(calls).toBe(1)
  })

  it('that takes the connection and says nothing is given up', async () => {
    const port = await rawReceiver(() => undefined)
    expect(await failureOf(call(`http://127.0.0.1:${port}/`, { patienceMs: 30 }))).toMatch(/^no answer: .*abort/)
  })

  it('that reads the request and never answers is given up', async () => {
    const port = await receiver((request) => request.resume())
    expect(await failureOf(call(`http://127.0.0.1:${port}/`, { patienceMs: 30 }))).toMatch(/^no answer: /)
  })

  it('that dribbles its headers for ever is given up: each octet does not begin the time anew', async () => {
    const port = await rawReceiver((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n')
      const timer = setInterval(() => socket.write('X-Slow: 1\r\n'), 5)
      socket.on('error', () => undefined).on('close', () => clearInterval(timer))
    })
    expect(await failureOf(call(`http://127.0.0.1:${port}/`, { patienceMs: 60 }))).toMatch(/^no answer: /)
  })

  it('has taken it with its status, however long its body goes on; the body is cut', async () => {
    const cut = Promise.withResolvers<void>()
    const port = await receiver((_request, response) => {
      response.writeHead(200).write('x')
      response.on('close', () => cut.resolve())
    })
    await call(`http://127.0.0.1:${port}/`, { patienceMs: 60 })
    await expect(cut.promise).resolves.toBeUndefined()
  })

  it('that closes before, or in the middle of, its answer has not taken it', async () => {
    const atOnce = await rawReceiver((socket) => socket.on('error', () => undefined).destroy())
    const later = await rawReceiver((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.end('HTTP/1.1 2'))
    })
    for (const port of [atOnce, later]) {
      expect(await failureOf(call(`http://127.0.0.1:${port}/`))).toMatch(/^no answer: /)
    }
  })

  it('that speaks something else than HTTP has not taken it', async () => {
    const port = await rawReceiver((socket) => {
      socket.on('error', () => undefined)
      socket.end('220 mail.example.net ESMTP\r\n')
    })
    expect(await failureOf(call(`http://127.0.0.1:${port}/`))).toMatch(/^no answer: /)
  })

  it('that speaks HTTP where TLS was asked for has not', async () => {
    const port = await receiver((_request, response) => response.end())
    expect(await failureOf(call(`https://127.0.0.1:${port}/`))).toMatch(/^no answer: /)
  })

  it('that is not there has not', async () => {
    const server = createServer()
    const port = await listen(server)
    await closing.pop()!()
    expect(await failureOf(call(`http://127.0.0.1:${port}/`))).toMatch(/^no answer: .*ECONNREFUSED/)
  })
})

describe('the address of a receiver', () => {
  const answering = (address?: string) => receiver((_request, response) => response.end(), address)

  it('may be of IPv6, allowed with and without its brackets', async () => {
    const port = await answering('::1')
    for (const name of ['::1', '[::1]']) await call(`http://[::1]:${port}/`, { allowedHosts: [name] })
    expect(await failureOf(call(`http://[::1]:${port}/`, { allowedHosts: ['127.0.0.1'] }))).toContain('private network')
  })

  it('is allowed by its name, in capitals or not', async () => {
    const port = await answering()
    const resolve = () => Promise.resolve(['127.0.0.1'])
    for (const [host, name] of [
      ['CRM.test', 'crm.test'],
      ['crm.test', 'CRM.Test'],
    ]) {
      await call(`http://${host}:${port}/`, { resolve, allowedHosts: [name!] })
    }
    // The name of another host on the same address allows nothing.
    expect(await failureOf(call(`http://crm.test:${port}/`, { resolve, allowedHosts: ['127.0.0.1'] }))).toContain(
      'private network',
    )
  })

  it('is looked up once: a name that changes its mind in between is not followed', async () => {
    const port = await answering()
    let asked = 0
    const resolve = () => Promise.resolve(asked++ === 0 ? ['127.0.0.1'] : ['192.0.2.1'])
    await call(`http://crm.test:${port}/`, { resolve })
    expect(asked).toBe(1)
  })

  it('may be any of those a name has: the next is tried where one does not answer', async () => {
    const port = await answering()
    const both = () => Promise.resolve(['::1', '127.0.0.1'])
    await expect(call(`http://crm.test:${port}/`, { resolve: both })).resolves.toBeUndefined()
  })

  it('is never a private one of a name that has public ones too', async () => {
    let reached = false
    const port = await receiver((_request, response) => {
      reached = true
      response.end()
    })
    const mixed = () => Promise.resolve(['127.0.0.1', '::1', '192.0.2.1'])
    const input = { resolve: mixed, allowedHosts: [], patienceMs: 30 }
    expect(await failureOf(call(`http://rebind.test:${port}/`, input))).toMatch(/private network|no answer/)
    expect(reached).toBe(false)
  })

  it.each([
    ['http://localhost/', ['127.0.0.1', '::1']],
    ['http://metadata.test/', ['169.254.169.254']],
    ['http://intranet.test/', ['10.0.0.5', 'fd00::5']],
    ['http://mapped.test/', ['::ffff:10.0.0.5']],
    ['http://translated.test/', ['64:ff9b::a00:5']],
    ['http://shared.test/', ['100.64.0.9']],
    ['http://group.test/', ['224.0.0.1', 'ff02::1']],
    ['http://nothing.test/', []],
  ])('%s with the addresses %j is refused', async (url, addresses) => {
    const failure = await failureOf(call(url, { resolve: () => Promise.resolve(addresses), allowedHosts: [] }))
    expect(failure).toContain('name it in the setting webhook_hosts')
  })

  it.each([
    'http://127.1/',
    'http://0x7f.0.0.1/',
    'http://2130706433/',
    'http://0177.0.0.1/',
    'http://[::ffff:7f00:1]/',
  ])('written as %s is seen through', async (url) => {
    expect(await failureOf(call(url, { allowedHosts: [] }))).toContain('private network')
  })

  it('that a name does not have is said in words', async () => {
    const resolve = () => Promise.reject(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }))
    expect(await failureOf(call('http://gone.test/', { resolve }))).toBe('the host has no address')
  })

  it('is private in all of the private networks, not only at their first addresses', () => {
    const octet = fc.nat(255)
    const inside = fc.oneof(
      fc.tuple(fc.constant(10), octet, octet, octet),
      fc.tuple(fc.constant(127), octet, octet, octet),
      fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), octet, octet),
      fc.tuple(fc.constant(192), fc.constant(168), octet, octet),
      fc.tuple(fc.constant(169), fc.constant(254), octet, octet),
      fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), octet, octet),
      fc.tuple(fc.constant(0), octet, octet, octet),
    )
    fc.assert(
      fc.property(inside, (octets) => {
        expect(isPublic(octets.join('.'))).toBe(false)
        expect(isPublic(`::ffff:${octets.join('.')}`)).toBe(false)
      }),
    )
  })
})
