// Which session a record belongs to when a NAS uses an Acct-Session-Id again (RFC 2866 §5.5 makes it unique only until then).

import { describe, expect, it } from 'vitest'
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

async function world() {
  const { pool } = database
  return { pool, nas: await makeNas(pool), subscriber: await makeSubscriber(pool) }
}

describe('Acct-Session-Ids that repeat', () => {
  it('are told apart by Class', async () => {
    const { pool, nas, subscriber } = await world()
    const before = makeSession({ nas, subscriber, id: 'same', classId: 1n })
    const after = makeSession({ nas, subscriber, id: 'same', classId: 2n, start: 30 })
    await recordEach(pool, before.start(), before.interim(20, { input: 100 }))
    await recordEach(pool, after.start(), after.interim(10, { input: 7 }))
    // Late, of the session before the reboot: its own row takes it.
    await recordEach(pool, before.interim(25, { input: 120 }))
    expect(await sessionRows(pool, nas, 'same')).toMatchObject([
      { epoch: 0, class_id: 1n, input_octets: 120n },
      { epoch: 1, class_id: 2n, input_octets: 7n },
    ])
    expect((await usageOf(pool, subscriber.id)).hours.input).toBe(127n)
  })

  it('are told apart by start where there is no Class', async () => {
    const { pool, nas, subscriber } = await world()
    const mac = '02:00:00:00:00:01'
    const before = makeSession({ nas, subscriber, mac, id: 'again' })
    const after = makeSession({ nas, subscriber, mac, id: 'again', start: 3600 })
    await recordEach(pool, before.start(), before.interim(300, { input: 100 }), after.start())
    await recordEach(pool, after.interim(60, { input: 5 }), before.stop(600, { input: 200 }))
    expect(await sessionRows(pool, nas, 'again')).toMatchObject([
      { started_at: at(0), input_octets: 200n, ended_by: 'stop' },
      { started_at: at(3600), input_octets: 5n, ended_by: null },
    ])
  })

  it('are told apart by username and by line', async () => {
    const { pool, nas, subscriber } = await world()
    const other = await makeSubscriber(pool)
    await recordEach(pool, makeSession({ nas, subscriber, id: 'x', mac: '02:00:00:00:00:01' }).start())
    await recordEach(pool, makeSession({ nas, subscriber, id: 'x', mac: '02:00:00:00:00:02' }).start())
    await recordEach(pool, makeSession({ nas, subscriber: other, id: 'x', mac: '02:00:00:00:00:01' }).start())
    expect((await sessionRows(pool, nas, 'x')).map((row) => row.epoch)).toEqual([0, 1, 2])
  })

  it('join a record that lost its Class to the session that has one', async () => {
    const { pool, nas, subscriber } = await world()
    const session = makeSession({ nas, subscriber, classId: 3n })
    await recordEach(pool, session.start({ class: undefined }), session.interim(60, { input: 5 }))
    await recordEach(pool, session.interim(120, { input: 8, class: undefined, event: 200 }))
    expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject({ class_id: 3n, input_octets: 8n })
  })

  it('of two NASes never meet', async () => {
    const { pool, nas, subscriber } = await world()
    const other = await makeNas(pool)
    await recordEach(pool, makeSession({ nas, subscriber, id: 'y', classId: 4n }).start())
    await recordEach(pool, makeSession({ nas: other, subscriber, id: 'y', classId: 4n }).start())
    expect(await sessionRows(pool, nas, 'y')).toHaveLength(1)
    expect(await sessionRows(pool, other, 'y')).toHaveLength(1)
  })
})
