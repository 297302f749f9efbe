// What the commands about NASes, their groups and alarms print and refuse.
import { expect, beforeAll, describe, it } from 'vitest'
import { addAlarmCommands } from '../../src/cli/alarm.ts'
import { addClientCommands } from '../../src/cli/client.ts'
import { addNasGroupCommands } from '../../src/cli/nas-group.ts'
import { addNasCommands } from '../../src/cli/nas.ts'
import { raiseAlarm } from '../../src/domain/alarm.ts'
import { useCommands } from '../support/commands.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { run, table, json } = useCommands(database, (program) => {
  for (const add of [addClientCommands, addNasCommands, addNasGroupCommands, addAlarmCommands]) add(program)
})

beforeAll(async () => {
  await run('client add --name bng1 --address 192.0.2.1 --vendor mikrotik')
  await run('client add --name site --address 10.0.0.0/8')
  await run('nas add --client site --name bng2 --vendor accel-ppp --identifier bng-2 --coa-port 1700')
})

describe('nas set and show', () => {
  it('change what is named and show what holds, and from where', async () => {
    expect(await run('nas set bng2 --vendor juniper --coa-port 3799 stale_factor=2.5 coa=off')).toEqual([
      'NAS bng2 changed',
    ])
    const lines = await table('nas show bng2')
    expect(lines).toEqual(expect.arrayContaining(['name bng2', 'client site', 'group default', 'vendor juniper']))
    expect(lines).toEqual(
      expect.arrayContaining([
        'coa where its packets come from, port 3799',
        'SETTING VALUE FROM MAY BE',
        'patience_ms - default a whole number from 100 to 60000',
        'stale_factor 2.5 operator a number from 1.5 to 20',
        'coa off operator on or off',
        'mac_format colons default colons, hyphens, dots or bare',
      ]),
    )
    expect(await json('nas set bng2 --unset stale_factor coa')).toMatchObject({
      name: 'bng2',
      coa_port: 3799,
      settings: { stale_factor: 3, coa: true, patience_ms: null },
      written: [],
    })
  })

  it('say what is wrong, and then change nothing', async () => {
    await expect(run('nas set bng2')).rejects.toThrow('nas: nothing to change was named')
    await expect(run('nas set bng2 coa')).rejects.toThrow('setting: "coa" is not key=value')
    await expect(run('nas set bng2 coa_tries=3 --coa-port 0')).rejects.toThrow('coa-port: ')
    await expect(run('nas set bng2 coa_tries=many')).rejects.toThrow('coa_tries: must be a whole number from 1 to 10')
    await expect(run('nas set bng9 coa=on')).rejects.toThrow('there is no NAS "bng9"')
    await expect(run('nas show bng9')).rejects.toThrow('there is no NAS "bng9"')
    expect(await json('nas show bng2')).toMatchObject({ written: [] })
  })
})

describe('nas-group', () => {
  it('is added, changed and listed; clients and devices are put into it', async () => {
    expect(await run('nas-group add --name ring --address-space vrf1 --identity-order circuit-id,mac')).toEqual([
      'NAS group ring added',
    ])
    await run('nas add --client site --name bng3 --vendor nokia --identifier bng-3 --group ring')
    await run('client add --name ring1 --address 192.0.2.77 --vendor cisco --group ring')
    expect(await table('nas-group list')).toEqual([
      'NAME ADDRESS SPACE IDENTITY ORDER UNKNOWN GARDEN NASES CLIENTS',
      'default default mac,circuit-id,remote-id,duid,interface off 2 2',
      'ring vrf1 circuit-id,mac off 2 1',
    ])
    expect(await run('nas-group set ring --identity-order interface')).toEqual(['NAS group ring changed'])
    expect(await json('nas-group set ring --address-space default')).toMatchObject({
      name: 'ring',
      address_space: 'default',
      identity_order: ['interface'],
      nas_count: 2,
    })
    expect(await json('nas-group add --name other')).toEqual({ id: expect.any(Number) as number, name: 'other' })
    expect(await json('nas-group list')).toHaveLength(3)
    expect(await run('client set ring1 --group other')).toEqual(['client ring1 changed'])
    await expect(run('nas set bng3 --group west')).rejects.toThrow('there is no NAS group "west"')
  })
})

describe('nas-group --unknown-garden', () => {
  it('lets whom nobody knows into a garden, with what is named, until it is off', async () => {
    expect(await run('nas-group add --name hill --unknown-garden on')).toEqual(['NAS group hill added'])
    const gardens = async () => (await table('nas-group list')).find((row) => row.startsWith('hill '))?.split(' ')[3]
    expect(await gardens()).toBe('down=1M,up=1M')
    await run('nas-group set hill --unknown-garden list=hello,pool=guests,down=2M,timeout=300')
    expect(await gardens()).toBe('list=hello,pool=guests,down=2M,up=1M,timeout=300')
    expect(await json('nas-group set hill --identity-order mac')).toMatchObject({
      unknown_garden: { address_list: 'hello', pool: 'guests', down_bps: 2_000_000, session_timeout_s: 300 },
    })
    await expect(run('nas-group set hill --unknown-garden list=hello,speed=1M')).rejects.toThrow(
      'unknown-garden: "speed=1M" is not on, off or one of list=, pool=, down=, up=, timeout=',
    )
    await run('nas-group set hill --unknown-garden off')
    expect(await gardens()).toBe('off')
  })
})

describe('alarm', () => {
  it('stands until it is cleared', async () => {
    expect(await run('alarm list')).toEqual(['no alarm stands'])
    const alarm = { kind: 'unnamed-reboot', subject: 'site', text: 'name the NAS' }
    await raiseAlarm(database.pool, alarm, new Date('2026-11-22T10:00:00Z'))
    await raiseAlarm(database.pool, alarm, new Date('2026-11-22T11:00:00Z'))
    expect(await table('alarm list')).toEqual([
      'KIND SUBJECT COUNT SINCE LAST CLEARED WHAT',
      'unnamed-reboot site 2 2026-11-22T10:00:00Z 2026-11-22T11:00:00Z - name the NAS',
    ])
    expect(await run('alarm clear unnamed-reboot site')).toEqual(['alarm unnamed-reboot of site cleared'])
    expect(await json('alarm list')).toEqual([])
    expect(await json('alarm list --all')).toMatchObject([
      { kind: 'unnamed-reboot', count: 2, cleared_at: expect.any(String) as string },
    ])
    await expect(run('alarm clear unnamed-reboot site')).rejects.toThrow('there is no standing alarm')
    await raiseAlarm(database.pool, alarm, new Date('2026-11-22T12:00:00Z'))
    expect(await json('alarm clear unnamed-reboot site')).toEqual({
      kind: 'unnamed-reboot',
      subject: 'site',
      cleared: true,
    })
  })
})
