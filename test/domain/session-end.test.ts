import { describe, expect, it } from 'vitest'
import type { Pool } from '../../src/db/pool.ts'
import { recordAccounting } from '../../src/domain/accounting.ts'
import { endReplacedSessions, freeClaims, recordReboot, sweepEndedSessions } from '../../src/domain/session-end.ts'
import { at, makeNas, makeSession, makeSubscriber, onlyRow, recordEach } from '../support/accounting.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const mac = '02:00:00:00:00:77'

async function makeGroup(db: Pool, name: string): Promise<bigint> {
  const { rows } = await db.query<{ id: bigint }>(
    `insert into nas_group (name, address_space_id) select $1, min(id) from address_space returning id`,
    [name],
  )
  return rows[0]!.id
}

describe('a newer session of the same line', () => {
  it('ends the older one, on whatever NAS of the group', async () => {
    const { pool } = database
    const [one, other] = [await makeNas(pool), await makeNas(pool)]
    const subscriber = await makeSubscriber(pool)
    const older = makeSession({ nas: one, subscriber, mac })
    const newer = makeSession({ nas: other, subscriber, mac, start: 100 })
    const { sessionId: first } = await recordEach(pool, older.start())
    const { sessionId: second } = await recordEach(pool, newer.start())
    expect(await endReplacedSessions(pool, [second], at(200))).toEqual([first])
    expect(await endReplacedSessions(pool, [second], at(200))).toEqual([])
    expect(await onlyRow(pool, one, older.acctSessionId)).toMatchObject({ ended_by: 'replaced', ended_at: at(100) })
    expect(await onlyRow(pool, other, newer.acctSessionId)).toMatchObject({ ended_at: null })
    // Its Interims still count; they do not bring it back.
    await recordEach(pool, older.interim(300, { input: 5 }))
    expect(await onlyRow(pool, one, older.acctSessionId)).toMatchObject({ ended_by: 'replaced', input_octets: 5n })
  })

  it('that is heard of first ends the older one when that comes late', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const subscriber = await makeSubscriber(pool)
    await recordEach(pool, makeSession({ nas, subscriber, mac, start: 100 }).start())
    const { sessionId: late } = await recordEach(pool, makeSession({ nas, subscriber, mac }).interim(50))
    expect(await endReplacedSessions(pool, [late], at(200))).toEqual([late])
  })

  it('that is over already has replaced the older one all the same', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const subscriber = await makeSubscriber(pool)
    const { sessionId: ghost } = await recordEach(pool, makeSession({ nas, subscriber, mac }).start())
    const { sessionId: short } = await recordEach(pool, makeSession({ nas, subscriber, mac, start: 50 }).stop(5))
    expect(await endReplacedSessions(pool, [short], at(200))).toEqual([ghost])
  })

  it('of three leaves only the newest, each ended at the start of the next', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const subscriber = await makeSubscriber(pool)
    const sessions = [0, 50, 90].map((start) => makeSession({ nas, subscriber, mac, start }))
    for (const session of sessions) await recordEach(pool, session.start())
    expect(await sweepEndedSessions(pool, at(100))).toEqual({ replaced: 2, rebooted: 0, services: 0 })
    const rows = await Promise.all(sessions.map((session) => onlyRow(pool, nas, session.acctSessionId)))
    expect(rows.map((row) => row.ended_at)).toEqual([at(50), at(90), null])
  })

  it('leaves alone other lines, other subscribers, other groups, parts of one bundle, and lines without a name', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const away = await makeNas(pool, { group: await makeGroup(pool, 'away') })
    const [subscriber, other] = [await makeSubscriber(pool), await makeSubscriber(pool)]
    const bundle = { multiSessionId: 'bundle' }
    await recordEach(pool, makeSession({ nas, subscriber, mac, start: 100 }).start(bundle))
    await recordEach(pool, makeSession({ nas, subscriber, mac: '02:00:00:00:00:78' }).start())
    await recordEach(pool, makeSession({ nas, subscriber: other, mac }).start())
    await recordEach(pool, makeSession({ nas: away, subscriber, mac }).start())
    await recordEach(pool, makeSession({ nas, subscriber, mac }).start(bundle))
    await recordEach(pool, makeSession({ nas, subscriber }).start({ line: undefined }))
    await recordEach(pool, makeSession({ nas, subscriber }).start({ line: undefined }))
    expect(await sweepEndedSessions(pool, at(200))).toEqual({ replaced: 0, rebooted: 0, services: 0 })
  })
})

