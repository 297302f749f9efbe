// Whatever is done upon subscribers in whatever order: an undo brings back what was, what changes nothing says so, and every
// deed has its one audit entry.
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { addTestPlan, addTestSubscriber, queryRows, takeNamed } from '../../support/subscribers.ts'

const api = useApi()
let admin: Client
let ids: number[]

beforeAll(async () => {
  admin = await api.as('super-administrator')
  await addTestPlan(api, 'Home')
  await api.reseller('R1')
  for (const name of ['Lake', 'Hill']) await admin.post('/groups', { name })
  ids = [await addTestSubscriber(admin), await addTestSubscriber(admin), await addTestSubscriber(admin)]
})

/** What an operator would call the state of a subscriber, without the times at which it changed. */
async function stateOf(id: number): Promise<Record<string, unknown>> {
  const [row] = await queryRows(
    api,
    `select owner_id::text, group_id::text, zone, enabled, block_reason, blocked_at is not null as blocked, username_reserved,
       archived_at is not null as archived, bound_interface, bound_port, bound_s_vlan, bound_c_vlan, circuit_id,
       array(select mac::text from device where subscriber_id = subscriber.id and bound order by mac) as macs,
       array(select prefix::text from subscriber_address where subscriber_id = subscriber.id order by prefix) as addresses
     from subscriber where id = $1`,
    [id],
  )
  return row!
}

const entries = async (): Promise<number> =>
  Number((await queryRows(api, 'select count(*) as count from audit_entry'))[0]!['count'])

type Call = { action: string; params: Record<string, unknown> }
const call = (action: string, params: Record<string, unknown> = {}): Call => ({ action, params })
const mac = fc.integer({ min: 1, max: 4 }).map((last) => `aa:bb:cc:00:00:0${last}`)
const vlan = fc.option(fc.integer({ min: 1, max: 3 }))
const calls: fc.Arbitrary<Call> = fc.oneof(
  fc.constantFrom(
    call('enable'),
    call('disable'),
    call('unblock'),
    call('remove-from-group'),
    call('release-address'),
    call('delete'),
    call('delete', { free_username: true }),
    call('restore'),
    call('disconnect'),
    call('reset-password'),
  ),
  fc.constantFrom('unpaid', 'abuse').map((reason) => call('block', { reason })),
  fc.constantFrom('Lake', 'Hill').map((group) => call('add-to-group', { group })),
  fc.constantFrom('north', 'south', null).map((zone) => call('set-zone', { zone })),
  fc.uniqueArray(mac, { minLength: 1, maxLength: 2 }).map((macs) => call('bind-mac', { macs })),
  fc
    .option(fc.uniqueArray(mac, { minLength: 1, maxLength: 2 }), { nil: undefined })
    .map((macs) => call('release-mac', { macs })),
  fc.integer({ min: 1, max: 3 }).map((last) => call('set-address', { addresses: [`198.51.100.${last}`] })),
  fc.record({ s_vlan: vlan, c_vlan: vlan }).map((parts) => call('rebind-interface', parts)),
  fc.constantFrom('olt/1', 'olt/2', null).map((id) => call('rebind-interface', { circuit_id: id })),
)

/** A group is lost on the way to another owner, so that one is tried by itself. */
const take = ({ action, params }: Call, id: number) => takeNamed(api.db, { action, ids: [id], params }, api.author)

describe('after any deeds', () => {
  it('an undo brings back what was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat({ max: 2 }), calls), { minLength: 1, maxLength: 8 }), async (deeds) => {
        for (const [at, deed] of deeds) {
          const id = ids[at]!
          const [before, counted] = [await stateOf(id), await entries()]
          const [outcome] = await take(deed, id)
          const after = await stateOf(id)
          // A deed has its one entry; what was refused or changed nothing has none.
          expect((await entries()) - counted).toBe(outcome!.kind === 'done' ? 1 : 0)
          if (outcome!.kind !== 'done') {
            expect(after).toEqual(before)
            continue
          }
          if (outcome!.undo === undefined) continue
          const [undone] = await takeNamed(api.db, { ids: [id], ...outcome!.undo }, api.author)
          expect([deed, undone!.kind, await stateOf(id)]).toEqual([deed, 'done', before])
          // And it is there to stay for the next ones.
          await takeNamed(api.db, { ids: [id], ...deed }, api.author)
          expect(await stateOf(id)).toEqual(after)
        }
      }),
      { numRuns: 25 },
    )
  })

  it('the same deed again changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(calls, async (deed) => {
        const id = ids[0]!
        await take(call('restore'), id)
        const [first] = await take(deed, id)
        const state = await stateOf(id)
        const [second] = await take(deed, id)
        if (!['reset-password'].includes(deed.action)) expect(second!.kind).not.toBe('done')
        expect([first!.kind === 'refused', await stateOf(id)]).toEqual([second!.kind === 'refused', state])
      }),
      { numRuns: 40 },
    )
  })

  it('another owner and back is as before, but for the group', async () => {
    const id = await addTestSubscriber(admin, { group: 'Lake', zone: 'north' })
    const before = await stateOf(id)
    const [moved] = await take(call('change-owner', { owner: 'R1' }), id)
    await takeNamed(api.db, { ids: [id], ...moved!.undo! }, api.author)
    expect(await stateOf(id)).toEqual({ ...before, group_id: null })
  })
})

describe('many deeds at once', () => {
  it('upon the same subscribers in any order do not wait for each other for ever', async () => {
    const chunks = [ids, ids.toReversed(), [ids[1]!, ids[2]!, ids[0]!]]
    await takeNamed(api.db, { action: 'restore', ids }, api.author)
    const deeds = ['a', 'b', 'c', 'd', 'e', 'f'].map((reason, at) =>
      takeNamed(api.db, { action: 'block', ids: chunks[at % 3]!, params: { reason } }, api.author),
    )
    const outcomes = (await Promise.all(deeds)).flat()
    expect(outcomes.map(({ kind }) => kind)).toEqual(Array.from({ length: 18 }, () => 'done'))
    const reasons = await queryRows(api, 'select distinct block_reason from subscriber where id = any($1)', [ids])
    // Each ran as a whole: all of them have the reason of the last.
    expect(reasons).toHaveLength(1)
  })

  it('are refused one by one and never as a whole', async () => {
    const gone = await addTestSubscriber(admin)
    await take(call('delete'), gone)
    const outcomes = await takeNamed(
      api.db,
      { action: 'set-zone', ids: [ids[0]!, gone, 999_999_999], params: { zone: 'mixed' } },
      api.author,
    )
    expect(outcomes.map(({ kind, reason }) => [kind, reason])).toEqual([
      ['done', undefined],
      ['refused', 'it is deleted: restore it first'],
      ['refused', 'it is not there'],
    ])
  })
})
