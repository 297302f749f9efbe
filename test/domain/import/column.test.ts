import { describe, expect, it } from 'vitest'
import {
  changePermission,
  createPermission,
  headerName,
  importColumns,
  readHeader,
  unknownTargets,
} from '../../../src/domain/import/column.ts'
import { isPermission } from '../../../src/domain/operator/permission.ts'
import { exportColumn } from '../../../src/domain/export/subscriber-columns.ts'
import { subscriberColumnNames } from '../../../src/domain/subscriber-list/columns.ts'

const required = ['username', 'plan'] as const
const read = (...cells: string[]) => readHeader(cells, { required })

describe('the header of an import', () => {
  it('may name any of the columns in any order and case', () => {
    expect(read(' Username ', 'PLAN').places).toEqual({ username: 0, plan: 1 })
    expect(Object.keys(readHeader(importColumns.toReversed(), { required }).places)).toHaveLength(importColumns.length)
  })

  it('names all that it does not know, has twice or lacks', () => {
    expect(() => read('username', 'plan', 'pwd', '')).toThrow('no such column: "pwd", ""')
    expect(() => read('username', 'plan', 'plan')).toThrow('names "plan" twice')
    expect(() => read('username', 'plan', 'tariff')).toThrow('names "tariff" twice')
    expect(() => read('plan')).toThrow('the header lacks username')
    expect(() => read('username')).toThrow('the header lacks plan')
  })

  it('knows what other systems say, and keeps their words for messages', () => {
    const header = read('Login', 'Cleartext-Password', 'groupname', 'Calling-Station-Id', 'Framed-IP-Address')
    expect(header.places).toEqual({ username: 0, password: 1, plan: 2, bound_macs: 3, static_addresses: 4 })
    expect(header.names.bound_macs).toBe('calling-station-id')
  })

  it('takes a mapping before anything that it knows itself', () => {
    const mapping = { Kunde: 'username', tarif: 'plan', plan: '', 'E-Mail ': 'email' }
    const header = readHeader(['KUNDE', 'Tarif', 'Plan', 'e-mail'], { required, mapping })
    expect(header).toMatchObject({ places: { username: 0, plan: 1, email: 3 }, ignored: ['Plan'], width: 4 })
    expect(unknownTargets({ a: 'plan', b: '', c: 'colour', d: 'label' })).toEqual(['colour'])
  })

  it('leaves out what an export shows and nobody can set', () => {
    const header = read('username', 'plan', 'label', 'online', 'balance', 'live_mac', 'id', 'usage')
    expect(header.ignored).toEqual(['label', 'online', 'balance', 'live_mac', 'id', 'usage'])
  })
})

describe('every column', () => {
  it.each(importColumns)('%s can be exported under the name by which it is imported', (column) => {
    expect(exportColumn(column)?.name).toBe(column)
    expect(isPermission(changePermission(column))).toBe(true)
    expect([undefined, changePermission(column)]).toContain(createPermission(column))
  })

  it.each(subscriberColumnNames)('%s of the list is read back as itself or not at all', (column) => {
    const name = exportColumn(column)!.name
    expect(name).toBe(headerName(column))
    const header = readHeader(
      ['username', 'plan', name].filter((one, at, all) => all.indexOf(one) === at),
      { required },
    )
    const place = header.places[column as keyof typeof header.places]
    const isItself = place !== undefined && header.names[column as keyof typeof header.names] === name
    expect(isItself || header.ignored.includes(name)).toBe(true)
  })
})
