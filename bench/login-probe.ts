// A steady stream of logins, so many a second whatever the answers do (open loop), in a process of its own: what a subscriber
// feels while the office works. Started by office.ts; told `mark` it answers what it saw since the last one.

import { createSocket } from 'node:dgram'
import { createSecret } from '../src/radius/authenticator.ts'
import { codes } from '../src/radius/codes.ts'
import { packetSpace, writeLogin } from './packets.ts'

export type ProbeSeen = { sent: number; accepted: number; p50: number; p99: number; p999: number; worst: number }
/** An answer later than this is none: no NAS waits longer. */
const patienceMs = 3_000
const sockets = 4

type Waiting = { at: number }

function start(port: number, secretText: string, perSecond: number, subscribers: number): void {
  const secret = createSecret(secretText)
  const lanes = Array.from({ length: sockets }, () => {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 })
    const waiting = new Map<number, Waiting>()
    socket.on('message', (reply) => {
      const known = waiting.get(reply[1]!)
      if (known === undefined) return
      waiting.delete(reply[1]!)
      latencies.push(performance.now() - known.at)
      if (reply[0] === codes.accessAccept) accepted += 1
    })
    return { socket, waiting, identifier: 0 }
  })
  let latencies: number[] = []
  let sent = 0
  let accepted = 0
  let count = 0
  const begun = performance.now()
  const packet = Buffer.alloc(packetSpace)
  setInterval(() => {
    const now = performance.now()
    // As many as are due: a late timer sends the missed ones at once, and their wait counts from when they were due.
    for (let due = Math.floor(((now - begun) * perSecond) / 1_000); count < due; count += 1) {
      const lane = lanes[count % sockets]!
      lane.identifier = (lane.identifier + 1) & 0xff
      const old = lane.waiting.get(lane.identifier)
      if (old !== undefined) latencies.push(patienceMs)
      const length = writeLogin(packet, { subscriber: (count * 7) % subscribers, identifier: lane.identifier }, secret)
      lane.waiting.set(lane.identifier, { at: begun + (count * 1_000) / perSecond })
      sent += 1
      lane.socket.send(Buffer.from(packet.subarray(0, length)), port, '127.0.0.1')
    }
  }, 1)
  process.on('message', () => {
    const sorted = latencies.toSorted((one, other) => one - other)
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
    const seen: ProbeSeen = { sent, accepted, p50: at(0.5), p99: at(0.99), p999: at(0.999), worst: sorted.at(-1) ?? 0 }
    latencies = []
    sent = 0
    accepted = 0
    process.send?.(seen)
  })
}

const [port, secret, perSecond, subscribers] = process.argv.slice(2)
start(Number(port), secret!, Number(perSecond), Number(subscribers))
process.on('disconnect', () => process.exit(0))
