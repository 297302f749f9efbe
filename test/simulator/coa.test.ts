import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { decodeAttributes, encodeAttributes } from '../../src/radius/attributes.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { createSecret } from '../../src/radius/authenticator.ts'
import { createRadiusClient } from '../../src/radius/client.ts'
import { codes } from '../../src/radius/codes.ts'
import { encodeRequest } from '../../src/radius/encode-packet.ts'
import { createLedger } from '../../src/simulator/ledger.ts'
import type { LedgerEntry } from '../../src/simulator/ledger.ts'
import type { CoaBehaviour } from '../../src/simulator/coa.ts'
import type { SimulatedVendor } from '../../src/simulator/shape.ts'
import { dictionary, makeDial, makeNas, online, scriptServer, secretText } from './server.ts'

const opened: { close(): void }[] = []
afterEach(() => {
  for (const one of opened.splice(0)) one.close()
})

/** A NAS with one session online, and a way to send it orders. */
async function setUp(vendor: SimulatedVendor, behaviour?: CoaBehaviour) {
  const server = await scriptServer()
  const entries: LedgerEntry[] = []
  const disconnected: string[] = []
  const nas = await makeNas(server, {
    vendor,
    ledger: createLedger((entry) => entries.push(entry)),
    coaPort: 0,
    ...(behaviour && { onOrder: () => behaviour }),
    onDisconnected: (session) => disconnected.push(session.username),
  })
  const client = createRadiusClient({ now: () => performance.now() })
  opened.push(server, nas, client)
  const { session, started } = await online(nas, makeDial())
  await started
  const order = async (
    code: typeof codes.coaRequest | typeof codes.disconnectRequest,
    attributes: readonly NamedAttribute[],
    secret = secretText,
  ) => {
    const outcome = await client.exchange({
      address: '127.0.0.11',
      port: nas.coaPort!,
      secret: createSecret(secret),
      code,
      attributes: encodeAttributes(dictionary, attributes),
      timeoutMs: 250,
      tries: 2,
      backoff: 1,
    })
    if (outcome.kind !== 'reply') return { code: outcome.kind, cause: undefined, signed: false }
    const cause = decodeAttributes(dictionary, outcome.packet).find(({ name }) => name === 'Error-Cause')?.value
    return { code: outcome.packet.code, cause, signed: outcome.packet.octets[20] === 80 }
  }
  return { server, nas, session, order, entries, disconnected }
}

describe('RFC 5176 §2.1 Disconnect-Request', () => {
  it('is acknowledged, and a Stop with Admin-Reset follows', async () => {
    const { server, nas, session, order, disconnected, entries } = await setUp('mikrotik')
    const identity = [
      { name: 'User-Name', value: session.username },
      { name: 'Acct-Session-Id', value: session.acctSessionId },
      { name: 'Framed-IP-Address', value: session.framedIp! },
    ]
    expect(await order(codes.disconnectRequest, identity)).toMatchObject({ code: codes.disconnectAck, signed: true })
    await nas.quiet()
    expect(server.named('Acct-Status-Type').at(-1)).toBe('Stop')
    expect(server.named('Acct-Terminate-Cause').at(-1)).toBe('Admin-Reset')
    expect(disconnected).toEqual(['mina.orchard'])
    expect(nas.sessions()).toEqual([])
    expect(entries).toContainEqual(expect.objectContaining({ kind: 'coa', session: 0, answer: 'Disconnect-ACK' }))
    const again = await order(codes.disconnectRequest, identity)
    expect(again).toMatchObject({ code: codes.disconnectNak })
  })

  it('is not signed in return by an accel-ppp', async () => {
    const { order, session } = await setUp('accel-ppp')
    const identity = [{ name: 'Acct-Session-Id', value: session.acctSessionId }]
    expect(await order(codes.disconnectRequest, identity)).toMatchObject({ code: codes.disconnectAck, signed: false })
  })
})

