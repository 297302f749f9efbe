import { describe, expect, it } from 'vitest'
import { addClient, listClients, setClient } from '../../src/domain/client.ts'
import { openField } from '../../src/domain/data-key.ts'
import {
  addHomeServer,
  findPool,
  latchHomeServer,
  listHomeServers,
  loadHomeServers,
  removeHomeServer,
} from '../../src/domain/home-server.ts'
import type { NewHomeServer } from '../../src/domain/home-server.ts'
import { loadRegistry, registryChanges } from '../../src/domain/nas-registry.ts'
import { addRealm } from '../../src/domain/realm.ts'
import { hours, noon, rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()
const good = 'k7Gq2mZ9xP4wR8sT'
const add = (input: Partial<NewHomeServer> & { name: string; pool: string }) =>
  addHomeServer(office.db, office.keyring, { address: '192.0.2.10', secret: good, ...input }, noon)
const fail = (error: Error): never => {
  throw error
}
const load = async (pool: string) =>
  (await loadHomeServers(office.pool, office.keyring, fail)).get((await findPool(office.db, pool)).id) ?? []

describe('a home server', () => {
  it('is added with its pool, its secret sealed to its row', async () => {
    const { id, warning } = await add({ name: 'a1', pool: 'a' })
    expect(warning).toBeUndefined()
    const [row] = await rowsOf(office, 'select secret from home_server where id = $1', [id])
    const place = { table: 'home_server', row: id, column: 'secret' }
    expect((row!.secret as Buffer).includes(good)).toBe(false)
    expect(openField(office.keyring, place, row!.secret as Buffer).toString()).toBe(good)
    expect(await load('a')).toEqual([
      {
        id,
        poolId: (await findPool(office.db, 'a')).id,
        name: 'a1',
        address: '192.0.2.10',
        authPort: 1812,
        acctPort: 1813,
        secret: Buffer.from(good),
        messageAuthenticator: 'auto',
        messageAuthenticatorSeen: false,
        timeoutMs: 1000,
        tries: 2,
      },
    ])
  })

  it('is asked in the order of priority, then of age', async () => {
    await add({ name: 'o-late', pool: 'order', priority: 5 })
    await add({ name: 'o-first', pool: 'order', priority: '-1' })
    await add({ name: 'o-second', pool: 'order' })
    await add({ name: 'o-third', pool: 'order' })
    expect((await load('order')).map((server) => server.name)).toEqual(['o-first', 'o-second', 'o-third', 'o-late'])
    const listed = (await listHomeServers(office.db)).filter((server) => server.pool === 'order')
    expect(listed.map((server) => server.priority)).toEqual([-1, 0, 0, 5])
    expect(listed[0]).toMatchObject({ address: '192.0.2.10', messageAuthenticatorSeenAt: null })
    expect(listed[0]).not.toHaveProperty('secret')
  })

  it('takes its ports and times as told, IPv6 too', async () => {
    const told = { authPort: '11812', acctPort: '11813', timeoutMs: '300', tries: '5', messageAuthenticator: 'require' }
    await add({ name: 'v6', pool: 'v6', address: '2001:DB8:0::7', ...told })
    expect(await load('v6')).toMatchObject([
      { address: '2001:db8::7', authPort: 11812, acctPort: 11813, timeoutMs: 300, tries: 5 },
    ])
  })

  it.each<[string, Partial<NewHomeServer>, string]>([
    ['a prefix', { address: '192.0.2.0/24' }, 'address:'],
    ['a port of 0', { authPort: 0 }, 'auth-port:'],
    ['a port beyond 65535', { acctPort: '65536' }, 'acct-port:'],
    ['no patience', { timeoutMs: 50 }, 'timeout-ms:'],
    ['no tries', { tries: 0 }, 'tries:'],
    ['another policy', { messageAuthenticator: 'maybe' }, 'message-authenticator:'],
    ['a weak secret', { secret: 'testing123' }, 'secret: is well known'],
    ['no name', { name: ' ' }, 'name:'],
  ])('is refused with %s', async (_, input, message) => {
    await expect(add({ name: 'wrong', pool: 'wrong', ...input })).rejects.toThrow(message)
    await expect(findPool(office.db, 'wrong')).rejects.toThrow('there is no pool')
  })

  it('has a weak secret only where that is said, and then with a warning', async () => {
    const { warning } = await add({ name: 'weak', pool: 'weak', secret: 'testing123', allowWeakSecret: true })
    expect(warning).toContain('well known')
  })

  it('exists once by name, in whatever pool', async () => {
    await add({ name: 'once', pool: 'once' })
    await expect(add({ name: 'once', pool: 'other' })).rejects.toThrow('there is a home server of this name already')
    await expect(findPool(office.db, 'other')).rejects.toThrow('there is no pool "other"')
  })

  it('whose secret cannot be opened is missing, and the others are not', async () => {
    await add({ name: 'broken', pool: 'broken' })
    await add({ name: 'whole', pool: 'broken' })
    await rowsOf(office, `update home_server set secret = '\\x00' where name = 'broken'`)
    const told: string[] = []
    const pools = await loadHomeServers(office.pool, office.keyring, (_, name) => told.push(name))
    expect(told).toEqual(['broken'])
    expect([...pools.values()].flat().map((server) => server.name)).toContain('whole')
    await rowsOf(office, `delete from home_server where name = 'broken'`)
  })

  it('is latched once: the first signed answer counts', async () => {
    const { id } = await add({ name: 'signs', pool: 'signs' })
    await latchHomeServer(office.pool, id, noon)
    await latchHomeServer(office.pool, id, hours(1))
    expect(await load('signs')).toMatchObject([{ messageAuthenticatorSeen: true }])
    const listed = (await listHomeServers(office.db)).find((server) => server.name === 'signs')
    expect(listed?.messageAuthenticatorSeenAt).toEqual(noon)
  })
})

describe('removing a home server', () => {
  it('takes the pool with the last one', async () => {
    await add({ name: 'r1', pool: 'r' })
    await add({ name: 'r2', pool: 'r' })
    await removeHomeServer(office.db, 'r1')
    expect((await load('r')).map((server) => server.name)).toEqual(['r2'])
    await removeHomeServer(office.db, 'r2')
    await expect(findPool(office.db, 'r')).rejects.toThrow('there is no pool "r"')
    await expect(removeHomeServer(office.db, 'r2')).rejects.toThrow('there is no home server "r2"')
  })

  it('is refused for the last one of a pool that is forwarded to', async () => {
    await add({ name: 'used', pool: 'used' })
    await addRealm(office.db, { name: 'used.example', action: 'forward', pool: 'used' }, noon)
    await expect(removeHomeServer(office.db, 'used')).rejects.toThrow('is the last of a pool')
    expect((await load('used')).map((server) => server.name)).toEqual(['used'])
  })
})

describe('the pool for unknown subscribers of a client', () => {
  const clientOf = async (name: string) => (await listClients(office.db, noon)).find((client) => client.name === name)

  it('is named when it is added, changed and taken away', async () => {
    await add({ name: 'old-server', pool: 'old' })
    const client = { name: 'moving', address: '192.0.2.77', unknownPool: 'old' }
    await addClient(office.db, office.keyring, client, noon)
    expect((await clientOf('moving'))?.unknownPool).toBe('old')
    const { clients } = await loadRegistry(office.pool, office.keyring, fail, noon)
    expect(clients.find((one) => one.name === 'moving')?.unknownPoolId).toBe((await findPool(office.db, 'old')).id)
    await setClient(office.db, { name: 'moving', unknownPool: '' })
    expect((await clientOf('moving'))?.unknownPool).toBeNull()
    await setClient(office.db, { name: 'moving', unknownPool: 'old' })
    await expect(setClient(office.db, { name: 'moving', unknownPool: 'typo' })).rejects.toThrow('no pool "typo"')
    await expect(removeHomeServer(office.db, 'old-server')).rejects.toThrow('is the last of a pool')
  })
})

describe('the change log', () => {
  const followed = ['home_server', 'home_server_pool', 'realm']
  it('tells of every change of realms, home servers and pools, and the registry follows it', async () => {
    await rowsOf(office, 'delete from change_log')
    await add({ name: 'logged', pool: 'logged' })
    await addRealm(office.db, { name: 'logged.example', action: 'refuse' }, noon)
    const [rows] = await rowsOf(
      office,
      'select array_agg(distinct table_name order by table_name) as names from change_log',
    )
    expect(rows).toEqual({ names: followed })
    for (const name of followed) {
      await rowsOf(office, 'delete from change_log')
      expect(await registryChanges(office.pool, '0')).toMatchObject({ changed: false })
      await rowsOf(office, 'insert into change_log (table_name, row_id) values ($1, 1)', [name])
      expect(await registryChanges(office.pool, '0')).toMatchObject({ changed: true })
    }
  })
})
