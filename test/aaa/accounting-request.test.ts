import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createAccountingHandler } from '../../src/aaa/accounting-request.ts'
import type { AccountingHandler } from '../../src/aaa/accounting-request.ts'
import { createTestClock } from '../../src/clock.ts'
import type { Pool } from '../../src/db/pool.ts'
import { createPool } from '../../src/db/pool.ts'
import { listAlarms } from '../../src/domain/alarm.ts'
import type { Nas } from '../../src/domain/nas.ts'
import { issueClass } from '../../src/domain/session-class.ts'
import { listSessions } from '../../src/domain/session.ts'
import { createLogger } from '../../src/log.ts'
import { createMetrics } from '../../src/metrics.ts'
import { encodeAttributes } from '../../src/radius/attributes.ts'
import { codes } from '../../src/radius/codes.ts'
import { makeNas, makeSubscriber, noon, usageOf } from '../support/accounting.ts'
import type { TestSubscriber } from '../support/accounting.ts'
import { packetWith, testContext } from '../support/attributes.ts'
import { useDatabase } from '../support/database.ts'
import { dictionary } from '../support/dictionary.ts'
import { openTestKeyring } from '../support/keyring.ts'
import { everySink, openTestJournal, type TestJournal } from '../support/sinks.ts'
import { defaultSettings } from '../../src/domain/setting.ts'
import type { AccountingSink } from '../../src/domain/setting.ts'

const database = useDatabase()
const answer = { code: codes.accountingResponse, attributes: Buffer.alloc(0) }
let keys: Awaited<ReturnType<typeof openTestKeyring>>
let handler: AccountingHandler
let metrics: ReturnType<typeof createMetrics>
let nas: Nas
let subscriber: TestSubscriber
let journal: TestJournal
let sink: AccountingSink = 'auto'
/** As the registry has them when the journal is replayed. */
const nases = new Map<bigint, Nas>()

beforeAll(async () => {
  keys = await openTestKeyring(database.pool)
})
afterAll(() => keys.remove())
beforeEach(async () => {
  nas = await makeNas(database.pool)
  subscriber = await makeSubscriber(database.pool)
  journal = await openTestJournal()
  handler = makeHandler(database.pool)
  journal.replay(handler.replay)
})
afterEach(async () => {
  await journal.close()
  await handler.close()
})

function makeHandler(pool: Pool): AccountingHandler {
  metrics = createMetrics()
  const log = createLogger({ level: 'silent' })
  return createAccountingHandler({
    dictionary,
    keyring: keys.keyring,
    settings: () => ({ ...defaultSettings, accounting_sink: sink }),
    journal: { append: journal.journal.append, onKept: journal.poke, nasOf: (id) => nases.get(id) },
    breaker: journal.breaker,
    commitWithinMs: 10_000,
    pool,
    lanes: 3,
    clock: createTestClock(noon),
    log,
    metrics,
  })
}

type Values = Record<string, string | number | Uint8Array>

function say(status: string | number, id: string | undefined, values: Values = {}) {
  const all: Values = {
    'Acct-Status-Type': status,
    ...(id === undefined ? {} : { 'Acct-Session-Id': id }),
    'User-Name': subscriber.username,
    'Calling-Station-Id': '02-00-00-00-00-55',
    ...values,
  }
  nases.set(nas.id, nas)
  const attributes = Object.entries(all).map(([name, value]) => ({ name, value }))
  return handler.handle({ packet: packetWith(encodeAttributes(dictionary, attributes, testContext())) }, nas)
}

const counted = (seconds: number, input: number): Values => ({
  'Acct-Session-Time': seconds,
  'Acct-Input-Octets': input,
  'Acct-Output-Octets': 0,
})

async function sessions() {
  await journal.drained()
  return (await listSessions(database.pool, {}, noon)).filter((session) => session.nas === nas.name)
}

