import { deserialize, serialize } from 'node:v8'
import { beforeAll, describe, expect, it } from 'vitest'
import { addClient, rotateSecret } from '../../src/domain/client.ts'
import { addHomeServer, loadHomeServers } from '../../src/domain/home-server.ts'
import { keptSettings, openHouse, readHouse } from '../../src/domain/house.ts'
import type { House } from '../../src/domain/house.ts'
import { createNasOnSight, loadRegistry } from '../../src/domain/nas-registry.ts'
import { addRealm, loadRealms } from '../../src/domain/realm.ts'
import { defaultSettings, writeSetting } from '../../src/domain/setting.ts'
import { insertRow, noon } from '../support/access.ts'
import { useOffice } from '../support/operator.ts'

const office = useOffice()
const secret = 'canary of a shared secret'
const fail = (): never => {
  throw new Error('a secret did not open')
}
const failures = { ofClient: fail, ofHomeServer: fail }

beforeAll(async () => {
  const { db, keyring, pool } = office
  await writeSetting(db, { name: 'zone', value: 'Asia/Almaty' }, noon)
  await addClient(db, keyring, { name: 'bng', address: '192.0.2.1', secret }, noon)
  await rotateSecret(db, keyring, { name: 'bng', secret: 'the newer one of both' }, noon)
  await addHomeServer(db, keyring, { pool: 'partner', name: 'home', address: '198.51.100.1', secret }, noon)
  await addRealm(db, { name: 'partner.example', action: 'forward', pool: 'partner' }, noon)
  const [client] = (await loadRegistry(pool, keyring, fail, noon)).clients
  await createNasOnSight(pool, client!, { identifier: 'bras-1', address: undefined }, noon)
  await insertRow(pool, 'ip_pool', {
    name: 'home',
    address_space_id: 1,
    kind: 'ipv4',
    prefix_length: 32,
    created_at: noon,
  })
})

describe('the house', () => {
  it('is the same after it was kept as octets', async () => {
    const { pool, keyring } = office
    const house = await readHouse(pool, noon)
    const kept = deserialize(serialize(house)) as House
    expect(kept).toEqual(house)
    const open = openHouse(kept, keyring, failures)
    expect(open.registry).toEqual(await loadRegistry(pool, keyring, fail, noon))
    expect(open.registry.clients[0]!.secrets.map(String)).toEqual(['the newer one of both', secret])
    expect(open.registry.nases.map((nas) => nas.identifier)).toEqual(['bras-1'])
    expect(open.homeServers).toEqual(await loadHomeServers(pool, keyring, fail))
    expect(kept.realms).toEqual(await loadRealms(pool))
    expect(kept.settings.zone).toBe('Asia/Almaty')
    expect([...kept.ipPools.byName.values()].map((one) => one.name)).toEqual(['home'])
  })

  it('shows no secret', async () => {
    expect(serialize(await readHouse(office.pool, noon)).includes(secret)).toBe(false)
  })

  it('tells of a secret that does not open, which is missing from its owner alone', async () => {
    const house = await readHouse(office.pool, noon)
    const [client] = house.registry.clients
    const damaged = {
      ...client!,
      secrets: client!.secrets.map((one, at) => (at === 0 ? Buffer.alloc(one.length) : one)),
    }
    const homeServers = house.homeServers.map((server) => ({ ...server, secret: Buffer.alloc(4) }))
    const told: string[] = []
    const broken = { ...house, registry: { ...house.registry, clients: [damaged] }, homeServers }
    const open = openHouse(broken, office.keyring, {
      ofClient: (_, name) => told.push(name),
      ofHomeServer: (_, name) => told.push(name),
    })
    expect(told).toEqual(['bng', 'home'])
    expect(open.registry.clients[0]!.secrets.map(String)).toEqual([secret])
    expect(open.homeServers.size).toBe(0)
  })
})

describe('settings that were kept', () => {
  it('are read as this release understands them', () => {
    const kept = { ...defaultSettings, zone: 'Asia/Almaty', of_a_newer_release: 7, interim_jitter: 'much' }
    expect(keptSettings(kept)).toEqual({ ...defaultSettings, zone: 'Asia/Almaty' })
  })
})
