import { beforeAll, describe, expect, it } from 'vitest'
import { everything } from '../../../src/domain/scope.ts'
import { editSubscriber, versionOfSubscriber } from '../../../src/domain/subscriber/edit.ts'
import { showSubscriberPage } from '../../../src/domain/subscriber/show.ts'
import { bodyNames } from '../../../src/http/routes/subscriber-body.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { hours, noon } from '../../support/operator.ts'
import { addTestPlan, addTestSubscriber, openTestSession, queryRows, takeNamed } from '../../support/subscribers.ts'

const api = useApi()
let admin: Client

beforeAll(async () => {
  admin = await api.as('super-administrator')
  await addTestPlan(api, 'Home')
})

const show = (id: number, scope = everything) => showSubscriberPage(api.db, BigInt(id), scope)

describe('the page of a subscriber', () => {
  it('shows what is live, newest first, without what has ended and without services', async () => {
    const id = await addTestSubscriber(admin)
    await openTestSession(api, id, { started_at: hours(-2), framed_ip: '10.0.0.1' })
    await openTestSession(api, id, {
      started_at: hours(-1),
      framed_ip: '10.0.0.2',
      framed_ipv6_prefix: '2001:db8::/64',
    })
    await openTestSession(api, id, { ended_at: noon })
    await openTestSession(api, id, { parent_id: 1n, service: 'internet' })
    const { sessions } = await show(id)
    expect(sessions.map(({ framed_ip: address }) => address)).toEqual(['10.0.0.2', '10.0.0.1'])
    expect(sessions[0]).toMatchObject({ framed_ipv6_prefix: '2001:db8::/64', usage_up: 0n })
  })

  it('counts the usage of the period that runs, what goes up as what goes in', async () => {
    const id = await addTestSubscriber(admin)
    const usage =
      'insert into usage_period (subscriber_id, period_started_at, input_octets, output_octets) values ($1, $2, $3, $4)'
    await queryRows(api, usage, [id, noon, 10, 200])
    await queryRows(api, usage, [id, hours(-720), 5_000, 5_000])
    expect((await show(id)).row).toMatchObject({ usage_up: 10n, usage_down: 200n })
  })

  it('shows where it was last, once the read model has it', async () => {
    const id = await addTestSubscriber(admin)
    expect((await show(id)).row).toMatchObject({ last_seen_at: null, last_mac: null })
    await queryRows(
      api,
      `update subscriber_live set last_seen_at = $2, mac = 'aa:00:00:00:00:01', framed_ip = '10.0.0.9', interface = 'vlan7'
       where subscriber_id = $1`,
      [id, hours(-5)],
    )
    expect((await show(id)).row).toMatchObject({
      last_seen_at: hours(-5),
      last_mac: 'aa:00:00:00:00:01',
      last_framed_ip: '10.0.0.9',
      last_interface: 'vlan7',
    })
    await queryRows(api, `update subscriber_live set last_seen_at = 'infinity' where subscriber_id = $1`, [id])
    expect((await show(id)).row.last_seen_at).toBeNull()
  })

  it('is not there for who does not reach it', async () => {
    const id = await addTestSubscriber(admin, { zone: 'north' })
    await expect(show(id, { ...everything, zones: ['south'] })).rejects.toThrow('there is no subscriber')
    await expect(show(id, { ...everything, ownerId: 999n })).rejects.toThrow('there is no subscriber')
    await expect(show(999_999_999)).rejects.toThrow('there is no subscriber')
    expect((await show(id, { ...everything, zones: ['north'] })).row.zone).toBe('north')
  })
})

describe('the version', () => {
  it('is another one after every deed, and the same as long as nothing is done', async () => {
    const id = await addTestSubscriber(admin)
    const seen = new Set<string>()
    const look = async () => {
      const { version } = (await show(id)).row
      expect(version).toBe(await versionOfSubscriber(api.db, BigInt(id)))
      expect((await show(id)).row.version).toBe(version)
      seen.add(version)
    }
    await look()
    const deeds = [
      ['block', { reason: 'x' }],
      ['disable', {}],
      ['set-zone', { zone: 'x' }],
      ['bind-mac', { macs: ['aa:00:00:00:00:05'] }],
      ['release-mac', {}],
      ['set-address', { addresses: ['198.51.100.5'] }],
      ['release-address', {}],
      ['reset-password', {}],
      ['rebind-interface', { port: '1' }],
      ['delete', {}],
    ] as const
    for (const [action, params] of deeds) {
      await takeNamed(api.db, { action, ids: [id], params }, api.author)
      await look()
    }
    expect(seen.size).toBe(deeds.length + 1)
    expect(await versionOfSubscriber(api.db, 999_999_999n)).toBe('')
  })

  it('that was read lets only one of many edits through', async () => {
    const id = BigInt(await addTestSubscriber(admin))
    const ifMatch = await versionOfSubscriber(api.db, id)
    const edits = await Promise.allSettled(
      Array.from({ length: 20 }, (_, at) =>
        editSubscriber(
          api.db,
          { id, patch: { texts: { zone: `zone ${at}` }, names: bodyNames, ifMatch } },
          api.author,
          noon,
        ),
      ),
    )
    expect(edits.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const reasons = edits.flatMap((edit) => (edit.status === 'rejected' ? [(edit.reason as Error).name] : []))
    expect(new Set(reasons)).toEqual(new Set(['ChangedMeanwhileError']))
  })
})
