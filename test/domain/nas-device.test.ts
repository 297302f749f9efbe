import { beforeAll, describe, expect, it } from 'vitest'
import { addClient } from '../../src/domain/client.ts'
import { addNas, listNases } from '../../src/domain/nas-device.ts'
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
