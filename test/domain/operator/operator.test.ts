// Operators below the API: what is checked, what is written down, and what ends with what.

import { describe, expect, it } from 'vitest'
import { addOperator, editOperator, madeUpUntil } from '../../../src/domain/operator/operator.ts'
import type { OperatorChanges } from '../../../src/domain/operator/operator.ts'
import { changeOperators, deleteOperator, resetOperatorPassword } from '../../../src/domain/operator/operator-deed.ts'
import {
  findOperatorId,
  findOperatorIds,
  listOperators,
  readOperator,
} from '../../../src/domain/operator/operator-list.ts'
import { permissionNames } from '../../../src/domain/operator/permission.ts'
import { openPanelSession } from '../../../src/domain/operator/panel-session.ts'
import { addReseller, ispId } from '../../../src/domain/organisation.ts'
import { everything } from '../../../src/domain/scope.ts'
import { writeSetting } from '../../../src/domain/setting.ts'
import { noon, rowsOf, useOffice } from '../../support/operator.ts'
import { authorWith, hire, system } from '../../support/staff.ts'

const office = useOffice()
const inOne = <T>(
  work: (trx: Parameters<Parameters<ReturnType<typeof office.db.transaction>['execute']>[0]>[0]) => Promise<T>,
) => office.db.transaction().execute(work)

const edit = (id: bigint, changes: OperatorChanges, by = system(office)) =>
  inOne((trx) => editOperator(trx, { id, changes, ifMatch: undefined }, by, noon))

const read = (id: bigint) => readOperator(office.db, id, everything, noon)
const openSessions = async (id: bigint): Promise<number> => (await read(id)).sessions

async function withSession(role = 'support'): Promise<bigint> {
  const { id } = await hire(office, role, { passwordHash: 'x' })
  const peer = { address: '192.0.2.1', userAgent: null }
  await openPanelSession(office.db, { operatorId: id, state: 'full', peer }, noon)
  await office.db
    .insertInto('api_token')
    .values({
      operator_id: id,
      name: 'a token',
      prefix: 'gh_x',
      token_hash: Buffer.from(String(id)),
      permissions: ['nas.read'],
      created_at: noon,
      expires_at: new Date(noon.getTime() + 86_400_000),
    })
    .execute()
  return id
}

describe('an operator', () => {
  it('has a name, an address to sign in with, and a phone as everybody’s (C6 to C9)', async () => {
    await writeSetting(office.db, { name: 'phone_country_code', value: '+49' }, noon)
    const { id } = await hire(office, 'support', {
      name: '  Zoë Ångström ',
      email: 'Zoe@Example.net',
      phone: '030 123456',
      phoneExtension: '0042',
      language: 'de',
    })
    expect(await read(id)).toMatchObject({
      name: 'Zoë Ångström',
      email: 'zoe@example.net',
      phone: '+4930123456',
      phoneExtension: '0042',
      language: 'de',
      createdBy: 'test',
    })
  })

  it.each([
    [{ name: 'X' }, 'name: must have 2 to 50'],
    [{ name: 'x'.repeat(51) }, 'name: must have 2 to 50'],
    [{ email: 'nobody' }, 'email:'],
    [{ phone: 'call me' }, 'phone:'],
    [{ phoneExtension: '12a' }, 'phone_extension: must have 1 to 10 digits'],
    [{ phoneExtension: '12345678901' }, 'phone_extension: must have 1 to 10 digits'],
    [{ language: 'x' }, 'language:'],
  ])('is refused with %o', async (fields, sentence) => {
    await expect(hire(office, 'support', fields)).rejects.toThrow(sentence)
  })

  it('has its address alone, in any case of letters, also of two who are added at once', async () => {
    const email = 'twins@example.net'
    const twins = await Promise.allSettled([
      hire(office, 'support', { email }),
      hire(office, 'support', { email: 'Twins@Example.NET' }),
    ])
    expect(twins.map((one) => one.status).toSorted()).toEqual(['fulfilled', 'rejected'])
    const id = await findOperatorId(office.db, ' TWINS@example.net')
    const other = await hire(office, 'support')
    await expect(edit(other.id, { email })).rejects.toThrow('there is an operator twins@example.net already')
    await inOne((trx) => deleteOperator(trx, id, system(office), noon))
    await edit(other.id, { email })
    await expect(findOperatorId(office.db, 'nobody@example.net')).rejects.toThrow('there is no operator')
  })

  it('with a made-up password has a week to change it; one of its own choice stays', async () => {
    const madeUp = await hire(office, 'support', { passwordHash: 'x', mustChange: true })
    const chosen = await hire(office, 'support', { passwordHash: 'x', mustChange: false })
    const rows = await rowsOf(
      office,
      'select must_change_password, password_valid_until from operator where id = any($1) order by id',
      [[madeUp.id, chosen.id]],
    )
    expect(rows).toEqual([
      { must_change_password: true, password_valid_until: madeUpUntil(noon) },
      { must_change_password: false, password_valid_until: null },
    ])
  })
})

