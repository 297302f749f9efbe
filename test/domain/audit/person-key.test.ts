import { describe, expect, it } from 'vitest'
import { writeAudit } from '../../../src/domain/audit/audit.ts'
import { extendChain } from '../../../src/domain/audit/chain.ts'
import {
  destroyPersonKeys,
  openPersonal,
  personKeys,
  readPersonKeys,
  sealPersonal,
} from '../../../src/domain/audit/person-key.ts'
import { listAudit } from '../../../src/domain/audit/read-audit.ts'
import { verifyChain } from '../../../src/domain/audit/verify-chain.ts'
import { ownAuthor } from '../../../src/domain/author.ts'
import { SealError } from '../../../src/domain/data-key.ts'
import { everything } from '../../../src/domain/scope.ts'
import { noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()

describe('the key of a person', () => {
  it('is made once, also by two at the same time', async () => {
    const made = await Promise.all([1, 2, 3].map(() => personKeys(office.db, office.keyring, [1n, 2n], noon)))
    for (const keys of made) {
      expect([...keys.keys()].map(Number).toSorted((a, b) => a - b)).toEqual([1, 2])
      expect(keys.get(1n)!.equals(made[0]!.get(1n)!)).toBe(true)
    }
    expect(made[0]!.get(1n)!.equals(made[0]!.get(2n)!)).toBe(false)
    expect(await rowsOf(office, 'select * from person_key')).toHaveLength(2)
  })

  it('lies sealed, bound to its person', async () => {
    const [row] = await rowsOf(office, 'select key from person_key where subscriber_id = 1')
    const key = (await readPersonKeys(office.db, office.keyring, [1n])).get(1n)!
    expect((row!.key as Buffer).includes(key.export())).toBe(false)
    await office.pool.query(
      `update person_key set key = (select key from person_key where subscriber_id = 1) where subscriber_id = 2`,
    )
    await expect(readPersonKeys(office.db, office.keyring, [2n])).rejects.toBeInstanceOf(SealError)
    await office.pool.query('delete from person_key where subscriber_id = 2')
  })

  it('opens what it sealed for this person, unchanged, and nothing else', async () => {
    const key = (await personKeys(office.db, office.keyring, [1n], noon)).get(1n)!
    const sealed = sealPersonal(key, 1n, '{"a":1}')
    expect(openPersonal(key, 1n, sealed)).toBe('{"a":1}')
    expect(openPersonal(key, 2n, sealed)).toBeUndefined()
    sealed[sealed.length - 1]! ^= 1
    expect(openPersonal(key, 1n, sealed)).toBeUndefined()
    expect(sealPersonal(key, 1n, 'x')).not.toEqual(sealPersonal(key, 1n, 'x'))
  })

  it('destroyed, leaves entries without the person, and the chain whole', async () => {
    const author = ownAuthor('system', 'test', office.keyring)
    const deed = {
      action: 'subscriber.edit',
      noun: 'subscriber',
      rowId: 9n,
      after: { full_name: 'Anna', zone: 'north' },
    }
    await writeAudit(office.db, deed, author, noon)
    await extendChain(office.db, noon)
    await destroyPersonKeys(office.db, [9n])
    await destroyPersonKeys(office.db, [])
    const reader = { scope: everything, keyring: office.keyring }
    const entries = await listAudit(office.db, { filter: { rowId: 9n }, limit: 5 }, reader, noon)
    expect(entries).toMatchObject([{ personal: 'removed', after: { zone: 'north' } }])
    expect(JSON.stringify(entries[0]!.after)).not.toContain('Anna')
    expect((await verifyChain(office.db, undefined)).faults).toEqual([])
    expect(await readPersonKeys(office.db, office.keyring, [])).toEqual(new Map())
  })
})
