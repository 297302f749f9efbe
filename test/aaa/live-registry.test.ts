import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startLiveRegistry } from '../../src/aaa/live-registry.ts'
import { systemClock } from '../../src/clock.ts'
import { createPool } from '../../src/db/pool.ts'
import { addClient } from '../../src/domain/client.ts'
import { readHouse } from '../../src/domain/house.ts'
import type { House } from '../../src/domain/house.ts'
import { defaultSettings, writeSetting } from '../../src/domain/setting.ts'
import { createLogger } from '../../src/log.ts'
import { noon } from '../support/access.ts'
import { useOffice } from '../support/operator.ts'
import { startTcpFaultProxy, type TcpFaultProxy } from '../support/tcp-fault-proxy.ts'

const office = useOffice()
let network: TcpFaultProxy
let house: House

beforeAll(async () => {
  const { hostname: host, port } = new URL(office.url)
  network = await startTcpFaultProxy({ seed: 'registry', target: { host, port: Number(port) } })
  await addClient(office.db, office.keyring, { name: 'kept', address: '192.0.2.1', secret: 'k7Gq2mZ9xP4wR8sT' }, noon)
  house = await readHouse(office.pool, noon)
})
afterAll(() => network.close())

describe('the live registry', () => {
  it('begins with a house that was kept, and follows by itself when Postgres comes', async () => {
    const pool = createPool(network.through(office.url), { name: 'registry', max: 2 })
    const lines: string[] = []
    const write = createLogger({ level: 'silent' })
    const note = (_: object, message?: string) => void lines.push(message ?? '')
    const log = Object.assign(Object.create(write), { info: note, warn: note }) as typeof write
    network.set({ fresh: 'refuse' })
    const options = { pool, keyring: office.keyring, clock: systemClock, log }
    await expect(startLiveRegistry(options)).rejects.toThrow(/terminated|ECONNRESET/)
    const live = await startLiveRegistry(options, { ...house, settings: { ...defaultSettings, zone: 'Asia/Almaty' } })
    try {
      const clients = () => live.current().clients.map((client) => client.name)
      expect(clients()).toEqual(['kept'])
      expect(live.current().findClient('192.0.2.1')?.secrets).toHaveLength(1)
      expect(live.settings().zone).toBe('Asia/Almaty')
      expect(live.house()?.registry).toEqual(house.registry)

      await addClient(
        office.db,
        office.keyring,
        { name: 'new', address: '192.0.2.2', secret: 'z8Lm3qW7rT5yB2nC' },
        noon,
      )
      await writeSetting(office.db, { name: 'zone', value: 'Europe/Berlin' }, noon)
      // It looks twice a second, and tells of the outage once.
      await expect.poll(() => lines, { timeout: 3_000 }).toEqual(['clients and settings could not be read again'])
      await expect(live.refresh()).rejects.toThrow(/terminated|ECONNRESET/)
      network.heal()
      await expect.poll(clients, { timeout: 5_000 }).toEqual(['kept', 'new'])
      expect(live.settings().zone).toBe('Europe/Berlin')
      expect(live.house()?.settings.zone).toBe('Europe/Berlin')
      await expect.poll(() => lines, { timeout: 3_000 }).toHaveLength(2)
      expect(lines[1]).toBe('clients and settings are read again')
    } finally {
      await live.close()
      await pool.end()
    }
  })
})
