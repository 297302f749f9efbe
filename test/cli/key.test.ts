import * as fs from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { addKeyCommands } from '../../src/cli/key.ts'
import { useCommands } from '../support/commands.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const commands = useCommands(database, addKeyCommands)
const file = () => join(commands.directory, 'gatehouse.key')

describe('gatehouse key', () => {
  it('lists the data keys, of a new installation one', async () => {
    expect(await commands.json('key list --json')).toMatchObject([
      { id: 1, state: 'sealing', sealed: 0, verifiers: 0, key_file: expect.stringMatching(/^[0-9a-f]{16}$/) },
    ])
    expect((await commands.table('key list')).map((line) => line.split(' ')[0])).toEqual(['ID', '1'])
  })

  it('announces a data key, and says when the rest can be sealed anew', async () => {
    await expect(commands.run('key new-data-key --notice 4')).rejects.toThrow('must be seconds, at least 5')
    await expect(commands.run('key new-data-key --notice soon')).rejects.toThrow('must be seconds, at least 5')
    const [said] = await commands.run('key new-data-key --notice 600')
    expect(said).toMatch(/^data key 2 seals from \S+Z; then: gatehouse key reseal$/)
    expect((await commands.run('key reseal'))[0]).toMatch(/^data key 2 seals from \S+Z on: call this again then$/)
    expect(await commands.json('key reseal --json')).toMatchObject({ resealed: 0, coming: 2 })
    const states = (await commands.json('key list --json')) as { state: string }[]
    expect(states.map(({ state }) => state)).toEqual(['sealing', 'coming'])
  })

  it('seals anew when the time has come, and names what stays', async () => {
    await database.pool.query(`update data_key set seals_from = created_at where id = 2`)
    // A value that no key opens, and a verifier under the first data key.
    await database.pool.query(
      `insert into mail_server (host, port, security, sender, password, updated_at)
       values ('mail.example', 25, 'none', 'a@example.org', '\\x010001' || decode(repeat('00', 40), 'hex'), now())`,
    )
    expect(await commands.run('key reseal')).toEqual(['0 values sealed anew; retired data keys: none'])
    expect(commands.warnings()).toContain('1 values cannot be opened and stay as they are')
    expect(await commands.json('key reseal --json')).toMatchObject({ places: ['mail_server.password of row 1'] })
    await database.pool.query('delete from mail_server')
    expect(await commands.run('key reseal')).toEqual(['0 values sealed anew; retired data keys: 1'])
  })

  it('replaces the key file, in one step or in two', async () => {
    const before = fs.readFileSync(file(), 'utf8')
    const [waits] = await commands.run('key rotate-key-file --prepare')
    expect(waits).toContain(`${file()}.next waits`)
    const next = fs.readFileSync(`${file()}.next`, 'utf8')
    const prepared = (await commands.json('key rotate-key-file --prepare --json')) as { fingerprint: string }
    const said = await commands.run('key rotate-key-file')
    expect(said[0]).toBe(`${file()} is the new key ${prepared.fingerprint}; 2 data keys wrapped with it`)
    expect(fs.readFileSync(file(), 'utf8')).toBe(next)
    const old = /^(\S+) opens older backups/.exec(said[1]!)![1]!
    expect(fs.readFileSync(old, 'utf8')).toBe(before)
    // Nothing of a key is ever shown.
    for (const key of [before, next]) expect([...said, waits].join()).not.toContain(key.trim().split(' ')[1])
    expect(await commands.json('key rotate-key-file --json')).toMatchObject({ wrapped: 2 })
    const { rows } = await database.pool.query<{ action: string; author_kind: string }>(
      'select action, author_kind from audit_entry order by id',
    )
    expect(new Set(rows.map((row) => row.author_kind))).toEqual(new Set(['command-line']))
    expect(rows.map(({ action }) => action)).toEqual([
      'data-key.add',
      'data-key.reseal',
      'key-file.rotate',
      'key-file.rotate',
    ])
  })
})
