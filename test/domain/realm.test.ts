import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { addHomeServer } from '../../src/domain/home-server.ts'
import { addRealm, listRealms, loadRealms, removeRealm, routeOf } from '../../src/domain/realm.ts'
import type { Realm } from '../../src/domain/realm.ts'
import { canonicalUsername } from '../../src/domain/username.ts'
import { noon, useOffice } from '../support/operator.ts'

const realms = (...rows: [string, Realm['action'], bigint?][]) =>
  new Map(rows.map(([name, action, poolId]) => [name, { name, action, poolId }]))
const table = realms(
  ['isp.example', 'strip'],
  ['keep.example', 'keep'],
  ['gone.example', 'refuse'],
  ['partner.example', 'forward', 7n],
  ['office', 'strip'],
)

describe('the route of a username', () => {
  it.each<[string, ReturnType<typeof routeOf>]>([
    ['anna', { kind: 'local', username: 'anna' }],
    ['anna@isp.example', { kind: 'local', username: 'anna' }],
    ['anna@keep.example', { kind: 'local', username: 'anna@keep.example' }],
    ['anna@unknown.example', { kind: 'local', username: 'anna@unknown.example' }],
    ['anna@gone.example', { kind: 'refuse', realm: 'gone.example', username: 'anna@gone.example' }],
    ['anna@partner.example', { kind: 'forward', realm: 'partner.example', poolId: 7n }],
    ['office\\anna', { kind: 'local', username: 'anna' }],
    ['gone.example\\anna', { kind: 'refuse', realm: 'gone.example', username: 'gone.example\\anna' }],
    // The last @ parts name and realm; what is before it may have more.
    ['anna@home@isp.example', { kind: 'local', username: 'anna@home' }],
    ['anna@isp.example@unknown', { kind: 'local', username: 'anna@isp.example@unknown' }],
    // The suffix is asked for before the prefix.
    ['office\\anna@partner.example', { kind: 'forward', realm: 'partner.example', poolId: 7n }],
    ['office\\anna@unknown', { kind: 'local', username: 'anna@unknown' }],
    // Nobody's name, and not the name of whoever is called ''.
    ['@isp.example', { kind: 'local', username: '' }],
    ['', { kind: 'local', username: '' }],
  ])('%s', (username, route) => {
    expect(routeOf(username, table, 'whole')).toEqual(route)
  })

  it('without a realm follows the realm of that kind, where there is one', () => {
    const some = realms(['', 'forward', 3n])
    expect(routeOf('anna', some, 'whole')).toEqual({ kind: 'forward', realm: '', poolId: 3n })
    expect(routeOf('anna@isp.example', some, 'whole')).toEqual({ kind: 'local', username: 'anna@isp.example' })
    expect(routeOf('anna', realms(['', 'strip']), 'whole')).toEqual({ kind: 'local', username: 'anna' })
  })

  it.each([
    ['whole', 'dom\\anna@x'],
    ['strip-realm', 'dom\\anna'],
    ['strip-domain', 'anna@x'],
    ['strip-both', 'anna'],
  ] as const)('by the rule %s of the NAS where no realm says anything', (rule, username) => {
    expect(routeOf('dom\\anna@x', new Map(), rule)).toEqual({ kind: 'local', username })
  })

  it('does not ask the rule of the NAS where a realm says it', () => {
    expect(routeOf('anna@keep.example', table, 'strip-both')).toEqual({ kind: 'local', username: 'anna@keep.example' })
  })

  it('of any username never throws, and keeps a name with no realm in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const username = canonicalUsername(text)
        expect(routeOf(username, table, 'strip-both')).toHaveProperty('kind')
        const plain = username.replaceAll(/[@\\]/g, '')
        expect(routeOf(plain, table, 'strip-both')).toEqual({ kind: 'local', username: plain })
      }),
    )
  })
})

describe('realms', () => {
  const office = useOffice()
  const add = (name: string, action: string, pool?: string) =>
    addRealm(office.db, pool === undefined ? { name, action } : { name, action, pool }, noon)

  beforeAll(async () => {
    const server = { pool: 'partner', name: 'p1', address: '192.0.2.9', secret: 'k7Gq2mZ9xP4wR8sT' }
    await addHomeServer(office.db, office.keyring, server, noon)
  })

  it('are kept in canonical form, listed and loaded', async () => {
    await add(' Partner.EXAMPLE ', 'forward', 'partner')
    await add('isp.example', 'strip')
    await add('', 'keep')
    expect(await listRealms(office.db)).toEqual([
      { name: '', action: 'keep', pool: null, createdAt: noon },
      { name: 'isp.example', action: 'strip', pool: null, createdAt: noon },
      { name: 'partner.example', action: 'forward', pool: 'partner', createdAt: noon },
    ])
    const loaded = await loadRealms(office.pool)
    expect(loaded.get('isp.example')).toEqual({ name: 'isp.example', action: 'strip', poolId: undefined })
    expect(routeOf('x@partner.example', loaded, 'whole')).toMatchObject({ kind: 'forward' })
  })

  it('exist once, name a pool with forward alone, and one that is there', async () => {
    await expect(add('ISP.example', 'keep')).rejects.toThrow('there is this realm already')
    await expect(add('a.example', 'forward')).rejects.toThrow('pool: forward needs a pool')
    await expect(add('a.example', 'strip', 'partner')).rejects.toThrow('pool: goes with the action forward only')
    await expect(add('a.example', 'forward', 'typo')).rejects.toThrow('there is no pool "typo"')
    await expect(add('a.example', 'drop')).rejects.toThrow('none of strip, keep, refuse, forward')
    await expect(add('a@example', 'strip')).rejects.toThrow('is not a realm')
    await expect(add('a\\b', 'strip')).rejects.toThrow('is not a realm')
    await expect(add('a b', 'strip')).rejects.toThrow('is not a realm')
    await expect(add('x'.repeat(254), 'strip')).rejects.toThrow('more than 253 octets')
  })

  it('are removed by name', async () => {
    await add('old.example', 'refuse')
    await removeRealm(office.db, 'OLD.example')
    expect((await loadRealms(office.pool)).has('old.example')).toBe(false)
    await expect(removeRealm(office.db, 'old.example')).rejects.toThrow('there is no realm "old.example"')
  })
})