describe('RFC 5176 §3.5 Error-Cause', () => {
  it('is 503 where one of the identifying attributes does not fit', async () => {
    const { order, session } = await setUp('accel-ppp')
    const reply = await order(codes.disconnectRequest, [
      { name: 'Acct-Session-Id', value: session.acctSessionId },
      { name: 'User-Name', value: 'somebody.else' },
    ])
    expect(reply).toMatchObject({ code: codes.disconnectNak })
    expect(reply.cause).toBe(503)
  })

  it('is 402 where nothing identifies, and 403 for another NAS on an accel-ppp', async () => {
    const { order, session } = await setUp('accel-ppp')
    expect((await order(codes.coaRequest, [])).cause).toBe(402)
    const reply = await order(codes.coaRequest, [
      { name: 'NAS-Identifier', value: 'another' },
      { name: 'Acct-Session-Id', value: session.acctSessionId },
    ])
    expect(reply.cause).toBe(403)
  })

  it('is the one that the NAS was told to give', async () => {
    const { order, session, nas } = await setUp('mikrotik', { refuse: 506 })
    const reply = await order(codes.disconnectRequest, [{ name: 'User-Name', value: session.username }])
    expect(reply.code).toBe(codes.disconnectNak)
    expect(reply.cause).toBe(506)
    expect(nas.sessions()).toHaveLength(1)
  })
})

describe('CoA-Request', () => {
  const rate = { name: 'Mikrotik-Rate-Limit', value: '1M/2M' }

  it('changes the rate on a MikroTik, and is acknowledged but ignored by an accel-ppp', async () => {
    const one = await setUp('mikrotik')
    const identity = { name: 'Calling-Station-Id', value: 'D4:CA:6D:00:00:01' }
    expect((await one.order(codes.coaRequest, [identity, rate])).code).toBe(codes.coaAck)
    await new Promise(setImmediate)
    expect(one.session.grant.rateLimit).toBe('1M/2M')
    const other = await setUp('accel-ppp')
    expect((await other.order(codes.coaRequest, [identity, rate])).code).toBe(codes.coaAck)
    await new Promise(setImmediate)
    expect(other.session.grant.rateLimit).toBeUndefined()
  })

  it('can be acknowledged without effect, or met with silence', async () => {
    const ignoring = await setUp('mikrotik', 'ignore')
    const identity = { name: 'User-Name', value: 'mina.orchard' }
    expect((await ignoring.order(codes.coaRequest, [identity, rate])).code).toBe(codes.coaAck)
    expect(ignoring.session.grant.rateLimit).toBeUndefined()
    const silent = await setUp('mikrotik', 'silence')
    expect((await silent.order(codes.coaRequest, [identity, rate])).code).toBe('timeout')
    expect(silent.entries.filter(({ kind }) => kind === 'coa')).toHaveLength(2)
  })

  it('RFC 5176 §2.3 is dropped with a wrong authenticator', async () => {
    const { order, nas, session, entries } = await setUp('mikrotik')
    const identity = [{ name: 'User-Name', value: session.username }]
    expect((await order(codes.disconnectRequest, identity, 'another secret')).code).toBe('timeout')
    expect(nas.counts().badOrders).toBe(2)
    expect(nas.sessions()).toHaveLength(1)
    expect(entries.filter(({ kind }) => kind === 'coa')).toEqual([])
  })

  it('is carried out once however often it is sent, and answered with the same octets', async () => {
    const { nas, session, entries, server } = await setUp('mikrotik')
    const octets = encodeRequest({
      code: codes.disconnectRequest,
      identifier: 7,
      attributes: encodeAttributes(dictionary, [{ name: 'User-Name', value: session.username }]),
      secret: createSecret(secretText),
      messageAuthenticator: true,
    })
    const socket = createSocket('udp4').bind(0, '127.0.0.1')
    opened.push(socket)
    const replies: Buffer[] = []
    for (let i = 0; i < 2; i++) {
      socket.send(octets, nas.coaPort, '127.0.0.11')
      const [reply] = (await once(socket, 'message')) as [Buffer]
      replies.push(reply)
    }
    await nas.quiet()
    expect(replies[0]!.equals(replies[1]!)).toBe(true)
    expect(entries.filter(({ kind }) => kind === 'coa')).toHaveLength(1)
    expect(server.named('Acct-Status-Type').filter((value) => value === 'Stop')).toHaveLength(1)
  })
})
