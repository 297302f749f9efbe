// A process of its own, for a network namespace in which the loopback interface has a small MTU: sends requests of several sizes
// to a RADIUS server of ours and says as one line of JSON which of them were answered.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { RadiusClient } from '../../src/radius/admission.ts'
import { encodeRequest } from '../../src/radius/encode-packet.ts'
import { startRadiusServer } from '../../src/radius/server.ts'
import { bng, secret } from './radius.ts'

const nothing = (): void => undefined

const server = await startRadiusServer<RadiusClient>({
  addresses: [{ address: '127.0.0.1', port: 0, kind: 'authentication' }],
  now: () => performance.now(),
  findClient: () => bng,
  counters: { received: nothing, sent: nothing, dropped: nothing, duplicate: nothing },
  onUnknownSource: nothing,
  onMessageAuthenticatorSeen: nothing,
  onError: nothing,
  // As long as the request, so that the answer comes in fragments too.
  handle: ({ packet }) => ({ code: 2, attributes: filler(Math.max(0, packet.octets.length - 60)) }),
})
const { port } = server.sockets()[0]!
const nas = createSocket('udp4')
nas.bind(0, '127.0.0.1')
await once(nas, 'listening')
const answered = new Set<number>()
nas.on('message', (octets) => answered.add(octets[1]!))

/** Vendor-free attributes of so many octets in all (RFC 2865 §5.18, Reply-Message). */
function filler(octets: number): Buffer {
  const parts: Buffer[] = []
  for (let left = octets; left >= 3; left -= 253) {
    const length = Math.min(253, left)
    parts.push(Buffer.concat([Buffer.from([18, length]), Buffer.alloc(length - 2, 97)]))
  }
  return Buffer.concat(parts)
}

/** By the kernel, in this namespace. */
function fragmentsCreated(): number {
  const [names = [], values = []] = readFileSync('/proc/net/snmp', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Ip:'))
    .map((line) => line.split(' '))
  return Number(values[names.indexOf('FragCreates')])
}

function requestOf(identifier: number, octets: number): Buffer {
  return encodeRequest({ code: 1, identifier, attributes: filler(octets), secret, messageAuthenticator: true })
}

const largest = requestOf(3, 4_000)
// RFC 2865 §3: the Length field may say 4096 at most; this one says more, and truly has it.
const tooLong = Buffer.concat([largest, filler(250)])
tooLong[1] = 4
tooLong.writeUInt16BE(tooLong.length, 2)
for (const octets of [requestOf(1, 100), requestOf(2, 2_000), largest, tooLong, requestOf(5, 100)])
  nas.send(octets, port, '127.0.0.1')
// Datagrams of one socket pair keep their order: with the last one all others are decided.
while (!answered.has(5)) await once(nas, 'message')
const outcome = (identifier: number): string => (answered.has(identifier) ? 'answered' : 'silence')
process.stdout.write(
  `${JSON.stringify({
    fragments: fragmentsCreated(),
    small: outcome(1),
    fragmented: outcome(2),
    largest: outcome(3),
    tooLong: outcome(4),
  })}\n`,
)
nas.close()
await server.close({ drainMs: 0 })
