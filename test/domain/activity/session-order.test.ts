import { beforeAll, describe, expect, it } from 'vitest'
import { disconnectSession, listOrders, orderStates } from '../../../src/domain/activity/session-order.ts'
import type { OrderFilter } from '../../../src/domain/activity/session-order.ts'
import type { Author } from '../../../src/domain/author.ts'
import { everything } from '../../../src/domain/scope.ts'
import type { Scope } from '../../../src/domain/scope.ts'
import { insertPlan, insertRow, insertSession, insertSubscriber } from '../../support/access.ts'
import { hours, noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
const ids = { reseller: 0n, west: 0n, nasWest: 0n, anna: 0n, berta: 0n }
const by = (scope: Scope = everything): Author => ({ ...office.author, scope })

const order = (row: Record<string, unknown>): Promise<bigint> =>
  insertRow(office.pool, 'coa_order', {
    session_id: 900,
    nas_id: 1,
    wish: 'reapply',
    reason: 'plan',
    next_at: noon,
    deadline: noon,
    created_at: noon,
    ...row,
  })
const listed = async (filter: OrderFilter, scope: Scope = everything): Promise<bigint[]> =>
  (await listOrders(office.db, { filter, limit: 100 }, scope)).map(({ id }) => id)
const ordersOf = (sessionId: bigint) =>
  rowsOf(office, 'select state, wish, finished_at from coa_order where session_id = $1 order by id', [sessionId])

beforeAll(async () => {
  const plan = await insertPlan(office.pool)
  ids.reseller = await insertRow(office.pool, 'organisation', { kind: 'reseller', name: 'R', parent_id: 1 })
  ids.west = await insertRow(office.pool, 'nas_group', { name: 'west', address_space_id: 1 })
  const client = { name: 'a', prefix: '10.9.9.0/24', nas_group_id: 1 }
  const clientId = await insertRow(office.pool, 'radius_client', client)
  const nas = { client_id: clientId, name: 'default', identifier: 'default', nas_group_id: 1 }
  await office.pool.query('insert into nas (id, client_id, name, identifier, nas_group_id) overriding system value values (1, $1, $2, $2, 1)', [clientId, 'default'])
  ids.nasWest = await insertRow(office.pool, 'nas', {
    ...nas,
    id: 5_000,
    name: 'west',
    identifier: 'west',
    nas_group_id: ids.west,
  }).catch(() => 0n)
  ids.anna = await insertSubscriber(office.pool, { username: 'anna', plan_id: plan, zone: 'north', owner_id: ids.reseller })
  ids.berta = await insertSubscriber(office.pool, { username: 'berta', plan_id: plan, zone: 'south' })
})
