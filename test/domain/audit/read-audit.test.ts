import { beforeAll, describe, expect, it } from 'vitest'
import { writeAudit } from '../../../src/domain/audit/audit.ts'
import type { Deed } from '../../../src/domain/audit/audit.ts'
import { destroyPersonKeys, personKeys } from '../../../src/domain/audit/person-key.ts'
import { listAudit, showAudit } from '../../../src/domain/audit/read-audit.ts'
import type { AuditFilter } from '../../../src/domain/audit/read-audit.ts'
import type { Author } from '../../../src/domain/author.ts'
import { NotFoundError } from '../../../src/domain/field.ts'
import { everything } from '../../../src/domain/scope.ts'
import type { Scope } from '../../../src/domain/scope.ts'
import { insertPlan, insertRow, insertSubscriber } from '../../support/access.ts'
import { hours, noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
const days = (count: number) => hours(24 * count)
let [reseller, north, south]: bigint[] = []
const names = new Map<bigint, string>()

/** Writes an entry that the test knows by this name. */
async function write(name: string, deed: Partial<Deed>, by: Partial<Author> = {}, at: Date = noon): Promise<bigint> {
  const all = { action: 'plan.edit', noun: 'plan', rowId: 1n, ...deed }
  await writeAudit(office.db, all, { ...office.author, ...by }, at)
  const [row] = await rowsOf(office, 'select max(id) as id from audit_entry')
  names.set(row!.id as bigint, name)
  return row!.id as bigint
}
const read = (filter: AuditFilter, scope: Scope = everything, now = noon) =>
  listAudit(office.db, { filter, limit: 100 }, { scope, keyring: office.keyring }, now)
const found = async (filter: AuditFilter, scope?: Scope, now?: Date) =>
  (await read(filter, scope, now)).map(({ id }) => names.get(id)).toReversed()
const show = (id: bigint, scope: Scope = everything) => showAudit(office.db, id, { scope, keyring: office.keyring })

beforeAll(async () => {
  const { pool } = office
  const plan = await insertPlan(pool)
  reseller = await insertRow(pool, 'organisation', { kind: 'reseller', name: 'R', parent_id: 1 })
  north = await insertSubscriber(pool, { username: 'n', plan_id: plan, zone: 'north', owner_id: reseller })
  south = await insertSubscriber(pool, { username: 's', plan_id: plan, zone: 'south' })
  await write('old', { after: { name: 'Fiber 100%' } }, {}, days(-40))
  await write('plan', { after: { name: 'say "hi" \\ there' } }, { operatorId: 5n, name: 'Ops@Example.net' })
  await write('planet', { action: 'planet.edit', noun: 'planet', rowId: 2n }, { requestId: 'r-1' })
  await write(
    'blocked',
    { action: 'subscriber.block', noun: 'subscriber', rowId: north, ownerId: reseller },
    {},
    hours(-1),
  )
  await write(
    'edited',
    { action: 'subscriber.edit', noun: 'subscriber', rowId: south, ownerId: 1n },
    { requestId: 'r-1' },
  )
  const comment = { action: 'comment.add', noun: 'comment', rowId: 9n, ownerId: reseller, personId: north }
  await write('comment', { ...comment, after: { text: 'Canary rang' } })
})

describe('the trail is filtered by', () => {
  it.each<[string, () => AuditFilter, string[]]>([
    ['nothing', () => ({}), ['old', 'plan', 'planet', 'blocked', 'edited', 'comment']],
    ['noun, whole', () => ({ noun: 'plan' }), ['old', 'plan']],
    ['row, of any noun', () => ({ rowId: 1n, noun: 'plan' }), ['old', 'plan']],
    ['row of a noun that has none such', () => ({ rowId: 9n, noun: 'plan' }), []],
    ['operator', () => ({ operatorId: 5n }), ['plan']],
    ['action, whole', () => ({ action: 'plan.edit' }), ['old', 'plan']],
    ['action, all of a noun', () => ({ action: 'subscriber.' }), ['blocked', 'edited']],
    ['action, not its beginning without the dot', () => ({ action: 'plan' }), []],
    ['action with a wildcard, which is none', () => ({ action: '%.' }), []],
    ['owner', () => ({ ownerId: reseller }), ['blocked', 'comment']],
    ['request', () => ({ requestId: 'r-1' }), ['planet', 'edited']],
    ['first instant', () => ({ since: noon }), ['plan', 'planet', 'edited', 'comment']],
    ['last instant, which is outside', () => ({ until: noon }), ['old', 'blocked']],
    ['a span', () => ({ since: hours(-1), until: noon }), ['blocked']],
    ['several at once', () => ({ requestId: 'r-1', noun: 'subscriber' }), ['edited']],
  ])('%s', async (_what, filter, wanted) => {
    expect(await found(filter())).toEqual(wanted)
  })

  it.each([
    ['part of the author’s name, in any case', 'ops@EXAMPLE', ['plan']],
    ['a value', 'there', ['plan']],
    ['a percent sign as it is', '0%', []],
    ['an underscore as it is', 'F_ber', []],
    ['a personal value: never', 'Canary', []],
  ])('text: %s', async (_what, text, wanted) => {
    expect(await found({ text })).toEqual(wanted)
  })

  it('text among the last 31 days only, unless a time is named', async () => {
    expect(await found({ text: '100%' })).toEqual([])
    expect(await found({ text: '100%', since: days(-60) })).toEqual(['old'])
    expect(await found({ text: '100%', until: days(-39) })).toEqual(['old'])
    expect(await found({ text: '100%' }, everything, days(-10))).toEqual(['old'])
  })
})

describe('a reader', () => {
  it('who is a reseller sees its own rows, whatever it filters by', async () => {
    const scope = { ...everything, ownerId: reseller }
    expect(await found({}, scope)).toEqual(['blocked', 'comment'])
    expect(await found({ ownerId: 1n }, scope)).toEqual([])
    expect(await found({ requestId: 'r-1' }, scope)).toEqual([])
    expect(await found({ text: 'ops' }, scope)).toEqual([])
  })

  it('of a team sees the persons of its zones, by comment too, and what is of no person', async () => {
    const ofZone = (...zones: string[]) => found({}, { ...everything, zones })
    expect(await ofZone('north')).toEqual(['old', 'plan', 'planet', 'blocked', 'comment'])
    expect(await ofZone('south')).toEqual(['old', 'plan', 'planet', 'edited'])
    expect(await ofZone()).toEqual(['old', 'plan', 'planet'])
    expect(await found({}, { ...everything, ownerId: reseller, zones: ['south'] })).toEqual([])
  })

  it('is told that an entry out of reach is not there', async () => {
    const id = [...names].find(([, name]) => name === 'edited')![0]
    expect(await show(id)).toMatchObject({ action: 'subscriber.edit' })
    await expect(show(id, { ...everything, ownerId: reseller })).rejects.toBeInstanceOf(NotFoundError)
    await expect(show(id, { ...everything, zones: ['north'] })).rejects.toBeInstanceOf(NotFoundError)
    await expect(show(10n ** 15n)).rejects.toBeInstanceOf(NotFoundError)
  })
})

describe('the values of a person', () => {
  const person = { noun: 'subscriber', action: 'subscriber.edit' }

  it.each([
    ['in both', { full_name: 'A', plan: 'p' }, { full_name: 'B' }],
    ['before alone: the field was emptied of all', { full_name: 'A' }, undefined],
    ['after alone: the person is new', undefined, { full_name: 'B', zone: 'x' }],
    ['before, and open ones after', { phone: '+49' }, { plan: 'q' }],
  ])('come back as they were written: %s', async (_what, before, after) => {
    const id = await write('person', { ...person, rowId: 50n, before, after })
    expect(await show(id)).toMatchObject({ before: before ?? null, after: after ?? null, personal: 'shown' })
  })

  it('are gone with the key, in every entry of this person and of no other', async () => {
    const ids = []
    for (const rowId of [60n, 60n, 61n]) {
      ids.push(await write('purged', { ...person, rowId, after: { full_name: 'Canary', plan: 'p' } }))
    }
    await destroyPersonKeys(office.db, [60n])
    const shown = await Promise.all(ids.map((id) => show(id)))
    expect(shown.map(({ personal, after }) => [personal, after])).toEqual([
      ['removed', { plan: 'p' }],
      ['removed', { plan: 'p' }],
      ['shown', { plan: 'p', full_name: 'Canary' }],
    ])
  })

  it('stay gone when the person gets a new key, as one that is made again under the same id would', async () => {
    const id = await write('anew', { ...person, rowId: 70n, after: { full_name: 'Canary' } })
    await destroyPersonKeys(office.db, [70n])
    await personKeys(office.db, office.keyring, [70n], noon)
    expect(await show(id)).toMatchObject({ personal: 'removed', after: {} })
    const fresh = await write('fresh', { ...person, rowId: 70n, after: { full_name: 'Newcomer' } })
    expect(await show(fresh)).toMatchObject({ personal: 'shown', after: { full_name: 'Newcomer' } })
  })

  it('cannot be shown as another’s: octets moved to another person’s entry do not open', async () => {
    const ids: bigint[] = []
    for (const rowId of [80n, 81n]) {
      ids.push(await write('moved', { ...person, rowId, after: { full_name: `of ${rowId}` } }))
    }
    await office.pool.query(
      `insert into audit_entry (at, author_kind, author_name, action, noun, row_id, person_id, personal)
       select at, 'system', 'x', 'a.b', 'subscriber', 81, 81, personal from audit_entry where id = $1`,
      [ids[0]],
    )
    const [moved, own] = await read({ rowId: 81n })
    expect(moved).toMatchObject({ personal: 'removed', after: null })
    expect(own).toMatchObject({ personal: 'shown', after: { full_name: 'of 81' } })
  })
})