describe('an order to prove that a replaced session is gone', () => {
  const orders = async (sessionId: bigint) => {
    const { rows } = await database.pool.query(
      `select wish, reason, state, nas_id, next_at, deadline from coa_order where session_id = $1 order by id`,
      [sessionId],
    )
    return rows
  }

  it('is written where the newer one is on another NAS, in place of older wishes', async () => {
    const { pool } = database
    const [one, other] = [await makeNas(pool), await makeNas(pool)]
    const subscriber = await makeSubscriber(pool)
    const { sessionId: first } = await recordEach(pool, makeSession({ nas: one, subscriber, mac }).start())
    await pool.query(
      `insert into coa_order (session_id, subscriber_id, nas_id, wish, reason, next_at, deadline, created_at)
       values ($1, $2, $3, 'reapply', 'blocked', $4, $4, $4)`,
      [first, subscriber.id, one.id, at(50)],
    )
    const { sessionId: second } = await recordEach(
      pool,
      makeSession({ nas: other, subscriber, mac, start: 100 }).start(),
    )
    await endReplacedSessions(pool, [second], at(101))
    expect(await orders(first)).toMatchObject([
      { wish: 'reapply', state: 'replaced' },
      { wish: 'disconnect', reason: 'replaced', state: 'waiting', nas_id: one.id, next_at: at(101), deadline: at(701) },
    ])
    expect(await orders(second)).toEqual([])
  })

  it('is written for another device of the line, not for the redial of the same one', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const subscriber = await makeSubscriber(pool)
    const line = 'circuit-id:0a'
    const first = await recordEach(pool, makeSession({ nas, subscriber, mac }).start({ line }))
    const redial = await recordEach(pool, makeSession({ nas, subscriber, mac, start: 50 }).start({ line }))
    await endReplacedSessions(pool, [redial.sessionId], at(60))
    const router = await recordEach(pool, makeSession({ nas, subscriber, start: 90 }).start({ line }))
    await endReplacedSessions(pool, [router.sessionId], at(100))
    expect(await orders(first.sessionId)).toEqual([])
    expect(await orders(redial.sessionId)).toMatchObject([{ wish: 'disconnect' }])
  })

  it('is not written where the line has come back: some NASes would drop the live session', async () => {
    const { pool } = database
    const [one, other] = [await makeNas(pool), await makeNas(pool)]
    const subscriber = await makeSubscriber(pool)
    const first = await recordEach(pool, makeSession({ nas: one, subscriber, mac }).start())
    const away = await recordEach(pool, makeSession({ nas: other, subscriber, mac, start: 50 }).start())
    await recordEach(pool, makeSession({ nas: one, subscriber, mac, start: 90 }).start())
    expect((await sweepEndedSessions(pool, at(100))).replaced).toBe(2)
    expect(await orders(first.sessionId)).toEqual([])
    expect(await orders(away.sessionId)).toMatchObject([{ wish: 'disconnect', nas_id: other.id }])
  })
})

describe('legs of a dual stack', () => {
  const v4 = { addresses: { framedIp: '10.0.0.7' } }
  const v6 = { addresses: { delegatedIpv6Prefix: '2001:db8:7::/56' } }

  it('live side by side; each is replaced by its own kind, both by a session of both', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const subscriber = await makeSubscriber(pool)
    const begin = async (start: number, said: object) =>
      (await recordEach(pool, makeSession({ nas, subscriber, mac, start }).start(said))).sessionId
    const one = await begin(0, v4)
    const two = await begin(10, v6)
    expect(await endReplacedSessions(pool, [one, two], at(20))).toEqual([])
    const three = await begin(30, v6)
    expect(await endReplacedSessions(pool, [three], at(40))).toEqual([two])
    const both = await begin(50, { addresses: { ...v4.addresses, ...v6.addresses } })
    const ended = await endReplacedSessions(pool, [both], at(60))
    expect(ended.toSorted((a, b) => Number(a - b))).toEqual([one, three])
  })

  it('are told by all addresses heard of: one session that has both in the end is replaced whole', async () => {
    const { pool } = database
    const [nas, other] = [await makeNas(pool), await makeNas(pool)]
    const subscriber = await makeSubscriber(pool)
    const older = makeSession({ nas, subscriber, mac })
    const newer = makeSession({ nas: other, subscriber, mac, start: 50 })
    const legs = async () =>
      (await pool.query(`select leg from session where subscriber_id = $1 order by id`, [subscriber.id])).rows
    await recordEach(pool, older.start(v4), newer.start(v6))
    expect(await legs()).toEqual([{ leg: 'v4' }, { leg: 'v6' }])
    expect((await sweepEndedSessions(pool, at(55))).replaced).toBe(0)
    await recordEach(pool, newer.interim(10, v4))
    expect(await legs()).toEqual([{ leg: 'v4' }, { leg: null }])
    expect((await sweepEndedSessions(pool, at(61))).replaced).toBe(1)
    expect((await onlyRow(pool, nas, older.acctSessionId)).ended_by).toBe('replaced')
  })

  it('tell a newer session whether its line is taken', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const subscriber = await makeSubscriber(pool)
    const bundle = { multiSessionId: 'bundle' }
    const begin = (start: number, said: object) =>
      recordEach(pool, makeSession({ nas, subscriber, mac, start }).start(said))
    expect((await begin(0, { ...v4, ...bundle })).lineTaken).toBe(false)
    expect((await begin(1, v6)).lineTaken).toBe(false)
    expect((await begin(2, { ...v6, service: { service: 'voice', parentSessionId: 'x' } })).lineTaken).toBe(false)
    expect((await begin(3, { ...v4, ...bundle })).lineTaken).toBe(false)
    expect((await begin(4, { ...v4, multiSessionId: 'another' })).lineTaken).toBe(true)
    expect((await sweepEndedSessions(pool, at(5))).replaced).toBe(2)
  })
})

