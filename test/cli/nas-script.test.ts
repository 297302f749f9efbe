// `gatehouse nas script` through the command line: whose facts, which addresses, and the secret only where it was asked for.
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { addClientCommands } from '../../src/cli/client.ts'
import { addNasCommands } from '../../src/cli/nas.ts'
import { addSettingCommands } from '../../src/cli/setting.ts'
import { useCommands } from '../support/commands.ts'
import { useDatabase } from '../support/database.ts'

const { run, json, warnings } = useCommands(useDatabase(), (program) => {
  for (const add of [addClientCommands, addNasCommands, addSettingCommands]) add(program)
})
const machine = ['127.0.0.1', '::1', '192.0.2.2', '2001:db8::2', 'fe80::2']
let secret = ''

beforeAll(async () => {
  const made = await json('client add --name bng1 --address 192.0.2.1 --vendor mikrotik --patience-ms 2500')
  secret = (made as { secret: string }).secret
  await run('client add --name site --address 10.0.0.0/8')
  await run(
    'nas add --client site --name hill --vendor accel-ppp --identifier hill-1 --address 10.0.0.7 --coa-port 1700',
  )
  await run('nas add --client site --name mx --vendor juniper --identifier mx-1')
})

describe('nas script', () => {
  it('prints the script of a MikroTik with the facts of its client', async () => {
    const lines = await run('nas script bng1 --server 192.0.2.2 --src-address 192.0.2.1')
    expect(lines).toContain(
      '/radius add service=ppp,dhcp,hotspot address=192.0.2.2 secret="SECRET-NOT-SHOWN" authentication-port=1812 accounting-port=1813 timeout=2500ms require-message-auth=yes-for-request-resp src-address=192.0.2.1 comment="Gatehouse"',
    )
    expect(lines).toContain('/ppp aaa set use-radius=yes accounting=yes interim-update=5m')
    expect(lines).toContain('# /system identity stays as it is: Gatehouse knows this router by its client alone.')
    expect(lines[0]).toContain('of NAS "bng1".')
    expect(warnings()).toBe('')
  })

  it('asks over TLS where we serve it and the client is known by a certificate', async () => {
    await json('client add --name bng2 --address 192.0.2.7 --vendor mikrotik --radsec-name bng2.example.net')
    vi.stubEnv('GATEHOUSE_RADSEC_CERT', '/etc/radsec.pem')
    vi.stubEnv('GATEHOUSE_RADSEC_KEY', '/etc/radsec-key.pem')
    vi.stubEnv('GATEHOUSE_RADSEC_PORT', '12083')
    try {
      const overTls = (await run('nas script bng2 --server 192.0.2.2')).join('\n')
      expect(overTls).toContain('protocol=radsec certificate="NAME-OF-ITS-CERTIFICATE" secret="radsec" ')
      expect(overTls).toContain('authentication-port=12083 accounting-port=12083')
      expect((await run('nas script bng1 --server 192.0.2.2')).join('\n')).not.toContain('protocol=radsec')
    } finally {
      // Empty counts as unset; where the database is must stay known.
      for (const name of ['CERT', 'KEY', 'PORT']) vi.stubEnv(`GATEHOUSE_RADSEC_${name}`, '')
    }
    expect((await run('nas script bng2 --server 192.0.2.2')).join('\n')).not.toContain('protocol=radsec')
  })

  it('prints the script of an accel-ppp with what is set for it', async () => {
    await run('nas set hill patience_ms=3000 interim_interval_s=120')
    const lines = await run('nas script hill --server 192.0.2.2 192.0.2.3')
    expect(lines).toEqual(
      expect.arrayContaining([
        'nas-identifier=hill-1',
        'nas-ip-address=10.0.0.7',
        'dae-server=10.0.0.7:1700,SECRET-NOT-SHOWN',
        'timeout=3',
        'acct-interim-interval=120',
      ]),
    )
    expect(lines.filter((line) => line.startsWith('server='))).toHaveLength(2)
  })

  it('takes the interval that holds for all where the device has none', async () => {
    await run('setting set default_interim_interval_s 600')
    expect(await run('nas script bng1 --server 192.0.2.2')).toContain(
      '/ppp aaa set use-radius=yes accounting=yes interim-update=10m',
    )
  })

  it('says what is wrong', async () => {
    await expect(run('nas script bng9')).rejects.toThrow('there is no NAS "bng9"')
    await expect(run('nas script bng1 --server radius')).rejects.toThrow('server: "radius" is not an address')
    await expect(run('nas script bng1 --src-address 10.0.0.0/8')).rejects.toThrow('src-address: ')
    await expect(run('nas script mx')).rejects.toThrow('there is no script for vendor juniper, only for mikrotik and')
  })
})

