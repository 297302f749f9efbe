// Every command, used wrongly: what it refuses, by which name, and that nothing has changed afterwards.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { addAlarmCommands } from '../../src/cli/alarm.ts'
import { addAuditCommands } from '../../src/cli/audit.ts'
import { addClientCommands } from '../../src/cli/client.ts'
import { addFindCommands } from '../../src/cli/find.ts'
import { addHomeServerCommands } from '../../src/cli/home-server.ts'
import { addInboxCommands } from '../../src/cli/inbox.ts'
import { addNasGroupCommands } from '../../src/cli/nas-group.ts'
import { addNasCommands } from '../../src/cli/nas.ts'
import { addOperatorCommands } from '../../src/cli/operator.ts'
import { addPlanCommands } from '../../src/cli/plan.ts'
import { addRealmCommands } from '../../src/cli/realm.ts'
import { addRebindCommands } from '../../src/cli/rebind.ts'
import { addSessionsCommand } from '../../src/cli/sessions.ts'
import { addSettingCommands } from '../../src/cli/setting.ts'
import { addSubscriberCommands } from '../../src/cli/subscriber.ts'
import { addWhyCommand } from '../../src/cli/why.ts'
import { raiseAlarm } from '../../src/domain/alarm.ts'
import { useCommands } from '../support/commands.ts'
import { useDatabase } from '../support/database.ts'
import { noon } from '../support/operator.ts'

const database = useDatabase()
const commands = useCommands(database, (program) => {
  const nouns = [addClientCommands, addNasCommands, addPlanCommands, addSubscriberCommands, addSessionsCommand]
  const others = [addWhyCommand, addSettingCommands, addAlarmCommands, addAuditCommands, addFindCommands]
  const more = [addHomeServerCommands, addInboxCommands, addNasGroupCommands, addOperatorCommands, addRealmCommands]
  for (const add of [...nouns, ...others, ...more, addRebindCommands]) add(program)
})
const { run, json } = commands
let before: unknown

beforeAll(async () => {
  await run('client add --name bng1 --address 192.0.2.1 --vendor mikrotik')
  await run('plan add --name Home --down 50M --up 20M --days 30')
  await run('subscriber add --username anna --plan Home')
  await run('operator add --name Ada --email ada@example.net')
  before = await state()
})

/** What the rows of the tables that commands write look like now. */
async function state(): Promise<unknown> {
  const tables = [
    'radius_client',
    'nas',
    'plan',
    'subscriber',
    'credential',
    'operator',
    'setting',
    'realm',
    'nas_group',
  ]
  const counted = await Promise.all(
    tables.map(async (table) => {
      const { rows } = await database.pool.query(
        `select md5(string_agg(t::text, '|' order by t::text)) as sum from ${table} t`,
      )
      return [table, rows]
    }),
  )
  return counted
}