describe('Accounting-On and -Off', () => {
  it('end the open sessions of exactly that NAS that began before', async () => {
    const { pool } = database
    const [nas, other] = [await makeNas(pool), await makeNas(pool)]
    const subscriber = await makeSubscriber(pool)
    const gone = makeSession({ nas, subscriber })
    const since = makeSession({ nas, subscriber, start: 61 })
    const elsewhere = makeSession({ nas: other, subscriber })
    await recordEach(pool, gone.start(), since.start(), elsewhere.start())
    expect(await recordReboot(pool, { nasId: nas.id, eventAt: at(60), kind: 'on' }, at(62))).toBe(1)
    expect(await onlyRow(pool, nas, gone.acctSessionId)).toMatchObject({
      ended_at: at(60),
      ended_by: 'nas-reboot',
      terminate_cause: 11,
    })
    expect((await onlyRow(pool, nas, since.acctSessionId)).ended_at).toBeNull()
    expect((await onlyRow(pool, other, elsewhere.acctSessionId)).ended_at).toBeNull()
    const { rows } = await pool.query(`select last_reboot_at from nas where id = $1`, [nas.id])
    expect(rows).toEqual([{ last_reboot_at: at(60) }])
  })

  it('end what began in the same second, but told again not what began since', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const reboot = { nasId: nas.id, eventAt: at(60), kind: 'on' } as const
    const gone = makeSession({ nas, start: 60 })
    const since = makeSession({ nas, start: 60 })
    await recordEach(pool, gone.start())
    expect(await recordReboot(pool, reboot, at(60))).toBe(1)
    await recordEach(pool, since.start())
    expect(await recordReboot(pool, reboot, at(60))).toBe(0)
    expect((await onlyRow(pool, nas, since.acctSessionId)).ended_at).toBeNull()
  })

  it('leave what began in the same second and was heard of after them', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const gone = makeSession({ nas, start: 60 })
    const since = makeSession({ nas, start: 60 })
    await recordAccounting(pool, [gone.start()], at(60.2))
    // The reboot was received between them, and is carried out after both: it was long, or came from the journal.
    await recordAccounting(pool, [since.start()], at(60.6))
    expect(await recordReboot(pool, { nasId: nas.id, eventAt: at(60), kind: 'on' }, at(60.4))).toBe(1)
    expect((await onlyRow(pool, nas, gone.acctSessionId)).ended_by).toBe('nas-reboot')
    expect((await onlyRow(pool, nas, since.acctSessionId)).ended_at).toBeNull()
  })

  it('end those of a large BNG, some hundreds at a time', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const subscriber = await makeSubscriber(pool)
    const count = 4_100
    for (let made = 0; made < count; made += 500) {
      const some = Array.from({ length: Math.min(500, count - made) }, () => makeSession({ nas, subscriber }).start())
      await recordAccounting(pool, some, at(1))
    }
    expect(await recordReboot(pool, { nasId: nas.id, eventAt: at(60), kind: 'on' }, at(60))).toBe(count)
    const { rows } = await pool.query('select from session where nas_id = $1 and ended_at is null', [nas.id])
    expect(rows).toEqual([])
  })

  it('hold for records from before that come after them', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const session = makeSession({ nas })
    await recordReboot(pool, { nasId: nas.id, eventAt: at(60), kind: 'off' }, at(60))
    await recordEach(pool, session.interim(50, { input: 9 }), session.start())
    expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject({
      ended_at: at(60),
      ended_by: 'nas-reboot',
      terminate_cause: 11,
      input_octets: 9n,
    })
  })

  it('are taken back for a session that counts on after them', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const session = makeSession({ nas })
    await recordEach(pool, session.start())
    await recordReboot(pool, { nasId: nas.id, eventAt: at(60), kind: 'on' }, at(60))
    await recordEach(pool, session.interim(120, { input: 9 }))
    expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject({ ended_at: null, terminate_cause: null })
    // An earlier Interim of it that comes late does not end it again.
    await recordEach(pool, session.interim(30, { input: 2 }))
    expect((await onlyRow(pool, nas, session.acctSessionId)).ended_at).toBeNull()
  })

  it('of a clock that runs ahead do not make later sessions look older', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    await recordReboot(pool, { nasId: nas.id, eventAt: at(7200), kind: 'on' }, at(60))
    const session = makeSession({ nas, start: 90 })
    await recordEach(pool, session.start())
    expect((await onlyRow(pool, nas, session.acctSessionId)).ended_at).toBeNull()
  })

  it('are mended by the sweep where a row was made beside them', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const session = makeSession({ nas })
    await recordEach(pool, session.start())
    await pool.query(`update nas set last_reboot_at = $2 where id = $1`, [nas.id, at(60)])
    expect(await sweepEndedSessions(pool, at(70))).toEqual({ replaced: 0, rebooted: 1, services: 0 })
    expect((await onlyRow(pool, nas, session.acctSessionId)).ended_by).toBe('nas-reboot')
  })
})

