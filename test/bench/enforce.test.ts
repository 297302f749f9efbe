import { fork } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { enforced, percentiles } from '../../bench/enforce-figures.ts'
import { disconnectAck, monotonicMs, numberOf, sessionIdOf } from '../../bench/nas-responder.ts'
import type { FromResponder, ResponderOrders } from '../../bench/nas-responder.ts'
import { encodeAttributes } from '../../src/radius/attributes.ts'
import { createSecret, hashPacket, verifyReply } from '../../src/radius/authenticator.ts'
import { createRadiusClient } from '../../src/radius/client.ts'
import { codes } from '../../src/radius/codes.ts'
import { encodeRequest } from '../../src/radius/encode-packet.ts'
import { headerLength, parsePacket } from '../../src/radius/packet.ts'
import type { Packet } from '../../src/radius/packet.ts'
import { dictionary } from '../support/dictionary.ts'

const secretText = 'a secret of the benchmark'
const secret = createSecret(secretText)

function parsed(octets: Buffer): Packet {
  const result = parsePacket(octets)
  if (!result.ok) throw new Error(result.reason)
  return result.packet
}

function orderOf(code: typeof codes.disconnectRequest | typeof codes.coaRequest, sessionId: string): Packet {
  const attributes = encodeAttributes(dictionary, [
    { name: 'User-Name', value: 'line0000007' },
    { name: 'Acct-Session-Id', value: sessionId },
  ])
  return parsed(encodeRequest({ code, identifier: 9, attributes, secret, messageAuthenticator: false }))
}

describe('the times of a run', () => {
  it('are told by their median, the slowest of a hundred, and the worst', () => {
    const values = Array.from({ length: 200 }, (_, at) => 200 - at)
    expect(percentiles(values)).toEqual({ count: 200, p50: 101, p99: 199, worst: 200 })
    expect(percentiles([])).toEqual({ count: 0, p50: 0, p99: 0, worst: 0 })
    expect(percentiles([7])).toEqual({ count: 1, p50: 7, p99: 7, worst: 7 })
  })

  it('count from the commit of each to its packet and to its stored Stop', () => {
    const committed = new Map([
      [1, 100],
      [2, 110],
    ])
    const heard = [
      { number: 2, heardAt: 130, goneAt: 150 },
      { number: 1, heardAt: 105, goneAt: 120 },
      // Of another run.
      { number: 3, heardAt: 1, goneAt: 2 },
    ]
    const outcome = enforced(committed, heard)
    expect(outcome).toMatchObject({ unheard: 0, notGone: 0, spanMs: 50 })
    expect(outcome.onWire).toEqual({ count: 2, p50: 20, p99: 20, worst: 20 })
    expect(outcome.gone).toEqual({ count: 2, p50: 40, p99: 40, worst: 40 })
  })

  it('name what never came, and take a packet that was before the answer to the commit for no delay', () => {
    const committed = new Map([
      [1, 100],
      [2, 100],
      [3, 100],
    ])
    const heard = [
      { number: 1, heardAt: 99, goneAt: 101 },
      { number: 2, heardAt: 105, goneAt: undefined },
    ]
    const outcome = enforced(committed, heard)
    expect(outcome).toMatchObject({ unheard: 1, notGone: 2, spanMs: 1 })
    expect(outcome.onWire).toMatchObject({ count: 2, p50: 5 })
    expect(enforced(new Map([[1, 5]]), [])).toMatchObject({ unheard: 1, notGone: 1, spanMs: 0 })
  })
})

describe('an order to a NAS of the benchmark', () => {
  it('is known by its session, if it is signed and a Disconnect-Request', () => {
    const packet = orderOf(codes.disconnectRequest, sessionIdOf(1_234))
    expect(numberOf(packet, secret)).toBe(1_234)
    expect(numberOf(packet, createSecret('another'))).toBeUndefined()
    expect(numberOf(orderOf(codes.coaRequest, sessionIdOf(1_234)), secret)).toBeUndefined()
  })

  it('RFC 5176 §2.1: is acknowledged with a right authenticator', () => {
    const request = orderOf(codes.disconnectRequest, sessionIdOf(7))
    const reply = disconnectAck(request, secret)
    expect(parsed(reply)).toMatchObject({ code: codes.disconnectAck, identifier: 9 })
    expect(reply).toHaveLength(headerLength)
    expect(verifyReply(parsed(reply), request.authenticator, secret, 'if-present').kind).toBe('ok')
  })
})

describe('the NASes of the benchmark', () => {
  const server = createSocket('udp4')
  const started: number[] = []
  let answering = true

  beforeAll(async () => {
    server.on('message', (datagram, from) => {
      const request = parsed(datagram)
      started.push(request.identifier)
      const reply = Buffer.alloc(headerLength)
      reply[0] = codes.accountingResponse
      reply[1] = request.identifier
      reply.writeUInt16BE(headerLength, 2)
      hashPacket(reply, request.authenticator, secret, reply, 4)
      if (answering) server.send(reply, from.port, from.address)
    })
    server.bind(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterAll(() => void server.close())

  it('begin their sessions, end them when told, and say when it was stored', async () => {
    const orders: ResponderOrders = {
      addresses: ['127.0.1.201', '127.0.1.202'],
      acctPort: server.address().port,
      secret: secretText,
      first: 40,
      sessions: 5,
    }
    const program = fileURLToPath(new URL('../../bench/nas-responder.ts', import.meta.url))
    const child = fork(program, [JSON.stringify(orders)])
    const [online] = (await once(child, 'message')) as [FromResponder & { kind: 'online' }]
    expect(started).toHaveLength(5)
    const client = createRadiusClient({ now: () => performance.now() })
    const before = monotonicMs()
    const outcome = await client.exchange({
      address: '127.0.1.202',
      port: online.ports[1]!,
      secret,
      code: codes.disconnectRequest,
      // The second, of five dealt out in turn.
      attributes: encodeAttributes(dictionary, [{ name: 'Acct-Session-Id', value: sessionIdOf(41) }]),
      timeoutMs: 2_000,
      tries: 3,
    })
    expect(outcome).toMatchObject({ kind: 'reply' })
    const ask = async () => {
      child.send('mark')
      return ((await once(child, 'message')) as [FromResponder & { kind: 'heard' }])[0]
    }
    await expect.poll(async () => (await ask()).orders[0]?.goneAt).toBeGreaterThan(before)
    expect(await ask()).toMatchObject({ orders: [{ number: 41 }], again: 0, most: 1 })
    expect(started).toHaveLength(6)
    answering = false
    client.close()
    child.disconnect()
    await once(child, 'exit')
  })
})