describe('changing', () => {
  it.each<[string, OperatorChanges, number]>([
    ['name', { name: 'New Name' }, 1],
    ['phone', { phone: '+4930555555' }, 1],
    ['language', { language: 'fr' }, 1],
    ['login', { email: 'new-login@example.net' }, 0],
    ['service', { enabled: false }, 0],
    ['duty to change the password', { mustChangePassword: true }, 0],
  ])('the %s leaves so many sessions open', async (_name, changes, sessions) => {
    const id = await withSession()
    await edit(id, changes)
    expect(await openSessions(id)).toBe(sessions)
    // Tokens are a program's: only being disabled takes them away.
    expect((await read(id)).tokens).toBe(changes.enabled === false ? 0 : 1)
  })

  it('nothing leaves no trace', async () => {
    const id = await withSession()
    const entries = () => rowsOf(office, 'select id from audit_entry where noun = $1 and row_id = $2', ['operator', id])
    const before = await entries()
    await edit(id, {})
    await edit(id, { enabled: true, phone: null })
    expect(await entries()).toEqual(before)
  })

  it('is written down with what differs, before and after, and never with a secret (A04)', async () => {
    const id = await withSession()
    await edit(id, { enabled: false, language: 'it' })
    await edit(id, { enabled: true })
    await inOne((trx) => resetOperatorPassword(trx, { id, passwordHash: '$argon2id$canary' }, system(office), noon))
    const entries = await rowsOf(
      office,
      'select action, before, after from audit_entry where noun = $1 and row_id = $2 order by id offset 1',
      ['operator', id],
    )
    expect(entries).toEqual([
      {
        action: 'operator.disable',
        before: { enabled: true, language: null },
        after: { enabled: false, language: 'it' },
      },
      { action: 'operator.enable', before: { enabled: false }, after: { enabled: true } },
      { action: 'operator.reset-password', before: null, after: { must_change_password: true } },
    ])
    expect(JSON.stringify(await rowsOf(office, 'select before, after from audit_entry'))).not.toContain('canary')
  })
})

