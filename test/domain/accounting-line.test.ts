// What a session keeps of its line beside the counters, and services on a session: rows beside it that never count.

import { describe, expect, it } from 'vitest'
import { recordAccounting } from '../../src/domain/accounting.ts'
import { archiveSessions } from '../../src/domain/session-archive.ts'
import { endReplacedSessions, endServices, recordReboot, sweepEndedSessions } from '../../src/domain/session-end.ts'
import { at, makeNas, makeSession, makeSubscriber, onlyRow, recordEach, usageOf } from '../support/accounting.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

async function world() {
  const { pool } = database
  return { pool, nas: await makeNas(pool), subscriber: await makeSubscriber(pool) }
}

describe('a session', () => {
  it('keeps circuit id, remote id and DUID octet by octet, the first of each, into the archive', async () => {
    const { pool, nas, subscriber } = await world()
    const session = makeSession({ nas, subscriber })
    const circuitId = Buffer.from([0, 4, 0x0f, 0xe7, 0x5c, 0x22, 0x7b, 0xff])
    const duid = Buffer.from('0003000102', 'hex')
    await recordEach(pool, session.start({ circuitId }), makeSession({ nas, subscriber }).start())
    await recordEach(
      pool,
      session.interim(60, { circuitId: Buffer.from('later'), remoteId: Buffer.from('r,"1"'), duid }),
    )
    const kept = { circuit_id: circuitId, remote_id: Buffer.from('r,"1"'), duid }
    expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject(kept)
    await recordEach(pool, session.stop(120))
    await archiveSessions(pool, at(3 * 86_400))
    const { rows } = await pool.query(`select * from session_archive where acct_session_id = $1`, [
      session.acctSessionId,
    ])
    expect(rows).toMatchObject([{ ...kept, interims: 1, service: null }])
  })

  it('counts the Interims that move its time, so that both tell the interval that its NAS keeps', async () => {
    const { pool, nas, subscriber } = await world()
    const session = makeSession({ nas, subscriber })
    const interim = session.interim(600)
    await recordEach(
      pool,
      session.start(),
      session.interim(300),
      interim,
      interim,
      session.interim(450),
      session.interim(900),
    )
    await recordEach(pool, session.stop(1000))
    expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject({ interims: 3, session_time: 1000n })
    const lost = makeSession({ nas, subscriber })
    await recordEach(pool, lost.interim(300), lost.interim(600))
    expect(await onlyRow(pool, nas, lost.acctSessionId)).toMatchObject({ interims: 2 })
  })

  it.each([
    [{ framedIp: '10.0.0.1' }, 'v4'],
    [{ framedIpv6Address: '2001:db8::7' }, 'v6'],
    [{ framedIpv6Prefix: '2001:db8:1::/64', framedInterfaceId: '::1:2:3:4' }, 'v6'],
    [{ framedIp: '10.0.0.1', delegatedIpv6Prefix: '2001:db8:2::/56' }, null],
    [{}, null],
  ] as const)('with %o has the leg %s', async (addresses, leg) => {
    const { pool, nas, subscriber } = await world()
    const session = makeSession({ nas, subscriber })
    await recordEach(pool, session.start({ addresses }), session.interim(60))
    expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject({ leg })
  })
})