describe.each(everySink)('an Accounting-Request ($sink)', (mode) => {
  beforeEach(() => {
    sink = mode.sink
  })

  it('is answered when its record is in the database', async () => {
    expect(await say('Start', 'a')).toEqual(answer)
    expect(await say('Interim-Update', 'a', counted(300, 5))).toEqual(answer)
    expect(await sessions()).toMatchObject([{ acct_session_id: 'a', input_octets: '5', online: true }])
    expect((await usageOf(database.pool, subscriber.id)).periods.input).toBe(5n)
  })

  it('of an IPoE line without our Class is its subscriber’s, whatever name the NAS wrote', async () => {
    await database.pool.query(`update subscriber set account_type = 'ipoe' where id = $1`, [subscriber.id])
    await database.pool.query(`insert into device (subscriber_id, mac, bound) values ($1, '02:00:00:00:00:77', true)`, [
      subscriber.id,
    ])
    // Of this sink alone: the others have it too.
    await database.pool.query('delete from device where subscriber_id <> $1', [subscriber.id])
    const line = { 'User-Name': '02:00:00:00:00:77', 'Calling-Station-Id': '1:2:0:0:0:0:77' }
    await say('Start', 'lease', line)
    await say('Interim-Update', 'lease', { ...line, ...counted(300, 7) })
    expect(await sessions()).toMatchObject([{ acct_session_id: 'lease', subscriber_id: Number(subscriber.id) }])
    expect((await usageOf(database.pool, subscriber.id)).periods.input).toBe(7n)
  })

  it('of a whole storm is kept to the octet', async () => {
    const storm = Array.from({ length: 400 }, (_, index) => {
      const id = `storm-${index % 40}`
      return say('Interim-Update', id, {
        ...counted(300 + index, 1000 + index),
        'Event-Timestamp': noon.getTime() / 1000 + index,
      })
    })
    expect(await Promise.all(storm)).toEqual(storm.map(() => answer))
    const rows = await sessions()
    expect(rows).toHaveLength(40)
    // Of 40 sessions the last interims say 1360 to 1399.
    const sum = rows.reduce((total, row) => total + Number(row.input_octets), 0)
    expect(sum).toBe((40 * (1360 + 1399)) / 2)
    expect((await usageOf(database.pool, subscriber.id)).hours.input).toBe(BigInt(sum))
    expect(rows.reduce((total, row) => total + row.anomalies, 0)).toBe(0)
  })

  it('with nothing to record is answered, or the NAS would repeat it for ever', async () => {
    expect(await say(9, 'b')).toEqual(answer)
    expect(await say('Start', undefined)).toEqual(answer)
    expect(await sessions()).toEqual([])
  })

  it('belongs to the subscriber of our Class', async () => {
    const octets = issueClass(keys.keyring, { classId: 5n, subscriberId: subscriber.id })
    await say('Start', 'c', { Class: octets, 'User-Name': 'alias' })
    expect(await sessions()).toMatchObject([{ subscriber_id: Number(subscriber.id), username: 'alias' }])
  })

  it('gets no answer while the database is away and nothing else may keep it, else an answer by the journal', async () => {
    const away = createPool('postgres://nobody@127.0.0.1:1/none', { name: 'away', connectTimeoutMs: 500 })
    const there = handler
    handler = makeHandler(away)
    const expected = mode.sink === 'db-only' ? undefined : answer
    expect(await say('Start', 'd')).toEqual(expected)
    expect(await say('Accounting-On', 'd')).toEqual(expected)
    await away.end()
    await handler.close()
    handler = there
    // The replay goes on with the database that is there.
    const kept = mode.sink === 'db-only' ? [] : [{ acct_session_id: 'd' }]
    expect(await sessions()).toMatchObject(kept)
  })

  it('is counted by NAS and status', async () => {
    await say('Start', 'e')
    await say('Stop', 'e', counted(60, 5))
    await say('Interim-Update', 'e', { 'Acct-Session-Time': 4_294_967_295 })
    await journal.drained()
    const counts = async (metric: 'records' | 'anomalies') =>
      (await metrics[metric].get()).values.map(({ labels, value }) => [...Object.values(labels).slice(1), value])
    expect(await counts('records')).toEqual([
      ['start', 1],
      ['stop', 1],
      ['interim', 1],
    ])
    expect(await counts('anomalies')).toEqual([[1]])
  })
})

