// Routers compared with our books, over a real socket: what is shown, what is mended, and what is left alone.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { listAlarms } from '../../src/domain/alarm.ts'
import { changeNasSettings } from '../../src/domain/nas-settings.ts'
import type { Nas } from '../../src/domain/nas.ts'
import { addRealm } from '../../src/domain/realm.ts'
import { addSubscriber } from '../../src/domain/subscriber.ts'
import type { NewSubscriber } from '../../src/domain/subscriber.ts'
import { disconnectOnRouter } from '../../src/jobs/disconnect-on-router.ts'
import { reconcileJob } from '../../src/jobs/reconcile-job.ts'
import { reconcileRouter } from '../../src/jobs/reconcile-router.ts'
import type { CarryOutRun, RouterRunContext } from '../../src/jobs/router-run.ts'
import { readRouterSessions } from '../../src/jobs/router-sessions.ts'
import { silentLog } from '../support/database.ts'
import type { FakeRow, FakeRouter } from '../support/fake-router.ts'
import { hours, makePlan, noon, rowsOf, useOffice } from '../support/operator.ts'
import {
  acctIdOf,
  addressOf,
  bookSession,
  endOf,
  gone,
  leaseRow,
  macOf,
  open,
  pppRow,
} from '../support/router-books.ts'
import { closeRoutersAfterEach, giveAccess, makeNas, makeRouter, nasWithRouter } from '../support/routers.ts'

const office = useOffice()
closeRoutersAfterEach()
beforeAll(async () => {
  await makePlan(office, { name: 'Home' })
  await makePlan(office, { name: 'Garden', onBlock: 'garden' })
})
beforeEach(async () => {
  for (const table of ['alarm', 'session']) await office.pool.query(`delete from ${table}`)
})

type Result = Record<string, unknown> & { gone: unknown[]; zombies: unknown[] }
const contextAt = (now = noon): RouterRunContext => ({
  pool: office.pool,
  db: office.db,
  keyring: office.keyring,
  now,
  log: silentLog as never,
  signal: new AbortController().signal,
})
const run = async (carryOut: CarryOutRun, nas: Nas, params = {}, now = noon) =>
  (await carryOut(contextAt(now), { nasId: nas.id, params })).result as Result
const reconcile = (nas: Nas, now = noon) => run(reconcileRouter, nas, {}, now)

async function line(n: number, changes: Partial<NewSubscriber> = {}): Promise<bigint> {
  const input = { username: `line${n}`, plan: 'Home', ...changes }
  await office.pool.query('delete from device where mac = $1::macaddr', [macOf(n)])
  await office.pool.query(`update subscriber set username = 'old' || id where username = $1`, [input.username])
  return (await addSubscriber(office.db, input, office.author, noon)).id
}
const block = (id: bigint) =>
  office.pool.query(`update subscriber set blocked_at = $2, block_reason = 'unpaid' where id = $1`, [id, hours(-2)])

/** A NAS whose differences are mended. */
async function mended(tables: Record<string, FakeRow[]>): Promise<{ nas: Nas; router: FakeRouter }> {
  const pair = await nasWithRouter(office, tables)
  await changeNasSettings(office.db, pair.nas.name, { reconcile: 'mend' })
  return pair
}
const ppp = (...rows: FakeRow[]) => ({ '/ppp/active': rows })
const idsOn = (router: FakeRouter, menu = '/ppp/active') => router.tables.get(menu)!.map((row) => row['.id'])

describe('100 leases and 50 PPP sessions', () => {
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n)

  it('are compared: what only one side has is told, and by default nothing is changed', async () => {
    const ipoe = await line(999, { accountType: 'ipoe', mac: macOf(999) })
    const pppoe = await line(998)
    // The router lacks 3 of either kind, and has 2 of either that we lack.
    const { nas, router } = await nasWithRouter(office, {
      '/ppp/active': [...range(0, 47), 300, 301].map((n) => pppRow(n)),
      '/ip/dhcp-server/lease': [...range(50, 147), 400, 401].map((n) => leaseRow(n)),
    })
    for (const n of range(0, 50)) await bookSession(office, nas, n, { subscriberId: pppoe })
    for (const n of range(50, 150)) await bookSession(office, nas, n, { subscriberId: ipoe })
    const result = await reconcile(nas)
    expect(result).toMatchObject({
      mode: 'show',
      doubt: null,
      on_router: { ppp: 49, lease: 99, hotspot: 0 },
      gone_count: 6,
      ended_count: 0,
      zombie_count: 4,
      removed_count: 0,
      left_alone: 0,
    })
    const namesOf = (rows: unknown[]) => rows.map((row) => (row as { acct_session_id: string }).acct_session_id)
    expect(namesOf(result.gone)).toEqual([47, 48, 49, 147, 148, 149].map(acctIdOf))
    expect(result.zombies).toMatchObject([
      { kind: 'ppp', name: 'line300', subscriber_id: null, outcome: 'shown' },
      { kind: 'ppp', name: 'line301' },
      { kind: 'lease', mac: macOf(400), address: addressOf(400) },
      { kind: 'lease', mac: macOf(401) },
    ])
    expect(router.seen.filter((command) => command.endsWith('/remove'))).toEqual([])

    await changeNasSettings(office.db, nas.name, { reconcile: 'mend' })
    expect(await reconcile(nas)).toMatchObject({ mode: 'mend', gone_count: 6, ended_count: 6, zombie_count: 4 })
    expect(await reconcile(nas)).toMatchObject({ gone_count: 0, zombie_count: 4, removed_count: 0 })
    const [{ n } = {}] = await rowsOf(office, 'select count(*)::int as n from session where ended_at is null')
    expect(n).toBe(144)
  })
})

