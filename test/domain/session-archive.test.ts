import { expect, it } from 'vitest'
import { recordAccounting } from '../../src/domain/accounting.ts'
import { archiveSessions } from '../../src/domain/session-archive.ts'
import {
  at,
  makeNas,
  makeSession,
  makeSubscriber,
  onlyRow,
  recordEach,
  sessionRows,
  usageOf,
} from '../support/accounting.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const threeDays = 3 * 86_400

it('moves what was closed two days ago, whole, and nothing else', async () => {
  const { pool } = database
  const nas = await makeNas(pool)
  const subscriber = await makeSubscriber(pool)
  const closed = makeSession({ nas, subscriber, framedIp: '10.0.0.7', classId: 5n })
  const open = makeSession({ nas, subscriber })
  const justClosed = makeSession({ nas, subscriber })
  await recordEach(pool, closed.start(), closed.stop(60, { input: 7 }), open.start())
  await recordEach(pool, justClosed.start(), justClosed.stop(threeDays - 3600))
  const before = await pool.query(`select * from session where acct_session_id = $1`, [closed.acctSessionId])
  expect(await archiveSessions(pool, at(threeDays))).toBe(1)
  expect(await archiveSessions(pool, at(threeDays))).toBe(0)
  const after = await pool.query(`select * from session_archive where acct_session_id = $1`, [closed.acctSessionId])
  expect(after.rows).toEqual(before.rows)
  expect(await sessionRows(pool, nas, closed.acctSessionId)).toEqual([])
  await onlyRow(pool, nas, open.acctSessionId)
  await onlyRow(pool, nas, justClosed.acctSessionId)
})

it('keeps a late record of an archived session from making it again', async () => {
  const { pool } = database
  const nas = await makeNas(pool)
  const subscriber = await makeSubscriber(pool)
  for (const classId of [8n, undefined]) {
    const session = makeSession({ nas, subscriber, ...(classId === undefined ? {} : { classId }) })
    const stop = session.stop(60, { input: 7 })
    await recordEach(pool, session.start(), stop)
    const usage = await usageOf(pool, subscriber.id)
    await archiveSessions(pool, at(threeDays))
    expect(await recordAccounting(pool, [stop], at(threeDays))).toEqual([{ kind: 'archived' }])
    expect(await sessionRows(pool, nas, session.acctSessionId)).toEqual([])
    expect(await usageOf(pool, subscriber.id)).toEqual(usage)
  }
})

it('records an old session that nobody has archived, also one with the id of an archived one', async () => {
  const { pool } = database
  const nas = await makeNas(pool, { createdAt: at(-7200) })
  const subscriber = await makeSubscriber(pool)
  const first = makeSession({ nas, subscriber, id: 'again', classId: 1n })
  await recordEach(pool, first.start(), first.stop(60, { input: 7 }))
  await archiveSessions(pool, at(threeDays))
  const records = [
    makeSession({ nas, subscriber, id: 'again', classId: 2n }).interim(threeDays, { input: 9 }),
    makeSession({ nas, subscriber, id: 'other' }).interim(threeDays, { input: 5 }),
  ]
  const outcomes = await recordAccounting(pool, records, at(threeDays))
  expect(outcomes).toMatchObject([
    { inserted: true, inputDelta: 9n },
    { inserted: true, inputDelta: 5n },
  ])
})
