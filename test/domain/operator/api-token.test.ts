// API tokens below the API: networks, limits, reach.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addApiToken, listApiTokens, revokeApiToken } from '../../../src/domain/operator/api-token.ts'
import type { NewApiToken } from '../../../src/domain/operator/api-token.ts'
import { callerOfSession, callerOfToken } from '../../../src/domain/operator/caller.ts'
import type { Caller } from '../../../src/domain/operator/caller.ts'
import { openPanelSession } from '../../../src/domain/operator/panel-session.ts'
import { addReseller } from '../../../src/domain/organisation.ts'
import { everything } from '../../../src/domain/scope.ts'
import { noon, useOffice } from '../../support/operator.ts'
import { authorWith, hire, system } from '../../support/staff.ts'

const office = useOffice()
const later = (days: number): Date => new Date(noon.getTime() + days * 86_400_000)

async function callerOf(role = 'super-administrator', organisationId?: bigint): Promise<Caller> {
  const { id } = await hire(office, role, organisationId === undefined ? {} : { organisationId })
  const peer = { address: null, userAgent: null }
  const { bearer } = await openPanelSession(office.db, { operatorId: id, state: 'full', peer }, noon)
  return (await callerOfSession(office.db, bearer, noon))!
}

const make = (caller: Caller, input: Partial<NewApiToken> = {}) =>
  addApiToken(
    office.db,
    { name: 'a program', permissions: ['nas.read'], expiresAt: later(30), allowed: [], caller, ...input },
    authorWith(office, [...caller.permissions], caller.scope, caller.operatorId),
    noon,
  )

describe('an API token', () => {
  it('is taken from inside its networks, in both families, and from nowhere else', async () => {
    const caller = await callerOf()
    const allowed = ['192.0.2.0/24', '198.51.100.7', '2001:db8:5::/48', '2001:db8::1']
    const { token, id } = await make(caller, { allowed })
    const isTaken = async (address: string | undefined): Promise<boolean> =>
      (await callerOfToken(office.db, token, address, noon)) !== undefined
    for (const inside of ['192.0.2.0', '192.0.2.255', '198.51.100.7', '2001:db8:5:9::1', '2001:db8::1']) {
      expect([inside, await isTaken(inside)]).toEqual([inside, true])
    }
    for (const outside of ['192.0.3.0', '198.51.100.8', '2001:db8:6::1', '2001:db8::2', '::1', undefined]) {
      expect([outside, await isTaken(outside)]).toEqual([outside, false])
    }
    const [listed] = await listApiTokens(
      office.db,
      { operatorId: caller.operatorId, before: undefined, limit: 5 },
      everything,
    )
    expect(listed).toMatchObject({
      id,
      allowed: ['192.0.2.0/24', '198.51.100.7/32', '2001:db8:5::/48', '2001:db8::1/128'],
      prefix: token.slice(0, 9),
    })
  })

  it.each([
    '',
    '*',
    '192.0.2.1/24',
    '192.0.2.0/33',
    '300.1.1.1',
    '2001:db8::1/64',
    '192.0.2.0/-1',
    'localhost',
    '10/8',
  ])('is not made for the network %j', async (network) => {
    await expect(make(await callerOf(), { allowed: [network] })).rejects.toThrow('allowed: ')
  })

  it('takes any IPv4 network and keeps it as it was named', async () => {
    const caller = await callerOf()
    const network = fc
      .record({ bits: fc.nat(0xffff_ffff), length: fc.integer({ min: 0, max: 32 }) })
      .map(({ bits, length }) => {
        const mask = length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0
        const base = (bits & mask) >>> 0
        return `${base >>> 24}.${(base >>> 16) & 255}.${(base >>> 8) & 255}.${base & 255}/${length}`
      })
    await fc.assert(
      fc.asyncProperty(network, async (text) => {
        const { id } = await make(caller, { allowed: [text] })
        const row = await office.db
          .selectFrom('api_token')
          .select('allowed')
          .where('id', '=', id)
          .executeTakeFirstOrThrow()
        expect(row.allowed).toEqual([text])
        await office.db.deleteFrom('api_token').where('id', '=', id).execute()
      }),
      { numRuns: 25 },
    )
  })

  it.each<[string, Partial<NewApiToken>]>([
    ['name', { name: ' ' }],
    ['permissions', { permissions: [] }],
    ['permissions', { permissions: ['nas.read', 'nas.destroy'] }],
    ['expires_at', { expiresAt: noon }],
    ['expires_at', { expiresAt: later(367) }],
    ['allowed', { allowed: Array.from({ length: 51 }, (_, at) => `10.0.0.${at}`) }],
  ])('is refused where the %s cannot be', async (field, input) => {
    await expect(make(await callerOf(), input)).rejects.toThrow(`${field}: `)
  })

  it('may what it names and its operator still may, whichever is less', async () => {
    const caller = await callerOf('support')
    await expect(make(caller, { permissions: ['setting.edit'] })).rejects.toThrow('you may not setting.edit yourself')
    const { token } = await make(caller, { permissions: ['nas.read', 'log.read'] })
    const mayNow = async () => [...(await callerOfToken(office.db, token, undefined, noon))!.permissions].toSorted()
    expect(await mayNow()).toEqual(['log.read', 'nas.read'])
    const viewer = await office.db
      .selectFrom('role')
      .select('id')
      .where('name', '=', 'billing')
      .executeTakeFirstOrThrow()
    await office.db.updateTable('operator').set({ role_id: viewer.id }).where('id', '=', caller.operatorId).execute()
    expect(await mayNow()).toEqual([])
  })

  it('is one of a hundred at most', async () => {
    const caller = await callerOf()
    for (let at = 0; at < 100; at += 1) await make(caller)
    await expect(make(caller)).rejects.toThrow('there are 100 tokens already')
    const [first] = await listApiTokens(
      office.db,
      { operatorId: caller.operatorId, before: undefined, limit: 1 },
      everything,
    )
    await revokeApiToken(office.db, { id: first!.id, operatorId: caller.operatorId }, system(office), noon)
    await expect(make(caller)).resolves.toBeDefined()
  })

  it('of another organisation is not there', async () => {
    const { id: one } = await addReseller(office.db, { name: 'Token One' }, noon)
    const { id: other } = await addReseller(office.db, { name: 'Token Two' }, noon)
    const caller = await callerOf('reseller', one)
    const { id } = await make(caller, { permissions: ['plan.read'] })
    const stranger = authorWith(office, ['token.edit'], { ownerId: other })
    await expect(revokeApiToken(office.db, { id, operatorId: undefined }, stranger, noon)).rejects.toThrow(
      'no API token',
    )
    const page = { operatorId: undefined, before: undefined, limit: 500 }
    const seen = await listApiTokens(office.db, page, { ...everything, ownerId: other })
    expect(seen).toEqual([])
    const own = authorWith(office, ['token.edit'], { ownerId: one })
    await revokeApiToken(office.db, { id, operatorId: undefined }, own, noon)
    await expect(revokeApiToken(office.db, { id, operatorId: undefined }, own, noon)).rejects.toThrow('no API token')
  })
})
