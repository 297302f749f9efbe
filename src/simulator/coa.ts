// The NAS as a dynamic authorization server: takes CoA and Disconnect orders on its own port, checks who sent them, finds the
// session, and answers as told: obeys, refuses with a cause, acknowledges without doing anything, or keeps silent.
// RFC 5176 §2, §3; the ways of MikroTik and accel-ppp where they differ.

import { createSocket } from 'node:dgram'
import type { RemoteInfo, Socket } from 'node:dgram'
import { decodeAttributes, encodeAttributes } from '../radius/attributes.ts'
import type { NamedAttribute } from '../radius/attributes.ts'
import { hashPacket, verifyRequest } from '../radius/authenticator.ts'
import type { Secret } from '../radius/authenticator.ts'
import { codeName, codes, errorCauses } from '../radius/codes.ts'
import type { Code } from '../radius/codes.ts'
import type { Dictionary } from '../radius/dictionary.ts'
import { encodeReply } from '../radius/encode-packet.ts'
import { headerLength, parsePacket } from '../radius/packet.ts'
import type { Packet } from '../radius/packet.ts'
import type { NasSession } from './nas-session.ts'
import type { NasFacts } from './shape.ts'

/** What the NAS is told to do with an order. 'ignore' acknowledges and changes nothing. */
export type CoaBehaviour = 'obey' | 'ignore' | 'silence' | { refuse: number }

export type CoaOrder = {
  kind: 'disconnect' | 'change'
  attributes: readonly NamedAttribute[]
  session: NasSession
}

export type CoaListenerOptions = {
  localAddress: string
  /** 0: any free one. */
  port: number
  secret: Secret
  dictionary: Dictionary
  facts: NasFacts
  /** Whether answers carry Message-Authenticator. */
  signs: boolean
  /** Orders from any other address are dropped; undefined: none is. */
  onlyFrom: string | undefined
  /** Whether a wrong NAS-Identifier or NAS-IP-Address is refused with 403 (accel-ppp). */
  checksNas: boolean
  sessions(): Iterable<NasSession>
  behaviour(order: CoaOrder): CoaBehaviour
  /** Called after the ACK has left. */
  obey(order: CoaOrder): void
  /** Told of every order that is authentic, with the answer ('silence' included). */
  onOrder(request: string, session: NasSession | undefined, answer: string): void
}

/** Duplicates are answered with the same octets as long as this many orders are remembered. */
const remembered = 256

/** Owns the port for orders. */
export class CoaListener {
  readonly #options: CoaListenerOptions
  readonly #socket: Socket
  readonly #answers = new Map<string, Buffer>()
  /** Orders with a wrong authenticator: dropped without a word. */
  badRequests = 0

