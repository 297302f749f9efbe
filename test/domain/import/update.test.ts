import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openCredential } from '../../../src/domain/credential.ts'
import { permissionNames } from '../../../src/domain/operator/permission.ts'
import { addReseller } from '../../../src/domain/organisation.ts'
import { csvOf, importText } from '../../support/import.ts'
import { hours, makePlan, noon, openSession, rowsOf, useOffice } from '../../support/operator.ts'
import { authorWith } from '../../support/staff.ts'

const office = useOffice()
const later = hours(1)

beforeAll(async () => {
  await makePlan(office, { name: 'Home', graceHours: 24 })
  await makePlan(office, { name: 'Fast', graceHours: 24 })
  const { id } = await addReseller(office.db, { name: 'Village Net' }, noon)
  await makePlan(office, { name: 'Village', ownerId: id })
})

beforeEach(async () => {
  await rowsOf(office, 'delete from coa_order')
  await rowsOf(office, 'delete from session')
  await rowsOf(office, 'delete from subscriber')
  const text = `username,password,plan,expires_at,block_reason,full_name,zone,circuit_id
full,a password,Home,2027-01-31T12:00Z,unpaid,Ada Lovelace,north,eth 0/1
bare,pw,Home,,,,,
`
  const made = await importText(office.db, office.author, text)
  if (made.kind !== 'done') throw new Error(made.found.join('; '))
})

const own = (column: string) => `select ${column} as value from subscriber where username = 'full'`
const named = (table: string, column: string) =>
  `select ${table}.name as value from subscriber left join ${table} on ${table}.id = subscriber.${column} where username = 'full'`
const at = (text: string) => new Date(text)
const value = async (select: string) => (await rowsOf(office, select))[0]!.value
const change = (column: string, cell: string, by = office.author, username = 'full') =>
  importText(office.db, by, csvOf(['username', column], [[username, cell]]), { mode: 'upsert' }, later)

