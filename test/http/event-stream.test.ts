// What happens to a reader that is too slow, over a real socket.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import type { Response } from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import { openEventStream } from '../../src/http/event-stream.ts'
import type { EventStream } from '../../src/http/event-stream.ts'

let server: Server | undefined
let socket: Socket | undefined
afterEach(() => {
  socket?.destroy()
  server?.closeAllConnections()
  server?.close()
})

/** A stream, and the socket that reads it. */
async function open(): Promise<{ stream: EventStream; response: Response }> {
  const opened = Promise.withResolvers<{ stream: EventStream; response: Response }>()
  server = createServer((_request, plain) => {
    const response = plain as unknown as Response
    // What express adds and the stream uses.
    response.status = () => response
    response.set = ((fields: Record<string, string>) => {
      for (const [name, value] of Object.entries(fields)) plain.setHeader(name, value)
      return response
    }) as Response['set']
    opened.resolve({ stream: openEventStream(response), response })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.pause()
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  return opened.promise
}

async function textUntil(wanted: string): Promise<string> {
  let text = ''
  socket!.on('data', (data) => (text += data.toString()))
  socket!.resume()
  while (!text.includes(wanted)) await once(socket!, 'data')
  return text
}

describe('a stream of events', () => {
  it('sends events, ids and heartbeats as a browser reads them', async () => {
    const { stream } = await open()
    stream.send({ event: 'decision', data: { text: 'a\nb\u2028' }, id: 'abc' })
    stream.heartbeat('def')
    stream.heartbeat(undefined)
    stream.end('over')
    stream.end('again')
    const text = await textUntil('over')
    expect(text).toContain('Content-Type: text/event-stream; charset=utf-8')
    expect(text).toContain('id: abc\nevent: decision\ndata: {"text":"a\\nb\u2028"}\n\n')
    expect(text).toContain('id: def\n: still here\n\n')
    expect(text).toContain('event: end\ndata: {"reason":"over"}\n\n')
    expect(text).not.toContain('again')
    expect(stream.isClosed()).toBe(true)
  })

  it('keeps nothing for a reader that does not read, and tells it how much it missed', async () => {
    const { stream, response } = await open()
    const data = { filler: 'x'.repeat(10_000) }
    for (let n = 0; n < 5_000; n += 1) stream.send({ event: 'decision', data })
    // 50 MB were sent; what waits here is what the socket would have taken at once.
    expect(response.writableLength).toBeLessThan(1_000_000)
    const text = await textUntil('event: gap')
    const told = Number(/"dropped":(\d+)/.exec(text)?.[1])
    const came = text.split('event: decision').length - 1
    expect(told + came).toBe(5_000)
    stream.send({ event: 'decision', data: { n: 'after' } })
    await textUntil('after')
  })

  it('says when the reader has gone', async () => {
    const { stream } = await open()
    const closed = new Promise<void>((resolve) => stream.onClose(resolve))
    socket!.destroy()
    await closed
    expect(stream.isClosed()).toBe(true)
    stream.send({ event: 'decision', data: {} })
    stream.end('too late')
  })
})
