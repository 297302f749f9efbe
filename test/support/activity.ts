// What tests of activity stand on: subscribers of two resellers on the test API, with rows of sessions and decisions.
import { accessLogLine, writeAccessLog } from '../../src/domain/access-log.ts'
import type { AccessLogEntry, AccessLogTimes } from '../../src/domain/access-log.ts'
import { insertPlan, insertRow } from './access.ts'
import type { Client, TestApi } from './api.ts'
import { noon } from './operator.ts'

export type Side = { ownerId: bigint; subscriberId: bigint; username: string; client: Client }

/** A reseller with one subscriber of this username in this zone, and a client signed in as it. */
export async function makeSide(api: TestApi, name: string, zone = 'north'): Promise<Side> {
  const ownerId = await api.reseller(`Reseller of ${name}`)
  const subscriberId = await makeRow(api, name, { owner_id: ownerId, zone })
  return { ownerId, subscriberId, username: name, client: await api.as('reseller', { organisationId: ownerId }) }
}

/** A subscriber as a row, of the ISP unless told otherwise. */
export async function makeRow(api: TestApi, username: string, row: Record<string, unknown> = {}): Promise<bigint> {
  const owner = { owner_id: 1n, ...row }.owner_id
  const payerId = await insertRow(api.pool, 'payer', { owner_id: owner, name: username })
  return insertRow(api.pool, 'subscriber', {
    owner_id: owner,
    payer_id: payerId,
    plan_id: await insertPlan(api.pool),
    username,
    activated_at: noon,
    ...row,
  })
}

/** A NAS of a client of its own in a NAS group. */
export async function makeNasRow(api: TestApi, name: string, row: Record<string, unknown> = {}): Promise<bigint> {
  const [octet] = Buffer.from(name).subarray(-1)
  const groupId = { nas_group_id: 1n, ...row }.nas_group_id
  const prefix = `10.77.${octet}.${Math.floor(Math.random() * 250)}/32`
  const clientId = await insertRow(api.pool, 'radius_client', { name, prefix, nas_group_id: groupId })
  return insertRow(api.pool, 'nas', { client_id: clientId, name, identifier: name, nas_group_id: groupId, ...row })
}

let made = 0

/** A session as a row: open since `noon`, heard of at `noon`. */
export async function makeSessionRow(
  api: TestApi,
  row: Record<string, unknown>,
  table: 'session' | 'session_archive' = 'session',
): Promise<bigint> {
  made += 1
  const id = table === 'session_archive' ? { id: 1_000_000 + made } : {}
  return insertRow(api.pool, table, {
    ...id,
    nas_id: 1,
    acct_session_id: `session-${made}`,
    epoch: 0,
    username: 'nobody',
    nas_group_id: 1,
    address_space_id: 1,
    started_at: noon,
    event_at: noon,
    updated_at: noon,
    ...row,
  })
}

/** A decision in the access log. */
export async function makeDecision(api: TestApi, changes: Partial<AccessLogEntry & AccessLogTimes>): Promise<void> {
  const row: AccessLogEntry & AccessLogTimes = {
    subscriberId: undefined,
    username: 'nobody',
    nasId: 1n,
    line: undefined,
    interface: 'vlan4071',
    method: 'chap',
    reason: 'accepted',
    accepted: true,
    detail: undefined,
    reply: undefined,
    count: 1,
    firstAt: noon,
    lastAt: noon,
    ...changes,
  }
  await writeAccessLog(api.pool, [accessLogLine(row, row, 'UTC')])
}

/** All items of a list, page by page. The path ends with a query. */
export async function everyPage<Item>(client: Client, path: string): Promise<Item[]> {
  const items: Item[] = []
  let cursor = ''
  for (;;) {
    const { body } = await client.get(`${path}${cursor}`)
    items.push(...(body['items'] as Item[]))
    if (typeof body['next_cursor'] !== 'string') return items
    cursor = `&cursor=${body['next_cursor']}`
  }
}