describe('an update', () => {
  const credential = async () => {
    const [row] = await rowsOf(
      office,
      `select kind, secret, id from credential join subscriber on id = subscriber_id where username = 'full'`,
    )
    const kind = row!.kind as 'clear' | 'nt-hash'
    const opened = openCredential(office.keyring, row!.id as bigint, kind, row!.secret as Buffer)
    return `${kind} ${opened.toString(kind === 'clear' ? 'utf8' : 'hex')}`
  }

  it('changes a password, to a hash and back, and knows the one that is there', async () => {
    const hash = '44ebba8d5312b8d611474411f56989ae'
    expect(await change('password', 'a password')).toMatchObject({ updated: 0, unchanged: 1 })
    expect(await change('password', ' other ')).toMatchObject({ updated: 1 })
    expect(await credential()).toBe('clear  other ')
    expect(await change('nt_hash', hash)).toMatchObject({ updated: 1 })
    expect(await credential()).toBe(`nt-hash ${hash}`)
    expect(await change('nt_hash', hash.toUpperCase())).toMatchObject({ updated: 0, unchanged: 1 })
    // The word is a password like any other.
    expect(await change('password', 'none')).toMatchObject({ updated: 1 })
    expect(await credential()).toBe('clear none')
    const [entry] = await rowsOf(office, `select after from audit_entry order by id desc limit 1`)
    expect(JSON.stringify(entry)).not.toContain('none')
    const may = authorWith(office, ['subscriber.edit'])
    expect((await change('password', 'x', may)).found).toEqual([
      '2 password: to change it needs the permission subscriber.credential',
    ])
  })

  it('takes degrees together only', async () => {
    const both = (one: string, other: string) =>
      importText(
        office.db,
        office.author,
        csvOf(['username', 'latitude', 'longitude'], [['full', one, other]]),
        { mode: 'upsert' },
        later,
      )
    expect((await both('52.5', '')).found).toEqual(['2 latitude: goes with longitude, and only with it'])
    expect(await both('52.5', '-13.25')).toMatchObject({ updated: 1 })
    expect(await both('52.50', '-13.250')).toMatchObject({ unchanged: 1 })
    expect((await both('', 'none')).found).toHaveLength(1)
    expect(await both('none', 'none')).toMatchObject({ updated: 1 })
    expect((await both('90.1', '180.1')).found).toEqual([
      '2 latitude: must be degrees from -90 to 90',
      '2 longitude: must be degrees from -180 to 180',
    ])
  })

  it('moves to a plan as it stands, at no price, and not to one that is no longer offered', async () => {
    expect(await change('plan', 'Fast')).toMatchObject({ updated: 1 })
    expect(await value(named('plan', 'plan_id'))).toBe('Fast')
    expect(await rowsOf(office, 'select from ledger_transaction')).toEqual([])
    await rowsOf(office, `update plan set archived_at = $1 where name = 'Fast'`, [noon])
    // Who has it keeps it.
    expect(await change('plan', 'Fast')).toMatchObject({ unchanged: 1, found: [] })
    expect(await change('plan', 'Home')).toMatchObject({ updated: 1 })
    expect((await change('plan', 'Fast')).found).toEqual(['2 plan: there is no plan "Fast"'])
    await rowsOf(office, `update plan set archived_at = null where name = 'Fast'`)
    // There is always a plan: nothing clears it.
    expect((await change('plan', 'none')).found).toContain('2 plan: is empty')
  })

  it('moves to another organisation with what is its own, within its limit', async () => {
    const move = csvOf(['username', 'owner', 'plan'], [['full', 'Village Net', 'Village']])
    await rowsOf(office, `update organisation set subscriber_limit = 0 where name = 'Village Net'`)
    expect((await importText(office.db, office.author, move, { mode: 'upsert' })).found).toEqual([
      '2 owner: the organisation may have 0 subscribers and no more',
    ])
    await rowsOf(office, `update organisation set subscriber_limit = 1 where name = 'Village Net'`)
    expect((await change('owner', 'Village Net')).kind).toBe('done')
    expect(await value(named('organisation', 'owner_id'))).toBe('Village Net')
    expect(await importText(office.db, office.author, move, { mode: 'upsert' })).toMatchObject({
      updated: 1,
      found: [],
    })
    expect(await value(named('plan', 'plan_id'))).toBe('Village')
    await rowsOf(office, `update organisation set subscriber_limit = null`)
  })

  it('becomes a line without a password where something tells it', async () => {
    expect((await change('account_type', 'ipoe', office.author, 'bare')).found).toEqual([
      '2 bound_macs: an IPoE subscriber is known by its line: it needs this or one of circuit_id, remote_id, duid, ' +
        'bound_interface, bound_c_vlan',
    ])
    expect(await change('account_type', 'IPoE')).toMatchObject({ updated: 1 })
    expect(await value(own('account_type'))).toBe('ipoe')
  })

  it('moves grace with the end of the service period, and a block with its reason', async () => {
    await change('expires_at', '2027-03-31T12:00Z')
    // The plan gives a day.
    expect(await value(own('grace_until'))).toEqual(at('2027-04-01T12:00Z'))
    await change('block_reason', 'none')
    expect(await value(own('blocked_at'))).toBeNull()
    await change('block_reason', 'again')
    expect(await value(own('blocked_at'))).toEqual(later)
    await change('block_reason', 'for another reason')
    expect(await value(own('blocked_at'))).toEqual(later)
  })

  it.each([
    ['block_reason', 'unpaid', 'bare', 'disconnect'],
    ['enabled', 'no', 'bare', 'disconnect'],
    ['plan', 'Fast', 'bare', 'reapply'],
    ['session_limit', '2', 'bare', 'reapply'],
    ['full_name', 'Somebody Else', 'bare', undefined],
  ])('of %s to %s tells a live session what follows', async (column, cell, username, wish) => {
    const [row] = await rowsOf(office, 'select id from subscriber where username = $1', [username])
    await openSession(office, row!.id as bigint, `s-${column}`)
    expect(await change(column, cell, office.author, username)).toMatchObject({ updated: 1, found: [] })
    const orders = await rowsOf(office, 'select wish, reason from coa_order')
    expect(orders).toEqual(wish === undefined ? [] : [{ wish, reason: 'imported' }])
  })

  it('of who is deleted or out of reach is refused, with no word of what it is', async () => {
    await rowsOf(office, `update subscriber set archived_at = $1 where username = 'bare'`, [noon])
    expect((await change('full_name', 'Bo Bare', office.author, 'bare')).found).toContain(
      '2 username: "bare" is deleted: restore it first',
    )
    const team = authorWith(office, permissionNames, { zones: ['south'] })
    const refused = await change('full_name', 'Bo Bare', team, 'full')
    expect(refused.found).toContain('2 username: there is a subscriber "full" already')
    expect(refused.found.join()).not.toContain('Lovelace')
  })

  it('puts nobody out of the sight of who reaches some zones only', async () => {
    const team = authorWith(office, permissionNames, { zones: ['north', 'east'] })
    expect((await change('zone', 'south', team)).found).toEqual(['2 zone: must be one of north, east'])
    expect((await change('zone', 'none', team)).found).toEqual(['2 zone: must be one of north, east'])
    expect(await change('zone', 'east', team)).toMatchObject({ updated: 1 })
    const text = csvOf(
      ['username', 'password', 'plan', 'zone'],
      [
        ['fresh', 'pw', 'Home', ''],
        ['other', 'pw', 'Home', 'east'],
      ],
    )
    expect((await importText(office.db, team, text)).found).toEqual(['2 zone: must be one of north, east'])
  })
})
