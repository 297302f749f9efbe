import { expect, it } from 'vitest'
import { recordReboot } from '../../src/domain/session-end.ts'
import { listSessions } from '../../src/domain/session.ts'
import { at, makeNas, makeSession, makeSubscriber, recordEach } from '../support/accounting.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

it('lists sessions newest first, in the words of the outside', async () => {
  const { pool } = database
  const nas = await makeNas(pool)
  const subscriber = await makeSubscriber(pool)
  const older = makeSession({ nas, subscriber, framedIp: '10.0.0.7' })
  const newer = makeSession({ nas, subscriber, start: 60 })
  const octets = 2n ** 53n + 1n
  await recordEach(pool, older.start(), older.interim(300, { output: octets, gigawords: true }), newer.start())
  const listed = await listSessions(pool, { username: subscriber.username }, at(300))
  expect(listed.map((session) => session.acct_session_id)).toEqual([newer.acctSessionId, older.acctSessionId])
  expect(listed[1]).toMatchObject({
    nas: nas.name,
    username: subscriber.username,
    subscriber_id: Number(subscriber.id),
    online: true,
    framed_ip: '10.0.0.7',
    started_at: '2026-05-04T12:00:00.000Z',
    ended_at: null,
    session_time: 300,
    input_octets: '0',
    output_octets: '9007199254740993',
  })
  expect(JSON.parse(JSON.stringify(listed))).toEqual(listed)
  expect(await listSessions(pool, { username: subscriber.username, limit: 1 }, at(300))).toHaveLength(1)
})

it('calls online what is open and was heard of within three of its intervals', async () => {
  const { pool } = database
  const nas = await makeNas(pool)
  const subscriber = await makeSubscriber(pool)
  await recordEach(
    pool,
    makeSession({ nas, subscriber, id: 'unknown interval' }).start(),
    makeSession({ nas, subscriber, id: 'every minute' }).start({ interimIntervalS: 60 }),
    makeSession({ nas, subscriber, id: 'ended' }).stop(1),
  )
  const online = async (seconds: number) =>
    (await listSessions(pool, { online: true, username: subscriber.username }, at(seconds)))
      .map((session) => session.acct_session_id)
      .toSorted()
  expect(await online(179)).toEqual(['every minute', 'unknown interval'])
  expect(await online(181)).toEqual(['unknown interval'])
  expect(await online(1801)).toEqual([])
  await pool.query(`update nas set observed_interval_s = 900 where id = $1`, [nas.id])
  expect(await online(1801)).toEqual(['unknown interval'])
  await recordReboot(pool, { nasId: nas.id, eventAt: at(1801), kind: 'on' }, at(1801))
  expect(await online(1801)).toEqual([])
})