describe('a session that the router does not have', () => {
  it('ends at its last sign of life, with its service and its claim', async () => {
    const { nas } = await mended(ppp(pppRow(2)))
    const subscriberId = await line(1)
    const lost = await bookSession(office, nas, 1, { subscriberId })
    const service = await bookSession(office, nas, 9, { subscriberId })
    await office.pool.query(`update session set parent_id = $1, service = 'internet' where id = $2`, [lost, service])
    await office.pool.query(`insert into session_claim values ($1, 0, $2, 1, 1, $3)`, [
      subscriberId,
      `mac:${macOf(1)}`,
      noon,
    ])
    const there = await bookSession(office, nas, 2)
    expect(await reconcile(nas)).toMatchObject({ gone_count: 1, gone: [{ id: Number(lost), ended: true }] })
    expect(await endOf(office, lost)).toEqual(gone)
    expect(await endOf(office, service)).toEqual(gone)
    expect(await endOf(office, there)).toEqual(open)
    expect(await rowsOf(office, 'select from session_claim')).toEqual([])
  })

  it('is left alone where something was heard of it within its interval', async () => {
    const { nas } = await mended(ppp())
    const [fresh, old] = [
      await bookSession(office, nas, 1, { updatedAt: hours(-1 / 30) }),
      await bookSession(office, nas, 2),
    ]
    expect(await reconcile(nas)).toMatchObject({ left_alone: 1, ended_count: 1 })
    expect([await endOf(office, fresh), await endOf(office, old)]).toEqual([open, gone])
  })

  it('of another NAS is never touched', async () => {
    const { nas } = await mended(ppp())
    const other = await bookSession(office, await makeNas(office), 1)
    expect(await reconcile(nas)).toMatchObject({ gone_count: 0 })
    expect(await endOf(office, other)).toEqual(open)
  })
})

