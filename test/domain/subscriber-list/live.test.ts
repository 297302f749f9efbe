import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sql } from 'kysely'
import { refreshLive } from '../../../src/domain/subscriber-list/live.ts'
import { hours, noon, useOffice } from '../../support/operator.ts'
import { settled } from '../../support/settled.ts'

const office = useOffice()

beforeAll(async () => {
  await sql`insert into plan (name, down_bps, up_bps, validity, quota_octets, quota_down_octets, quota_period)
    values ('free', 1, 1, 30, null, null, 'period'), ('volume', 1, 1, 30, 1000, 400, 'period'), ('daily', 1, 1, 30, 200, null, 'day')`.execute(
    office.db,
  )
  await sql`insert into payer (owner_id, name) values (1, 'p')`.execute(office.db)
})

beforeEach(async () => {
  await sql`truncate session, usage_period, usage_hour, usage_day`.execute(office.db)
  await sql`delete from subscriber`.execute(office.db)
  await sql`update subscriber_live_state set sessions_until = ${hours(-1)}, refreshed_at = ${hours(-1)}`.execute(
    office.db,
  )
})

let made = 0

async function subscriber(plan = 'free'): Promise<bigint> {
  made += 1
  const { rows } = await sql<{ id: bigint }>`
    insert into subscriber (owner_id, payer_id, plan_id, username, period_started_at)
    select 1, 1, plan.id, ${`line${made}`}, ${noon} from plan where plan.name = ${plan} returning id`.execute(office.db)
  return rows[0]!.id
}

type SessionInput = { at?: Date; ended?: Date | null; ip?: string; nas?: number; started?: Date; service?: string }

async function session(
  id: bigint,
  { at = noon, ended = null, ip = '10.0.0.1', nas = 1, started, service }: SessionInput = {},
): Promise<bigint> {
  made += 1
  const { rows } = await sql<{ id: bigint }>`
    insert into session (nas_id, acct_session_id, epoch, subscriber_id, username, nas_group_id, address_space_id, framed_ip,
      started_at, event_at, updated_at, ended_at, ended_by, service)
    values (${nas}, ${`s${made}`}, 0, ${id}, 'u', 1, 1, ${ip}, ${started ?? at}, ${at}, ${at}, ${ended},
      ${ended === null ? null : 'stop'}, ${service ?? null}) returning id`.execute(office.db)
  return rows[0]!.id
}

async function shown(id: bigint) {
  const { rows } = await sql<{ online: boolean; seen: string | null; ip: string | null; nas: bigint | null }>`
    select online, last_seen_at::text as seen, host(framed_ip) as ip, nas_id as nas from subscriber_live
    where subscriber_id = ${id}`.execute(office.db)
  return rows[0]
}

async function used(id: bigint) {
  const { rows } = await sql<{ octets: bigint | null; percent: number | null }>`
    select octets, quota_percent as percent from subscriber_usage where subscriber_id = ${id}`.execute(office.db)
  return rows[0]
}

const refresh = async (now = noon) => {
  await settled(office.pool)
  return refreshLive(office.pool, 'UTC', now)
}