describe('the addresses without --server', () => {
  beforeAll(() => giveMachine(machine))
  afterAll(() => giveMachine(undefined))

  /** The servers of the script. */
  async function servers(): Promise<string[]> {
    const lines = await run('nas script bng1')
    return lines.flatMap((line) => /^\/radius add \S+ address=(\S+)/.exec(line)?.[1] ?? [])
  }

  it('are those of this machine, without loopback, and a warning that they are all', async () => {
    expect(await servers()).toEqual(['192.0.2.2', '2001:db8::2'])
    expect(warnings()).toBe('warning: every address we listen on is in it (2): --server names those that count\n')
  })

  it('are loopback where there are no others', async () => {
    giveMachine(['127.0.0.1'])
    try {
      expect(await servers()).toEqual(['127.0.0.1'])
      expect(warnings()).toBe('')
    } finally {
      giveMachine(machine)
    }
  })

  it.each([
    ['198.51.100.1', ['198.51.100.1']],
    ['127.0.0.1,198.51.100.1', ['198.51.100.1']],
    ['0.0.0.0', ['192.0.2.2']],
    ['::', ['2001:db8::2']],
  ])('are those configured: %s', async (configured, expected) => {
    vi.stubEnv('GATEHOUSE_RADIUS_ADDRESSES', configured)
    try {
      expect(await servers()).toEqual(expected)
    } finally {
      vi.stubEnv('GATEHOUSE_RADIUS_ADDRESSES', undefined)
    }
  })

  it('have the ports that are configured', async () => {
    vi.stubEnv('GATEHOUSE_AUTH_PORT', '11812')
    vi.stubEnv('GATEHOUSE_ACCT_PORT', '11813')
    try {
      const text = (await run('nas script hill --server 192.0.2.2')).join('\n')
      expect(text).toContain(',auth-port=11812,acct-port=11813,')
    } finally {
      vi.stubEnv('GATEHOUSE_AUTH_PORT', undefined)
      vi.stubEnv('GATEHOUSE_ACCT_PORT', undefined)
    }
  })
})

describe('the secret', () => {
  it('is printed only where it was asked for', async () => {
    const hidden = (await run('nas script bng1 --server 192.0.2.2')).join('\n')
    expect(hidden).not.toContain(secret)
    expect(hidden).toContain('put it in place of SECRET-NOT-SHOWN, or print this with --show-secret.')
    const shown = (await run('nas script bng1 --server 192.0.2.2 --show-secret')).join('\n')
    expect(shown).toContain(` secret="${secret}" `)
    expect(shown).not.toContain('SECRET-NOT-SHOWN')
  })

  it('is the newest of two', async () => {
    const rotated = (await json('client rotate-secret bng1')) as { secret: string }
    const text = (await run('nas script bng1 --server 192.0.2.2 --show-secret')).join('\n')
    expect(text).toContain(` secret="${rotated.secret}" `)
    expect(text).not.toContain(secret)
  })
})

const networkInterfaces = os.networkInterfaces

/**
 * What the machine says of its addresses; undefined: the truth again. A mocked module would not do: files share a process, and
 * another one may have loaded it already.
 */
function giveMachine(addresses: readonly string[] | undefined): void {
  const entries = (addresses ?? []).map((address) => ({ address }) as os.NetworkInterfaceInfo)
  os.networkInterfaces = addresses === undefined ? networkInterfaces : () => ({ eth0: entries })
  syncBuiltinESMExports()
}