describe.each(everySink)('what an answer also means ($sink)', (mode) => {
  beforeEach(() => {
    sink = mode.sink
  })

  it('a redial of the line ends the session before it', async () => {
    await say('Start', 'old', { 'Acct-Delay-Time': 60 })
    await say('Start', 'new')
    expect((await sessions()).map(({ acct_session_id: id, ended_by: by }) => [id, by])).toEqual([
      ['new', null],
      ['old', 'replaced'],
    ])
  })

  it('a redial to another NAS of the group leaves an order to disconnect the session there', async () => {
    await say('Start', 'dead', { 'Acct-Delay-Time': 60 })
    const died = nas
    nas = await makeNas(database.pool)
    expect(await say('Start', 'alive')).toEqual(answer)
    await journal.drained()
    const { rows } = await database.pool.query(
      `select coa_order.wish, coa_order.reason, coa_order.nas_id, session.ended_by
       from coa_order join session on session.id = coa_order.session_id where coa_order.subscriber_id = $1`,
      [subscriber.id],
    )
    expect(rows).toEqual([{ wish: 'disconnect', reason: 'replaced', nas_id: died.id, ended_by: 'replaced' }])
    expect(await sessions()).toMatchObject([{ acct_session_id: 'alive', ended_by: null }])
  })

  it('a Stop ends the services on its session; the Stop of a service only itself', async () => {
    nas = { ...nas, vendor: 'juniper' }
    const service = (name: string) => ({ 'ERX-Service-Session': name })
    await say('Start', '4711')
    await Promise.all([say('Start', '4711:1', service('voice')), say('Start', '4711:2', service('video'))])
    await say('Stop', '4711:1', { ...counted(60, 5), ...service('voice') })
    const open = async () =>
      (await sessions()).filter(({ ended_at: at }) => at === null).map(({ acct_session_id: id }) => id)
    expect((await open()).toSorted()).toEqual(['4711', '4711:2'])
    expect(await say('Stop', '4711', counted(90, 7))).toEqual(answer)
    expect(await open()).toEqual([])
    expect((await usageOf(database.pool, subscriber.id)).periods.input).toBe(7n)
  })

  it('a Stop frees the claim of its login', async () => {
    await database.pool.query(
      `insert into session_claim (subscriber_id, slot, line, nas_group_id, class_id, claimed_at)
       values ($1, 1, 'mac:02:00:00:00:00:55', $2, 5, $3)`,
      [subscriber.id, nas.nasGroupId, noon],
    )
    await say('Stop', 'f', {
      ...counted(60, 5),
      Class: issueClass(keys.keyring, { classId: 5n, subscriberId: subscriber.id }),
    })
    await journal.drained()
    const { rows } = await database.pool.query(`select 1 from session_claim where subscriber_id = $1`, [subscriber.id])
    expect(rows).toEqual([])
  })

  it('Accounting-On of nobody behind a shared client is answered, and an alarm stands', async () => {
    await say('Start', 'h', { 'Acct-Delay-Time': 60 })
    expect(await handler.handleUnnamedReboot({ name: `behind one NAT, ${mode.sink}` })).toEqual(answer)
    expect(await handler.handleUnnamedReboot({ name: `behind one NAT, ${mode.sink}` })).toEqual(answer)
    const standing = await listAlarms(database.pool)
    expect(standing.filter(({ subject }) => subject.endsWith(mode.sink))).toMatchObject([
      { kind: 'unnamed-reboot', count: 2n, firstAt: noon },
    ])
    expect((await metrics.alarms.get()).values).toMatchObject([{ labels: { kind: 'unnamed-reboot' }, value: 2 }])
    expect(await sessions()).toMatchObject([{ acct_session_id: 'h', ended_by: null }])
  })

  it('Accounting-On closes what its NAS had before', async () => {
    await say('Start', 'g', { 'Acct-Delay-Time': 60 })
    expect(await say('Accounting-On', 'ignored')).toEqual(answer)
    expect(await sessions()).toMatchObject([{ acct_session_id: 'g', ended_by: 'nas-reboot', terminate_cause: 11 }])
  })
})
