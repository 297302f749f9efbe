import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { freeTcpPort, freeUdpPort } from '../../src/cli/free-port.ts'

describe('a free port', () => {
  it('is the wanted one, or another where that is taken: UDP', async () => {
    const wanted = await freeUdpPort(0)
    expect(await freeUdpPort(wanted)).toBe(wanted)
    const taken = createSocket('udp4').bind(wanted, '127.0.0.1')
    await once(taken, 'listening')
    const other = await freeUdpPort(wanted)
    taken.close()
    expect(other).not.toBe(wanted)
    expect(other).toBeGreaterThan(0)
  })

  it('is the wanted one, or another where that is taken: TCP', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const other = await freeTcpPort(port)
    expect(other).not.toBe(port)
    taken.close()
    await once(taken, 'close')
    expect(await freeTcpPort(port)).toBe(port)
  })
})
