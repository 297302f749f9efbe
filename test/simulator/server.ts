// The other end for tests of the simulated NAS: a scripted RADIUS server on a loopback port, real sockets and real packets.

import { createSocket } from 'node:dgram'
import type { RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../src/clock.ts'
import { decodeAttributes, encodeAttributes } from '../../src/radius/attributes.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { createSecret, verifyRequest } from '../../src/radius/authenticator.ts'
import { codes } from '../../src/radius/codes.ts'
import type { Code } from '../../src/radius/codes.ts'
import { loadDictionary } from '../../src/radius/dictionary.ts'
import { encodeReply } from '../../src/radius/encode-packet.ts'
import { parsePacket } from '../../src/radius/packet.ts'
import type { Packet } from '../../src/radius/packet.ts'
import { createLedger } from '../../src/simulator/ledger.ts'
import type { Ledger } from '../../src/simulator/ledger.ts'
import { createNas } from '../../src/simulator/nas.ts'
import type { NasOptions } from '../../src/simulator/nas-options.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import type { Dial } from '../../src/simulator/nas-session.ts'

export const dictionary = loadDictionary(fileURLToPath(new URL('../../dictionaries', import.meta.url)))
export const secretText = 'a secret for tests'
const secret = createSecret(secretText)

export type Seen = { packet: Packet; octets: Buffer; attributes: NamedAttribute[]; from: RemoteInfo }

/** What to answer: undefined is silence. */
export type Script = (
  seen: Seen,
  index: number,
) => { code: Code; attributes?: readonly NamedAttribute[]; tamper?: (reply: Buffer) => void } | undefined

export type ScriptedServer = {
  port: number
  /** Every packet that came, in order, verified. */
  seen: Seen[]
  /** What was answered, in order. */
  replies: Buffer[]
  script: Script
  named(name: string): unknown[]
  /** Resolves when so many packets have come. */
  until(count: number): Promise<void>
  close(): void
}

/** Accepts everybody and answers all accounting. */
export const agree: Script = ({ packet }) => ({
  code: packet.code === codes.accessRequest ? codes.accessAccept : codes.accountingResponse,
})

/** Starts a server for both ports; packets with a wrong authenticator fail the test that reads `seen`. */
export async function scriptServer(script: Script = agree): Promise<ScriptedServer> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  socket.setRecvBufferSize(4 * 1024 * 1024)
  const server: ScriptedServer = {
    port: socket.address().port,
    seen: [],
    replies: [],
    script,
    named: (name) => server.seen.map(({ attributes }) => attributes.find((one) => one.name === name)?.value),
    until: async (count) => {
      while (server.seen.length < count) await once(socket, 'message')
    },
    close: () => socket.close(),
  }
  socket.on('message', (octets, from) => {
    const parsed = parsePacket(octets)
    if (!parsed.ok || verifyRequest(parsed.packet, secret).kind !== 'ok') throw new Error('a packet that is not right')
    const { packet } = parsed
    const context = { secret, authenticator: packet.authenticator }
    const seen = { packet, octets, attributes: decodeAttributes(dictionary, packet, context).map(byValueName), from }
    server.seen.push(seen)
    const answer = server.script(seen, server.seen.length - 1)
    if (answer === undefined) return
    const attributes = encodeAttributes(dictionary, answer.attributes ?? [], context)
    const reply = encodeReply({ code: answer.code, request: packet, attributes, secret })
    answer.tamper?.(reply)
    server.replies.push(reply)
    socket.send(reply, from.port, from.address)
  })
  return server
}

/** A NAS that dials the scripted server. */
export function makeNas(
  server: ScriptedServer,
  options: Partial<NasOptions> = {},
): Promise<SimulatedNas> & { ledger: Ledger } {
  const ledger = options.ledger ?? createLedger()
  const nas = createNas({
    vendor: 'mikrotik',
    identifier: 'bng-1',
    localAddress: '127.0.0.11',
    server: { address: '127.0.0.1', authPort: server.port, acctPort: server.port },
    secret: secretText,
    dictionary,
    seed: 1,
    clock: systemClock,
    ledger,
    // Patient: a busy machine must not make it send again.
    timers: { timeoutMs: 3_000, tries: 3 },
    ...options,
  })
  return Object.assign(nas, { ledger })
}

/** A dial-in with made-up credentials. */
export function makeDial(options: Partial<Dial> = {}): Dial {
  return { username: 'mina.orchard', password: 'made up', method: 'pap', mac: 'd4:ca:6d:00:00:01', ...options }
}

/** Dials and expects to be online. */
export async function online(nas: SimulatedNas, dial: Dial = makeDial()) {
  const outcome = await nas.dial(dial)
  if (outcome.kind !== 'online') throw new Error(`the dial-in ended with ${outcome.kind}`)
  return outcome
}

// Numbers that have a name are shown by it.
function byValueName(attribute: NamedAttribute): NamedAttribute {
  const { name, value } = attribute
  const named = typeof value === 'number' ? dictionary.attribute(name)?.valueNames.get(value) : undefined
  return named === undefined ? attribute : { ...attribute, value: named }
}
