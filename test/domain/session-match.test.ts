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

describe('F47: Acct-Session-Ids that repeat', () => {
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

  it('are of one session that goes on under a new Class, in whatever order its records come', async () => {
    const { pool, nas, subscriber } = await world()
    for (const order of [
      [0, 1, 2, 3],
      [2, 0, 3, 1],
    ]) {
      const session = makeSession({ nas, subscriber, classId: 5n, start: 100 })
      const renewed = { class: { classId: 6n, subscriberId: subscriber.id } }
      const records = [
        session.start(),
        session.interim(300, { input: 100 }),
        // Clocks round.
        session.interim(600, { input: 150, event: 702, ...renewed }),
        session.stop(900, { input: 180, ...renewed }),
      ]
      await recordEach(pool, ...order.map((index) => records[index]!))
      expect(await onlyRow(pool, nas, session.acctSessionId)).toMatchObject({ input_octets: 180n, ended_by: 'stop' })
    }
    expect((await usageOf(pool, subscriber.id)).periods.input).toBe(360n)
  })

  it('are of another session where the line began again, with a new Class, half a minute later', async () => {
    const { pool, nas, subscriber } = await world()
    const mac = '02:00:00:00:00:01'
    const before = makeSession({ nas, subscriber, mac, id: 'redial', classId: 7n })
    const after = makeSession({ nas, subscriber, mac, id: 'redial', classId: 8n, start: 30 })
    await recordEach(
      pool,
      before.interim(20, { input: 100 }),
      after.interim(10, { input: 7 }),
      before.stop(25, { input: 120 }),
    )
    expect(await sessionRows(pool, nas, 'redial')).toMatchObject([
      { class_id: 7n, input_octets: 120n },
      { class_id: 8n, input_octets: 7n },
    ])
  })

  it('are of two sessions where two Starts of one moment have two Classes: each record finds its own', async () => {
    const { pool, nas, subscriber } = await world()
    const mac = '02:00:00:00:00:01'
    const before = makeSession({ nas, subscriber, mac, id: 'flap', classId: 9n })
    const after = makeSession({ nas, subscriber, mac, id: 'flap', classId: 10n, start: 5 })
    await recordEach(
      pool,
      before.start(),
      after.start(),
      before.stop(3, { input: 3 }),
      after.interim(300, { input: 7 }),
    )
    expect(await sessionRows(pool, nas, 'flap')).toMatchObject([
      { class_id: 9n, input_octets: 3n, ended_by: 'stop' },
      { class_id: 10n, input_octets: 7n, ended_by: null },
    ])
  })

  it('are of another session where the first one had ended, however soon the line began again', async () => {
    const { pool, nas, subscriber } = await world()
    const mac = '02:00:00:00:00:01'
    const before = makeSession({ nas, subscriber, mac, id: 'boot', classId: 11n })
    const after = makeSession({ nas, subscriber, mac, id: 'boot', classId: 12n, start: 4 })
    // The Start of the second comes after its Stop.
    await recordEach(pool, before.start(), before.stop(4, { input: 3 }), after.stop(0), after.start())
    expect(await sessionRows(pool, nas, 'boot')).toMatchObject([
      { class_id: 11n, input_octets: 3n, ended_by: 'stop' },
      { class_id: 12n, input_octets: 0n, ended_by: 'stop' },
    ])
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
