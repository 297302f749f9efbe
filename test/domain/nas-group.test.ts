import { beforeAll, describe, expect, it } from 'vitest'
import { addClient, listClients, setClient } from '../../src/domain/client.ts'
import { addNas, listNases, setNas } from '../../src/domain/nas-device.ts'
import { addNasGroup, listNasGroups, setNasGroup } from '../../src/domain/nas-group.ts'
import { createNasOnSight, loadRegistry, registryChanges } from '../../src/domain/nas-registry.ts'
import { noon, rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()
const registry = () =>
  loadRegistry(
    office.pool,
    office.keyring,
    (error) => {
      throw error
    },
    noon,
  )
const check = () => undefined

beforeAll(async () => {
  await addClient(office.db, office.keyring, { name: 'site', address: '192.0.2.0/24' }, noon)
})

describe('a NAS group', () => {
  it('is there from the start, with every kind of identity', async () => {
    expect(await listNasGroups(office.db)).toMatchObject([
      {
        name: 'default',
        addressSpace: 'default',
        identityOrder: ['mac', 'circuit-id', 'remote-id', 'duid', 'interface'],
        nasCount: 0,
        clientCount: 1,
      },
    ])
  })

  it('is added with an order of its own and an address space that it makes', async () => {
    await addNasGroup(office.db, { name: 'north', addressSpace: 'vrf-1', identityOrder: 'circuit-id, mac' }, noon)
    await addNasGroup(office.db, { name: 'south', addressSpace: 'vrf-1' }, noon)
    const groups = await listNasGroups(office.db)
    expect(groups.map((group) => [group.name, group.addressSpace])).toEqual([
      ['default', 'default'],
      ['north', 'vrf-1'],
      ['south', 'vrf-1'],
    ])
    expect(groups[1]).toMatchObject({ identityOrder: ['circuit-id', 'mac'], createdAt: noon })
    expect(await rowsOf(office, 'select name from address_space order by id')).toMatchObject([{}, { name: 'vrf-1' }])
  })

  it('says what is wrong with it', async () => {
    const add = (input: { name: string; identityOrder?: string; addressSpace?: string }) =>
      addNasGroup(office.db, input, noon)
    await expect(add({ name: 'north' })).rejects.toThrow('name: there is a NAS group north already')
    await expect(add({ name: ' ' })).rejects.toThrow('name: must have 1 to 100 characters')
    await expect(add({ name: 'x', addressSpace: '' })).rejects.toThrow('address-space: must have')
    await expect(add({ name: 'x', identityOrder: 'mac,serial' })).rejects.toThrow(
      'identity-order: "serial" is none of mac, circuit-id, remote-id, duid, interface',
    )
    await expect(add({ name: 'x', identityOrder: 'mac,duid,mac' })).rejects.toThrow('identity-order: names one')
    await expect(setNasGroup(office.db, { name: 'north' })).rejects.toThrow('nothing to change was named')
    await expect(setNasGroup(office.db, { name: 'west', identityOrder: 'mac' })).rejects.toThrow(
      'there is no NAS group "west"',
    )
    // What failed has made no address space either.
    await expect(setNasGroup(office.db, { name: 'west', addressSpace: 'vrf-9' })).rejects.toThrow('there is no')
    expect(await rowsOf(office, `select from address_space where name = 'vrf-9'`)).toEqual([])
  })

  it('takes in devices: by name, or those of its client', async () => {
    await addClient(
      office.db,
      office.keyring,
      { name: 'pair', address: '198.51.100.1', vendor: 'juniper', group: 'north' },
      noon,
    )
    await addNas(office.db, { client: 'pair', name: 'b', vendor: 'juniper', identifier: 'b' }, check, noon)
    await addNas(
      office.db,
      { client: 'pair', name: 'c', vendor: 'juniper', identifier: 'c', group: 'south' },
      check,
      noon,
    )
    const groups = async () => (await listNases(office.db)).map((nas) => [nas.name, nas.group])
    expect(await groups()).toEqual([
      ['b', 'north'],
      ['c', 'south'],
      ['pair', 'north'],
    ])
    await setNas(office.db, { name: 'c', group: 'north' }, check)
    expect((await groups())[1]).toEqual(['c', 'north'])
    await setClient(office.db, { name: 'pair', group: 'south' })
    const client = (await registry()).clients.find((one) => one.name === 'pair')!
    const seen = await createNasOnSight(office.pool, client, { identifier: 'd', address: undefined }, noon)
    expect((await groups()).find(([name]) => name === seen!.name)).toEqual(['pair/d', 'south'])
    expect((await listClients(office.db, noon)).map((one) => one.group)).toEqual(['south', 'default'])
    const nowhere = addClient(office.db, office.keyring, { name: 'x', address: '198.51.100.2', group: 'west' }, noon)
    await expect(nowhere).rejects.toThrow('there is no NAS group "west"')
  })

  it('that changes is told to every process, and its devices then tell lines by it', async () => {
    const { position } = await registryChanges(office.pool, '0')
    await setNasGroup(office.db, { name: 'north', identityOrder: 'duid,interface', addressSpace: 'vrf-2' })
    expect(await registryChanges(office.pool, position)).toMatchObject({ changed: true })
    const [space] = await rowsOf(office, `select id from address_space where name = 'vrf-2'`)
    const nas = (await registry()).nases.find((one) => one.name === 'b')
    expect(nas).toMatchObject({ identityOrder: ['duid', 'interface'], addressSpaceId: space!.id })
  })

  it('has a garden for the unknown once it is told, which its devices then know', async () => {
    const garden = async () => (await registry()).nases.find((one) => one.name === 'b')?.unknownGarden
    expect(await garden()).toBeUndefined()
    await setNasGroup(office.db, { name: 'north', unknownGarden: { pool: 'guests', up_bps: '512k' } })
    expect(await garden()).toEqual({
      addressList: undefined,
      pool: 'guests',
      downBps: 1_000_000,
      upBps: 512_000,
      sessionTimeoutS: undefined,
    })
    // What is not named stays.
    await setNasGroup(office.db, { name: 'north', identityOrder: 'mac' })
    const shown = (await listNasGroups(office.db)).map((group) => [group.name, group.unknownGarden?.pool])
    expect(shown).toEqual([
      ['default', undefined],
      ['north', 'guests'],
      ['south', undefined],
    ])
    await expect(setNasGroup(office.db, { name: 'north', unknownGarden: { down_bps: 'much' } })).rejects.toThrow(
      'unknown-garden.down-bps: "much" is not',
    )
    await setNasGroup(office.db, { name: 'north', unknownGarden: null })
    expect(await garden()).toBeUndefined()
  })

  it('with a garden that somebody wrote by hand wrongly has none, and the registry goes on', async () => {
    await office.pool.query(`update nas_group set unknown_garden = '{"down_bps": "much"}' where name = 'north'`)
    expect((await registry()).nases.find((one) => one.name === 'b')?.unknownGarden).toBeUndefined()
    expect((await listNasGroups(office.db)).find((group) => group.name === 'north')?.unknownGarden).toBeNull()
    await expect(office.pool.query(`update nas_group set unknown_garden = '7'`)).rejects.toThrow('check constraint')
    await setNasGroup(office.db, { name: 'north', unknownGarden: null })
  })
})
