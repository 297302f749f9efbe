import { describe, expect, it } from 'vitest'
import { inTransaction } from '../../src/db/transaction.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import {
  addReseller,
  createReseller,
  editOrganisation,
  findOwner,
  ispId,
  listOrganisations,
  requireSubscriberRoom,
} from '../../src/domain/organisation.ts'
import { makeOwnPayer } from '../../src/domain/payer.ts'
import { everything } from '../../src/domain/scope.ts'
import { makePlan, noon, rowsOf, useOffice } from '../support/operator.ts'

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

describe('a reseller’s room', () => {
  const by = () => ownAuthor('system', 'test', office.keyring)

  async function addSubscriber(ownerId: bigint, username: string): Promise<void> {
    await inTransaction(office.db, async (trx) => {
      await requireSubscriberRoom(trx, { ownerId, adding: 1 })
      const payerId = await makeOwnPayer(trx, { ownerId, name: username, currency: 'EUR' }, noon)
      const plan = await trx.selectFrom('plan').select('id').limit(1).executeTakeFirstOrThrow()
      await trx
        .insertInto('subscriber')
        .values({ owner_id: ownerId, payer_id: payerId, plan_id: plan.id, username })
        .execute()
    })
  }

  it('is kept when many add at once, and has no limit unless one is set', async () => {
    await makePlan(office, { name: 'Room Plan' })
    const { id } = await createReseller(
      office.db,
      { name: 'Room Net', subscriberLimit: 3, creditLimitMinor: 0n },
      by(),
      noon,
    )
    const results = await Promise.allSettled(Array.from({ length: 8 }, (_, at) => addSubscriber(id, `room-${at}`)))
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(3)
    await expect(addSubscriber(id, 'one-more')).rejects.toThrow('owner: Room Net may have 3 subscribers and has 3')
    await editOrganisation(office.db, { id, changes: { subscriberLimit: null }, ifMatch: undefined }, by(), noon)
    await addSubscriber(id, 'one-more')
    const isp = await ispId(office.db)
    await requireSubscriberRoom(office.db, { ownerId: isp, adding: 1_000_000 })
    const [first, ...rest] = await listOrganisations(office.db, everything)
    expect(first).toMatchObject({ id: isp, kind: 'isp' })
    expect(rest.find((row) => row.id === id)).toMatchObject({ subscribers: 4, subscriberLimit: null })
    const seen = await listOrganisations(office.db, { ...everything, ownerId: id })
    expect(seen.map((row) => row.name)).toEqual(['Room Net'])
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
