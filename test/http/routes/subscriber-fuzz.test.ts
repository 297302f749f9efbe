// Whatever is told about subscribers that are there: no answer is a 5xx, every refusal is a problem, and who reaches only its own
// changes nothing of others.
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { groupRoutes } from '../../../src/http/routes/groups.ts'
import { subscriberActionRoutes } from '../../../src/http/routes/subscriber-actions.ts'
import { subscriberCommentRoutes } from '../../../src/http/routes/subscriber-comments.ts'
import { subscriberPresetRoutes } from '../../../src/http/routes/subscriber-presets.ts'
import { subscriberRoutes } from '../../../src/http/routes/subscribers.ts'
import type { Route } from '../../../src/http/route.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { hostileValues, valuesOf } from '../../support/sample.ts'
import { addTestPlan, addTestSubscriber, openTestSession, queryRows } from '../../support/subscribers.ts'

const api = useApi()
let admin: Client
let reseller: Client
let ids: number[]

beforeAll(async () => {
  admin = await api.as('super-administrator')
  reseller = await api.as('reseller', { organisationId: await api.reseller('R1') })
  await addTestPlan(api, 'Home')
  await admin.post('/groups', { name: 'Lake' })
  await admin.post('/subscriber-presets', { name: 'Line', fields: { plan: 'Home' } })
  ids = [
    await addTestSubscriber(admin),
    await addTestSubscriber(reseller),
    await addTestSubscriber(admin, { zone: 'north' }),
  ]
  for (const id of ids) await openTestSession(api, id)
})

const all: readonly Route[] = [
  ...subscriberRoutes,
  ...subscriberActionRoutes,
  ...subscriberCommentRoutes,
  ...subscriberPresetRoutes,
  ...groupRoutes,
]

/** Values of the right form, among them those that mean something here, and what attackers like to send. */
function bodiesOf(route: Route): fc.Arbitrary<unknown> {
  if (route.body === undefined) return fc.constant(undefined)
  const known = fc.record(
    {
      username: fc.constantFrom('anna', 'bela', ' ', 'x'.repeat(300)),
      plan: fc.constantFrom<unknown>('Home', 1, 999_999, 'Nothing'),
      group: fc.constantFrom<unknown>('Lake', 1, null, 'Sea'),
      reason: fc.constantFrom('unpaid', ' '),
      devices: fc.constantFrom(['aa:00:00:00:00:01'], ['x'], []),
      addresses: fc.constantFrom(['198.51.100.1'], ['2001:db8::/56'], ['x'], []),
      circuit_id: fc.constantFrom('olt/1', '0x', null),
      account_type: fc.constantFrom('pppoe', 'ipoe'),
      expires_at: fc.constantFrom('2030-01-01', 'never', null),
      attributes: fc.constantFrom(['Filter-Id = x'], ['\u202e = 1']),
      routes: fc.constantFrom(['192.0.2.0/24'], ['x']),
      owner: fc.constantFrom<unknown>('R1', 1, 2),
      zone: fc.constantFrom('north', '', null),
      macs: fc.constantFrom(['aa:00:00:00:00:01'], []),
      from_session: fc.boolean(),
    },
    { requiredKeys: [] },
  )
  const shape = new Set(Object.keys((route.body as { def?: { shape?: object } }).def?.shape ?? {}))
  const fitting = known.map((body) =>
    shape.size === 0 ? body : Object.fromEntries(Object.entries(body).filter(([name]) => shape.has(name))),
  )
  return fc.oneof(fitting, valuesOf(route.body), hostileValues)
}

const named = all.map((route) => [`${route.method.toUpperCase()} ${route.path}`, route] as const)

describe('no body is answered with a fault of ours', () => {
  it.each(named)('%s', async (_name, route) => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 3 }), fc.boolean(), bodiesOf(route), async (at, byReseller, body) => {
        const client = byReseller ? reseller : admin
        const path = route.path.replaceAll(/:\w+/g, String(ids[at] ?? 1))
        const init = { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
        const response = await client.send(route.method.toUpperCase(), path, body === undefined ? {} : init)
        const text = await response.text()
        expect([response.status < 500, path, text.slice(0, response.status < 500 ? 0 : 500)]).toEqual([true, path, ''])
        if (response.status >= 400) expect(JSON.parse(text)).toMatchObject({ status: response.status })
      }),
      { numRuns: 12 },
    )
  })

  it('and no reseller has written anything about what it does not own', async () => {
    const foreign = await queryRows(
      api,
      `select action, row_id from audit_entry join subscriber on subscriber.id = row_id and noun = 'subscriber'
       where author_name = $1 and subscriber.owner_id = 1`,
      [reseller.email],
    )
    // One that was moved to the ISP by the other caller is its business no longer; nothing else may be here.
    const moved = await queryRows(
      api,
      `select distinct row_id from audit_entry where action = 'subscriber.change-owner'`,
    )
    const movedIds = new Set(moved.map((row) => row['row_id']))
    expect(foreign.filter((row) => !movedIds.has(row['row_id']))).toEqual([])
  })
})
