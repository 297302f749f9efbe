// What the commands print for people, command by command, in the test's own process.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { addClientCommands } from '../../src/cli/client.ts'
import { addMigrateCommand } from '../../src/cli/migrate.ts'
import { addNasCommands } from '../../src/cli/nas.ts'
import { addPlanCommands } from '../../src/cli/plan.ts'
import { throwUsageErrors } from '../../src/cli/run.ts'
import { addSessionsCommand } from '../../src/cli/sessions.ts'
import { addSettingCommands } from '../../src/cli/setting.ts'
import { addSubscriberCommands } from '../../src/cli/subscriber.ts'
import { addWhyCommand } from '../../src/cli/why.ts'
import { accessLogLine, writeAccessLog } from '../../src/domain/access-log.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const directory = mkdtempSync(join(tmpdir(), 'gatehouse-nouns-'))
let stdout = ''
let stderr = ''

beforeAll(() => {
  vi.stubEnv('DATABASE_URL', database.url)
  vi.stubEnv('GATEHOUSE_DATA_DIR', directory)
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += String(text)
    return true
  })
})

afterAll(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  rmSync(directory, { recursive: true, force: true })
})

/** Runs one command and returns its lines. Throws what the command throws. */
async function run(text: string): Promise<string[]> {
  const program = throwUsageErrors(new Command('gatehouse'))
  const nouns = [addClientCommands, addNasCommands, addPlanCommands, addSubscriberCommands, addSessionsCommand]
  for (const add of [...nouns, addWhyCommand, addSettingCommands, addMigrateCommand]) add(program)
  stdout = ''
  stderr = ''
  // Words apart by blanks; `~` stands for a blank inside one.
  await program.parseAsync(
    text.split(' ').map((word) => word.replaceAll('~', ' ')),
    { from: 'user' },
  )
  return stdout.trimEnd().split('\n')
}

/** The lines of a table with single blanks between its words. */
async function table(text: string): Promise<string[]> {
  return (await run(text)).map((line) => line.replaceAll(/\s+/g, ' '))
}

describe('client', () => {
  it('without any says how to add one', async () => {
    expect(await run('client list')).toEqual(['there are no clients; add one with: client add --name N --address A'])
    expect(await run('client list --json')).toEqual(['[]'])
  })

  it('is listed with its policies, never with a secret', async () => {
    const added = await run('client add --name bng1 --address 192.0.2.1 --vendor mikrotik --new-nas refuse')
    const secret = /^secret: (\S+)/.exec(added[1] ?? '')?.[1] ?? 'none'
    expect(secret).toHaveLength(24)
    expect(await table('client list')).toEqual([
      'NAME ADDRESS VENDOR NEW NAS MESSAGE-AUTHENTICATOR NASES SECRETS',
      'bng1 192.0.2.1/32 mikrotik refuse auto 1 1',
    ])
    await run('client list --json')
    expect(stdout).not.toContain(secret)
    expect(JSON.parse(stdout)).toMatchObject([
      { name: 'bng1', new_nas: 'refuse', nas_count: 1, secret_count: 1, patience_ms: 900 },
    ])
  })

  it('set changes a policy, and warns of the dangerous one', async () => {
    expect(await run('client set bng1 --message-authenticator off')).toEqual(['client bng1 changed'])
    expect(stderr).toContain('warning: without Message-Authenticator answers to this client can be forged')
    expect((await table('client list'))[1]).toContain('off (danger: forged answers are possible)')
    await run(
      'client set bng1 --message-authenticator require --limit-proxy-state off --trusted-proxy on --patience-ms 3000 --json',
    )
    expect(JSON.parse(stdout)).toMatchObject({
      message_authenticator: 'require',
      limit_proxy_state: false,
      trusted_proxy: true,
      patience_ms: 3000,
    })
    await run(`client set bng1 --radsec-fingerprint ${'ab'.repeat(32)} --radsec-name bng1.example.net`)
    const listed = { radsec_fingerprint: 'ab'.repeat(32), radsec_name: 'bng1.example.net' }
    await run('client list --json')
    expect(JSON.parse(stdout)).toMatchObject([listed])
    await run('client set bng1 --radsec-fingerprint none --radsec-name none')
    const none = { radsec_fingerprint: null, radsec_name: null }
    await run('client list --json')
    expect(JSON.parse(stdout)).toMatchObject([none])
    await expect(run('client set bng1 --limit-proxy-state maybe')).rejects.toThrow('limit-proxy-state: ')
    await expect(run('client set bng9 --new-nas allow')).rejects.toThrow('there is no client "bng9"')
    await expect(run('client set bng1')).rejects.toThrow('nothing to change')
  })

  it('rotate-secret shows the new one once and says until when the old one is good', async () => {
    const lines = await run('client rotate-secret bng1 --keep 2')
    expect(lines[0]).toMatch(/^client bng1 has a new secret; the one before is valid until \d{4}-/)
    expect(lines[1]).toMatch(/^secret: [a-zA-Z2-9]{24} {3}\(shown only now\)$/)
    await run('client rotate-secret bng1 --json')
    const rotated = JSON.parse(stdout) as { secret: string; old_valid_until: string }
    expect(rotated.secret).toHaveLength(24)
    expect(new Date(rotated.old_valid_until).getTime()).toBeGreaterThan(Date.now() + 6.9 * 86_400_000)
    expect((await table('client list'))[1]).toMatch(/ 2$/)
  })
})