describe('a service on a session', () => {
  const mac = '02:00:00:00:00:88'

  async function withService() {
    const { pool, nas, subscriber } = await world()
    const parent = makeSession({ nas, subscriber, mac, classId: 71n })
    const service = { service: { service: 'voice', parentSessionId: parent.acctSessionId } }
    const child = makeSession({ nas, subscriber, mac, classId: 71n, id: `${parent.acctSessionId}:1` })
    return { pool, nas, subscriber, parent, child, service }
  }

  it('is a row of its own under the session, and never adds to usage', async () => {
    const { pool, nas, subscriber, parent, child, service } = await withService()
    const records = [
      parent.start(),
      child.start(service),
      parent.interim(300, { input: 1000 }),
      child.interim(300, { input: 400, ...service }),
    ]
    const outcomes = await recordAccounting(pool, records, at(300))
    expect(outcomes).toMatchObject([{}, { lineTaken: false }, { inputDelta: 1000n }, { inputDelta: 400n }])
    const { id } = await onlyRow(pool, nas, parent.acctSessionId)
    expect(await onlyRow(pool, nas, child.acctSessionId)).toMatchObject({
      parent_id: id,
      service: 'voice',
      subscriber_id: subscriber.id,
      input_octets: 400n,
    })
    const sum = { input: 1000n, output: 0n }
    expect(await usageOf(pool, subscriber.id)).toEqual({ hours: sum, periods: sum })
  })

  it('finds a session that is made after it with its next record', async () => {
    const { pool, nas, parent, child, service } = await withService()
    await recordEach(pool, child.start(service), parent.start(), child.interim(60, service))
    const { id } = await onlyRow(pool, nas, parent.acctSessionId)
    expect(await onlyRow(pool, nas, child.acctSessionId)).toMatchObject({ parent_id: id })
  })

  it('stops alone: the session goes on, and so does the claim of its login', async () => {
    const { pool, nas, subscriber, parent, child, service } = await withService()
    await recordEach(pool, parent.start(), child.start(service))
    await pool.query(
      `insert into session_claim (subscriber_id, slot, line, nas_group_id, class_id, claimed_at)
       values ($1, 1, $2, $3, 71, $4)`,
      [subscriber.id, `mac:${mac}`, nas.nasGroupId, at(0)],
    )
    const { sessionId } = await recordEach(pool, child.stop(60, service))
    expect(await endReplacedSessions(pool, [sessionId], at(60))).toEqual([])
    expect(await sweepEndedSessions(pool, at(60))).toEqual({ replaced: 0, rebooted: 0, services: 0 })
    expect((await onlyRow(pool, nas, parent.acctSessionId)).ended_at).toBeNull()
    expect((await pool.query(`select from session_claim where subscriber_id = $1`, [subscriber.id])).rowCount).toBe(1)
  })

  it('ends with the Stop of the session, as that ended; its own late Stop still counts', async () => {
    const { pool, nas, subscriber, parent, child, service } = await withService()
    const other = makeSession({ nas, subscriber, id: `${parent.acctSessionId}:2` })
    await recordEach(pool, parent.start(), child.start(service), other.start(service), other.stop(50, service))
    const { sessionId } = await recordEach(pool, parent.stop(100, { input: 9, terminateCause: 4 }))
    expect(await endServices(pool, [sessionId])).toHaveLength(1)
    expect(await endServices(pool, [sessionId])).toEqual([])
    const end = { ended_at: at(100), ended_by: 'stop', terminate_cause: 4 }
    expect(await onlyRow(pool, nas, child.acctSessionId)).toMatchObject(end)
    expect(await onlyRow(pool, nas, other.acctSessionId)).toMatchObject({ ended_at: at(50), terminate_cause: 1 })
    await recordEach(pool, child.stop(101, { input: 7, ...service }))
    expect(await onlyRow(pool, nas, child.acctSessionId)).toMatchObject({ ...end, input_octets: 7n })
    expect((await usageOf(pool, subscriber.id)).periods.input).toBe(9n)
  })

  it('does not end while its session lives', async () => {
    const { pool, nas, parent, child, service } = await withService()
    const { sessionId } = await recordEach(pool, parent.start())
    await recordEach(pool, child.start(service))
    expect(await endServices(pool, [sessionId])).toEqual([])
    expect((await onlyRow(pool, nas, child.acctSessionId)).ended_at).toBeNull()
  })

  it('goes with a session that is replaced, without an order of its own', async () => {
    const { pool, nas, subscriber, parent, child, service } = await withService()
    const other = await makeNas(pool)
    await recordEach(pool, parent.start(), child.start(service))
    const { sessionId } = await recordEach(pool, makeSession({ nas: other, subscriber, mac, start: 50 }).start())
    expect(await endReplacedSessions(pool, [sessionId], at(51))).toHaveLength(2)
    expect(await onlyRow(pool, nas, child.acctSessionId)).toMatchObject({ ended_by: 'replaced', ended_at: at(50) })
    const { rows } = await pool.query(`select session_id from coa_order where subscriber_id = $1`, [subscriber.id])
    const { id } = await onlyRow(pool, nas, parent.acctSessionId)
    expect(rows).toEqual([{ session_id: id }])
  })

  it('goes with its NAS, and is found by the sweep where a crash left it open', async () => {
    const { pool, nas, parent, child, service } = await withService()
    await recordEach(pool, parent.start(), child.start(service), parent.stop(60))
    expect(await sweepEndedSessions(pool, at(70))).toEqual({ replaced: 0, rebooted: 0, services: 1 })
    expect((await onlyRow(pool, nas, child.acctSessionId)).ended_by).toBe('stop')
    const later = makeSession({ nas, mac, start: 100 })
    await recordEach(pool, later.start(), makeSession({ nas, mac, start: 100 }).start(service))
    expect(await recordReboot(pool, { nasId: nas.id, eventAt: at(200), kind: 'off' }, at(200))).toBe(2)
  })
})