describe('a bulk deed', () => {
  it('leaves nothing behind of what was refused or only asked for', async () => {
    const [one, other] = [await withSession(), await withSession('super-administrator')]
    await hire(office, 'super-administrator')
    const by = authorWith(
      office,
      permissionNames.filter((name) => name !== 'role.edit'),
    )
    const run = (dryRun: boolean) =>
      inOne((trx) =>
        changeOperators(trx, { ids: [one, other, 999_999n], action: 'disable', value: null, dryRun }, by, noon),
      )
    const results = [
      { id: one, kind: 'done', reason: null },
      { id: other, kind: 'refused', reason: 'role: may more than you: role.edit' },
      { id: 999_999n, email: null, kind: 'refused', reason: 'there is no such operator' },
    ]
    expect(await run(true)).toMatchObject(results)
    expect([await openSessions(one), await openSessions(other)]).toEqual([1, 1])
    expect(await run(false)).toMatchObject(results)
    expect([await openSessions(one), await openSessions(other)]).toEqual([0, 1])
    expect(await read(other)).toMatchObject({ enabled: true })
    const entries = await rowsOf(
      office,
      `select after from audit_entry where action = 'operator.bulk' and row_id is null order by id`,
    )
    expect(entries).toEqual([
      { after: { action: 'disable', value: null, dry_run: true, done: 1, refused: 2 } },
      { after: { action: 'disable', value: null, dry_run: false, done: 1, refused: 2 } },
    ])
  })

  it('keeps one super-administrator, whatever the order', async () => {
    await office.db.updateTable('operator').set({ enabled: false }).execute()
    const people = [await hire(office, 'super-administrator'), await hire(office, 'super-administrator')]
    const ids = people.map((one) => one.id)
    const run = (action: 'delete' | 'disable') =>
      inOne((trx) => changeOperators(trx, { ids, action, value: null, dryRun: true }, system(office), noon))
    // A dry run asks of each alone; the deed itself counts those before it.
    expect((await run('delete')).map((result) => result.kind)).toEqual(['done', 'done'])
    const done = await inOne((trx) =>
      changeOperators(trx, { ids, action: 'delete', value: null, dryRun: false }, system(office), noon),
    )
    expect(done.map((result) => [result.kind, result.reason])).toEqual([
      ['done', null],
      ['refused', 'role: there would be no super-administrator left'],
    ])
  })
})

describe('the list', () => {
  it('finds by every filter alone and together, and the same ids for a bulk deed', async () => {
    const { id: reseller } = await addReseller(office.db, { name: 'List Net' }, noon)
    const theirs = await hire(office, 'reseller', { organisationId: reseller, name: 'Quentin Quill' })
    const { roleId } = await read(theirs.id)
    const cases = [
      { search: 'quentin' },
      { search: 'QUILL' },
      { roleIds: [roleId] },
      { organisationIds: [reseller] },
      { search: 'quill', roleIds: [roleId], organisationIds: [reseller], enabled: true, secondFactor: false },
    ]
    for (const filter of cases) {
      const question = { filter, sort: 'name', descending: false, after: undefined, limit: 10 } as const
      const { items } = await listOperators(office.db, question, everything, noon)
      expect(items.map((item) => item.id)).toEqual([theirs.id])
      expect(await findOperatorIds(office.db, filter, everything, noon)).toEqual([theirs.id])
    }
    for (const filter of [
      { enabled: false },
      { signedIn: true },
      { archived: true },
      { search: '%' },
      { teamIds: [1n] },
    ]) {
      const ids = await findOperatorIds(office.db, filter, everything, noon)
      expect(ids).not.toContain(theirs.id)
    }
  })

  it('shows a reseller its own, whatever it asks for', async () => {
    const { id: one } = await addReseller(office.db, { name: 'List One' }, noon)
    const { id: other } = await addReseller(office.db, { name: 'List Two' }, noon)
    const mine = await hire(office, 'reseller', { organisationId: one })
    await hire(office, 'reseller', { organisationId: other })
    const scope = { ...everything, ownerId: one }
    for (const filter of [{}, { organisationIds: [other, await ispId(office.db)] }, { enabled: true }]) {
      const ids = await findOperatorIds(office.db, filter, scope, noon)
      expect(ids.filter((id) => id !== mine.id)).toEqual([])
    }
    await expect(readOperator(office.db, mine.id, { ...everything, ownerId: other }, noon)).rejects.toThrow(
      'no operator',
    )
  })

  it('is added to by who may, and by nobody else', async () => {
    const fields = {
      name: 'Above Me',
      email: 'above@example.net',
      organisationId: await ispId(office.db),
      passwordHash: null,
    }
    const { roleId } = await read((await hire(office, 'administrator')).id)
    const by = authorWith(office, ['operator.edit', 'operator.read'])
    await expect(inOne((trx) => addOperator(trx, { ...fields, roleId }, by, noon))).rejects.toThrow('may more than you')
    await expect(findOperatorId(office.db, fields.email)).rejects.toThrow('there is no operator')
  })
})
