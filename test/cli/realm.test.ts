// Realms and home servers from the command line. Secrets come on standard input only.
import { Readable } from 'node:stream'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { addClientCommands } from '../../src/cli/client.ts'
import { addHomeServerCommands } from '../../src/cli/home-server.ts'
import { addRealmCommands } from '../../src/cli/realm.ts'
import { useCommands } from '../support/commands.ts'
import { useDatabase } from '../support/database.ts'

const commands = useCommands(useDatabase(), (program) => {
  addRealmCommands(program)
  addHomeServerCommands(program)
  addClientCommands(program)
})
const secret = 'k7Gq2mZ9xP4wR8sT'

afterEach(() => vi.unstubAllGlobals())

/** Runs a command with a secret on standard input. */
async function withSecret(text: string, typed = secret): Promise<string[]> {
  const input = vi.spyOn(process, 'stdin', 'get').mockReturnValue(Readable.from([Buffer.from(`${typed}\n`)]) as never)
  try {
    return await commands.run(`${text} --secret-stdin`)
  } finally {
    input.mockRestore()
  }
}

describe('home-server', () => {
  it('without any says how to add one', async () => {
    expect((await commands.run('home-server list'))[0]).toContain('home-server add')
    expect(await commands.json('home-server list')).toEqual([])
  })

  it('is added with its secret from standard input, which is never shown', async () => {
    expect(await withSecret('home-server add --pool partner --name p1 --address 192.0.2.9')).toEqual([
      'home server p1 added to pool partner',
    ])
    const more =
      '--auth-port 11812 --acct-port 11813 --priority 3 --timeout-ms 300 --tries 4 --message-authenticator off'
    await withSecret(`home-server add --pool partner --name p2 --address 192.0.2.10 ${more}`)
    expect(commands.warnings()).toContain('can be forged')
    expect(await commands.table('home-server list')).toEqual([
      'POOL NAME PRIORITY ADDRESS PORTS TRIES MESSAGE-AUTHENTICATOR',
      'partner p1 0 192.0.2.9 1812/1813 2 x 1000 ms auto',
      'partner p2 3 192.0.2.10 11812/11813 4 x 300 ms off (danger: forged answers are possible)',
    ])
    const listed = await commands.json('home-server list')
    expect(listed).toMatchObject([{ name: 'p1', auth_port: 1812 }, { name: 'p2' }])
    expect(JSON.stringify(listed)).not.toContain(secret)
  })

  it('is not added without a secret, or with a weak one', async () => {
    const add = 'home-server add --pool partner --name p3 --address 192.0.2.11'
    await expect(commands.run(add)).rejects.toThrow('secret: comes from standard input: add --secret-stdin')
    await expect(withSecret(add, 'testing123')).rejects.toThrow('is well known')
    await withSecret(`${add} --allow-weak-secret --json`, 'testing123')
    expect(commands.warnings()).toContain('well known')
  })

  it('is removed by name', async () => {
    expect(await commands.run('home-server remove p3')).toEqual(['home server p3 removed'])
    await expect(commands.run('home-server remove p3')).rejects.toThrow('there is no home server "p3"')
  })
})

describe('realm', () => {
  it('without any says what happens then', async () => {
    expect(await commands.run('realm list')).toEqual([
      'there are no realms: usernames are looked up by the rule of their NAS',
    ])
  })

  it('is added with its action, and its pool where it is forwarded', async () => {
    expect(await commands.run('realm add ISP.example --action strip')).toEqual(['realm isp.example added: strip'])
    expect(await commands.run('realm add partner.example --action forward --pool partner')).toEqual([
      'realm partner.example added: forward to partner',
    ])
    await commands.run('realm add  --action keep')
    expect(await commands.table('realm list')).toEqual([
      'REALM ACTION POOL',
      '(none) keep -',
      'isp.example strip -',
      'partner.example forward partner',
    ])
    expect(await commands.json('realm list')).toMatchObject([{ name: '' }, { name: 'isp.example', pool: null }, {}])
  })

  it('is refused with a word that is no action and a pool that is none', async () => {
    await expect(commands.run('realm add x --action drop')).rejects.toThrow('none of strip, keep, refuse, forward')
    await expect(commands.run('realm add x --action forward --pool typo')).rejects.toThrow('there is no pool "typo"')
  })

  it('is removed by name', async () => {
    expect(await commands.run('realm remove ISP.example')).toEqual(['realm ISP.example removed'])
    await expect(commands.run('realm remove isp.example')).rejects.toThrow('there is no realm')
  })
})

describe('client --unknown-pool', () => {
  const poolOf = async () =>
    ((await commands.json('client list')) as { unknown_pool: string | null }[])[0]?.unknown_pool

  it('names the home servers of subscribers whom nobody knows here, until none', async () => {
    await commands.run('client add --name moving --address 192.0.2.1 --unknown-pool partner')
    expect(await poolOf()).toBe('partner')
    await commands.run('client set moving --unknown-pool none')
    expect(await poolOf()).toBeNull()
    await commands.run('client set moving --unknown-pool partner')
    expect(await poolOf()).toBe('partner')
    await expect(commands.run('client set moving --unknown-pool typo')).rejects.toThrow('there is no pool "typo"')
  })
})
