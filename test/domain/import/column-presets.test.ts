import { describe, expect, it } from 'vitest'
import { importColumns, readHeader } from '../../../src/domain/import/column.ts'
import type { ImportColumn } from '../../../src/domain/import/column.ts'

const read = (cells: string[], mapping: Record<string, string> = {}) =>
  readHeader(cells, { mapping, required: ['username', 'plan'] })

/** The columns of ours that a header comes to, in its order. */
function columnsOf(header: ReturnType<typeof readHeader>): ImportColumn[] {
  const places = Object.entries(header.places) as [ImportColumn, number][]
  return places.toSorted(([, one], [, other]) => one - other).map(([column]) => column)
}

describe('the list of another system is understood as it stands', () => {
  it.each<[string, string, string]>([
    [
      'daloRADIUS',
      'username,Cleartext-Password,groupname,email,mobilephone,address,creationdate',
      'username,password,plan,email,phone,address,created_at',
    ],
    [
      'Splynx',
      'Login,Password,Tariff plan,Full name,Phone number,Street 1,Gps lat,Gps lon,Date add,IPv4,MAC',
      'username,password,plan,full_name,phone,address,latitude,longitude,created_at,static_addresses,bound_macs',
    ],
    [
      'a RADIUS manager',
      'User Name;Password;srvname;Expiration;Mobile;Static-IP;Simultaneous-Use;Calling-Station-Id',
      'username,password,plan,expires_at,phone,static_addresses,session_limit,bound_macs',
    ],
    [
      'attributes of RADIUS',
      'User-Name;NT-Password;Profile;Framed-IP-Address;Framed-Route',
      'username,nt_hash,plan,static_addresses,routes',
    ],
    ['MikroTik', 'name;password;profile;service-type;remote-address;caller-id', ''],
  ])('%s', (_system, header, expected) => {
    const cells = header.split(/[,;]/)
    if (expected === '') {
      // Its `name` is the username and ours is a person's: what could be either is said by a mapping.
      expect(() => read(cells)).toThrow('the header lacks username')
      expect(columnsOf(read(cells, { name: 'username' }))).toEqual([
        'username',
        'password',
        'plan',
        'account_type',
        'static_addresses',
        'bound_macs',
      ])
    } else expect(columnsOf(read(cells)).join(',')).toBe(expected)
  })

  it('with blanks, dashes, case and a name of ours in any of them', () => {
    for (const name of ['FULL NAME', 'full-name', ' Full  Name ', 'full_name', 'Full\u00a0Name']) {
      expect(columnsOf(read(['username', 'plan', name]))).toContain('full_name')
    }
  })

  it('and no name means two columns', () => {
    for (const column of importColumns) expect(columnsOf(readHeader([column], { required: [] }))).toEqual([column])
  })
})

describe('a mapping', () => {
  it('may say of a name that we know that it means another column, or none', () => {
    const header = read(['name', 'username', 'plan', 'group'], { NAME: 'username', username: '', group: 'zone' })
    expect(columnsOf(header)).toEqual(['username', 'plan', 'zone'])
    expect(header.ignored).toEqual(['username'])
    expect(header.names.zone).toBe('group')
  })

  it('of columns that the file does not have changes nothing', () => {
    expect(columnsOf(read(['username', 'plan'], { other: 'email' }))).toEqual(['username', 'plan'])
  })

  it('that brings two names to one column is refused, naming the second', () => {
    expect(() => read(['a', 'b', 'plan'], { a: 'username', b: 'username' })).toThrow('the header names "b" twice')
  })

  it('to what cannot be set is refused as no column', () => {
    expect(() => read(['username', 'plan', 'x'], { x: 'balance' })).toThrow('no such column: "x"')
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(() => read(['username', 'plan', name])).toThrow('no such column')
      expect(() => read(['username', 'plan', 'x'], { x: name })).toThrow('no such column')
    }
  })

  it('tells no more than twenty names that it does not know, each cut short', () => {
    const cells = Array.from({ length: 500 }, (_, at) => `${'long'.repeat(50)}${at}`)
    expect(() => read(cells)).toThrow(/^no such column: [^;]{1,1400};/)
  })
})
