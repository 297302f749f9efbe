// Which device speaks, above all one that nobody has seen before while Postgres cannot be asked.
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createDeviceReader } from '../../src/aaa/device-reader.ts'
import type { DeviceReader } from '../../src/aaa/device-reader.ts'
import { startLiveRegistry } from '../../src/aaa/live-registry.ts'
import type { LiveRegistry } from '../../src/aaa/live-registry.ts'
import { createTestClock } from '../../src/clock.ts'
import type { TestClock } from '../../src/clock.ts'
import { createPool } from '../../src/db/pool.ts'
import type { Pool } from '../../src/db/pool.ts'
import { addClient } from '../../src/domain/client.ts'
import { createLogger } from '../../src/log.ts'
import { createMetrics } from '../../src/metrics.ts'
import type { Metrics } from '../../src/metrics.ts'
import { encodeAttributes } from '../../src/radius/attributes.ts'
import { noon } from '../support/access.ts'
import { packetWith, testContext } from '../support/attributes.ts'
import { dictionary } from '../support/dictionary.ts'
import { useOffice } from '../support/operator.ts'
import { startTcpFaultProxy } from '../support/tcp-fault-proxy.ts'
import type { TcpFaultProxy } from '../support/tcp-fault-proxy.ts'

const office = useOffice()
let network: TcpFaultProxy
let pool: Pool
let live: LiveRegistry
let reader: DeviceReader
let metrics: Metrics
let clock: TestClock
let isOpen: boolean
let lines: Record<string, unknown>[]
let tallied: string[]

beforeAll(async () => {
  const secret = 'k7Gq2mZ9xP4wR8sT'
  await addClient(office.db, office.keyring, { name: 'village', address: '192.0.2.1', secret }, noon)
  const strict = { name: 'strict', address: '192.0.2.2', secret, newNas: 'refuse' } as const
  await addClient(office.db, office.keyring, strict, noon)
})
beforeEach(async () => {
  const { hostname: host, port } = new URL(office.url)
  network = await startTcpFaultProxy({ seed: 'devices', target: { host, port: Number(port) } })
  pool = createPool(network.through(office.url), { name: 'registry', max: 2 })
  clock = createTestClock(noon)
  metrics = createMetrics()
  isOpen = false
  lines = []
  tallied = []
  const log = createLogger({ level: 'warn', stream: { write: (line) => void lines.push(JSON.parse(line)) } })
  const silent = createLogger({ level: 'silent' })
  live = await startLiveRegistry({ pool, keyring: office.keyring, clock, log: silent })
  const breaker = { isOpen: () => isOpen }
  const tally = { count: (kind: string) => void tallied.push(kind) }
  reader = createDeviceReader({ dictionary, live, breaker, clock, metrics, log, tally })
})
afterEach(async () => {
  network.heal()
  await live.close()
  await pool.end()
  await network.close()
})

async function ask(identifier: string, client = '192.0.2.1') {
  const attributes = encodeAttributes(dictionary, [{ name: 'NAS-Identifier', value: identifier }], testContext())
  return reader.deviceOf(live.current().findClient(client)!, packetWith(attributes))
}
const dropped = async () =>
  (await metrics.dropped.get()).values.map(({ labels, value }) => [labels['client'], labels['reason'], value])
const devices = async () =>
  (await office.pool.query('select identifier from nas order by id')).rows.map((row) => row.identifier)

describe('a device', () => {
  it('is made on first sight and known from then on', async () => {
    const made = await ask('bras-1')
    expect(made?.name).toBe('village/bras-1')
    isOpen = true
    expect((await ask('bras-1'))?.id).toBe(made!.id)
    expect([await dropped(), lines]).toEqual([[], []])
  })

  it('that its client refuses is dropped, with the mend in the log once', async () => {
    for (let round = 0; round < 3; round++) expect(await ask('bras-2', '192.0.2.2')).toBeUndefined()
    expect(await dropped()).toEqual([['strict', 'unknown-nas', 3]])
    expect(lines).toMatchObject([{ client: 'strict', identifier: 'bras-2', msg: expect.stringContaining('nas add') }])
    expect(tallied).toEqual(['unknown-nas', 'unknown-nas', 'unknown-nas'])
  })

  it('that is new while Postgres cannot be reached is silence, a count, and a line a minute', async () => {
    network.set({ fresh: 'refuse' })
    network.cut()
    for (let round = 0; round < 5; round++) expect(await ask(`new-${round}`)).toBeUndefined()
    expect(await dropped()).toEqual([['village', 'unknown-while-away', 5]])
    expect(lines).toMatchObject([{ client: 'village', identifier: 'new-0', error: expect.anything(), suppressed: 0 }])
    clock.advance(60_000)
    await ask('new-5')
    expect(lines).toMatchObject([{}, { identifier: 'new-5', suppressed: 4 }])
    // It is no fault of its configuration.
    expect(tallied).toEqual([])
    network.heal()
    expect((await ask('new-0'))?.name).toBe('village/new-0')
  })

  it('that is new costs no statement while the breaker is open', async () => {
    isOpen = true
    const before = network.counts.begun
    const all = await Promise.all(Array.from({ length: 20 }, (_, n) => ask(`flood-${n}`)))
    expect(all.every((nas) => nas === undefined)).toBe(true)
    expect(await devices()).not.toContain('flood-0')
    expect(network.counts.begun - before).toBeLessThanOrEqual(1)
    expect(await dropped()).toEqual([['village', 'unknown-while-away', 20]])
    expect(lines).toHaveLength(1)
  })
})
