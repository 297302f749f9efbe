// `gatehouse operator`: the first operator, and the way back in when nobody can sign in any more.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { addOperatorCommands } from '../../src/cli/operator.ts'
import { throwUsageErrors } from '../../src/cli/run.ts'
import { isPassword } from '../../src/domain/operator/password-hash.ts'
import { isSetupOpen } from '../../src/domain/operator/setup.ts'
import { createKysely } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const directory = mkdtempSync(join(tmpdir(), 'gatehouse-operator-'))
let stdout = ''

beforeAll(() => {
  vi.stubEnv('DATABASE_URL', database.url)
  vi.stubEnv('GATEHOUSE_DATA_DIR', directory)
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text)
    return true
  })
})
afterAll(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  rmSync(directory, { recursive: true, force: true })
})

async function run(...words: string[]): Promise<string> {
  const program = throwUsageErrors(new Command('gatehouse'))
  addOperatorCommands(program)
  stdout = ''
  await program.parseAsync(words, { from: 'user' })
  return stdout
}

const hashOf = async (email: string): Promise<string | null> => {
  const { rows } = await database.pool.query<{ password_hash: string | null }>(
    'select password_hash from operator where email = $1',
    [email],
  )
  return rows[0]?.password_hash ?? null
}

describe('gatehouse operator', () => {
  it('adds the first super-administrator with a password that is shown once, which closes the setup', async () => {
    expect(await run('operator', 'list')).toBe('there is no operator yet: gatehouse operator add\n')
    const text = await run('operator', 'add', '--name', 'Olga Owner', '--email', 'Olga@Example.net')
    const password = /^operator Olga@Example\.net added as super-administrator; password (\S{12})\n$/.exec(text)?.[1]
    expect(await isPassword(await hashOf('olga@example.net'), password!)).toBe(true)
    expect(await isSetupOpen(createKysely<Database>(database.pool))).toBe(false)
  })

  it('lists them, as a table and for programs', async () => {
    await run('operator', 'add', '--name', 'Sam Support', '--email', 'sam@example.net', '--role', 'support')
    const table = (await run('operator', 'list')).split('\n').map((line) => line.replaceAll(/\s+/g, ' '))
    expect(table.slice(1, 3)).toEqual([
      'olga@example.net Olga Owner super-administrator ISP yes no -',
      'sam@example.net Sam Support support ISP yes no -',
    ])
    const listed = JSON.parse(await run('operator', 'list', '--json')) as Record<string, unknown>[]
    expect(listed.map((one) => one['email'])).toEqual(['olga@example.net', 'sam@example.net'])
    expect(JSON.stringify(listed)).not.toContain('argon2')
  })

  it('makes up another password', async () => {
    const { password } = JSON.parse(await run('operator', 'reset-password', 'sam@example.net', '--json')) as {
      password: string
    }
    expect(await isPassword(await hashOf('sam@example.net'), password)).toBe(true)
    await expect(run('operator', 'reset-password', 'sam@example.net', '--second-factor')).rejects.toThrow(
      'there is none',
    )
    expect(await isPassword(await hashOf('sam@example.net'), password)).toBe(true)
    await expect(run('operator', 'reset-password', 'nobody@example.net')).rejects.toThrow('there is no operator')
  })

  it('disables and enables, but never the last super-administrator', async () => {
    expect(await run('operator', 'disable', 'sam@example.net')).toBe('operator sam@example.net disabled\n')
    expect((await run('operator', 'list')).split('\n')[2]).toMatch(/ no +no /)
    expect(await run('operator', 'enable', 'sam@example.net')).toBe('operator sam@example.net enabled\n')
    await expect(run('operator', 'disable', 'olga@example.net')).rejects.toThrow('no super-administrator left')
  })

  it('writes down whose account of the machine it was', async () => {
    const { rows } = await database.pool.query<{ author_kind: string; action: string }>(
      'select author_kind, action from audit_entry order by id',
    )
    expect(new Set(rows.map((row) => row.author_kind))).toEqual(new Set(['command-line']))
    expect(rows.map((row) => row.action)).toEqual([
      'operator.create',
      'operator.create',
      'operator.reset-password',
      'operator.disable',
      'operator.enable',
    ])
  })

  it('names the role and organisation that are not there', async () => {
    const who = ['--name', 'Nobody Here', '--email', 'n@example.net']
    await expect(run('operator', 'add', ...who, '--role', 'king')).rejects.toThrow('there is no role "king"')
    await expect(run('operator', 'add', ...who, '--organisation', 'Moon')).rejects.toThrow('there is no organisation')
  })
})
