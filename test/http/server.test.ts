// The listening socket: how it ends while people are still connected, what slow and broken peers get, and TLS whose certificate
// is exchanged under way.
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'
import type { PeerCertificate } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startHttpServer } from '../../src/http/server.ts'
import type { HttpServer } from '../../src/http/server.ts'
import { makeCertificate } from '../support/certificate.ts'

let server: HttpServer | undefined
afterEach(async () => {
  vi.useRealTimers()
  await server?.close()
  server = undefined
})

async function start(listener: RequestListener, options: Partial<Parameters<typeof startHttpServer>[1]> = {}) {
  const plain = { address: '127.0.0.1', port: 0, tls: undefined, onCertificateError: () => undefined }
  server = await startHttpServer(listener, { ...plain, ...options })
  return server
}

/** Sends octets as they are and gives all that comes back until the end. */
async function talk(url: string, octets: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket: Socket = connect(Number(port), hostname)
  socket.write(octets)
  return text(socket)
}

describe('the end of the server', () => {
  it('lets an answer that has begun be finished, and takes nothing new', async () => {
    const begun = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const { url, close } = await start((_request, response) => {
      response.write('first, ')
      begun.resolve()
      void goOn.promise.then(() => response.end('last'))
    })
    const answer = fetch(url).then((response) => response.text())
    await begun.promise
    const closed = close()
    server = undefined
    await expect(fetch(url)).rejects.toThrow('fetch failed')
    goOn.resolve()
    expect(await answer).toBe('first, last')
    await closed
  })

  it('cuts a stream that would go on for ever', async () => {
    const { url, close } = await start((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': open\n\n')
    })
    const response = await fetch(url)
    const reading = response.text().then(
      () => 'whole',
      () => 'cut',
    )
    const real = setTimeout
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const closed = close()
    server = undefined
    await vi.advanceTimersByTimeAsync(2_000)
    vi.useRealTimers()
    await closed
    expect(await reading).toBe('cut')
    expect(real).toBe(setTimeout)
  })

  it('does not wait for a connection that is kept and idle', async () => {
    const { url, close } = await start((_request, response) => response.end('ok'))
    await (await fetch(url)).text()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    server = undefined
    // With the clock standing still: whoever waited for the two seconds would wait for ever.
    await expect(close()).resolves.toBeUndefined()
  })
})

describe('the socket', () => {
  it('may be of IPv6, and says so in its URL', async () => {
    const { url } = await start((_request, response) => response.end('ok'), { address: '::1' })
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/)
    expect(await (await fetch(url)).text()).toBe('ok')
  })

  it('that is taken is said at once', async () => {
    const { url } = await start((_request, response) => response.end())
    const again = startHttpServer(() => undefined, {
      address: '127.0.0.1',
      port: Number(new URL(url).port),
      tls: undefined,
      onCertificateError: () => undefined,
    })
    await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  it.each([
    ['no HTTP at all', 'EHLO there\r\n\r\n'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc'],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a header over two lines', 'GET / HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n'],
    ['headers without end', `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(40_000)}\r\n\r\n`],
  ])('refuses %s before anybody looks at it', async (_what, octets) => {
    let reached = 0
    const { url } = await start((_request, response) => {
      reached += 1
      response.end()
    })
    expect(await talk(url, octets)).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect(reached).toBe(0)
  })
})

describe('TLS', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const files = () => ({ certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') })
  let written = 0
  const write = (name: string) => {
    const { certificate, key } = makeCertificate(name)
    writeFileSync(files().certificate, certificate)
    writeFileSync(files().key, key)
    written += 1
    for (const file of Object.values(files())) utimesSync(file, written, written)
  }
  const shownBy = (url: string): Promise<PeerCertificate> => {
    const { promise, resolve, reject } = Promise.withResolvers<PeerCertificate>()
    const socket = connectTls(Number(new URL(url).port), '127.0.0.1', { rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate())
      socket.destroy()
    })
    socket.on('error', reject)
    return promise
  }
  const nextLook = () => vi.advanceTimersByTimeAsync(10_000)

  it('answers with the certificate, and with a new one from the next connection on', async () => {
    write('first.example.net')
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const { url } = await start((_request, response) => response.end('ok'), { tls: files() })
    expect(url).toMatch(/^https:/)
    expect((await shownBy(url)).subject.CN).toBe('first.example.net')
    write('second.example.net')
    expect((await shownBy(url)).subject.CN).toBe('first.example.net')
    await nextLook()
    expect((await shownBy(url)).subject.CN).toBe('second.example.net')
  })

  it('keeps the old certificate while the new files do not fit, and says so', async () => {
    write('first.example.net')
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const errors: unknown[] = []
    const { url } = await start((_request, response) => response.end('ok'), {
      tls: files(),
      onCertificateError: (error) => errors.push(error),
    })
    writeFileSync(files().certificate, 'half a certif')
    await nextLook()
    expect(errors.length).toBeGreaterThan(0)
    expect((await shownBy(url)).subject.CN).toBe('first.example.net')
    rmSync(files().key)
    await nextLook()
    expect((await shownBy(url)).subject.CN).toBe('first.example.net')
    write('third.example.net')
    await nextLook()
    expect((await shownBy(url)).subject.CN).toBe('third.example.net')
  })

  it('is not spoken below version 1.2, and plain HTTP gets nothing', async () => {
    write('first.example.net')
    const { url } = await start((_request, response) => response.end('secret'), { tls: files() })
    const old = Promise.withResolvers<void>()
    const request = httpsRequest(url, { rejectUnauthorized: false, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })
    request.on('error', () => old.resolve()).on('response', () => old.reject(new Error('an answer over TLS 1.1')))
    request.end()
    await old.promise
    const plain = await talk(url, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n').catch(() => '')
    expect(plain).not.toContain('secret')
  })

  it('without its files does not start', async () => {
    await expect(start(() => undefined, { tls: files() })).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