describe('a command that cannot be', () => {
  it.each([
    ['client add --name bng1 --address 192.0.2.9', 'name: '],
    ['client add --name x --address 192.0.2.1', 'address: '],
    ['client add --name x --address 192.0.2.300', 'address: '],
    ['client add --name x --address 192.0.2.9 --vendor acme', 'vendor: "acme" is none of'],
    ['client add --name x --address 192.0.2.9 --new-nas perhaps', 'new-nas: '],
    ['client add --name x --address 192.0.2.9 --patience-ms soon', 'patience-ms: '],
    ['client add --name x --address 192.0.2.9 --group nowhere', 'there is no NAS group "nowhere"'],
    ['client add --name x --address 192.0.2.9 --unknown-pool nowhere', 'nowhere'],
    ['client set bng1 --message-authenticator perhaps', 'message-authenticator: '],
    ['client set bng1 --trusted-proxy 1', 'trusted-proxy: "1" is none of on, off'],
    ['client rotate-secret nobody', 'there is no client "nobody"'],
    ['client rotate-secret bng1 --keep -1', 'keep'],
    ['client rotate-secret bng1 --keep forever', 'keep'],
    ['nas add --client nobody --name n --vendor mikrotik', 'there is no client "nobody"'],
    ['nas add --client bng1 --name n --vendor acme', 'vendor: '],
    ['nas add --client bng1 --name n --vendor mikrotik --address nowhere', 'address: '],
    ['nas add --client bng1 --name n --vendor mikrotik --coa-port 70000', 'coa-port: '],
    ['nas add --client bng1 --name n --vendor mikrotik --attribute Nothing~=~1', 'attribute'],
    ['nas set bng1 =5', 'is not key=value'],
    ['nas set bng1 colour=red', 'colour'],
    ['nas-group add --name default', 'name: '],
    ['nas-group add --name x --identity-order colour', 'identity-order: '],
    ['nas-group set nowhere --address-space x', 'there is no NAS group "nowhere"'],
    ['plan add --name Home --down 50M --up 20M --days 30', 'name: '],
    ['plan add --name x --down fast --up 20M --days 30', 'down-bps: '],
    ['plan add --name x --down 50M --up 0 --days 30', 'up-bps: '],
    ['plan add --name x --down 50M --up 20M --days -3', 'validity: must be'],
    ['plan add --name x --down 50M --up 20M --days 30 --price much', 'price: '],
    ['plan add --name x --down 50M --up 20M --days 30 --price 1.999', 'price: '],
    ['plan add --name x --down 50M --up 20M --days 30 --validity-unit years', 'validity-unit: '],
    ['plan add --name x --down 50M --up 20M --days 30 --mac-rule strict', 'mac-rule: '],
    ['plan add --name x --down 50M --up 20M --days 30 --uncut-days 8', 'days'],
    ['plan add --name x --down 50M --up 20M --days 30 --interim 5', 'interim'],
    ['plan add --name x --down 50M --up 20M --days 30 --on-expiry party', 'on-expiry: '],
    ['plan add --name x --down 50M --up 20M --days 30 --priority 9', 'priority: '],
    ['subscriber add --username anna --plan Home', 'username: '],
    ['subscriber add --username ANNA --plan Home', 'username: '],
    ['subscriber add --username b --plan Gold', 'there is no plan "Gold"'],
    ['subscriber add --username b --plan Home --mac nonsense', 'mac: '],
    ['subscriber add --username b --plan Home --static-ip 10.0.0.300', 'static-ip: '],
    ['subscriber add --username b --plan Home --s-vlan 4096', 's-vlan: '],
    ['subscriber add --username b --plan Home --phone call-me', 'phone: '],
    ['subscriber add --username b --plan Home --email nobody', 'email: '],
    ['subscriber add --username b --plan Home --expires tomorrow', 'expires'],
    ['subscriber add --username b --plan Home --owner Kiosk', 'Kiosk'],
    ['subscriber add --username b --plan Home --account-type dialup', 'account-type: '],
    ['subscriber set-password nobody', 'there is no subscriber "nobody"'],
    ['subscriber block nobody --reason unpaid', 'there is no subscriber "nobody"'],
    ['subscriber unblock nobody', 'there is no subscriber "nobody"'],
    ['subscriber show nobody', 'there is no subscriber "nobody"'],
    ['subscriber import /nowhere/at/all.csv', 'file: /nowhere/at/all.csv cannot be read: ENOENT'],
    ['subscriber import /', 'cannot be read: EISDIR'],
    ['operator add --name Ada --email ada@example.net', 'email: '],
    ['operator add --name Bea --email nobody', 'email: '],
    ['operator add --name B --email b@example.net --role king', 'king'],
    ['operator reset-password nobody@example.net', 'nobody@example.net'],
    ['operator disable ada@example.net', 'there would be no super-adminis'],
    ['realm add x --action maybe', 'action: '],
    ['realm add x --action forward', 'pool'],
    ['realm remove nowhere', 'there is no realm "nowhere"'],
    ['home-server add --pool p --name n --address 192.0.2.9', 'secret: comes from standard input'],
    ['home-server remove nowhere', 'there is no home server "nowhere"'],
    ['setting set zome UTC', 'name: "zome" is no setting'],
    ['setting set zone Mars/Olympus', 'zone: is not a time zone'],
    ['setting set reminder_days 0', 'reminder_days: '],
    ['setting set reminder_days 7,often', 'reminder_days: '],
    ['setting set sign_in_networks everywhere', 'sign_in_networks: is not a network'],
    ['setting set panel_url ftp://panel', 'panel_url: is not like https://'],
    ['setting set webhook_hosts ,', 'webhook_hosts: '],
    ['setting set bulk_rate 0', 'bulk_rate: '],
    ['alarm clear reboot bng1', 'there is no standing alarm "reboot bng1"'],
    ['inbox attach x --subscriber anna', 'id: is the number that inbox list shows'],
    ['inbox attach 99999 --subscriber anna', '99999'],
    ['inbox attach 1 --subscriber anna --fact colour', 'fact: '],
    ['inbox accept-next-mac nobody', 'there is no subscriber "nobody"'],
    ['inbox accept-next-mac anna --minutes 0', 'minutes: '],
    ['find not~an~address~at~all~ --at yesterday', 'at: '],
    ['rebind --from port=1', 'to: there must be one --to for each --from'],
    ['rebind --file /nowhere.csv', 'cannot be read: ENOENT'],
    ['rebind', 'name'],
    ['audit verify --head abc --at 1', 'head: must have 64 hex digits'],
    [`audit verify --head ${'a'.repeat(64)}`, 'at: is the number'],
  ])('%s is refused: %s', async (command, reason) => {
    await expect(run(command)).rejects.toThrow(reason)
  })

  it('has changed nothing, each of them', async () => {
    expect(await state()).toEqual(before)
  })

  it.each([
    ['client add --name x', "required option '--address"],
    ['plan add --name x --down 1M --up 1M', "required option '--days"],
    ['subscriber block anna', "required option '--reason"],
    ['setting set zone', "missing required argument 'value'"],
    ['subscriber show', "missing required argument 'username'"],
    ['subscriber show anna bert', 'too many arguments'],
    ['nas list --colour', "unknown option '--colour'"],
    ['plan remove Home', "unknown command 'remove'"],
  ])('%s is wrong use: %s', async (command, reason) => {
    await expect(run(command)).rejects.toThrow(reason)
  })

  it('names a secret or password in none of its words', async () => {
    const path = join(commands.directory, 'bad.csv')
    writeFileSync(path, 'username,password,plan\nx,canary-of-a-password,Gold\n')
    await expect(run(`subscriber import ${path}`)).rejects.toThrow('nothing was imported: one error')
    expect(commands.warnings()).toMatch(/^line 2, plan: /)
    expect(commands.warnings()).not.toContain('canary')
  })
})

