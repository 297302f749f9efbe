// Logins for tests of the access decision: subjects, requests and rows with everything that a test does not speak of filled in.

import type { Pool } from '../../src/db/pool.ts'
import type { AccessPlan, AccessRequest, AccessSubject } from '../../src/domain/access-subject.ts'
import { storedSecret } from '../../src/domain/credential.ts'
import type { CredentialKind } from '../../src/domain/credential.ts'
import type { Keyring } from '../../src/domain/data-key.ts'
import { macLine } from '../../src/domain/line.ts'
import type { LineFacts } from '../../src/domain/line.ts'
import type { Nas } from '../../src/domain/nas.ts'
import { identityKinds } from '../../src/domain/line.ts'
import { defaultNasSettings } from '../../src/domain/nas-settings.ts'

export const noon = new Date('2026-03-10T12:00:00Z')
export const macA = 'd4:ca:6d:00:00:0a'
export const macB = 'd4:ca:6d:00:00:0b'

/** An instant some seconds after `noon`. */
export function after(seconds: number): Date {
  return new Date(noon.getTime() + seconds * 1000)
}

export function testNas(changes: Partial<Nas> = {}): Nas {
  return {
    id: 1n,
    clientId: 1n,
    name: 'bng-1',
    vendor: 'mikrotik',
    identifier: 'bng-1',
    address: undefined,
    nasGroupId: 1n,
    addressSpaceId: 1n,
    identityOrder: identityKinds,
    settings: defaultNasSettings,
    patienceMs: 900,
    attributes: [],
    ...changes,
  }
}

/** Facts of a line as a NAS states them: line A by its MAC, unless told otherwise. */
export function testFacts(changes: Partial<LineFacts> = {}): LineFacts {
  return {
    mac: macA,
    circuitId: undefined,
    remoteId: undefined,
    duid: undefined,
    interface: undefined,
    ...changes,
  }
}

/** A login from line A; facts are named beside the rest. */
export function testRequest(changes: Partial<AccessRequest> & Partial<LineFacts> = {}): AccessRequest {
  const { access = 'pppoe', username = 'anna', nas = testNas(), facts = testFacts(), ...rest } = changes
  const { line, ...told } = { line: macLine(macA), ...rest }
  return { access, username, nas, line, facts: { ...facts, ...told } }
}

export function testPlan(changes: Partial<AccessPlan> = {}): AccessPlan {
  return {
    id: 1,
    name: 'Home50',
    down_bps: 50_000_000,
    up_bps: 20_000_000,
    burst_down_bps: null,
    burst_up_bps: null,
    burst_threshold_down_bps: null,
    burst_threshold_up_bps: null,
    burst_seconds: null,
    priority: null,
    min_down_bps: null,
    min_up_bps: null,
    schedule: [],
    quota_octets: null,
    quota_down_octets: null,
    quota_up_octets: null,
    quota_period: 'period',
    fup_steps: [],
    pool: null,
    ipv6_pool: null,
    delegated_ipv6_pool: null,
    group_pools: [],
    address_list: null,
    idle_timeout_s: null,
    interim_interval_s: null,
    on_expiry: 'reject',
    on_block: 'reject',
    on_quota: 'reject',
    slower: null,
    mac_rule: 'learn',
    allowed_nas_group_ids: [],
    gardens: {},
    garden_address_list: null,
    garden_pool: null,
    attributes: [],
    ...changes,
  }
}

/** An active subscriber without limits. */
export function testSubject(
  changes: Partial<Omit<AccessSubject, 'plan' | 'binding'>> & {
    plan?: Partial<AccessPlan>
    binding?: Partial<AccessSubject['binding']>
  } = {},
): AccessSubject {
  const { plan, binding, ...facts } = changes
  return {
    id: 7n,
    accountType: 'pppoe',
    learnMacUntil: null,
    credential: undefined,
    enabled: true,
    blockedAt: null,
    blockReason: null,
    activatedAt: after(-86_400),
    expiresAt: null,
    graceUntil: null,
    archivedAt: null,
    autoRenew: false,
    sessionLimit: undefined,
    deviceLimit: undefined,
    attributes: [],
    devices: [],
    addresses: [],
    routes: [],
    used: undefined,
    otherLines: 0,
    ...facts,
    plan: testPlan(plan),
    binding: { interface: null, port: null, sVlan: null, cVlan: null, nasGroupId: null, ...binding },
  }
}

/** Inserts a row and returns its id; a column that is not named has its default. */
export async function insertRow(pool: Pool, table: string, row: Record<string, unknown>): Promise<bigint> {
  const columns = Object.keys(row)
  const { rows } = await pool.query<{ id: bigint }>(
    `insert into ${table} (${columns.join(', ')}) values (${columns.map((_, i) => `$${i + 1}`).join(', ')}) returning *`,
    Object.values(row),
  )
  return rows[0]!.id
}

/** A plan as a row: 50M down, 20M up, 30 days. */
export function insertPlan(pool: Pool, row: Record<string, unknown> = {}): Promise<bigint> {
  return insertRow(pool, 'plan', {
    name: `plan ${Math.random()}`,
    down_bps: 50_000_000,
    up_bps: 20_000_000,
    validity: 30,
    ...row,
  })
}

/** A subscriber as a row, active for ever unless named otherwise, with a credential where a password is given. */
export async function insertSubscriber(
  pool: Pool,
  row: Record<string, unknown> & { username: string; plan_id: bigint },
  credential?: { keyring: Keyring; password: string; kind?: CredentialKind },
): Promise<bigint> {
  const payerId = await insertRow(pool, 'payer', { owner_id: 1, name: row.username })
  const id = await insertRow(pool, 'subscriber', {
    owner_id: 1,
    payer_id: payerId,
    activated_at: after(-86_400),
    period_started_at: after(-86_400),
    ...row,
  })
  if (credential !== undefined) {
    const { keyring, password, kind = 'clear' } = credential
    await insertRow(pool, 'credential', {
      subscriber_id: id,
      kind,
      secret: storedSecret(keyring, id, { kind, password }),
    })
  }
  return id
}

/** An open session as a row, seen alive at `noon`. */
export function insertSession(
  pool: Pool,
  row: Record<string, unknown> & { subscriber_id: bigint | null },
): Promise<bigint> {
  return insertRow(pool, 'session', {
    nas_id: 1,
    acct_session_id: String(Math.random()),
    epoch: 0,
    username: 'anna',
    nas_group_id: 1,
    address_space_id: 1,
    started_at: after(-3_600),
    event_at: noon,
    updated_at: noon,
    ...row,
  })
}
