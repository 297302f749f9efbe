import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { addRebindCommands } from '../../src/cli/rebind.ts'
import { insertPlan, insertSubscriber } from '../support/access.ts'
import { useCommands } from '../support/commands.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { directory, run, table, json, warnings } = useCommands(database, addRebindCommands)

beforeEach(async () => {
  const { pool } = database
  await pool.query('delete from subscriber')
  const plan_id = await insertPlan(pool)
  for (const [n, username] of ['anna', 'berta', 'carla'].entries()) {
    await insertSubscriber(pool, {
      username,
      plan_id,
      bound_port: n < 2 ? '1' : '2',
      bound_s_vlan: 501,
      bound_c_vlan: n + 1,
    })
  }
})

const ports = async () =>
  (await database.pool.query('select bound_port, bound_s_vlan from subscriber order by username')).rows.map(
    (row: { bound_port: string; bound_s_vlan: number }) => `${row.bound_port}/${row.bound_s_vlan}`,
  )

describe('rebind', () => {
  it('shows what would change, then changes it', async () => {
    const words = '--from port=1,s-vlan=501 --to port=3,s-vlan=601 --from port=2 --to port=4'
    expect(await table(`rebind ${words} --dry-run`)).toEqual([
      'USERNAME BEFORE AFTER',
      'anna port 1, s-vlan 501, c-vlan 1 port 3, s-vlan 601, c-vlan 1',
      'berta port 1, s-vlan 501, c-vlan 2 port 3, s-vlan 601, c-vlan 2',
      'carla port 2, s-vlan 501, c-vlan 3 port 4, s-vlan 501, c-vlan 3',
      '3 subscribers would be bound anew',
    ])
    expect(await ports()).toEqual(['1/501', '1/501', '2/501'])
    expect((await run(`rebind ${words}`)).at(-1)).toBe('3 subscribers are bound anew')
    expect(await ports()).toEqual(['3/601', '3/601', '4/501'])
    expect(await run(`rebind ${words}`)).toEqual(['nobody is bound so'])
  })

  it('tells those that would meet on one line, and fails', async () => {
    await database.pool.query(`update subscriber set bound_c_vlan = 1 where username = 'carla'`)
    await expect(run('rebind --from port=1 --to port=2')).rejects.toThrow('nothing was changed')
    expect(warnings()).toBe('anna and carla would both be on port 2, s-vlan 501, c-vlan 1\n')
    expect(await ports()).toEqual(['1/501', '1/501', '2/501'])
  })

  it('warns of those that are bound to no NAS group where one is named', async () => {
    await database.pool.query(`insert into nas_group (name, address_space_id) values ('north', 1)`)
    expect(await run('rebind --nas-group north --from port=1 --to port=5')).toEqual(['nobody is bound so'])
    expect(warnings()).toBe('warning: 2 more match, are bound to no NAS group, and are left alone\n')
  })

  it('replaces the beginning of circuit ids', async () => {
    await database.pool.query(`update subscriber set circuit_id = 'A/7' where username = 'anna'`)
    expect(await json('rebind --circuit-id-prefix A/=OLT~B/')).toMatchObject({
      kind: 'rebound',
      count: 1,
      without_group: 0,
      moves: [{ username: 'anna', after: 'port 1, s-vlan 501, c-vlan 1, circuit-id OLT B/7' }],
    })
  })

  it('reads a file, and tells its bad rows', async () => {
    const file = join(directory, 'move.csv')
    writeFileSync(file, 'username,port\nanna,7\nnobody,8\n')
    await expect(run(`rebind --file ${file}`)).rejects.toThrow('nothing was changed')
    expect(warnings()).toBe('line 3, username: there is no subscriber "nobody"\n')
    writeFileSync(file, 'username,port\nanna,7\n')
    expect((await run(`rebind --file ${file}`)).at(-1)).toBe('1 subscriber is bound anew')
    expect(await ports()).toEqual(['7/501', '1/501', '2/501'])
    await expect(run('rebind --file /nowhere/at.csv')).rejects.toThrow('file: /nowhere/at.csv cannot be read: ENOENT')
  })

  it('wants rules in pairs', async () => {
    await expect(run('rebind --from port=1')).rejects.toThrow('to: there must be one --to for each --from')
    await expect(run('rebind')).rejects.toThrow('nothing to change')
  })

  it('prints the first twenty and counts the others', async () => {
    await database.pool.query(
      `insert into subscriber (owner_id, payer_id, plan_id, username, bound_port)
       select owner_id, payer_id, plan_id, 'more' || n, '9' from subscriber, generate_series(1, 30) n where username = 'anna'`,
    )
    const lines = await run('rebind --from port=9 --to port=10')
    expect(lines).toHaveLength(23)
    expect(lines.slice(-2)).toEqual(['and 10 more', '30 subscribers are bound anew'])
  })
})