describe('what programs read', () => {
  it('is a list for each list, also where there is nothing, and never a secret', async () => {
    const lists = ['client list', 'nas list', 'nas-group list', 'plan list', 'operator list', 'realm list']
    for (const list of [...lists, 'home-server list', 'alarm list', 'inbox list', 'sessions']) {
      const value = await json(list)
      expect(Array.isArray(value), list).toBe(true)
      expect(JSON.stringify(value), list).not.toMatch(/"(secret|password|password_hash|totp)[a-z_]*":\s*"[^"]/)
      for (const row of value as object[]) {
        for (const key of Object.keys(row)) expect(`${list} ${key}`).toMatch(/ [a-z][a-z0-9_]*$/)
      }
    }
  })

  it('is one object for each deed', async () => {
    expect(await json('nas-group add --name ring')).toEqual({ id: expect.any(Number), name: 'ring' })
    expect(await json('nas-group set ring --address-space vrf9')).toMatchObject({ name: 'ring', address_space: 'vrf9' })
    expect(await json('realm add example.net --action strip')).toMatchObject({ name: 'example.net', action: 'strip' })
    expect(await json('plan add --name Gold --down 1G --up 1G --days 30 --price 49.90')).toMatchObject({ name: 'Gold' })
    const made = (await json('subscriber add --username bert --plan Gold')) as Record<string, unknown>
    expect(made).toEqual({ id: expect.any(Number), username: 'bert', password: expect.any(String) })
    const added = (await json('operator add --name Bea --email bea@example.net --role support')) as { password: string }
    expect(added).toMatchObject({ email: 'bea@example.net', role: 'support' })
    expect(await json('operator reset-password bea@example.net')).not.toMatchObject({ password: added.password })
    await raiseAlarm(database.pool, { kind: 'reboot', subject: 'bng1', text: 'x' }, noon)
    expect(await json('alarm clear reboot bng1')).toEqual({ kind: 'reboot', subject: 'bng1', cleared: true })
    expect(await json('alarm list')).toEqual([])
    expect(await json('alarm list --all')).toMatchObject([{ kind: 'reboot', count: 1 }])
  })

  it('has octets and money as text that loses nothing', async () => {
    await run('plan add --name Big --down 1G --up 1G --days 30 --price 999999999999.93 --quota 9500000G')
    const plans = (await json('plan list')) as Record<string, unknown>[]
    expect(plans.find(({ name }) => name === 'Big')).toMatchObject({
      price: '999999999999.93',
      quota_octets: '9500000000000000',
    })
  })
})

describe('setting set', () => {
  it('takes lists by commas, of numbers where numbers are meant, and nothing for the empty one', async () => {
    expect(await run('setting set reminder_days 7,3,1')).toEqual(['reminder_days = [7,3,1]'])
    expect(await json('setting set webhook_hosts crm.example.net,10.0.0.5')).toEqual({
      name: 'webhook_hosts',
      value: ['crm.example.net', '10.0.0.5'],
    })
    // Hosts that look like numbers stay hosts.
    expect(await json('setting set webhook_hosts 10,20')).toMatchObject({ value: ['10', '20'] })
    expect(await json('setting set reminder_days ')).toMatchObject({ value: [] })
    expect(await json('setting set sign_in_networks ~')).toMatchObject({ value: [] })
  })
})
