import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import type { CoaTarget } from '../../src/domain/coa-target.ts'
import { defaultNasSettings } from '../../src/domain/nas-settings.ts'
import { probeOrders } from '../../src/nas/coa-probe.ts'
import { createSecret, verifyRequest } from '../../src/radius/authenticator.ts'
import { codes } from '../../src/radius/codes.ts'
import { encodeReply } from '../../src/radius/encode-packet.ts'
import { parsePacket, type Packet } from '../../src/radius/packet.ts'
import { testNas } from '../support/access.ts'

const now = new Date('2026-05-04T12:00:00.000Z')
const opened: Socket[] = []
afterEach(() => {
  for (const socket of opened.splice(0)) socket.close()
})

/** A NAS that refuses orders under its secret, and drops all others (RFC 5176 §2.3). */
async function nasWith(secret: string, taken: Packet[] = []): Promise<number> {
  const socket = createSocket('udp4')
  opened.push(socket)
  const key = createSecret(Buffer.from(secret))
  socket.on('message', (datagram, from) => {
    const parsed = parsePacket(datagram)
    if (!parsed.ok || verifyRequest(parsed.packet, key).kind !== 'ok') return
    taken.push(parsed.packet)
    const code = parsed.packet.code === codes.coaRequest ? codes.coaNak : codes.disconnectNak
    const reply = encodeReply({ code, request: parsed.packet, attributes: Buffer.alloc(0), secret: key })
    socket.send(reply, from.port, from.address)
  })
  socket.bind(0, '127.4.1.1')
  await once(socket, 'listening')
  return socket.address().port
}

const probe = (changes: Partial<CoaTarget>, settings: object = {}) =>
  probeOrders(
    {
      nas: testNas({ settings: { ...defaultNasSettings, coa_timeout_ms: 100, coa_tries: 1, ...settings } }),
      address: '127.4.1.1',
      port: 9,
      secrets: [Buffer.from('new'), Buffer.from('old')],
      heardOn: '127.0.0.1',
      cannotChange: undefined,
      ...changes,
    },
    now,
    () => performance.now(),
  )

describe('the question whether a NAS takes orders', () => {
  it('is about a session that cannot exist, with the time, and changes nothing', async () => {
    const taken: Packet[] = []
    expect(await probe({ port: await nasWith('new', taken) })).toMatchObject({ kind: 'answered', from: '127.0.0.1' })
    const [first] = taken
    expect(first?.code).toBe(codes.coaRequest)
    const text = first!.octets.toString('latin1')
    expect(text).toMatch(/gatehouse-doctor-[0-9a-f]{16}/)
    const stamp = Buffer.alloc(6)
    stamp.set([55, 6])
    stamp.writeUInt32BE(now.getTime() / 1000, 2)
    expect(first!.octets.includes(stamp)).toBe(true)
  })

  it('is a Disconnect where the NAS takes no CoA, and is not asked where it takes neither', async () => {
    const taken: Packet[] = []
    const port = await nasWith('new', taken)
    expect(await probe({ port }, { coa: false })).toMatchObject({ kind: 'answered' })
    expect(taken.map(({ code }) => code)).toEqual([codes.disconnectRequest])
    expect(await probe({ port }, { coa: false, disconnect: false })).toEqual({ kind: 'off' })
    expect(taken).toHaveLength(1)
  })

  it('is asked under the older secret too, while a rotation runs', async () => {
    expect(await probe({ port: await nasWith('old') })).toMatchObject({ kind: 'answered' })
    expect(await probe({ port: await nasWith('another') })).toEqual({ kind: 'silent' })
  })

  it('cannot be asked without an address or a secret, nor from an address that this machine has not', async () => {
    expect(await probe({ address: undefined })).toEqual({ kind: 'unknown-address' })
    expect(await probe({ secrets: [] })).toEqual({ kind: 'no-secret' })
    expect(await probe({ heardOn: '192.0.2.77' })).toEqual({ kind: 'not-ours' })
    expect(await probe({ heardOn: '2001:db8::1' })).toMatchObject({ kind: 'failed' })
  })
})
