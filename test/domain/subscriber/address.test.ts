// Static addresses as a whole: whatever is given to whom and taken back in whatever order, no two ever overlap, and who is
// refused is told so.
import fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { prefixRange } from '../../../src/domain/prefix.ts'
import { everything } from '../../../src/domain/scope.ts'
import { addressesOf, addressHolders, replaceAddresses } from '../../../src/domain/subscriber/address.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { addMany } from '../../support/bulk.ts'
import { queryRows, takeNamed, waitingOrders, openTestSession } from '../../support/subscribers.ts'

const api = useApi()
let admin: Client
let ids: number[]

beforeAll(async () => {
  admin = await api.as('super-administrator')
  ids = (await addMany(api.pool, 4)).map(Number)
})
beforeEach(() => queryRows(api, 'delete from subscriber_address'))

const give = async (id: number, addresses: string[]) =>
  (await takeNamed(api.db, { action: 'set-address', ids: [id], params: { addresses } }, api.author))[0]!
const of = async (id: number) => (await addressesOf(api.db, [BigInt(id)])).get(BigInt(id)) ?? []

const overlaps = (one: string, other: string): boolean => {
  const [a, b] = [prefixRange(one), prefixRange(other)]
  return a.first <= b.last && b.first <= a.last
}

/** Few enough to meet: single addresses, networks and parts of them. */
const prefix = fc.constantFrom(
  '198.51.100.1/32',
  '198.51.100.2/32',
  '2001:db8::/48',
  '2001:db8::/56',
  '2001:db8:0:1::/64',
  '2001:db8:0:1::1/128',
  '2001:db8:0:2::/64',
  '2001:db8:1::/48',
)
const step = fc.record({ who: fc.nat({ max: 3 }), addresses: fc.uniqueArray(prefix, { minLength: 1, maxLength: 3 }) })

describe('static addresses', () => {
  it('never overlap, whoever is given what in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        await queryRows(api, 'delete from subscriber_address')
        const held = new Map<number, string[]>()
        for (const { who, addresses } of steps) {
          const inItself = addresses.some((one, at) => addresses.some((other, i) => i > at && overlaps(one, other)))
          const others = [...held].filter(([other]) => other !== who).flatMap(([, list]) => list)
          const isTaken = addresses.some((one) => others.some((other) => overlaps(one, other)))
          const outcome = await give(ids[who]!, addresses).catch(() => undefined)
          const kind = isTaken ? 'refused' : inItself ? undefined : expect.stringMatching(/^(done|unchanged)$/)
          expect(outcome?.kind).toEqual(kind)
          if (!isTaken && !inItself) held.set(who, addresses)
        }
        for (const [who, addresses] of held) expect((await of(ids[who]!)).toSorted()).toEqual(addresses.toSorted())
      }),
      { numRuns: 25 },
    )
  })

  it('have as holder whoever has a part of them, a network around them, or the same', async () => {
    await give(ids[0]!, ['2001:db8::/48', '198.51.100.1'])
    const holders = async (...prefixes: string[]) =>
      (await addressHolders(api.db, prefixes, everything)).map((one) => [one.prefix, Number(one.subscriberId)])
    expect(await holders('2001:db8:0:7::/64')).toEqual([['2001:db8:0:7::/64', ids[0]]])
    expect(await holders('2001:db8::/32')).toEqual([['2001:db8::/32', ids[0]]])
    expect(await holders('198.51.100.1/32', '198.51.100.2/32')).toEqual([['198.51.100.1/32', ids[0]]])
    expect(await holders('2001:db8:1::/48')).toEqual([])
    expect(await holders()).toEqual([])
  })

  it('given to two in one statement are refused as a whole', async () => {
    const addresses = [{ kind: 'framed-ip' as const, prefix: '198.51.100.9/32' }]
    const both = ids.slice(0, 2).map((id) => ({ subscriberId: BigInt(id), addresses }))
    await expect(replaceAddresses(api.db, both, 'static_ip')).rejects.toThrow('static_ip: is or overlaps')
    expect(await of(ids[0]!)).toEqual([])
  })

  it('of who is deleted are kept for it, and free after the purge', async () => {
    const [gone, next] = [(await addMany(api.pool, 1, { name: 'gone' })).map(Number)[0]!, ids[1]!]
    await give(gone, ['198.51.100.5'])
    await takeNamed(api.db, { action: 'delete', ids: [gone] }, api.author)
    expect(await give(next, ['198.51.100.5'])).toMatchObject({ kind: 'refused' })
    await takeNamed(api.db, { action: 'purge', ids: [gone] }, api.author)
    expect(await give(next, ['198.51.100.5'])).toMatchObject({ kind: 'done' })
  })

  it('of many at once are given to one of them', async () => {
    const twenty = (await addMany(api.pool, 20, { name: 'race' })).map(Number)
    const answers = await Promise.all(
      twenty.map((id, at) =>
        at % 2 === 0
          ? admin.post(`/subscribers/${id}/set-address`, { addresses: ['198.51.100.40'] })
          : admin.patch(`/subscribers/${id}`, { addresses: ['198.51.100.40'] }),
      ),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(19)
    expect(await queryRows(api, `select count(*)::int as n from subscriber_address`)).toEqual([{ n: 1 }])
  })

  it('that change hands end the session of who had them, not of who gets them', async () => {
    const [first, second] = [ids[2]!, ids[3]!]
    await give(first, ['198.51.100.60'])
    await openTestSession(api, first)
    await admin.post(`/subscribers/${first}/release-address`)
    await give(second, ['198.51.100.60'])
    expect(await waitingOrders(api, first)).toEqual(['disconnect address changed'])
    expect(await waitingOrders(api, second)).toEqual([])
  })

  it('of a bulk run go to the first, and the others are told whose they are', async () => {
    const outcomes = await takeNamed(
      api.db,
      { action: 'set-address', ids, params: { addresses: ['198.51.100.70'] } },
      api.author,
    )
    expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'refused', 'refused', 'refused'])
    expect(outcomes[1]!.reason).toBe('it cannot have 198.51.100.70/32, which is or overlaps that of sub0')
  })
})
