// Ports for a service beside others: the wanted one where it is free on the loopback address, else any.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

const loopback = '127.0.0.1'

/** A UDP port that was free a moment ago. Rejects with the system's error where there is none at all. */
export async function freeUdpPort(wanted: number): Promise<number> {
  const socket = createSocket('udp4')
  try {
    const listening = once(socket, 'listening')
    socket.bind({ port: wanted, address: loopback, exclusive: true })
    await listening
    return socket.address().port
  } catch (error) {
    if (wanted === 0) throw error
    return await freeUdpPort(0)
  } finally {
    socket.close()
  }
}

/** A TCP port that was free a moment ago. Rejects with the system's error where there is none at all. */
export async function freeTcpPort(wanted: number): Promise<number> {
  const server = createServer()
  try {
    const listening = once(server, 'listening')
    server.listen({ port: wanted, host: loopback, exclusive: true })
    await listening
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : wanted
  } catch (error) {
    if (wanted === 0) throw error
    return await freeTcpPort(0)
  } finally {
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
}
