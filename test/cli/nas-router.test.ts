// `gatehouse nas router`: the password comes on standard input only, and is never shown.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { addClientCommands } from '../../src/cli/client.ts'
import { addNasCommands } from '../../src/cli/nas.ts'
import { makeCertificate } from '../support/certificate.ts'
import { useCommands } from '../support/commands.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const commands = useCommands(database, (program) => {
  addClientCommands(program)
  addNasCommands(program)
})
const pin = 'ab'.repeat(32)

beforeAll(() => commands.run('client add --name bng1 --address 192.0.2.1 --vendor mikrotik'))

/** Runs a command with a password on standard input. */
async function withPassword(text: string): Promise<string[]> {
  const input = vi
    .spyOn(process, 'stdin', 'get')
    .mockReturnValue(Readable.from([Buffer.from('PassOfRouter\n')]) as never)
  try {
    return await commands.table(`${text} --password-stdin`)
  } finally {
    input.mockRestore()
  }
}

describe('nas router', () => {
  it('sets access, shows it without the password, and removes it', async () => {
    const lines = await withPassword(`nas router bng1 --rest --user gatehouse --pin ${pin}`)
    expect(lines).toEqual(
      expect.arrayContaining([
        'by REST',
        'host where the NAS is',
        'port 443',
        'TLS yes',
        'account gatehouse',
        `pin ${pin}`,
      ]),
    )
    expect(lines.join(' ')).not.toContain('PassOfRouter')
    expect(commands.warnings()).toBe('')
    expect(await commands.table('nas router bng1')).toEqual(lines)
    expect(await commands.json('nas router bng1')).toMatchObject({
      name: 'bng1',
      backend: 'rest',
      user_name: 'gatehouse',
    })
    expect(await commands.run('nas router bng1 --remove')).toEqual(['access to the router of NAS bng1 removed'])
    await expect(commands.run('nas router bng1')).rejects.toThrow('there is no access to the router of NAS "bng1"')
    const { rows } = await database.pool.query(`select author_kind from audit_entry where noun = 'nas-router'`)
    expect(rows).toEqual([{ author_kind: 'command-line' }, { author_kind: 'command-line' }])
  })

  it('warns where the password would go in the clear', async () => {
    expect(await withPassword('nas router bng1 --api --user g --host r1.example.net')).toEqual(
      expect.arrayContaining(['by API', 'host r1.example.net', 'port 8728', 'TLS no']),
    )
    expect(commands.warnings()).toContain('warning: without TLS the password of the router can be read')
  })

  it('takes the CA from a file', async () => {
    const file = join(commands.directory, 'ca.pem')
    writeFileSync(file, makeCertificate('router.test').certificate)
    expect(await withPassword(`nas router bng1 --api --user g --ca ${file} --server-name router.test`)).toEqual(
      expect.arrayContaining(['port 8729', 'CA yes, for router.test']),
    )
    await expect(commands.run('nas router bng1 --rest --user g --ca /nowhere/ca.pem')).rejects.toThrow('cannot be read')
  })

  it('says what is missing or too much', async () => {
    await expect(commands.run('nas router bng1 --rest --api')).rejects.toThrow('--rest and --api exclude each other')
    await expect(commands.run('nas router bng1 --host 192.0.2.7')).rejects.toThrow('backend: add --rest or --api')
    await expect(commands.run('nas router bng1 --rest')).rejects.toThrow('user-name: is needed: add --user')
    await expect(commands.run(`nas router bng1 --rest --user g --pin ${pin}`)).rejects.toThrow(
      'password: is needed anew',
    )
  })
})
