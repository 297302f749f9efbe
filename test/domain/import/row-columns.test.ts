import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { importColumns, readHeader } from '../../../src/domain/import/column.ts'
import type { ImportColumn } from '../../../src/domain/import/column.ts'
import { readRow, readValues } from '../../../src/domain/import/row.ts'
import type { ImportRow } from '../../../src/domain/import/row.ts'
import { columnValue } from '../../../src/domain/import/row-value.ts'
import { defaultSettings } from '../../../src/domain/setting.ts'

const settings = { ...defaultSettings, zone: 'Europe/Berlin' }
const checkAttribute = (lines: readonly string[]) =>
  lines.some((line) => line.startsWith('Nope')) ? 'there is no attribute Nope' : undefined

/** A row that is good, with these cells in place of its own. */
function read(cells: Partial<Record<ImportColumn, string>>): { row: ImportRow; errors: string[] } {
  const all = { username: 'anna', password: 'pw', plan: 'Home', ...cells }
  const header = readHeader(Object.keys(all), { required: [] })
  const { row, errors } = readRow(2, readValues(header, Object.values(all)), { settings, checkAttribute })
  return { row, errors: errors.map(({ field, reason }) => `${field}: ${reason}`) }
}

const long = (length: number) => 'x'.repeat(length)

describe('a cell that cannot be is refused under its column', () => {
  it.each<[ImportColumn, string, string]>([
    ['username', long(300), 'username: '],
    ['password', long(129), 'must have 1 to 128 octets'],
    ['password', '€'.repeat(43), 'must have 1 to 128 octets'],
    ['password', 'two\nlines', 'has a control character'],
    ['plan', ' ', 'is empty'],
    ['plan', 'none', 'is empty'],
    ['next_plan', long(101), 'must have 1 to 100 characters, has 101'],
    ['expires_at', '31.01.2027', '"31.01.2027" is not a time such as 2027-01-31'],
    ['expires_at', '2027-02-30', 'is not a time'],
    ['expires_at', '0000-00-00', 'is not a time'],
    ['grace_until', 'tomorrow', 'is not a time'],
    ['activated_at', '2027-01-31T25:00', 'is not a time'],
    ['period_started_at', '1769817600', 'is not a time'],
    ['created_at', '2027-13-01', 'is not a time'],
    ['blocked_at', 'yes', 'is not a time'],
    ['auto_renew', 'maybe', '"maybe" is neither true nor false'],
    ['enabled', '2', '"2" is neither true nor false'],
    ['block_reason', long(201), 'must have 1 to 200 characters, has 201'],
    ['full_name', 'A', 'must have 2 to 50 characters, has 1'],
    ['full_name', long(51), 'must have 2 to 50 characters, has 51'],
    ['phone', 'call me', 'phone: '],
    ['phone', '+49 30 call me', 'phone: '],
    ['phone_extension', '12a', 'must have 1 to 10 digits'],
    ['email', 'ada@', 'email: '],
    ['email', 'a b@example.org', 'email: '],
    ['address', long(501), 'must have 1 to 500 characters, has 501'],
    ['latitude', '52,5', 'must be degrees from -90 to 90'],
    ['latitude', '90.000001', 'must be degrees from -90 to 90'],
    ['longitude', '-181', 'must be degrees from -180 to 180'],
    ['longitude', '1e2', 'must be degrees from -180 to 180'],
    ['longitude', 'NaN', 'must be degrees from -180 to 180'],
    ['zone', long(101), 'must have 1 to 100 characters, has 101'],
    ['language', 'in German', 'language: '],
    ['language', 'de_DE', '"de_DE" is not a language such as de or pt-BR'],
    ['account_type', 'dsl', 'account_type: '],
    ['bound_macs', 'aa:bb:cc:00:00', 'bound_macs: '],
    ['bound_macs', 'aabbcc000001 gg', 'bound_macs: '],
    ['learnt_macs', 'x', 'learnt_macs: '],
    ['static_addresses', '198.51.100.256', 'static_addresses: '],
    ['static_addresses', '198.51.100.7/33', 'static_addresses: '],
    ['static_addresses', '2001:db8::g', 'static_addresses: '],
    ['routes', `192.0.2.0/24 ${long(253)}`, 'must have 1 to 253 characters'],
    ['routes', Array.from({ length: 101 }, (_, at) => `192.0.2.${at}/32`).join('\n'), 'must have at most 100 lines'],
    ['attributes', 'Nope = 1', 'there is no attribute Nope'],
    ['session_limit', '0', 'session_limit: '],
    ['session_limit', '1001', 'session_limit: '],
    ['session_limit', '1.5', 'session_limit: '],
    ['device_limit', '-1', 'device_limit: '],
    ['circuit_id', '0x123', 'circuit_id: '],
    ['remote_id', '0xzz', 'remote_id: '],
    ['duid', long(300), 'duid: '],
    ['bound_interface', long(254), 'must have 1 to 253 characters, has 254'],
    ['bound_port', long(101), 'must have 1 to 100 characters, has 101'],
    ['bound_s_vlan', '4095', 'bound_s_vlan: '],
    ['bound_c_vlan', '0', 'bound_c_vlan: '],
    ['group', 'N', 'must have 2 to 50 characters, has 1'],
    ['payer', long(51), 'must have 2 to 50 characters, has 51'],
    ['nt_hash', '44ebba8d5312b8d611474411f56989ae', 'stands in place of a password, not beside it'],
  ])('%s: %j', (column, cell, reason) => {
    const { errors } = read({ [column]: cell })
    // Degrees alone lack the other half too.
    const [first] = errors
    expect(errors).not.toEqual([])
    expect(first?.split(':')[0]).toBe(column)
    expect(first).toContain(reason)
  })

  it('and a password is in no reason, whatever is wrong with it', () => {
    const secret = `s3cret${long(200)}`
    const { errors } = read({ password: secret, nt_hash: 's3crethash', full_name: 'A' })
    expect(errors.length).toBeGreaterThan(1)
    expect(errors.join()).not.toContain('s3cret')
  })
})

