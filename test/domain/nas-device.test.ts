import { beforeAll, describe, expect, it } from 'vitest'
import { addClient } from '../../src/domain/client.ts'
import { addNas, listNases, setNas, showNas } from '../../src/domain/nas-device.ts'
import type { NewNas } from '../../src/domain/nas-device.ts'
import { noon, useOffice } from '../support/operator.ts'

const office = useOffice()
const add = (
  input: Partial<NewNas> & { name: string },
  check: (texts: readonly string[]) => string | undefined = () => undefined,
) => addNas(office.db, { client: 'site', vendor: 'mikrotik', ...input }, check, noon)

beforeAll(async () => {
  await addClient(office.db, office.keyring, { name: 'site', address: '192.0.2.0/24' }, noon)
  await addClient(office.db, office.keyring, { name: 'other', address: '198.51.100.0/24' }, noon)
})

describe('adding a NAS', () => {
  it('behind its client, by identifier or address', async () => {
    await add({ name: 'a', identifier: 'bng-a' })
    await add({ name: 'b', address: '10.0.0.2', vendor: 'accel-ppp', coaPort: '1700', coaAddress: '10.0.0.3' })
    const nases = await listNases(office.db)
    expect(nases).toMatchObject([
      {
        name: 'a',
        client: 'site',
        vendor: 'mikrotik',
        identifier: 'bng-a',
        address: null,
        coaPort: 3799,
        group: 'default',
      },
      { name: 'b', vendor: 'accel-ppp', identifier: null, address: '10.0.0.2', coaPort: 1700, coaAddress: '10.0.0.3' },
    ])
  })

  it('refuses a name, identifier or address that is taken, behind the same client', async () => {
    await expect(add({ name: 'a' })).rejects.toThrow('name: there is a NAS a already')
    await expect(add({ name: 'c', identifier: 'bng-a' })).rejects.toThrow('identifier: ')
    await expect(add({ name: 'c', address: '10.0.0.2' })).rejects.toThrow('address: ')
    await add({ name: 'c', client: 'other', identifier: 'bng-a' })
  })

  it('names what is wrong', async () => {
    await expect(add({ name: 'x', client: 'nobody' })).rejects.toThrow('there is no client "nobody"')
    await expect(add({ name: 'x', vendor: 'acme' })).rejects.toThrow('vendor: ')
    await expect(add({ name: 'x', address: '10.0.0.0/24' })).rejects.toThrow('address: ')
    await expect(add({ name: 'x', identifier: '' })).rejects.toThrow('identifier: ')
    await expect(add({ name: 'x', identifier: 'ä'.repeat(127) })).rejects.toThrow('identifier: ')
    await expect(add({ name: 'x', coaPort: 0 })).rejects.toThrow('coa-port: ')
    await expect(add({ name: 'x', attributes: ['Foo = 1'] }, () => 'there is no attribute Foo')).rejects.toThrow(
      'attribute: there is no attribute Foo',
    )
  })
})

describe('changing a NAS', () => {
  const set = (input: Parameters<typeof setNas>[1], check: Parameters<typeof setNas>[2] = () => undefined) =>
    setNas(office.db, input, check)

  it('changes what is named and leaves the rest', async () => {
    await add({ name: 'd', identifier: 'bng-d', attributes: ['Filter-Id = gold'] })
    await set({ name: 'd', vendor: 'nokia', coaAddress: '10.0.0.9', coaPort: 1700 })
    expect(await showNas(office.db, 'd')).toMatchObject({
      vendor: 'nokia',
      identifier: 'bng-d',
      coaAddress: '10.0.0.9',
      coaPort: 1700,
      attributes: ['Filter-Id = gold'],
    })
    await set({ name: 'd', coaAddress: '', attributes: [] })
    expect(await showNas(office.db, 'd')).toMatchObject({ coaAddress: null, coaPort: 1700, attributes: [] })
  })

  it('names what is wrong', async () => {
    await expect(set({ name: 'd' })).rejects.toThrow('nas: nothing to change was named')
    await expect(set({ name: 'nobody', coaPort: 1 })).rejects.toThrow('there is no NAS "nobody"')
    await expect(set({ name: 'd', vendor: 'acme' })).rejects.toThrow('vendor: ')
    await expect(set({ name: 'd', group: 'west' })).rejects.toThrow('there is no NAS group "west"')
    await expect(set({ name: 'd', identifier: 'bng-a' })).rejects.toThrow('identifier: this client has a NAS bng-a')
    await expect(set({ name: 'd', attributes: ['Foo = 1'] }, () => 'there is no Foo')).rejects.toThrow('attribute: ')
    await expect(showNas(office.db, 'nobody')).rejects.toThrow('there is no NAS "nobody"')
  })
})