describe('the claims of ended sessions', () => {
  const claimed = async (subscriberId: bigint) => {
    const { rows } = await database.pool.query<{ slot: number }>(
      `select slot from session_claim where subscriber_id = $1 order by slot`,
      [subscriberId],
    )
    return rows.map((row) => row.slot)
  }

  it('are freed with the Stop: by Class, and by line where the NAS lost it; that of a redial stays', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const [subscriber, other] = [await makeSubscriber(pool), await makeSubscriber(pool)]
    const claim = (of: bigint, slot: number, line: string, classId: bigint) =>
      pool.query(
        `insert into session_claim (subscriber_id, slot, line, nas_group_id, class_id, claimed_at)
         values ($1, $2, $3, $4, $5, $6)`,
        [of, slot, line, nas.nasGroupId, classId, at(0)],
      )
    await claim(subscriber.id, 1, `mac:${mac}`, 21n)
    await claim(subscriber.id, 2, `mac:${mac}`, 22n)
    await claim(subscriber.id, 3, 'mac:02:00:00:00:00:99', 23n)
    await claim(other.id, 1, `mac:${mac}`, 21n)
    const session = makeSession({ nas, subscriber, mac, classId: 21n })
    await recordEach(pool, session.start(), session.interim(5))
    expect(await claimed(subscriber.id)).toEqual([1, 2, 3])
    await recordEach(pool, session.stop(10))
    expect(await claimed(subscriber.id)).toEqual([2, 3])
    await recordEach(pool, makeSession({ nas, subscriber, mac: '02:00:00:00:00:99' }).stop(10))
    expect(await claimed(subscriber.id)).toEqual([2])
    expect(await claimed(other.id)).toEqual([1])
  })

  it('are freed with the reboot of their NAS', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const subscriber = await makeSubscriber(pool)
    await pool.query(
      `insert into session_claim (subscriber_id, slot, line, nas_group_id, class_id, claimed_at)
       values ($1, 1, $2, $3, 31, $4)`,
      [subscriber.id, `mac:${mac}`, nas.nasGroupId, at(0)],
    )
    await recordEach(pool, makeSession({ nas, subscriber, mac, classId: 31n }).start())
    await recordReboot(pool, { nasId: nas.id, eventAt: at(60), kind: 'on' }, at(60))
    expect(await claimed(subscriber.id)).toEqual([])
  })

  it('wait for no login that takes one of them anew: two that wait for each other would stand still for a second', async () => {
    const { pool } = database
    const nas = await makeNas(pool)
    const [held, free, stopped] = await Promise.all([1, 2, 3].map(() => makeSubscriber(pool)))
    const sessions = [held!, free!, stopped!].map((subscriber, index) =>
      makeSession({ nas, subscriber, mac, classId: BigInt(41 + index) }),
    )
    for (const [index, subscriber] of [held!, free!, stopped!].entries())
      await pool.query(
        `insert into session_claim (subscriber_id, slot, line, nas_group_id, class_id, claimed_at)
         values ($1, 1, $2, $3, $4, $5)`,
        [subscriber.id, `mac:${mac}`, nas.nasGroupId, 41 + index, at(0)],
      )
    const made = await Promise.all(sessions.map((session) => recordEach(pool, session.start())))
    const login = await pool.connect()
    await login.query('begin')
    const take = (of: bigint) =>
      login.query('update session_claim set class_id = 50, claimed_at = $2 where subscriber_id = $1', [of, at(9)])
    await take(held!.id)
    expect(await freeClaims(pool, [made[0]!.sessionId, made[1]!.sessionId])).toBe(1)
    await recordAccounting(pool, [sessions[0]!.stop(10), sessions[2]!.stop(10)], at(10))
    await login.query('commit')
    login.release()
    expect(await Promise.all([held!, free!, stopped!].map(({ id }) => claimed(id)))).toEqual([[1], [], []])
  })
})