describe('a session that we do not have', () => {
  it('is removed where its subscriber is refused, and stays where it is entitled or unknown', async () => {
    const rows = [1, 2, 3, 4].map((n) => pppRow(n))
    const { nas, router } = await mended(ppp(...rows))
    await block(await line(1))
    const entitled = await line(2)
    await block(await line(3, { plan: 'Garden' }))
    const result = await reconcile(nas)
    expect(result.zombies).toMatchObject([
      { name: 'line1', outcome: 'removed', refused: expect.stringContaining('blocked since') },
      { name: 'line2', outcome: 'shown', subscriber_id: Number(entitled), refused: null },
      { name: 'line3', outcome: 'shown', refused: null },
      { name: 'line4', outcome: 'shown', subscriber_id: null },
    ])
    expect(idsOn(router)).toEqual(rows.slice(1).map((row) => row['.id']))
  })

  it('is not removed for what a list does not tell: the port, the MAC of another device', async () => {
    const { nas, router } = await mended(ppp(pppRow(1), pppRow(2)))
    await line(1, { port: '1/2' })
    await line(2, { mac: macOf(77) })
    expect(await reconcile(nas)).toMatchObject({ zombie_count: 2, removed_count: 0 })
    expect(idsOn(router)).toHaveLength(2)
  })

  it('is not removed where the router let it in by itself, or does not say', async () => {
    const { nas, router } = await mended(ppp(pppRow(1, { radius: 'false' }), pppRow(2, { radius: '' })))
    for (const n of [1, 2]) await block(await line(n))
    expect(await reconcile(nas)).toMatchObject({ zombies: [{ name: 'line2', from_radius: null, outcome: 'shown' }] })
    expect(idsOn(router)).toHaveLength(2)
  })

  it('is not removed where another ISP let it in, and is found under the name that its realm leaves', async () => {
    const { nas, router } = await mended(
      ppp(pppRow(1, { name: 'line1@other.isp' }), pppRow(2, { name: 'Line2@Our.isp' })),
    )
    await line(1, { username: 'line1@other.isp' }).then(block)
    await block(await line(2))
    const [pool] = await rowsOf(
      office,
      `insert into home_server_pool (name, created_at) values ('other', $1) returning id`,
      [noon],
    )
    await addRealm(office.db, { name: 'our.isp', action: 'strip' }, noon)
    await office.pool.query(
      `insert into realm (name, action, pool_id, created_at) values ('other.isp', 'forward', $1, $2)`,
      [pool!.id, noon],
    )
    expect(await reconcile(nas)).toMatchObject({
      zombie_count: 1,
      zombies: [{ name: 'Line2@Our.isp', outcome: 'removed' }],
    })
    expect(idsOn(router)).toEqual([pppRow(1)['.id']])
    await office.pool.query('delete from realm')
  })

  it('is never the wrong one: who dialled again meanwhile stays', async () => {
    const { nas, router } = await mended(ppp(pppRow(1)))
    await block(await line(1))
    router.on = (command) => {
      // Behind the list, and before the removal looks again.
      if (command === '/ip/hotspot/active/print')
        router.tables.set('/ppp/active', [pppRow(1, { 'session-id': '0x81ABCDEF' })])
      return 'answer'
    }
    expect(await reconcile(nas)).toMatchObject({ zombies: [{ outcome: 'not-there' }] })
    expect(idsOn(router)).toHaveLength(1)
    expect(router.seen.filter((command) => command.endsWith('/remove'))).toEqual([])
  })

  it('of a hotspot or a lease is removed by address and MAC', async () => {
    const hotspot = {
      '.id': '*B',
      user: 'Line2',
      address: addressOf(2),
      'mac-address': macOf(2),
      uptime: '1h',
      radius: 'yes',
    }
    const { nas, router } = await mended({
      '/ip/dhcp-server/lease': [leaseRow(1), leaseRow(3), leaseRow(4, { status: 'waiting' })],
      '/ip/hotspot/active': [hotspot],
    })
    await block(await line(1, { accountType: 'ipoe', mac: macOf(1) }))
    await block(await line(2))
    expect(await reconcile(nas)).toMatchObject({ zombie_count: 3, removed_count: 2 })
    expect(idsOn(router, '/ip/dhcp-server/lease')).toEqual([leaseRow(3)['.id'], leaseRow(4)['.id']])
    expect(idsOn(router, '/ip/hotspot/active')).toEqual([])
  })

  it('whose MAC two lines have is nobody’s', async () => {
    const { nas } = await mended({ '/ip/dhcp-server/lease': [leaseRow(1)] })
    const [one, other] = [
      await line(1, { accountType: 'ipoe', circuitId: 'a' }),
      await line(2, { accountType: 'ipoe', circuitId: 'b' }),
    ]
    for (const id of [one, other]) {
      await block(id)
      await office.pool.query('insert into device (subscriber_id, mac) values ($1, $2::macaddr)', [id, macOf(1)])
    }
    expect(await reconcile(nas)).toMatchObject({ zombies: [{ subscriber_id: null, outcome: 'shown' }] })
  })
})

