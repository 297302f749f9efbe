// Devices, addresses and lines of many subscribers at once, and what is asked across organisations.
import { beforeAll, describe, expect, it } from 'vitest'
import { everything, runInScope } from '../../../src/domain/scope.ts'
import type { Scope } from '../../../src/domain/scope.ts'
import { acrossOrganisations } from '../../../src/domain/subscriber/across.ts'
import { addressesOf, addressHolders, replaceAddresses } from '../../../src/domain/subscriber/address.ts'
import { bindDevices, devicesOf, macHolders, releaseDevices } from '../../../src/domain/subscriber/device.ts'
import { lineConflicts, otherName } from '../../../src/domain/subscriber/line.ts'
import type { LineColumns } from '../../../src/domain/subscriber/line.ts'
import { parseStaticAddress } from '../../../src/domain/prefix.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { noon } from '../../support/operator.ts'
import { addTestPlan, addTestSubscriber, queryRows } from '../../support/subscribers.ts'

const api = useApi()
let admin: Client
let r1: bigint
let ofR1: Scope
let first: bigint
let second: bigint

beforeAll(async () => {
  admin = await api.as('super-administrator')
  await addTestPlan(api, 'Home')
  r1 = await api.reseller('R1')
  ofR1 = { ownerId: r1, zones: undefined, nasGroupIds: undefined }
  first = BigInt(
    await addTestSubscriber(admin, {
      username: 'first',
      account_type: 'ipoe',
      devices: ['aa:00:00:00:00:01'],
      addresses: ['198.51.100.1'],
    }),
  )
  second = BigInt(await addTestSubscriber(admin, { username: 'second', owner: 'R1' }))
})

describe('devices', () => {
  it('are bound and released for many in one statement each', async () => {
    await bindDevices(api.db, [{ subscriberId: second, macs: ['aa:00:00:00:00:02', 'aa:00:00:00:00:03'] }], noon)
    await bindDevices(api.db, [], noon)
    expect(await devicesOf(api.db, [first, second, 999_999n])).toEqual(
      new Map([
        [first, [{ mac: 'aa:00:00:00:00:01', bound: true }]],
        [
          second,
          [
            { mac: 'aa:00:00:00:00:02', bound: true },
            { mac: 'aa:00:00:00:00:03', bound: true },
          ],
        ],
      ]),
    )
    await releaseDevices(api.db, [{ subscriberId: second, macs: ['aa:00:00:00:00:02'] }])
    await releaseDevices(api.db, [{ subscriberId: second, macs: [] }])
    expect((await devicesOf(api.db, [second])).get(second)).toEqual([{ mac: 'aa:00:00:00:00:03', bound: true }])
  })

  it('tell IPoE lines of any organisation, also to a reseller’s request', async () => {
    const holder = [{ mac: 'aa:00:00:00:00:01', subscriberId: first, username: 'first' }]
    expect(await macHolders(api.db, ['aa:00:00:00:00:01', 'aa:00:00:00:00:03'], everything)).toEqual(holder)
    const asked = await runInScope(api.db, ofR1, true, (trx) => macHolders(trx, ['aa:00:00:00:00:01'], ofR1))
    expect(asked).toEqual(holder)
  })
})

describe('addresses', () => {
  it('are given in place of others', async () => {
    const give = (texts: string[]) =>
      replaceAddresses(api.db, [
        { subscriberId: second, addresses: texts.map((text) => parseStaticAddress('addresses', text)) },
      ])
    await give(['198.51.100.2', '2001:db8:2::/56'])
    expect((await addressesOf(api.db, [first, second])).get(second)).toEqual(['198.51.100.2/32', '2001:db8:2::/56'])
    await give(['198.51.100.3'])
    expect((await addressesOf(api.db, [second])).get(second)).toEqual(['198.51.100.3/32'])
    await expect(give(['198.51.100.1'])).rejects.toThrow('addresses: is or overlaps')
    await replaceAddresses(api.db, [])
    await give([])
    expect((await addressesOf(api.db, [second])).get(second)).toBeUndefined()
  })

  it('have a holder of any organisation, also to a reseller’s request', async () => {
    const holder = [{ prefix: '198.51.100.1/32', subscriberId: first, username: 'first' }]
    expect(await addressHolders(api.db, ['198.51.100.1/32', '198.51.100.77/32'], everything)).toEqual(holder)
    expect(await runInScope(api.db, ofR1, true, (trx) => addressHolders(trx, ['198.51.100.1/32'], ofR1))).toEqual(
      holder,
    )
    expect(await addressHolders(api.db, [], everything)).toEqual([])
  })
})

describe('a question across organisations', () => {
  it('sees all, and what comes after it only its own again', async () => {
    const seen = await runInScope(api.db, ofR1, true, async (trx) => {
      const count = async () => (await trx.selectFrom('subscriber').select('id').execute()).length
      const within = await count()
      const across = await acrossOrganisations(trx, ofR1, count)
      return [within, across, await count()]
    })
    expect(seen).toEqual([1, 2, 1])
    // The connection goes back to the pool as it came.
    expect(await queryRows(api, 'select count(*)::int as n from subscriber')).toEqual([{ n: 2 }])
  })

  it('is the question itself where nothing stands in between', async () => {
    expect(await acrossOrganisations(api.db, everything, () => Promise.resolve(7))).toBe(7)
  })
})

describe('a line', () => {
  const line = (id: bigint, more: Partial<LineColumns> = {}): LineColumns => ({
    id,
    username: `line ${id}`,
    account_type: 'ipoe',
    circuit_id: null,
    remote_id: null,
    duid: null,
    bound_interface: null,
    bound_port: null,
    bound_s_vlan: null,
    bound_c_vlan: null,
    ...more,
  })
  const conflicts = (lines: { row: LineColumns; macs: string[] }[], scope: Scope = everything) =>
    api.db.transaction().execute((trx) => lineConflicts(trx, lines, scope))

  it('does not stand in its own way', async () => {
    expect((await conflicts([{ row: line(first), macs: ['aa:00:00:00:00:01'] }])).size).toBe(0)
  })

  it('stands in that of another, which is named to who may see it', async () => {
    const lines = [{ row: line(second), macs: ['aa:00:00:00:00:01'] }]
    expect((await conflicts(lines)).get(second)).toEqual({
      field: 'mac',
      reason: 'aa:00:00:00:00:01 is of the IPoE subscriber first already',
      sentence: 'it cannot have aa:00:00:00:00:01, by which first is told',
    })
    expect((await conflicts(lines, { ...everything, zones: ['north'] })).get(second)!.sentence).toContain(
      'another subscriber',
    )
    expect(otherName('first', ofR1)).toBe('another subscriber')
  })

  it('may not be two of one run either: the later one is told', async () => {
    const circuit_id = Buffer.from('olt/1')
    const found = await conflicts([
      { row: line(901n, { circuit_id }), macs: [] },
      { row: line(902n, { circuit_id }), macs: [] },
      { row: line(903n, { circuit_id, account_type: 'pppoe' }), macs: [] },
    ])
    expect([...found.keys()]).toEqual([902n])
    expect(found.get(902n)!.sentence).toBe('it cannot have olt/1, by which line 901 is told')
  })
})
