import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readHeader } from '../../../src/domain/import/column.ts'
import { createFileKeys } from '../../../src/domain/import/file-keys.ts'
import { readRow, readValues } from '../../../src/domain/import/row.ts'
import { prefixRange } from '../../../src/domain/prefix.ts'
import { defaultSettings } from '../../../src/domain/setting.ts'

const names = [
  'username',
  'plan',
  'account_type',
  'mac',
  'static_ip',
  'circuit_id',
  'remote_id',
  'duid',
  'c_vlan',
  'bound_interface',
]
const header = readHeader(names, { required: ['username'] })

type Cells = Partial<Record<(typeof names)[number], string>>

/** What the rows of a file, from line 2 on, say of each other. */
function told(...rows: Cells[]): string[] {
  const found: string[] = []
  const keys = createFileKeys((line, field, reason) => found.push(`${line} ${field}: ${reason}`))
  for (const [at, row] of rows.entries()) {
    const cells = names.map((name) => row[name] ?? '')
    keys.add(readRow(at + 2, readValues(header, cells), { settings: defaultSettings }).row)
  }
  keys.finish()
  return found
}

const ipoe = (username: string, facts: Cells): Cells => ({ username, account_type: 'ipoe', ...facts })

describe('usernames of a file', () => {
  it('that are the same but for case are told at the later line, each with the first', () => {
    expect(told({ username: 'Anna' }, { username: 'bob' }, { username: 'ANNA' }, { username: 'anna' })).toEqual([
      '4 username: "anna" is in line 2 already',
      '5 username: "anna" is in line 2 already',
    ])
  })

  it('that are missing are each their own error and no double', () => {
    expect(told({ username: '' }, { username: '' })).toEqual([])
  })
})

describe('addresses of a file', () => {
  it.each<[string, string, string]>([
    ['198.51.100.7', '198.51.100.7', '198.51.100.7/32 is or overlaps 198.51.100.7/32 of line 2'],
    ['2001:db8:ffff::/48', '2001:db8::/32', '2001:db8::/32 is or overlaps 2001:db8:ffff::/48 of line 2'],
    ['2001:db8::/32', '2001:db8:ffff::/48', '2001:db8:ffff::/48 is or overlaps 2001:db8::/32 of line 2'],
    ['2001:db8:1::/56', '2001:DB8:1:0:0:0:0:0/56', '2001:db8:1::/56 is or overlaps 2001:db8:1::/56 of line 2'],
  ])('%s and %s meet', (one, other, reason) => {
    expect(told({ username: 'a', static_ip: one }, { username: 'b', static_ip: other })).toEqual([
      `3 static_addresses: ${reason}`,
    ])
  })

  it.each([
    ['198.51.100.7', '198.51.100.8'],
    ['2001:db8:0::/48', '2001:db8:1::/48'],
    ['0.0.0.1', '::1/128'],
    ['255.255.255.255', '::ffff:ffff/128'],
  ])('%s and %s are apart', (one, other) => {
    expect(told({ username: 'a', static_ip: one }, { username: 'b', static_ip: other })).toEqual([])
  })

  it('of one row may not meet either, and a wide one is seen behind a narrow one', () => {
    expect(told({ username: 'a', static_ip: '2001:db8::/32 2001:db8:1::/48' })).toHaveLength(1)
    const [, ...rest] = told(
      { username: 'a', static_ip: '2001:db8::/32' },
      { username: 'b', static_ip: '2001:db8::/48' },
      { username: 'c', static_ip: '2001:db8:7::/48' },
    )
    expect(rest).toEqual(['4 static_addresses: 2001:db8:7::/48 is or overlaps 2001:db8::/32 of line 2'])
  })

  it('are told wherever there is an overlap, and nowhere else', () => {
    const prefix = fc
      .tuple(fc.nat(15), fc.integer({ min: 44, max: 48 }))
      .map(([third, length]) => `2001:db8:${(third & ~(2 ** (48 - length) - 1)).toString(16)}::/${length}`)
    fc.assert(
      fc.property(fc.array(prefix, { minLength: 1, maxLength: 12 }), (prefixes) => {
        const lines = told(...prefixes.map((static_ip, at) => ({ username: `u${at}`, static_ip })))
        const ranges = prefixes.map((one) => prefixRange(one))
        const meet = ranges.some((one, at) =>
          ranges.slice(at + 1).some((other) => one.first <= other.last && other.first <= one.last),
        )
        expect(lines.length > 0).toBe(meet)
        // All the same for what is written where only some lines are: what is left when the lines that were told are left out is apart.
        const bad = new Set(lines.map((text) => Number(text.split(' ')[0])))
        const left = ranges.filter((_, at) => !bad.has(at + 2))
        for (const [at, one] of left.entries()) {
          for (const other of left.slice(at + 1)) {
            expect(one.first <= other.last && other.first <= one.last).toBe(false)
          }
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('IPoE lines of a file', () => {
  it('with one MAC in two forms are told by the column', () => {
    expect(told(ipoe('a', { mac: 'AABB.CC00.0001' }), ipoe('b', { mac: 'aa-bb-cc-00-00-01' }))).toEqual([
      '3 bound_macs: "aa:bb:cc:00:00:01" is of line 2 already (IPoE)',
    ])
  })

  it('with one circuit are apart where their remote ids are', () => {
    const circuit = { circuit_id: 'eth 0/1' }
    expect(told(ipoe('a', { ...circuit, remote_id: 'n1' }), ipoe('b', { ...circuit, remote_id: 'n2' }))).toEqual([])
    expect(told(ipoe('a', circuit), ipoe('b', circuit))).toEqual([
      '3 circuit_id: "eth 0/1" is of line 2 already (IPoE)',
    ])
    expect(told(ipoe('a', { remote_id: 'n1' }), ipoe('b', { remote_id: 'n1' }))).toHaveLength(1)
    expect(told(ipoe('a', { duid: '0x0001' }), ipoe('b', { duid: '0x0001' }))).toHaveLength(1)
  })

  it('on one interface are apart by their VLANs, and by what else tells them', () => {
    const at = { bound_interface: 'ae0' }
    expect(told(ipoe('a', { ...at, c_vlan: '7' }), ipoe('b', { ...at, c_vlan: '8' }))).toEqual([])
    expect(told(ipoe('a', at), ipoe('b', { ...at, mac: '020000000001' }))).toEqual([])
    expect(told(ipoe('a', at), ipoe('b', at))).toEqual(['3 bound_interface: "ae0" is of line 2 already (IPoE)'])
  })

  it('share what they like with PPPoE', () => {
    expect(told(ipoe('a', { mac: '020000000001' }), { username: 'b', mac: '020000000001' })).toEqual([])
  })
})
