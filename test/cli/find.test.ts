import { beforeAll, describe, expect, it } from 'vitest'
import { addFindCommands } from '../../src/cli/find.ts'
import { after, insertPlan, insertRow, insertSession, insertSubscriber, macA, noon } from '../support/access.ts'
import { useCommands } from '../support/commands.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { run, table, json } = useCommands(database, addFindCommands)

beforeAll(async () => {
  const { pool } = database
  const client = await insertRow(pool, 'radius_client', { name: 'c', prefix: '192.0.2.1', nas_group_id: 1 })
  await insertRow(pool, 'nas', { client_id: client, name: 'bng1', nas_group_id: 1 })
  const plan_id = await insertPlan(pool)
  const anna = await insertSubscriber(pool, { username: 'anna', plan_id, circuit_id: Buffer.from('olt 1') })
  await insertRow(pool, 'device', { subscriber_id: anna, mac: macA })
  const static6 = { subscriber_id: anna, address_space_id: 1, kind: 'delegated-ipv6-prefix', prefix: '2001:db8:1::/48' }
  await insertRow(pool, 'subscriber_address', static6)
  const held = { subscriber_id: anna, framed_ip: '10.0.0.1', mac: macA }
  await insertSession(pool, { ...held, acct_session_id: 's2' })
  await insertSession(pool, { ...held, acct_session_id: 's1', started_at: after(-9_000), ended_at: after(-5_000) })
})

describe('find', () => {
  it('shows who has an address, and who had it', async () => {
    expect(await table('find 10.0.0.1')).toEqual([
      'USERNAME HELD AS SPACE NAS SESSION MAC SINCE UNTIL',
      `anna 10.0.0.1 framed-ip default bng1 s2 ${macA} 2026-03-10T11:00:00Z -`,
      `anna 10.0.0.1 framed-ip default bng1 s1 ${macA} 2026-03-10T09:30:00Z 2026-03-10T10:36:40Z`,
    ])
  })

  it('shows who had it at a time, in the zone of the ISP', async () => {
    const at = after(-6_000).toISOString()
    expect(await json(`find 10.0.0.1 --at ${at}`)).toMatchObject({
      kind: 'address',
      sought: '10.0.0.1',
      holders: [{ acct_session_id: 's1', ended_at: after(-5_000).toISOString(), subscriber_id: 1 }],
    })
    expect((await json(`find 10.0.0.1 --at ${noon.toISOString()}`)) as object).toMatchObject({
      holders: [{ acct_session_id: 's2', ended_at: null }],
    })
    expect(await run('find 10.0.0.1 --at 2020-01-01')).toEqual(['nobody known has address 10.0.0.1 at 2020-01-01'])
    await expect(run('find 10.0.0.1 --at noon')).rejects.toThrow('at: "noon" is not a time')
  })

  it('says where only a prefix around the address is held', async () => {
    expect((await table('find 2001:db8:1:7::5'))[1]).toBe(
      'anna 2001:db8:1::/48 static delegated-ipv6-prefix, around it default - - - - -',
    )
  })

  it('finds by MAC and circuit id', async () => {
    expect((await table('find D4-CA-6D-00-00-0A'))[1]).toBe(`anna ${macA} mac - - - ${macA} - -`)
    expect((await table('find olt~1'))[1]).toBe('anna olt 1 circuit-id - - - - - -')
    expect(await run('find olt~2')).toEqual(['nobody known has circuit-id olt 2'])
    await expect(run('find 10.0.0')).rejects.toThrow('address: ')
  })
})
