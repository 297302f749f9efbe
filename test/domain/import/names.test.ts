import { beforeAll, describe, expect, it } from 'vitest'
import type { Author } from '../../../src/domain/author.ts'
import { permissionNames } from '../../../src/domain/operator/permission.ts'
import { addReseller } from '../../../src/domain/organisation.ts'
import { importText } from '../../support/import.ts'
import { makePlan, noon, rowsOf, useOffice } from '../../support/operator.ts'
import { authorWith } from '../../support/staff.ts'

const office = useOffice()
let north = 0n
let south = 0n

beforeAll(async () => {
  north = (await addReseller(office.db, { name: 'North Net' }, noon)).id
  south = (await addReseller(office.db, { name: 'South Net' }, noon)).id
  await makePlan(office, { name: 'Home' })
  // Of the same name as a shared one.
  await makePlan(office, { name: 'Home', ownerId: north })
  await makePlan(office, { name: 'North only', ownerId: north })
  await makePlan(office, { name: 'Gone' })
  await rowsOf(office, `update plan set archived_at = $1 where name = 'Gone'`, [noon])
  await rowsOf(office, `insert into nas_group (name, address_space_id) values ('Tower', 1), ('Cellar', 1)`)
  await rowsOf(
    office,
    `insert into nas_group_owner (nas_group_id, owner_id) select id, $1 from nas_group where name = 'Tower'`,
    [north],
  )
})

const reseller = (ownerId: bigint): Author => authorWith(office, permissionNames, { ownerId })
let made = 0

/** What is told of one new row with these columns, and what it has become. */
async function one(by: Author, cells: Record<string, string>) {
  made += 1
  const all = { username: `names${made}`, password: 'pw', plan: 'Home', ...cells }
  const text = `${Object.keys(all).join(',')}\n${Object.values(all).join(',')}\n`
  const { found } = await importText(office.db, by, text)
  const [row] = await rowsOf(
    office,
    `select plan.owner_id as plan_owner, subscriber.owner_id, payer.name as payer, payer.kind, payer.id as payer_id,
       subscriber_group.id as group_id, nas_group.name as nas_group
     from subscriber join plan on plan.id = plan_id join payer on payer.id = payer_id
     left join subscriber_group on subscriber_group.id = group_id left join nas_group on nas_group.id = bound_nas_group_id
     where username = $1`,
    [`names${made}`],
  )
  return { found, row }
}

describe('the name of a plan', () => {
  it("is a plan of the owner's own, else a shared one", async () => {
    expect((await one(office.author, {})).row).toMatchObject({ plan_owner: null, owner_id: 1n })
    expect((await one(office.author, { owner: 'North Net' })).row).toMatchObject({ plan_owner: north, owner_id: north })
    expect((await one(office.author, { owner: 'South Net' })).row).toMatchObject({ plan_owner: null, owner_id: south })
    expect((await one(reseller(north), {})).row).toMatchObject({ plan_owner: north, owner_id: north })
  })

  it('of another organisation, or that is no longer offered, is none, now and next', async () => {
    for (const column of ['plan', 'next_plan']) {
      for (const name of ['North only', 'Gone', 'home', 'Nothing']) {
        expect((await one(office.author, { owner: 'South Net', [column]: name })).found).toEqual([
          `2 ${column}: there is no plan "${name}"`,
        ])
      }
      expect((await one(office.author, { owner: 'North Net', [column]: 'North only' })).found).toEqual([])
    }
  })
})

describe('the name of a NAS group', () => {
  it('is one in reach: a reseller has those that it was given', async () => {
    expect((await one(reseller(north), { bound_nas_group: 'Tower' })).row).toMatchObject({ nas_group: 'Tower' })
    expect((await one(reseller(north), { bound_nas_group: 'Cellar' })).found).toEqual([
      '2 bound_nas_group: there is no NAS group "Cellar"',
    ])
    expect((await one(reseller(south), { bound_nas_group: 'Tower' })).found).toHaveLength(1)
    expect((await one(office.author, { bound_nas_group: 'Cellar' })).found).toEqual([])
  })
})

describe('the name of a group', () => {
  it('is made where it is new, in the organisation of the row, once for all of its rows', async () => {
    const text = `username,password,plan,owner,group\n${['North Net', 'South Net', 'North Net']
      .map((owner, at) => `grouped${at},pw,Home,${owner},Hill\n`)
      .join('')}`
    expect((await importText(office.db, office.author, text)).groupsMade).toEqual(['Hill'])
    const again = await importText(office.db, office.author, text.replaceAll('grouped', 'again'))
    expect(again).toMatchObject({ created: 3, groupsMade: [] })
    const groups = await rowsOf(
      office,
      `select owner_id, (select count(*)::int from subscriber where group_id = subscriber_group.id) as n
       from subscriber_group where name = 'Hill' order by 1`,
    )
    expect(groups).toEqual([
      { owner_id: north, n: 4 },
      { owner_id: south, n: 2 },
    ])
  })
})

describe('the name of a payer', () => {
  it('is a company that is made once and shared, in its organisation; without one everybody pays alone', async () => {
    const [first, second] = [await one(office.author, { payer: 'ACME' }), await one(office.author, { payer: 'ACME' })]
    expect(first.row).toMatchObject({ payer: 'ACME', kind: 'company' })
    expect(second.row!.payer_id).toBe(first.row!.payer_id)
    const other = await one(office.author, { payer: 'ACME', owner: 'South Net' })
    expect(other.row!.payer_id).not.toBe(first.row!.payer_id)
    const alone = await one(office.author, { full_name: 'Ada Lovelace' })
    expect(alone.row).toMatchObject({ payer: 'Ada Lovelace', kind: 'own' })
    // Somebody's own payer is not found by its name.
    expect((await one(office.author, { payer: 'Ada Lovelace' })).row!.payer_id).not.toBe(alone.row!.payer_id)
  })

  it('that several have, or that pays in another currency, is refused', async () => {
    await rowsOf(
      office,
      `insert into payer (owner_id, name, kind, currency)
       values (1, 'Twice', 'company', 'EUR'), (1, 'Twice', 'company', 'EUR'), (1, 'Abroad', 'company', 'USD')`,
    )
    expect((await one(office.author, { payer: 'Twice' })).found).toEqual(['2 payer: there are several payers "Twice"'])
    expect((await one(office.author, { payer: 'Abroad' })).found).toEqual([
      '2 payer: "Abroad" pays in USD, the plan is in EUR',
    ])
  })
})