describe('nas', () => {
  it('is added and listed', async () => {
    await run('client add --name site --address 10.0.0.0/8')
    expect(
      await run('nas add --client site --name bng2 --vendor accel-ppp --identifier bng-2 --coa-port 1700'),
    ).toEqual(['NAS bng2 added behind client site'])
    expect(await table('nas list')).toEqual([
      'NAME CLIENT GROUP VENDOR IDENTIFIER ADDRESS COA PORT LAST REBOOT',
      'bng1 bng1 default mikrotik - - 3799 -',
      'bng2 site default accel-ppp bng-2 - 1700 -',
    ])
    await expect(run('nas add --client site --name x --vendor mikrotik --attribute Nonsense~=~1')).rejects.toThrow(
      'attribute: there is no attribute Nonsense',
    )
  })
})

describe('plan', () => {
  it('is added with all that it may have, and listed', async () => {
    expect(await run('plan list')).toEqual([expect.stringContaining('there are no plans') as string])
    await run('plan add --name Home --down 50M --up 20M --days 30 --price 20.00')
    await run(
      'plan add --name Big --down 1G --up 500M --days 1 --price 60 --session-limit 2 --device-limit 3 --quota 1.5T --pool big ' +
        '--ipv6-pool v6 --delegated-ipv6-pool pd --address-list paid --idle-timeout 600 --interim 120 --burst-down 2G --burst-up 1G ' +
        '--burst-threshold-down 800M --burst-threshold-up 400M --burst-seconds 16 --priority 3 --grace-hours 48 ' +
        '--expiry-rule local-hour --expiry-hour 6 --uncut-days 6,7 --on-expiry garden --on-block garden --on-quota garden ' +
        '--validity-unit calendar-month --setup-price 49 --auto-renew --mac-rule bound --quota-down 1T --quota-period week ' +
        '--min-down 10M --min-up 5M --garden-address-list unpaid --garden-pool jail --attribute Filter-Id~=~gold Session-Timeout~=~3600',
    )
    expect(await table('plan list')).toEqual([
      'NAME DOWN UP VALID PRICE SESSIONS QUOTA POOL OWNER',
      'Big 1G 500M 1 calendar-month 60.00 EUR 2 1500G, 1T down a week big all',
      'Home 50M 20M 30 days 20.00 EUR - - - all',
    ])
    await run('plan list --json')
    expect(JSON.parse(stdout)).toMatchObject([
      {
        name: 'Big',
        session_limit: 2,
        device_limit: 3,
        quota_octets: '1500000000000',
        quota_down_octets: '1000000000000',
        quota_period: 'week',
        validity: 1,
        validity_unit: 'calendar-month',
        setup_price: '49.00',
        auto_renew: true,
        mac_rule: 'bound',
        min_down_bps: 10_000_000,
        ipv6_pool: 'v6',
        delegated_ipv6_pool: 'pd',
        idle_timeout_s: 600,
        interim_interval_s: 120,
        burst_down_bps: 2_000_000_000,
        burst_threshold_up_bps: 400_000_000,
        priority: 3,
        grace_hours: 48,
        expiry_hour: 6,
        no_cut_days: [6, 7],
        on_quota: 'garden',
        garden_pool: 'jail',
        attributes: ['Filter-Id = gold', 'Session-Timeout = 3600'],
      },
      { name: 'Home', quota_octets: null, price: '20.00' },
    ])
    await expect(run('plan add --name X --down 1M --up 1M --days 1 --attribute Class~=~0x01')).rejects.toThrow(
      'attribute: Class is made by the server itself',
    )
  })
})