describe('a cell is what it means', () => {
  it.each<[ImportColumn, string, unknown]>([
    ['username', ' Anna@X.Example ', 'anna@x.example'],
    ['plan', ' Home ', 'Home'],
    // A day alone means its end, in the zone of the ISP.
    ['expires_at', '2027-01-31', Date.parse('2027-01-31T23:00Z')],
    ['expires_at', '2027-07-31T18:00', Date.parse('2027-07-31T16:00Z')],
    ['expires_at', '2027-07-31 18:00:00.5+0530', Date.parse('2027-07-31T12:30:00.5Z')],
    ['expires_at', 'none', undefined],
    ['grace_until', '2027-02-01T00:00Z', Date.parse('2027-02-01T00:00Z')],
    ['auto_renew', ' YES ', true],
    ['auto_renew', 'off', false],
    ['enabled', '1', true],
    ['enabled', 'No', false],
    ['phone', '030 123456', '030123456'],
    ['phone_extension', ' 0042 ', '0042'],
    ['language', 'PT-br', 'pt-BR'],
    ['account_type', 'PPPoE', 'pppoe'],
    ['bound_macs', 'AABB.CC00.0002, aa-bb-cc-00-00-01 aabbcc000002', 'aa:bb:cc:00:00:01 aa:bb:cc:00:00:02'],
    ['learnt_macs', '020000000001,020000000001', '02:00:00:00:00:01'],
    ['static_addresses', '2001:DB8:1::/56,198.51.100.7', '198.51.100.7/32 2001:db8:1::/56'],
    ['routes', ' 192.0.2.0/24 \r\n\r\n 192.0.3.0/24 0.0.0.0 1 ', '192.0.2.0/24\n192.0.3.0/24 0.0.0.0 1'],
    ['attributes', 'Reply-Message = "a; b"; Idle-Timeout = 60\n', 'Reply-Message = "a; b"\nIdle-Timeout = 60'],
    ['circuit_id', '0x00Ff', '00ff'],
    ['circuit_id', 'eth 0/1', Buffer.from('eth 0/1').toString('hex')],
    ['bound_s_vlan', ' 4094 ', 4094],
    ['session_limit', '1000', 1000],
    ['full_name', "'=1+1", '=1+1'],
    ['full_name', "''=1+1", "'=1+1"],
    ['full_name', "'none", 'none'],
    ['full_name', "O'Hara", "O'Hara"],
    ['full_name', 'Zoe\u0308', 'Zoë'],
    ['group', ' North ', 'North'],
    ['owner', ' Village Net ', 'Village Net'],
    ['bound_nas_group', ' North ', 'North'],
  ])('%s: %j', (column, cell, expected) => {
    const { row, errors } = read({ [column]: cell })
    expect(errors).toEqual([])
    expect(columnValue(row, column)).toEqual(expected)
  })

  it('an attribute is not taken where nobody can say whether it exists', () => {
    const header = readHeader(['username', 'password', 'plan', 'attributes'], { required: [] })
    const values = readValues(header, ['a', 'pw', 'Home', 'Idle-Timeout = 60'])
    const { errors } = readRow(2, values, { settings })
    expect(errors.map(({ field, reason }) => `${field}: ${reason}`)).toEqual([
      'attributes: cannot be checked here, and so not be taken',
    ])
  })

  it('`none` of what is always taken as it stands is a value, and of all else is none', () => {
    for (const column of importColumns) {
      const header = readHeader([column], { required: [] })
      const value = readValues(header, ['none']).get(column)
      const isLiteral = ['username', 'password', 'nt_hash'].includes(column)
      expect([column, value]).toEqual([column, isLiteral ? { kind: 'text', text: 'none' } : { kind: 'none' }])
      expect(readValues(header, ['']).size).toBe(0)
      expect(readValues(header, []).size).toBe(0)
      expect(readValues(header, ['None']).get(column)).toEqual({ kind: 'text', text: 'None' })
    }
  })

  it('anything in any column is a value or an error of a column that there is', () => {
    const cell = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom('none', '0', '-1', '1e9', '2027-01-31', '0x', '=1', "'", '\u202e', '\0', '99999999999999999999'),
    )
    fc.assert(
      fc.property(fc.constantFrom(...importColumns), cell, (column, text) => {
        const { row, errors } = read({ [column]: text })
        for (const error of errors) expect(importColumns).toContain(error.split(':')[0])
        const value = columnValue(row, column)
        // What is stored is what Postgres can store.
        if (
          typeof value === 'string' &&
          errors.length === 0 &&
          column !== 'owner' &&
          column !== 'bound_nas_group' &&
          column !== 'plan'
        ) {
          expect(value).not.toContain('\0')
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('the value of a column, to be compared', () => {
  it('is read by every column but secrets', () => {
    const { row } = read({})
    for (const column of importColumns) expect(() => columnValue(row, column)).not.toThrow()
    expect(columnValue(row, 'password')).toBeUndefined()
    expect(columnValue(row, 'nt_hash')).toBeUndefined()
  })

  it('is the same for what means the same, in any order and form', () => {
    const same = (column: ImportColumn, one: string, other: string) =>
      expect(columnValue(read({ [column]: one }).row, column)).toEqual(
        columnValue(read({ [column]: other }).row, column),
      )
    same('expires_at', '2027-01-31', '2027-01-31T23:00:00Z')
    same('bound_macs', '020000000001 020000000002', '02-00-00-00-00-02,02-00-00-00-00-01')
    same('static_addresses', '198.51.100.7', '198.51.100.7/32')
    same('static_addresses', '2001:db8::/56 198.51.100.7', '198.51.100.7 2001:0DB8:0::/56')
    same('circuit_id', '0x61', 'a')
    same('auto_renew', 'yes', 'TRUE')
    same('full_name', ' Ada ', 'Ada')
    same('phone', '+49 30 123-456', '+4930123456')
    same('email', 'none', '')
  })

  it('is another for routes in another order, whose first counts', () => {
    const value = (text: string) => columnValue(read({ routes: text }).row, 'routes')
    expect(value('192.0.2.0/24\n192.0.3.0/24')).not.toBe(value('192.0.3.0/24\n192.0.2.0/24'))
  })
})
