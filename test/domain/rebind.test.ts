import { Readable } from 'node:stream'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { rebind } from '../../src/domain/rebind.ts'
import type { RebindInput } from '../../src/domain/rebind.ts'
import { insertPlan, insertRow, insertSubscriber } from '../support/access.ts'
import { noon, rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()
let plan = 0n
let north = 0n
let south = 0n

beforeAll(async () => {
  plan = await insertPlan(office.pool)
  north = await insertRow(office.pool, 'nas_group', { name: 'north', address_space_id: 1 })
  south = await insertRow(office.pool, 'nas_group', { name: 'south', address_space_id: 1 })
})

beforeEach(() => office.pool.query('delete from subscriber'))

type Parts = { group?: bigint; interface?: string; port?: string; s?: number; c?: number; circuitId?: string | Buffer }

function subscriber(username: string, parts: Parts, columns: Record<string, unknown> = {}): Promise<bigint> {
  return insertSubscriber(office.pool, {
    username,
    plan_id: plan,
    bound_nas_group_id: parts.group ?? null,
    bound_interface: parts.interface ?? null,
    bound_port: parts.port ?? null,
    bound_s_vlan: parts.s ?? null,
    bound_c_vlan: parts.c ?? null,
    circuit_id: parts.circuitId === undefined ? null : Buffer.from(parts.circuitId),
    ...columns,
  })
}

/** Each subscriber's binding as one text. */
const bindings = async (): Promise<Record<string, string>> =>
  Object.fromEntries(
    (
      await rowsOf(
        office,
        `select username, concat_ws(' ', nas_group.name, bound_interface, bound_port, bound_s_vlan, bound_c_vlan,
           convert_from(circuit_id, 'UTF8')) as bound
         from subscriber left join nas_group on nas_group.id = bound_nas_group_id order by username`,
      )
    ).map(({ username, bound }) => [String(username), String(bound)]),
  )

const run = (input: RebindInput) => rebind(office.db, input, noon)
const move = (from: string, to: string, more: RebindInput = {}) => run({ rules: [{ from, to }], ...more })
const file = (text: string, more: RebindInput = {}) => run({ file: Readable.from([Buffer.from(text)]), ...more })

describe('re-binding by rule', () => {
  it('changes the parts that are named and keeps the others', async () => {
    await subscriber('anna', { port: '1/1/4', s: 501, c: 7 })
    await subscriber('berta', { port: '1/1/4', s: 501, c: 8, interface: 'x' })
    await subscriber('carla', { port: '1/1/4', s: 502, c: 7 })
    await subscriber('dora', { port: '1/1/5', s: 501, c: 7 })
    const result = await move('port=1/1/4,s-vlan=501', 'port=2/1/4,s-vlan=601')
    expect(result).toEqual({
      kind: 'rebound',
      count: 2,
      withoutGroup: 0,
      moves: [
        { username: 'anna', before: 'port 1/1/4, s-vlan 501, c-vlan 7', after: 'port 2/1/4, s-vlan 601, c-vlan 7' },
        {
          username: 'berta',
          before: 'interface x, port 1/1/4, s-vlan 501, c-vlan 8',
          after: 'interface x, port 2/1/4, s-vlan 601, c-vlan 8',
        },
      ],
    })
    expect(await bindings()).toEqual({
      anna: '2/1/4 601 7',
      berta: 'x 2/1/4 601 8',
      carla: '1/1/4 502 7',
      dora: '1/1/5 501 7',
    })
    const [{ updated_at } = {}] = await rowsOf(office, `select updated_at from subscriber where username = 'anna'`)
    expect(updated_at).toEqual(noon)
  })

  it('only shows with a dry run', async () => {
    await subscriber('anna', { interface: 'vlan100' })
    expect(await move('interface=vlan100', 'interface=vlan200', { dryRun: true })).toMatchObject({
      kind: 'dry-run',
      count: 1,
      moves: [{ username: 'anna', before: 'interface vlan100', after: 'interface vlan200' }],
    })
    expect(await bindings()).toEqual({ anna: 'vlan100' })
  })

  it('takes several rules at once: ports may change places', async () => {
    await subscriber('anna', { port: '1', c: 7, s: 1 })
    await subscriber('berta', { port: '2', c: 7, s: 1 })
    const rules = [
      { from: 'port=1', to: 'port=2' },
      { from: 'port=2', to: 'port=1' },
    ]
    expect(await run({ rules })).toMatchObject({ kind: 'rebound', count: 2 })
    expect(await bindings()).toEqual({ anna: '2 1 7', berta: '1 1 7' })
  })

  it('can unbind, and find what is not bound', async () => {
    await subscriber('anna', { port: '1', interface: 'vlan1' })
    await subscriber('berta', { port: '1' })
    await move('port=1,interface=', 'port=2')
    expect(await bindings()).toEqual({ anna: 'vlan1 1', berta: '2' })
    await move('port=1', 'port=')
    expect(await bindings()).toEqual({ anna: 'vlan1', berta: '2' })
  })

  it('reads interface names that have equals signs and commas in them', async () => {
    await subscriber('anna', { interface: 'slot=2;port=1,vlanid=7' })
    await move('interface=slot=2;port=1,vlanid=7', 'interface=slot=3;port=1,vlanid=7,port=9')
    expect(await bindings()).toEqual({ anna: 'slot=3;port=1,vlanid=7 9' })
  })

  it('stays inside a NAS group, and moves to another', async () => {
    await subscriber('anna', { group: north, port: '1', s: 1, c: 7 })
    await subscriber('berta', { group: south, port: '1', s: 1, c: 7 })
    await subscriber('carla', { port: '1', s: 1, c: 9 })
    expect(await move('port=1', 'port=2', { nasGroup: 'north' })).toMatchObject({ count: 1, withoutGroup: 1 })
    await move('group=north', 'group=south')
    expect(await bindings()).toEqual({ anna: 'south 2 1 7', berta: 'south 1 1 7', carla: '1 1 9' })
  })

  it('replaces the beginning of circuit ids', async () => {
    await subscriber('anna', { circuitId: 'OLT-A eth 1/1:7' })
    await subscriber('berta', { circuitId: 'OLT-B eth 1/1:7' })
    await subscriber('carla', { circuitId: Buffer.from('0004', 'hex') })
    expect(await run({ circuitIdPrefixes: ['OLT-A eth 1=OLT-C eth 2', '0x00=0x4141'] })).toMatchObject({
      count: 2,
      moves: [{ after: 'circuit-id OLT-C eth 2/1:7' }, { username: 'carla', before: 'circuit-id 0x0004' }],
    })
    expect(await bindings()).toEqual({ anna: 'OLT-C eth 2/1:7', berta: 'OLT-B eth 1/1:7', carla: 'AA\u0004' })
  })

  it('leaves those alone that are archived, and changes nothing twice', async () => {
    await subscriber('anna', { port: '1' }, { archived_at: noon })
    await subscriber('berta', { port: '1' })
    expect(await move('port=1', 'port=1,s-vlan=5')).toMatchObject({ count: 1 })
    expect(await move('port=1', 'port=1,s-vlan=5')).toMatchObject({ count: 0, moves: [] })
    expect(await bindings()).toEqual({ anna: '1', berta: '1 5' })
  })

  it.each<[RebindInput, string]>([
    [{}, 'nothing to change'],
    [{ rules: [{ from: '', to: 'port=1' }] }, 'from: is written'],
    [{ rules: [{ from: 'port=1', to: 'mac=1' }] }, 'to: is written'],
    [{ rules: [{ from: 'circuit-id=1', to: 'port=1' }] }, 'from: is written'],
    [{ rules: [{ from: 'port=1,port=2', to: 'port=1' }] }, 'from: names port twice'],
    [{ rules: [{ from: 's-vlan=4096', to: 'port=1' }] }, 'from s-vlan: must be a whole number from 0 to 4095'],
    [{ rules: [{ from: 'port=1', to: 'group=west' }] }, 'there is no NAS group "west"'],
    [{ rules: [{ from: 'port=1', to: 'port=2' }], nasGroup: 'west' }, 'nas-group: there is no NAS group "west"'],
    [{ circuitIdPrefixes: ['OLT-A'] }, 'circuit-id-prefix: is written OLD=NEW'],
    [{ circuitIdPrefixes: ['=OLT-A'] }, 'circuit-id-prefix: must have 1 to 253 octets'],
    [{ file: Readable.from([]), nasGroup: 'north' }, 'file: stands in place of rules'],
  ])('refuses %j', async (input, message) => {
    await expect(run(input)).rejects.toThrow(message)
  })
})

describe('two subscribers on one line after the move', () => {
  it('are named, and nothing is written', async () => {
    await subscriber('anna', { port: '1', s: 501, c: 7 })
    await subscriber('berta', { port: '1', s: 501, c: 8 })
    await subscriber('carla', { port: '2', s: 601, c: 7 })
    const before = await bindings()
    expect(await move('port=1,s-vlan=501', 'port=2,s-vlan=601')).toEqual({
      kind: 'refused',
      errors: [],
      conflicts: [{ line: 'port 2, s-vlan 601, c-vlan 7', usernames: ['anna', 'carla'] }],
    })
    expect(await bindings()).toEqual(before)
  })

  it('may both be among those that move', async () => {
    await subscriber('anna', { port: '1', s: 501, c: 7 })
    await subscriber('berta', { port: '1', s: 502, c: 7 })
    expect(await move('port=1', 's-vlan=600', { dryRun: true })).toMatchObject({
      conflicts: [{ usernames: ['anna', 'berta'] }],
    })
  })

  it('were on one line before: that is no conflict', async () => {
    for (const name of ['anna', 'berta']) await subscriber(name, { port: '1', s: 501, c: 7 })
    expect(await move('port=1', 'port=2')).toMatchObject({ kind: 'rebound', count: 2 })
  })

  it('are apart in different NAS groups, but nobody is apart from one without a group', async () => {
    await subscriber('anna', { group: north, port: '1', s: 1, c: 7 })
    await subscriber('berta', { group: south, port: '2', s: 1, c: 7 })
    expect(await move('port=1', 'port=2')).toMatchObject({ kind: 'rebound' })
    await subscriber('carla', { port: '3', s: 1, c: 7 })
    expect(await move('port=3', 'port=2')).toMatchObject({ kind: 'refused' })
  })

  it('may be archived: then the line is free', async () => {
    await subscriber('anna', { port: '1', s: 1, c: 7 })
    await subscriber('berta', { port: '2', s: 1, c: 7 }, { archived_at: noon })
    expect(await move('port=1', 'port=2')).toMatchObject({ kind: 'rebound' })
  })

  it('have one circuit id', async () => {
    await subscriber('anna', { circuitId: 'A/7' })
    await subscriber('berta', { circuitId: 'B/7' })
    expect(await run({ circuitIdPrefixes: ['A=B'] })).toMatchObject({
      conflicts: [{ line: 'circuit-id B/7', usernames: ['anna', 'berta'] }],
    })
  })

  it('is what a shared VLAN is for, except for two IPoE lines that had one each', async () => {
    for (const [name, vlan] of Object.entries({ anna: 'vlan1', berta: 'vlan2' }))
      await subscriber(name, { interface: vlan })
    expect(await move('interface=vlan1', 'interface=vlan2')).toMatchObject({ kind: 'rebound' })
    const ipoe = { account_type: 'ipoe' }
    await subscriber('carla', { interface: 'vlan3' }, ipoe)
    await subscriber('dora', { interface: 'vlan4' }, ipoe)
    expect(await move('interface=vlan3', 'interface=vlan4')).toMatchObject({
      conflicts: [{ line: 'interface vlan4', usernames: ['carla', 'dora'] }],
    })
    await subscriber('emma', { interface: 'vlan4' }, ipoe)
    expect(await move('interface=vlan3', 'interface=vlan4')).toMatchObject({ kind: 'rebound' })
  })
})

describe('re-binding by file', () => {
  it('sets what stands in the cells; an empty one keeps, a dash unbinds', async () => {
    await subscriber('anna', { group: north, port: '1', s: 1, c: 7 })
    await subscriber('berta', { port: '1', s: 1, c: 8, interface: 'x' })
    const text = 'username,nas_group,interface,port,s_vlan,c_vlan,circuit_id\nAnna,south,,2,601,,OLT 7\nberta,,-,3,,,\n'
    expect(await file(text)).toMatchObject({ kind: 'rebound', count: 2 })
    expect(await bindings()).toEqual({ anna: 'south 2 601 7 OLT 7', berta: '3 1 8' })
  })

  it('tells every bad row by line and field, and writes none', async () => {
    await subscriber('anna', { port: '1' })
    const text =
      'username;port;s_vlan;nas_group\nanna;2;;\nanna;3;;\nnobody;1;;\n;1;;\nanna2;1;9999;\nanna3;1;;west\nanna4;1\n'
    expect(await file(text)).toMatchObject({
      kind: 'refused',
      conflicts: [],
      errors: [
        { line: 3, field: 'username', reason: '"anna" is in line 2 already' },
        { line: 4, field: 'username', reason: 'there is no subscriber "nobody"' },
        { line: 5, field: 'username', reason: 'is empty' },
        { line: 6, field: 's_vlan' },
        { line: 6, field: 'username' },
        { line: 7, field: 'nas_group', reason: 'there is no NAS group "west"' },
        { line: 7, field: 'username' },
        { line: 8, field: 'row', reason: 'has 2 cells, the header has 4' },
        { line: 8, field: 'username' },
      ],
    })
    expect(await bindings()).toEqual({ anna: '1' })
  })

  it.each([
    ['', 'the file is empty'],
    ['username,plan\n', 'no such column: "plan"'],
    ['username,port,port\n', 'the header names a column twice'],
    ['port\n', 'the header lacks username'],
    ['username\n', 'no part that could change'],
    ['username,port\n"anna,1\n', 'a quote that opens here is never closed'],
  ])('refuses the file %j', async (text, reason) => {
    const result = await file(text)
    expect(result).toMatchObject({
      kind: 'refused',
      errors: [{ field: 'file', reason: expect.stringContaining(reason) as string }],
    })
  })

  it('finds conflicts as rules do', async () => {
    for (const [name, c] of Object.entries({ anna: 1, berta: 2 })) await subscriber(name, { port: '1', s: 1, c })
    expect(await file('username,c_vlan\nanna,2\n')).toMatchObject({ conflicts: [{ usernames: ['anna', 'berta'] }] })
    expect(await file('username,c_vlan\nanna,2\nberta,1\n')).toMatchObject({ kind: 'rebound', count: 2 })
  })
})

describe('an OLT with 2,000 lines', () => {
  it('moves by a handful of statements, however many lines it has', async () => {
    await office.pool.query(
      `insert into subscriber (owner_id, payer_id, plan_id, username, bound_nas_group_id, bound_port, bound_s_vlan, bound_c_vlan)
       select 1, payer.id, $1, 'line' || n, $2, '1/1/4', 501 + n / 1000, n % 1000
       from generate_series(0, 1999) n, (select id from payer limit 1) payer`,
      [plan, north],
    )
    const rules = [
      { from: 'port=1/1/4,s-vlan=501', to: 'port=2/1/4,s-vlan=601' },
      { from: 'port=1/1/4,s-vlan=502', to: 'port=2/1/4,s-vlan=602' },
    ]
    let statements = 0
    const counting = office.db.withPlugin({
      transformQuery: ({ node }) => {
        statements++
        return node
      },
      transformResult: ({ result }) => Promise.resolve(result),
    })
    const result = await rebind(counting, { rules, nasGroup: 'north' }, noon)
    expect(result).toMatchObject({ kind: 'rebound', count: 2_000 })
    expect(statements).toBeLessThan(10)
    expect(
      await rowsOf(office, 'select bound_port, bound_s_vlan, count(*) from subscriber group by 1, 2 order by 2'),
    ).toEqual([
      { bound_port: '2/1/4', bound_s_vlan: 601, count: 1_000n },
      { bound_port: '2/1/4', bound_s_vlan: 602, count: 1_000n },
    ])
  })
})
