import { beforeEach, describe, expect, it } from 'vitest'
import { disconnectKnown } from '../../src/domain/known-now.ts'
import { after, insertPlan, insertRow, insertSession, insertSubscriber, noon } from '../support/access.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
let planId: bigint
let made = 0

beforeEach(async () => {
  await database.pool.query('delete from coa_order')
  await database.pool.query(`update session set ended_at = $1, ended_by = 'stop' where ended_at is null`, [noon])
  planId = await insertPlan(database.pool, { name: `plan ${(made += 1)}` })
})

/** An open garden session: nobody's, with our Class. */
const gardenSession = (row: Record<string, unknown>) =>
  insertSession(database.pool, { subscriber_id: null, class_id: 4n, ...row })
const look = (at = noon) => disconnectKnown(database.pool, 600, at)

async function orders() {
  const { rows } = await database.pool.query(
    'select session_id, subscriber_id, nas_id, wish, reason, state from coa_order order by id',
  )
  return rows
}

describe('a garden session', () => {
  it('is left alone while nobody has its name or line', async () => {
    await gardenSession({ username: 'stranger', line: 'mac:02:00:00:00:01:01', mac: '02:00:00:00:01:01' })
    expect(await look()).toBe(0)
    expect(await orders()).toEqual([])
  })

  it('is disconnected once a PPPoE subscriber has its username', async () => {
    const sessionId = await gardenSession({ username: 'late1' })
    const id = await insertSubscriber(database.pool, { username: 'late1', plan_id: planId })
    expect(await look()).toBe(1)
    expect(await orders()).toEqual([
      {
        session_id: sessionId,
        subscriber_id: id,
        nas_id: expect.anything(),
        wish: 'disconnect',
        reason: 'known now',
        state: 'waiting',
      },
    ])
  })

  it('is disconnected once an IPoE subscriber has its line', async () => {
    const mac = '02:00:00:00:01:02'
    const sessionId = await gardenSession({ username: mac, line: `mac:${mac}`, mac })
    const id = await insertSubscriber(database.pool, { username: 'line2', plan_id: planId, account_type: 'ipoe' })
    await insertRow(database.pool, 'device', { subscriber_id: id, mac, bound: true })
    expect(await look()).toBe(1)
    expect(await orders()).toMatchObject([{ session_id: sessionId, subscriber_id: id }])
  })

  it('is told by its circuit id too, in the order of its NAS group', async () => {
    const circuit = Buffer.from('olt 3/3')
    const sessionId = await gardenSession({
      username: 'c',
      line: `circuit-id:${circuit.toString('hex')}`,
      circuit_id: circuit,
    })
    const row = { username: 'line3', plan_id: planId, account_type: 'ipoe', circuit_id: circuit }
    const id = await insertSubscriber(database.pool, row)
    expect(await look()).toBe(1)
    expect(await orders()).toMatchObject([{ session_id: sessionId, subscriber_id: id }])
  })

  it('is ordered once, whatever often it is looked at', async () => {
    await gardenSession({ username: 'late4' })
    await insertSubscriber(database.pool, { username: 'late4', plan_id: planId })
    expect(await look()).toBe(1)
    expect(await look(after(60))).toBe(0)
    expect(await look(after(3_599))).toBe(0)
    expect(await orders()).toHaveLength(1)
  })

  it('that came back into the garden is ordered again an hour later', async () => {
    await gardenSession({ username: 'late5' })
    await insertSubscriber(database.pool, { username: 'late5', plan_id: planId })
    expect(await look()).toBe(1)
    expect(await look(after(3_601))).toBe(1)
    // In place of the one that waits still.
    expect((await orders()).map(({ state }) => state)).toEqual(['replaced', 'waiting'])
  })

  it('is not the username of an IPoE or an archived subscriber', async () => {
    await gardenSession({ username: 'shop6' })
    await gardenSession({ username: 'gone6' })
    await insertSubscriber(database.pool, { username: 'shop6', plan_id: planId, account_type: 'ipoe' })
    await insertSubscriber(database.pool, { username: 'gone6', plan_id: planId, archived_at: noon })
    expect(await look()).toBe(0)
  })
})

describe('of other sessions', () => {
  it('none is touched: with a subscriber, ended, without our Class, or a service', async () => {
    const id = await insertSubscriber(database.pool, { username: 'anna7', plan_id: planId })
    await gardenSession({ username: 'anna7', subscriber_id: id })
    await gardenSession({ username: 'anna7', ended_at: noon, ended_by: 'stop' })
    await gardenSession({ username: 'anna7', class_id: null })
    await gardenSession({ username: 'anna7', service: 'internet' })
    expect(await look()).toBe(0)
  })

  it('all are looked at, however many there are', async () => {
    await database.pool.query(
      `insert into session (nas_id, acct_session_id, epoch, username, class_id, nas_group_id, address_space_id, line, mac,
         started_at, event_at, updated_at)
       select 1, 'many-' || n, 0, 'nobody-' || n, 4, 1, 1, 'mac:' || ('02:00:01:00:' ||
         lpad(to_hex(n / 256), 2, '0') || ':' || lpad(to_hex(n % 256), 2, '0')), ('02:00:01:00:' ||
         lpad(to_hex(n / 256), 2, '0') || ':' || lpad(to_hex(n % 256), 2, '0'))::macaddr, $1, $1, $1
       from generate_series(1, 1200) as n`,
      [noon],
    )
    await insertSubscriber(database.pool, { username: 'nobody-1190', plan_id: planId })
    const id = await insertSubscriber(database.pool, { username: 'line8', plan_id: planId, account_type: 'ipoe' })
    await insertRow(database.pool, 'device', { subscriber_id: id, mac: '02:00:01:00:04:a0', bound: true })
    expect(await look()).toBe(2)
  })
})
