// What flood.c does, where there is no C compiler: fewer datagrams a second, from fewer addresses. Same arguments, same answer.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'

const most = 200
const [port = 0, perSecond = 0, seconds = 0, sources = 0] = process.argv.slice(2).map(Number)
const octets = Buffer.alloc(80)
octets[0] = 1
octets.writeUInt16BE(octets.length, 2)
for (let at = 20; at < octets.length; at += 20) octets.set([1, 20], at)

const sockets = await Promise.all(
  Array.from({ length: Math.min(most, sources) }, async (_, at) => {
    const number = at * 37 + 2
    const socket = createSocket('udp4')
    socket.bind(0, `127.64.${number >> 8}.${number & 255}`)
    await once(socket, 'listening')
    return socket
  }),
)
let sent = 0
const begun = performance.now()
const passed = (): number => (performance.now() - begun) / 1_000
while (passed() < seconds) {
  for (let left = 64; left > 0 && sent < passed() * perSecond; left--) {
    sockets[sent % sockets.length]!.send(octets, port, '127.0.0.1', () => undefined)
    sent += 1
  }
  await new Promise(setImmediate)
}
const took = passed()
for (const socket of sockets) socket.close()
process.stdout.write(`${JSON.stringify({ sent, seconds: took, sources: sockets.length })}\n`)
