import { describe, expect, it } from 'vitest'
import { inTransaction } from '../../src/db/transaction.ts'
import { addReseller, findOwner, ispId } from '../../src/domain/organisation.ts'
import { makeOwnPayer } from '../../src/domain/payer.ts'
import { noon, rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()

describe('organisations', () => {
  it('begin with the ISP, to which everything belongs that names no other', async () => {
    expect(await findOwner(office.db, undefined)).toBe(await ispId(office.db))
    expect(await findOwner(office.db, 'ISP')).toBe(await ispId(office.db))
  })

  it('have resellers below the ISP', async () => {
    const { id } = await addReseller(office.db, { name: ' Village Net ' }, noon)
    expect(await findOwner(office.db, 'Village Net')).toBe(id)
    expect(await rowsOf(office, 'select kind, parent_id from organisation where id = $1', [id])).toEqual([
      { kind: 'reseller', parent_id: await ispId(office.db) },
    ])
    await expect(addReseller(office.db, { name: 'Village Net' }, noon)).rejects.toThrow(
      'name: there is an organisation',
    )
    await expect(addReseller(office.db, { name: 'V' }, noon)).rejects.toThrow('name: must have 2 to 50')
    await expect(findOwner(office.db, 'Nobody')).rejects.toThrow('there is no organisation "Nobody"')
  })
})

describe('a payer', () => {
  it('is made with nothing on its balance, inside the deed that needs it', async () => {
    const ownerId = await ispId(office.db)
    const make = (name: string) =>
      inTransaction(office.db, (trx) => makeOwnPayer(trx, { ownerId, name, currency: 'EUR' }, noon))
    const id = await make('anna')
    expect(
      await rowsOf(office, 'select name, currency, balance_minor, created_at from payer where id = $1', [id]),
    ).toEqual([{ name: 'anna', currency: 'EUR', balance_minor: 0n, created_at: noon }])
    const failing = inTransaction(office.db, async (trx) => {
      await inTransaction(trx, (same) => makeOwnPayer(same, { ownerId, name: 'lost', currency: 'EUR' }, noon))
      throw new Error('the power went')
    })
    await expect(failing).rejects.toThrow('the power went')
    expect(await rowsOf(office, `select 1 from payer where name = 'lost'`)).toEqual([])
  })
})
