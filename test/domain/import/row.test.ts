import { describe, expect, it } from 'vitest'
import { readHeader } from '../../../src/domain/import/column.ts'
import { readRow, readValues } from '../../../src/domain/import/row.ts'
import { defaultSettings } from '../../../src/domain/setting.ts'

describe('a row of an import', () => {
  const names = ['username', 'password', 'nt_hash', 'plan', 'account_type', 'mac', 'owner', 'group']
  const header = readHeader(names, { required: ['username', 'plan'] })
  const read = (...cells: string[]) => readRow(7, readValues(header, cells), { settings: defaultSettings })
  const errors = (...cells: string[]) => read(...cells).errors.map((error) => error.message)

  it('becomes fields, names to be looked up, and a credential', () => {
    expect(read('Anna', ' p w ', '', ' Home ', '', '', ' Village ', ' North ')).toMatchObject({
      errors: [],
      row: {
        line: 7,
        fields: { username: 'anna' },
        plan: 'Home',
        owner: 'Village',
        group: 'North',
        credential: { kind: 'clear', password: ' p w ' },
      },
    })
    expect(read('a', '', '44ebba8d5312b8d611474411f56989ae', 'Home', '', '', '', '').row.credential).toEqual({
      kind: 'nt-hash',
      ntHash: Buffer.from('44ebba8d5312b8d611474411f56989ae', 'hex'),
    })
  })

  it('needs a password or a hash, not both, unless it is IPoE', () => {
    expect(errors('a', '', '', 'Home', '', '', '', '')).toEqual([
      'password: is empty, and so is nt_hash: one of them is needed',
    ])
    expect(errors('a', 'x', 'a'.repeat(32), 'Home', '', '', '', '')).toEqual([
      'nt_hash: stands in place of a password, not beside it',
    ])
    expect(read('a', '', '', 'Home', 'ipoe', 'aabbcc000001', '', '')).toMatchObject({
      errors: [],
      row: { credential: undefined },
    })
    expect(errors('a', '', 'zz', 'Home', '', '', '', '')).toEqual(['nt_hash: must have 32 hex digits'])
  })

  it('tells every error of it', () => {
    expect(errors('', '', '', '', 'dsl', '', '', 'N').map((text) => text.split(':')[0])).toEqual([
      'account_type',
      'username',
      'plan',
      'password',
      'group',
    ])
  })
})