describe('subscriber', () => {
  it('is added and shown with what there is to know', async () => {
    const added = await run(
      'subscriber add --username Anna --plan Home --expires 2099-01-31T12:00Z --mac AABBCC000001 --static-ip 198.51.100.7 ' +
        '--full-name Ada~Lovelace --phone +4930123456 --email ada@example.org --address Main~Street --group North',
    )
    expect(added[0]).toBe('subscriber anna added')
    expect(added[1]).toMatch(/^password: [a-zA-Z2-9]{12} {3}\(shown only now\)$/)
    expect(await table('subscriber show anna')).toEqual([
      'username anna',
      'state active',
      'plan Home',
      'expires 2099-01-31T12:00:00Z',
      'account type pppoe',
      'credential clear',
      'name Ada Lovelace',
      'phone +4930123456',
      'e-mail ada@example.org',
      'address Main Street',
      'owner ISP',
      'group North',
      'balance 0.00 EUR',
      'devices aa:bb:cc:00:00:01 (bound)',
      'static 198.51.100.7/32 (framed-ip)',
      expect.stringMatching(/^created \d{4}-/) as string,
      'no open session',
    ])
    await run('subscriber add --username ben --plan Home --credential verifier')
    expect(stderr).toBe(
      'warning: a credential of kind verifier cannot answer chap, mschapv2: such a login will be rejected\n',
    )
    expect(await table('subscriber show ben')).toContain('expires the period begins at the first login')
    await expect(run('subscriber add --username x --plan Home --credential md5')).rejects.toThrow(
      'credential: "md5" is none of',
    )
    const both = run('subscriber add --username x --plan Home --password-stdin --nt-hash-stdin')
    await expect(both).rejects.toThrow('nt-hash-stdin: ')
  })

  it('gets a new password', async () => {
    const lines = await run('subscriber set-password anna')
    expect(lines[0]).toBe('subscriber anna has a new password')
    expect(lines[1]).toMatch(/^password: /)
    await run('subscriber set-password ben --credential nt-hash --json')
    expect(JSON.parse(stdout)).toMatchObject({ username: 'ben', password: expect.stringMatching(/^.{12}$/) as string })
  })

  it('is blocked and unblocked', async () => {
    await database.pool.query(
      `insert into session (nas_id, acct_session_id, epoch, subscriber_id, username, nas_group_id, address_space_id,
         started_at, event_at, updated_at, framed_ip, interface)
       select 1, 'live-1', 1, id, username, 1, 1, now(), now(), now(), '10.9.9.9', 'vlan7' from subscriber where username = 'anna'`,
    )
    expect(await run('subscriber block anna --reason unpaid')).toEqual([
      'subscriber anna is blocked; one open session has an order to follow',
    ])
    expect(await run('subscriber block anna --reason abuse')).toEqual([
      'subscriber anna was blocked already; the reason is new; one open session has an order to follow',
    ])
    expect(await table('subscriber show anna')).toContain('state blocked (abuse)')
    expect(await run('subscriber unblock anna')).toEqual([
      'subscriber anna is no longer blocked; one open session has an order to follow',
    ])
    expect(await run('subscriber unblock anna')).toEqual(['subscriber anna was not blocked'])
    expect(await run('subscriber block ben --reason unpaid')).toEqual(['subscriber ben is blocked; no session is open'])
  })
})

describe('sessions', () => {
  it('are listed with their state', async () => {
    const lines = await table('sessions --online --username ANNA')
    expect(lines).toHaveLength(2)
    expect(lines[1]).toMatch(/^anna bng1 live-1 10\.9\.9\.9 - vlan7 \S+Z 0 0 0 online$/)
    await database.pool.query(`update session set updated_at = now() - interval '1 day'`)
    expect((await table('sessions'))[1]).toMatch(/open, not heard of$/)
    expect(await run('sessions --online')).toEqual(['nobody is online'])
    await database.pool.query(`update session set ended_at = now(), ended_by = 'stop'`)
    expect((await table('sessions'))[1]).toMatch(/ended \(stop\)$/)
    expect(await run('sessions --username nobody')).toEqual(['there are no sessions'])
    await run('sessions --json')
    expect(JSON.parse(stdout)).toMatchObject([{ acct_session_id: 'live-1', framed_ip: '10.9.9.9', input_octets: '0' }])
  })
})