describe('what the router says is not believed', () => {
  const alarms = async () => (await listAlarms(office.pool)).map(({ kind, subject }) => [kind, subject])

  it('where its list is empty and we have many: an alarm, and nothing is mended until it is whole', async () => {
    const { nas, router } = await mended(ppp())
    const ids: bigint[] = []
    for (let n = 0; n < 11; n++) ids.push(await bookSession(office, nas, n))
    expect(await reconcile(nas)).toMatchObject({
      mode: 'show',
      doubt: expect.stringContaining('11 of 11'),
      ended_count: 0,
    })
    expect(await alarms()).toEqual([['router-list-in-doubt', nas.name]])
    expect(await endOf(office, ids[0]!)).toEqual(open)
    router.tables.set(
      '/ppp/active',
      ids.slice(1).map((_, n) => pppRow(n + 1)),
    )
    expect(await reconcile(nas)).toMatchObject({ mode: 'mend', doubt: null, ended_count: 1 })
    expect(await alarms()).toEqual([])
  })

  it.each(['close', 'garbage', 'fatal', 'refuse'] as const)(
    'where it answers one list with: %s; then nothing is changed, and an alarm stands until it answers',
    async (behaviour) => {
      const { nas, router } = await mended(ppp(pppRow(2)))
      const id = await bookSession(office, nas, 1)
      await block(await line(2))
      router.on = (command) => (command.startsWith('/ip/dhcp-server/lease') ? behaviour : 'answer')
      await expect(reconcile(nas)).rejects.toMatchObject({ name: 'RouterError' })
      expect(await endOf(office, id)).toEqual(open)
      expect(idsOn(router)).toHaveLength(1)
      expect(await alarms()).toEqual([['router-access', nas.name]])
      router.on = () => 'answer'
      expect(await reconcile(nas)).toMatchObject({ ended_count: 1, removed_count: 1 })
      expect(await alarms()).toEqual([])
    },
  )

  it('though a menu may be missing: nobody is there', async () => {
    const { nas, router } = await mended(ppp(pppRow(1)))
    router.tables.delete('/ip/hotspot/active')
    router.tables.delete('/ip/dhcp-server/lease')
    const there = await bookSession(office, nas, 1, { subscriberId: await line(1) })
    const ipoe = await bookSession(office, nas, 2, {
      subscriberId: await line(2, { accountType: 'ipoe', circuitId: 'c' }),
    })
    expect(await reconcile(nas)).toMatchObject({ gone_count: 0, zombie_count: 0 })
    expect([await endOf(office, there), await endOf(office, ipoe)]).toEqual([open, open])
  })
})

describe('the other runs', () => {
  it('sessions shows who is online there with our view beside it, and changes nothing', async () => {
    const { nas, router } = await mended({ ...ppp(pppRow(1), pppRow(2)), '/ip/dhcp-server/lease': [leaseRow(3)] })
    const subscriberId = await line(1)
    await block(await line(2))
    const id = await bookSession(office, nas, 1, { subscriberId })
    const lost = await bookSession(office, nas, 4)
    const { result, personIds } = await readRouterSessions(contextAt(), { nasId: nas.id, params: {} })
    expect(result).toMatchObject({
      on_router: { ppp: 2, lease: 1, hotspot: 0 },
      items: [
        {
          kind: 'ppp',
          name: 'line1',
          session: { id: Number(id), subscriber_id: Number(subscriberId), ended_at: null },
        },
        { kind: 'ppp', name: 'line2', uptime_s: 3600, session: null },
        { kind: 'lease', mac: macOf(3), session: null },
      ],
      missing: [{ id: Number(lost) }],
    })
    expect(personIds).toEqual([subscriberId])
    expect(await endOf(office, lost)).toEqual(open)
    expect(idsOn(router)).toHaveLength(2)
  })

  it('disconnect ends one session there', async () => {
    const { nas, router } = await nasWithRouter(office, ppp(pppRow(1), pppRow(2)))
    const id = await bookSession(office, nas, 1, { subscriberId: await line(1) })
    const disconnect = (session: bigint) => run(disconnectOnRouter, nas, { session_id: String(session) })
    expect(await disconnect(id)).toEqual({ session_id: Number(id), outcome: 'removed' })
    expect(await disconnect(id)).toEqual({ session_id: Number(id), outcome: 'not-there' })
    expect(idsOn(router)).toEqual([pppRow(2)['.id']])
    await expect(disconnect(9_999_999n)).rejects.toThrow('the session is in the archive')
    await giveAccess(office, nas, router, { password: 'wrong' })
    await expect(disconnect(id)).rejects.toThrow('refused the login')
    await office.pool.query('delete from nas_router where nas_id = $1', [nas.id])
    await expect(disconnect(id)).rejects.toThrow('nobody gives us access')
  })

  it('are told that there is no way into what is no MikroTik, or not there', async () => {
    const other = await makeNas(office, 'juniper')
    await giveAccess(office, other, await makeRouter())
    await expect(reconcile(other)).rejects.toThrow('is no MikroTik')
    await expect(reconcile({ ...other, id: 99_999n })).rejects.toThrow('there is no such NAS any more')
  })
})

it('the job asks for every MikroTik that may be entered and compared', async () => {
  await office.pool.query('delete from nas_router')
  const [shown, off] = [await nasWithRouter(office), await nasWithRouter(office)]
  await changeNasSettings(office.db, off.nas.name, { reconcile: 'off' })
  await giveAccess(office, await makeNas(office, 'juniper'), shown.router)
  expect(await reconcileJob.run({ ...contextAt(), zone: 'UTC' } as never)).toEqual({ asked: 1 })
  expect(await rowsOf(office, 'select nas_id, kind, state from router_run')).toEqual([
    { nas_id: shown.nas.id, kind: 'reconcile', state: 'waiting' },
  ])
})
