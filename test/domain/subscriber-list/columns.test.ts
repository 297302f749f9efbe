import { beforeAll, describe, expect, it } from 'vitest'
import { sql } from 'kysely'
import { permissionNames } from '../../../src/domain/operator/permission.ts'
import {
  columnValue,
  isSubscriberColumn,
  joinsOf,
  selectColumns,
  subscriberColumn,
  subscriberColumnNames,
  visibleColumns,
} from '../../../src/domain/subscriber-list/columns.ts'
import type { ColumnKind, SubscriberColumnName } from '../../../src/domain/subscriber-list/columns.ts'
import { balanceCondition } from '../../../src/domain/subscriber-list/balance-condition.ts'
import { permitFilter } from '../../../src/domain/subscriber-list/filter.ts'
import { refreshLive } from '../../../src/domain/subscriber-list/live.ts'
import { makeWorld } from '../../support/list-world.ts'
import type { World } from '../../support/list-world.ts'
import { noon, useOffice } from '../../support/operator.ts'
import { settled } from '../../support/settled.ts'

const office = useOffice()
let world: World

beforeAll(async () => {
  world = await makeWorld(office.db, 60, noon, 11)
  await settled(office.pool)
  await refreshLive(office.pool, 'UTC', noon)
})

async function select(names: readonly SubscriberColumnName[]): Promise<Record<string, unknown>[]> {
  const { rows } = await sql<Record<string, unknown>>`
    select ${selectColumns(names, noon)} from subscriber ${joinsOf(names)} order by subscriber.id`.execute(office.db)
  return rows
}

const isOfKind: Record<ColumnKind, (value: unknown) => boolean> = {
  text: (value) => typeof value === 'string',
  instant: (value) => value instanceof Date,
  octets: (value) => typeof value === 'bigint',
  money: (value) => typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value),
  integer: (value) => typeof value === 'bigint',
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  list: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
}

describe('the columns of subscribers', () => {
  it.each(subscriberColumnNames)('%s can be selected alone, with its joins, and is of its kind', async (name) => {
    const rows = await select([name])
    expect(rows).toHaveLength(world.people.length)
    const { kind } = subscriberColumn(name)
    for (const row of rows) expect(row[name] === null || isOfKind[kind](row[name])).toBe(true)
    if (kind === 'boolean') expect(rows.every((row) => row[name] !== null)).toBe(true)
  })

  it('can be selected together, one row for each subscriber', async () => {
    expect(await select(subscriberColumnNames)).toHaveLength(world.people.length)
  })

  it('show money with the digits of its currency', async () => {
    const rows = await select(['balance', 'currency'])
    const digits: Record<string, number> = { EUR: 2, JPY: 0, KWD: 3 }
    const expected = world.people.map(({ balanceMinor, currency }) => {
      const count = digits[currency]!
      return { balance: (Number(balanceMinor) / 10 ** count).toFixed(count), currency }
    })
    expect(rows).toEqual(expected)
  })

  it('show what is live, and beside it what was last seen', async () => {
    const rows = await select([
      'online',
      'ip_address',
      'last_ip_address',
      'interface',
      'c_vlan',
      'nas',
      'last_seen_at',
      'usage',
    ])
    for (const [at, { session, usage }] of world.people.entries()) {
      expect(rows[at]).toEqual({
        online: session?.open === true,
        ip_address: session?.open === true ? session.ip : null,
        last_ip_address: session?.ip ?? null,
        interface: session?.interface ?? null,
        c_vlan: session === null ? null : BigInt(session.cVlan),
        nas: session === null ? null : `n${session.nasId}`,
        last_seen_at: session === null ? null : session.open ? noon : session.endedAt,
        usage: usage ?? 0n,
      })
    }
  })

  it('hide balances from whoever may not see them', () => {
    const all = new Set(permissionNames)
    expect(visibleColumns(all)).toEqual(subscriberColumnNames)
    all.delete('money.read')
    expect(subscriberColumnNames.filter((name) => !visibleColumns(all).includes(name))).toEqual(['balance', 'currency'])
    const by = { ...office.author, permissions: all }
    expect(() => permitFilter({ balance_from: '1' }, by)).toThrow('money.read')
    expect(() => permitFilter({ balance_from: '1' }, office.author)).not.toThrow()
  })

  it('are told from other names', () => {
    expect(['username', 'toString', '__proto__', ''].map(isSubscriberColumn)).toEqual([true, false, false, false])
  })

  it('become JSON', () => {
    expect(columnValue('usage', 5n)).toBe('5')
    expect(columnValue('id', 5n)).toBe(5)
    expect(columnValue('expires_at', noon)).toBe('2026-11-22T12:00:00.000Z')
    expect(columnValue('email', null)).toBeNull()
    expect(columnValue('devices', ['a'])).toEqual(['a'])
    expect(columnValue('online', false)).toBe(false)
  })
})

describe('a range of balances', () => {
  const found = async (from: string | undefined, to: string | undefined, use: 'find' | 'check'): Promise<number> => {
    const [condition] = balanceCondition(from, to, use)
    const { rows } = await sql<{ count: number }>`
      select count(*)::integer as count from subscriber where ${condition!}`.execute(office.db)
    return rows[0]!.count
  }
  const digits: Record<string, number> = { EUR: 2, JPY: 0, KWD: 3 }

  it.each([
    ['0', undefined],
    [undefined, '-0.01'],
    ['-1.234', '1.234'],
    ['-0.0001', '0.0001'],
    ['19', '19'],
    ['-2000', '2000'],
  ])('from %s to %s is in major units of each currency', async (from, to) => {
    const expected = world.people.filter(({ balanceMinor, currency }) => {
      const balance = Number(balanceMinor) / 10 ** digits[currency]!
      return balance >= Number(from ?? -Infinity) && balance <= Number(to ?? Infinity)
    }).length
    expect(await found(from, to, 'find')).toBe(expected)
    expect(await found(from, to, 'check')).toBe(expected)
  })

  it('without ends is none', () => {
    expect(balanceCondition(undefined, undefined, 'find')).toEqual([])
  })
})