describe('who is online', () => {
  it('is known of every subscriber from its first moment, and of nobody who is gone', async () => {
    const id = await subscriber()
    expect(await shown(id)).toEqual({ online: false, seen: null, ip: null, nas: null })
    await sql`delete from subscriber where id = ${id}`.execute(office.db)
    expect(await shown(id)).toBeUndefined()
    expect(await used(id)).toBeUndefined()
  })

  it('follows a session from its start to its end, and keeps where it was', async () => {
    const id = await subscriber()
    const open = await session(id, { ip: '10.0.0.9', nas: 2 })
    await refresh()
    expect(await shown(id)).toEqual({ online: true, seen: 'infinity', ip: '10.0.0.9', nas: 2n })
    await sql`update session set ended_at = ${hours(1)}, ended_by = 'stop', updated_at = ${hours(1)} where id = ${open}`.execute(
      office.db,
    )
    await refresh(hours(1))
    expect(await shown(id)).toEqual({ online: false, seen: '2026-11-22 13:00:00+00', ip: '10.0.0.9', nas: 2n })
  })

  it('takes the newest of several sessions, and another when it ends', async () => {
    const id = await subscriber()
    await session(id, { ip: '10.0.0.1', started: hours(-2) })
    const newest = await session(id, { ip: '10.0.0.2', started: hours(-1) })
    await refresh()
    expect(await shown(id)).toMatchObject({ online: true, ip: '10.0.0.2' })
    // By ourselves, without a record.
    await sql`update session set ended_at = ${noon}, ended_by = 'stale' where id = ${newest}`.execute(office.db)
    await refresh(hours(3))
    expect(await shown(id)).toMatchObject({ online: true, ip: '10.0.0.1' })
  })

  it('notices an end that no record told', async () => {
    const id = await subscriber()
    const open = await session(id)
    await refresh()
    await sql`update session set ended_at = ${hours(2)}, ended_by = 'stale' where id = ${open}`.execute(office.db)
    expect(await refresh(hours(5))).toEqual({ kind: 'done', presence: 1, usage: 0 })
    expect(await shown(id)).toMatchObject({ online: false, seen: '2026-11-22 14:00:00+00' })
  })

  it('notices a session that is there no more', async () => {
    const id = await subscriber()
    await session(id)
    await refresh()
    await sql`truncate session`.execute(office.db)
    await refresh(hours(4))
    expect(await shown(id)).toMatchObject({ online: false, seen: '2026-11-22 16:00:00+00', ip: '10.0.0.1' })
  })

  it('is not decided by services, nor by a late end of an older session', async () => {
    const id = await subscriber()
    await session(id, { service: 'voice' })
    await session(id, { ended: hours(-1), started: hours(-2), ip: '10.0.0.4' })
    await refresh()
    expect(await shown(id)).toMatchObject({ online: false, seen: '2026-11-22 11:00:00+00', ip: '10.0.0.4' })
    await session(id, { ended: hours(-8), started: hours(-9), at: hours(1), ip: '10.0.0.3' })
    await refresh(hours(1))
    expect(await shown(id)).toMatchObject({ seen: '2026-11-22 11:00:00+00', ip: '10.0.0.4' })
  })

  it('costs no write where nothing moved', async () => {
    const id = await subscriber()
    const open = await session(id)
    await refresh()
    await sql`update session set updated_at = ${hours(1)}, session_time = 60 where id = ${open}`.execute(office.db)
    expect(await refresh(hours(1))).toEqual({ kind: 'done', presence: 0, usage: 0 })
  })

  it('is brought up to date by one at a time', async () => {
    const client = await office.pool.connect()
    const lock = `hashtext('gatehouse lists')`
    await client.query(`select pg_advisory_lock(${lock})`)
    expect(await refresh()).toEqual({ kind: 'busy' })
    await client.query(`select pg_advisory_unlock(${lock})`)
    client.release()
    expect(await refresh()).toMatchObject({ kind: 'done' })
    expect(await refresh()).toMatchObject({ kind: 'done' })
  })
})

describe('how much was used', () => {
  async function use(id: bigint, input: number, output: number, at = noon): Promise<void> {
    await sql`insert into usage_period (subscriber_id, period_started_at, input_octets, output_octets)
      values (${id}, ${at}, ${input}, ${output})
      on conflict (subscriber_id, period_started_at) do update
        set input_octets = excluded.input_octets, output_octets = excluded.output_octets`.execute(office.db)
  }

  it('counts the service period, and the quota that is nearest to its end', async () => {
    const [free, volume] = [await subscriber(), await subscriber('volume')]
    await use(free, 5, 7)
    await use(volume, 10, 300)
    await session(free)
    await session(volume)
    await refresh()
    expect(await used(free)).toEqual({ octets: 12n, percent: null })
    // 310 of 1000 in all, 300 of 400 down.
    expect(await used(volume)).toEqual({ octets: 310n, percent: 75 })
  })

  it('begins anew with a renewal, without a session', async () => {
    const id = await subscriber('volume')
    await use(id, 100, 100)
    await refresh()
    expect(await used(id)).toEqual({ octets: 200n, percent: 25 })
    await sql`update subscriber set period_started_at = ${hours(1)} where id = ${id}`.execute(office.db)
    await refresh(hours(1))
    expect(await used(id)).toEqual({ octets: null, percent: 0 })
  })

  it('follows a changed quota of the plan', async () => {
    const id = await subscriber('volume')
    await use(id, 100, 100)
    await refresh()
    await sql`update plan set quota_down_octets = 200 where name = 'volume'`.execute(office.db)
    await refresh(hours(1))
    expect(await used(id)).toMatchObject({ percent: 50 })
    await sql`update plan set quota_down_octets = 400 where name = 'volume'`.execute(office.db)
  })

  it('counts days where the quota does, and begins anew at midnight', async () => {
    const id = await subscriber('daily')
    await sql`insert into usage_hour values (${id}, ${hours(-1)}, 20, 80), (${id}, ${hours(-24)}, 500, 500)`.execute(
      office.db,
    )
    await refresh()
    expect(await used(id)).toEqual({ octets: null, percent: 50 })
    await refresh(hours(11))
    expect(await used(id)).toMatchObject({ percent: 50 })
    await refresh(hours(13))
    expect(await used(id)).toMatchObject({ percent: 0 })
  })
})
