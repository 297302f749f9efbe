import { describe, expect, it } from 'vitest'
import { addClient, listClients, rotateSecret, setClient } from '../../src/domain/client.ts'
import type { NewClient } from '../../src/domain/client.ts'
import { openField } from '../../src/domain/data-key.ts'
import { loadRegistry } from '../../src/domain/nas-registry.ts'
import { hours, noon, rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()
const add = (input: NewClient) => addClient(office.db, office.keyring, input, noon)
const rotate = (input: Parameters<typeof rotateSecret>[2], now = noon) =>
  rotateSecret(office.db, office.keyring, input, now)
const good = 'k7Gq2mZ9xP4wR8sT'

const fail = (error: Error): never => {
  throw error
}

/** The secrets of a client that packets are tried with, newest first. */
async function validSecrets(name: string, now: Date): Promise<string[]> {
  const { clients } = await loadRegistry(office.pool, office.keyring, fail, now)
  return clients.find((client) => client.name === name)!.secrets.map(String)
}

describe('adding a client', () => {
  it('makes up a secret, and keeps it sealed to its row', async () => {
    const added = await add({ name: 'made', address: '192.0.2.1' })
    expect(added).toMatchObject({ made: true, prefix: '192.0.2.1/32', warning: undefined, nasId: undefined })
    const [row] = await rowsOf(office, 'select id, secret from client_secret where client_id = $1', [added.id])
    const place = { table: 'client_secret', row: row!.id as bigint, column: 'secret' }
    expect(openField(office.keyring, place, row!.secret as Buffer).toString()).toBe(added.secret)
    expect(await validSecrets('made', noon)).toEqual([added.secret])
  })

  it('takes a secret that is brought, not one that is weak', async () => {
    expect(await add({ name: 'brought', address: '192.0.2.2', secret: good })).toMatchObject({
      made: false,
      secret: good,
    })
    await expect(add({ name: 'weak', address: '192.0.2.3', secret: 'testing123' })).rejects.toThrow(
      'secret: is well known',
    )
    const weak = await add({ name: 'weak', address: '192.0.2.3', secret: 'testing123', allowWeakSecret: true })
    expect(weak.warning).toContain('well known')
  })

  it('with a vendor makes its single NAS at once, which answers for all it sends', async () => {
    const { nasId } = await add({ name: 'bng1', address: '192.0.2.4', vendor: 'mikrotik' })
    const [nas] = await rowsOf(office, 'select name, vendor, identifier, address from nas where id = $1', [nasId])
    expect(nas).toEqual({ name: 'bng1', vendor: 'mikrotik', identifier: null, address: null })
  })

  it('keeps its policies, with the safe ones as default', async () => {
    await add({
      name: 'policies',
      address: '2001:db8::/48',
      newNas: 'refuse',
      messageAuthenticator: 'require',
      patienceMs: '3000',
    })
    const clients = await listClients(office.db, noon)
    expect(clients.find((client) => client.name === 'policies')).toMatchObject({
      prefix: '2001:db8::/48',
      vendor: 'standard',
      newNas: 'refuse',
      messageAuthenticator: 'require',
      limitProxyState: true,
      trustedProxy: false,
      patienceMs: 3000,
      nasCount: 0,
      secretCount: 1,
    })
    expect(clients.find((client) => client.name === 'bng1')).toMatchObject({
      newNas: 'allow',
      messageAuthenticator: 'auto',
      nasCount: 1,
    })
  })

  it('names the field that is wrong or taken, and then leaves nothing behind', async () => {
    await expect(add({ name: '', address: '192.0.2.9' })).rejects.toThrow('name: ')
    await expect(add({ name: 'x', address: '0.0.0.0/0' })).rejects.toThrow('address: the whole internet')
    await expect(add({ name: 'x', address: '192.0.2.9', vendor: 'acme' })).rejects.toThrow(
      'vendor: "acme" is none of mikrotik',
    )
    await expect(add({ name: 'x', address: '192.0.2.9', newNas: 'maybe' })).rejects.toThrow('new-nas: ')
    await expect(add({ name: 'x', address: '192.0.2.9', messageAuthenticator: 'on' })).rejects.toThrow(
      'message-authenticator: ',
    )
    await expect(add({ name: 'x', address: '192.0.2.9', patienceMs: 5 })).rejects.toThrow('patience-ms: ')
    await expect(add({ name: 'bng1', address: '192.0.2.9' })).rejects.toThrow(
      'name: there is a client of this name already',
    )
    await expect(add({ name: 'x', address: '192.0.2.4/32' })).rejects.toThrow(
      'address: another client has this address',
    )
    await rowsOf(
      office,
      `insert into nas (client_id, name, nas_group_id) select id, 'taken', nas_group_id from radius_client limit 1`,
    )
    await expect(add({ name: 'taken', address: '192.0.2.9', vendor: 'standard' })).rejects.toThrow(
      'there is a NAS taken already',
    )
    expect(await rowsOf(office, `select 1 from radius_client where name in ('x', 'taken', '')`)).toEqual([])
  })
})

describe('F76: rotating the secret of a client', () => {
  it('lets the old one live for seven days, then only the new one', async () => {
    const { secret: old } = await add({ name: 'rotated', address: '198.51.100.1' })
    const { secret: fresh, oldValidUntil } = await rotate({ name: 'rotated' })
    expect(oldValidUntil).toEqual(hours(7 * 24))
    expect(await validSecrets('rotated', hours(7 * 24 - 1))).toEqual([fresh, old])
    expect(await validSecrets('rotated', hours(7 * 24 + 1))).toEqual([fresh])
  })

  it('never leaves more than two: the oldest goes', async () => {
    await add({ name: 'twice', address: '198.51.100.2' })
    const { secret: second } = await rotate({ name: 'twice' })
    const { secret: third } = await rotate({ name: 'twice', secret: good, keepDays: '1' }, hours(1))
    expect(third).toBe(good)
    expect(await validSecrets('twice', hours(2))).toEqual([good, second])
    expect(await validSecrets('twice', hours(26))).toEqual([good])
    const clients = await listClients(office.db, hours(2))
    expect(clients.find((client) => client.name === 'twice')!.secretCount).toBe(2)
  })

  it('can end the old one at once', async () => {
    await add({ name: 'leaked', address: '198.51.100.3' })
    const { secret } = await rotate({ name: 'leaked', keepDays: 0 })
    expect(await validSecrets('leaked', noon)).toEqual([secret])
  })

  it('by two operators at once leaves two', async () => {
    await add({ name: 'raced', address: '198.51.100.4' })
    await Promise.all([rotate({ name: 'raced' }), rotate({ name: 'raced' }), rotate({ name: 'raced' })])
    expect(await validSecrets('raced', hours(1))).toHaveLength(2)
  })

  it('refuses what is weak, unknown or out of bounds', async () => {
    await expect(rotate({ name: 'nobody' })).rejects.toThrow('there is no client "nobody"')
    await expect(rotate({ name: 'leaked', secret: 'radius' })).rejects.toThrow('secret: ')
    await expect(rotate({ name: 'leaked', keepDays: 91 })).rejects.toThrow('keep: ')
  })
})

describe('changing policies of a client', () => {
  it('changes what is named, and only that', async () => {
    await add({ name: 'changed', address: '203.0.113.1', newNas: 'refuse' })
    await rowsOf(office, `update radius_client set message_authenticator_seen_at = now() where name = 'changed'`)
    await setClient(office.db, { name: 'changed', patienceMs: 5_000, trustedProxy: true })
    const read = async () => (await listClients(office.db, noon)).find((client) => client.name === 'changed')
    expect(await read()).toMatchObject({
      newNas: 'refuse',
      patienceMs: 5_000,
      trustedProxy: true,
      messageAuthenticator: 'auto',
    })
    expect((await read())?.messageAuthenticatorSeenAt).not.toBeNull()
    await setClient(office.db, { name: 'changed', messageAuthenticator: 'auto' })
    expect((await read())?.messageAuthenticatorSeenAt).toBeNull()
  })

  it('refuses nothing, nobody and nonsense', async () => {
    await expect(setClient(office.db, { name: 'changed' })).rejects.toThrow('nothing to change')
    await expect(setClient(office.db, { name: 'nobody', newNas: 'allow' })).rejects.toThrow('there is no client')
    await expect(setClient(office.db, { name: 'changed', newNas: 'x' })).rejects.toThrow('new-nas: ')
  })
})