  constructor(options: CoaListenerOptions, socket: Socket) {
    this.#options = options
    this.#socket = socket
    socket.on('message', (datagram, from) => this.#receive(datagram, from))
  }

  /** The port as bound. */
  get port(): number {
    return this.#socket.address().port
  }

  close(): void {
    this.#socket.close()
  }

  #receive(datagram: Buffer, from: RemoteInfo): void {
    const { secret, onlyFrom } = this.#options
    if (onlyFrom !== undefined && from.address !== onlyFrom) return
    const parsed = parsePacket(datagram)
    const known =
      parsed.ok && (parsed.packet.code === codes.disconnectRequest || parsed.packet.code === codes.coaRequest)
    // RFC 5176 §2.3: a wrong Request Authenticator is silently discarded.
    if (!known || verifyRequest(parsed.packet, secret).kind !== 'ok') {
      this.badRequests++
      return
    }
    const { packet } = parsed
    const key = `${from.address} ${from.port} ${packet.identifier} ${packet.authenticator.toString('hex')}`
    const reply = this.#answers.get(key) ?? this.#answer(packet)
    if (reply === undefined) return
    this.#answers.set(key, reply)
    if (this.#answers.size > remembered) this.#answers.delete(this.#answers.keys().next().value!)
    this.#socket.send(reply, from.port, from.address)
  }

  #answer(packet: Packet): Buffer | undefined {
    const { dictionary } = this.#options
    const kind = packet.code === codes.disconnectRequest ? 'disconnect' : 'change'
    const attributes = decodeAttributes(dictionary, packet)
    const found = this.#find(attributes)
    if (typeof found === 'number') return this.#refuse(packet, kind, undefined, found)
    const order: CoaOrder = { kind, attributes, session: found }
    const behaviour = this.#options.behaviour(order)
    if (behaviour === 'silence') {
      this.#options.onOrder(codeName(packet.code), found, 'silence')
      return undefined
    }
    if (typeof behaviour === 'object') return this.#refuse(packet, kind, found, behaviour.refuse)
    const code = kind === 'disconnect' ? codes.disconnectAck : codes.coaAck
    this.#options.onOrder(codeName(packet.code), found, codeName(code))
    // The ACK leaves first, the Stop follows (RFC 5176 §2.1).
    if (behaviour === 'obey') setImmediate(() => this.#options.obey(order))
    return this.#reply(packet, code, [])
  }

  #refuse(packet: Packet, kind: CoaOrder['kind'], session: NasSession | undefined, cause: number): Buffer {
    const code = kind === 'disconnect' ? codes.disconnectNak : codes.coaNak
    this.#options.onOrder(codeName(packet.code), session, `${codeName(code)} ${cause}`)
    return this.#reply(packet, code, [{ name: 'Error-Cause', value: cause }])
  }

  // All that identifies must fit (a logical AND); the Error-Cause where none does. RFC 5176 §3.
  #find(attributes: readonly NamedAttribute[]): NasSession | number {
    const { facts, checksNas } = this.#options
    const named = new Map(attributes.map(({ name, value }) => [name, value]))
    const isOther = (name: string, own: string): boolean => named.has(name) && named.get(name) !== own
    if (checksNas && (isOther('NAS-Identifier', facts.identifier) || isOther('NAS-IP-Address', facts.address))) {
      return errorCauses.nasIdentificationMismatch
    }
    const wanted = Object.entries(identifiers).filter(([name]) => named.has(name))
    if (wanted.length === 0) return errorCauses.missingAttribute
    for (const session of this.#options.sessions()) {
      if (wanted.every(([name, read]) => isSame(name, read(session), named.get(name)))) return session
    }
    return errorCauses.sessionNotFound
  }

  #reply(request: Packet, code: Code, attributes: readonly NamedAttribute[]): Buffer {
    const { dictionary, secret, signs } = this.#options
    const octets = encodeAttributes(dictionary, attributes)
    if (signs) return encodeReply({ code, request, attributes: octets, secret })
    const header = Buffer.from([code, request.identifier, 0, headerLength + octets.length])
    const reply = Buffer.concat([header, Buffer.alloc(16), octets])
    hashPacket(reply, request.authenticator, secret, reply, 4)
    return reply
  }
}

/** Binds the port. Rejects with the system's error where it is taken. */
export async function listenForCoa(options: CoaListenerOptions): Promise<CoaListener> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address: options.localAddress, port: options.port, exclusive: true }, resolve)
  })
  return new CoaListener(options, socket)
}

const identifiers: Record<string, (session: NasSession) => string | undefined> = {
  'Acct-Session-Id': (session) => session.acctSessionId,
  'User-Name': (session) => session.username,
  'Framed-IP-Address': (session) => session.framedIp,
  'Calling-Station-Id': (session) => session.mac,
}

// As text, but for the capitals of a MAC.
function isSame(name: string, own: string | undefined, said: NamedAttribute['value'] | undefined): boolean {
  if (name !== 'Calling-Station-Id' || typeof said !== 'string') return own === said
  return own?.toLowerCase() === said.toLowerCase()
}