describe('why', () => {
  it('says in plain sentences what happened, from where, by which rule, with which attributes', async () => {
    const common = {
      subscriberId: 1n,
      nasId: 1n,
      line: 'mac:aa:bb:cc:00:00:01',
      interface: 'vlan7',
      method: 'pap',
      detail: undefined,
    }
    const [first, last] = [new Date('2026-11-22T10:00:00Z'), new Date('2026-11-22T11:00:00Z')]
    const rows = [
      {
        ...common,
        outcomeKey: 1n,
        username: 'anna',
        reason: 'accepted',
        accepted: true,
        reply: '{"Framed-Pool":"home","Session-Timeout":3600}',
        count: 1,
        firstAt: first,
        lastAt: first,
      },
      {
        ...common,
        outcomeKey: 2n,
        username: 'anna',
        reason: 'wrong-password',
        accepted: false,
        reply: undefined,
        detail: 'the password is wrong',
        count: 12,
        firstAt: first,
        lastAt: last,
      },
      {
        ...common,
        outcomeKey: 3n,
        username: 'ana',
        subscriberId: undefined,
        reason: 'unknown',
        accepted: false,
        reply: undefined,
        count: 1,
        firstAt: new Date(),
        lastAt: new Date(),
      },
    ]
    await writeAccessLog(
      database.pool,
      rows.map((row) => accessLogLine(row, row, 'UTC')),
    )
    expect((await run('why Anna')).map((line) => line.trimStart())).toEqual([
      'anna is active; plan Home; expires: 2099-01-31T12:00:00Z',
      'no session is open',
      '',
      '2026-11-22T11:00:00Z, 12 times since 2026-11-22T10:00:00Z',
      'rejected: the password was wrong, or the shared secret of the NAS is not the one stored here',
      'rule: wrong-password; the password is wrong',
      'mend: enter the password in the router anew or reset it; if all logins of this NAS fail, compare its shared secret',
      'method pap, NAS bng1, line mac:aa:bb:cc:00:00:01, interface vlan7',
      '',
      '2026-11-22T10:00:00Z',
      'accepted',
      'rule: accepted',
      'method pap, NAS bng1, line mac:aa:bb:cc:00:00:01, interface vlan7',
      'Framed-Pool = home',
      'Session-Timeout = 3600',
      '',
      expect.stringMatching(/^ana is not known and was refused, last at /) as string,
    ])
    await run('why anna --limit 1 --json')
    expect(JSON.parse(stdout)).toMatchObject({
      username: 'anna',
      subscriber: { username: 'anna', balance: '0.00' },
      decisions: [{ reason: 'wrong-password', count: '12', first_at: '2026-11-22T10:00:00.000Z' }],
      similar: [{ username: 'ana', known: false }],
    })
    await expect(run('why anna --limit 0')).rejects.toThrow('limit: ')
  })

  it('says that nobody has a name', async () => {
    expect(await run('why ann')).toEqual([
      'no subscriber has the username ann',
      'no access decision about this username is in the log',
      '',
      'anna is a subscriber of a similar name',
      expect.stringContaining('ana is not known') as string,
    ])
    await run('why nobody-at-all --json')
    expect(JSON.parse(stdout)).toEqual({ username: 'nobody-at-all', similar: [], subscriber: null, decisions: [] })
  })
})

describe('setting', () => {
  it('is set and listed, with what is a default', async () => {
    expect(await run('setting set auth_methods pap,chap')).toEqual(['auth_methods = ["pap","chap"]'])
    expect(await run('setting set mschap_v1 true')).toEqual(['mschap_v1 = true'])
    const lines = await table('setting list')
    expect(lines).toContain('zone "UTC" default')
    expect(lines).toContain('mschap_v1 true operator')
    await run('setting list --json')
    expect(JSON.parse(stdout)).toMatchObject({ zone: 'UTC', mschap_v1: true, auth_methods: ['pap', 'chap'] })
    await expect(run('setting set nonsense 1')).rejects.toThrow('name: "nonsense" is no setting')
    await expect(run('setting set mschap_v1 perhaps')).rejects.toThrow('mschap_v1: ')
  })
})

describe('migrate', () => {
  it('says that there is nothing to do', async () => {
    expect(await run('migrate')).toEqual(['the schema is up to date'])
    await run('migrate --json')
    expect(JSON.parse(stdout)).toEqual({ applied: [] })
  })
})
