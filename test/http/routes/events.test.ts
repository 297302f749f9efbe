import { beforeAll, describe, expect, it } from 'vitest'
import { createPool, withTransaction } from '../../../src/db/pool.ts'
import { writeAudit } from '../../../src/domain/audit/audit.ts'
import { raiseAlarm } from '../../../src/domain/alarm.ts'
import { hubOf } from '../../../src/http/event-hub.ts'
import { makeDecision, makeNasRow, makeSessionRow, makeSide } from '../../support/activity.ts'
import type { Side } from '../../support/activity.ts'
import { insertRow } from '../../support/access.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { readEvents } from '../../support/event-reader.ts'
import type { EventReader, ReadEvent } from '../../support/event-reader.ts'
import { noon } from '../../support/operator.ts'

const api = useApi()
let support: Client
let [one, other]: Side[] = []
let nasId = 0n

beforeAll(async () => {
  hubOf(api.services, 30)
  support = await api.as('support')
  one = await makeSide(api, 'anna')
  other = await makeSide(api, 'berta', 'south')
  nasId = await makeNasRow(api, 'bng-1')
})

const decide = (side: Side | undefined, detail: string) =>
  makeDecision(api, {
    username: side?.username ?? 'stranger',
    subscriberId: side?.subscriberId,
    reason: side === undefined ? 'unknown' : 'blocked',
    accepted: false,
    nasId,
    detail,
  })
const details = (events: ReadEvent[]) =>
  events.filter(({ event }) => event === 'decision').map(({ data }) => String(data.detail))
const byDetail = (detail: string) => (event: ReadEvent) => event.data.detail === detail
/** A stream of the caller for the length of the work. */
async function listening<T>(
  client: Client,
  work: (reader: EventReader) => Promise<T>,
  query = '',
  headers: Record<string, string> = {},
): Promise<T> {
  const reader = await readEvents(client, query, headers)
  try {
    return await work(reader)
  } finally {
    await reader.close()
  }
}

describe('GET /events', () => {
  it('tells a decision with its sentence', () =>
    listening(support, async (reader) => {
      await decide(one, 'first')
      expect(await reader.next(byDetail('first'))).toMatchObject({
        event: 'decision',
        data: {
          topic: 'decisions',
          at: noon.toISOString(),
          username: 'anna',
          subscriber_id: Number(one!.subscriberId),
          nas: 'bng-1',
          reason: 'blocked',
          accepted: false,
          sentence: 'rejected: the subscriber is blocked',
        },
      })
    }))

  it('tells when a session begins and ends, once each, whatever is written between', () =>
    listening(support, async (reader) => {
      const anna = { subscriber_id: one!.subscriberId, username: 'anna', nas_id: nasId, mac: 'aa:00:00:00:00:01' }
      const id = await makeSessionRow(api, { ...anna, framed_ip: '10.0.0.9' })
      const isOf = ({ data }: ReadEvent) => data.id === Number(id)
      expect(await reader.next(isOf)).toMatchObject({
        event: 'session-start',
        data: { mac: 'aa:00:00:00:00:01', framed_ip: '10.0.0.9', nas: 'bng-1' },
      })
      await api.pool.query(`update session set session_time = 60 where id = $1`, [id])
      await decide(one, 'after the interim')
      await reader.next(byDetail('after the interim'))
      await api.pool.query(`update session set ended_at = $2, ended_by = 'stop', input_octets = $3 where id = $1`, [
        id,
        noon,
        2n ** 60n,
      ])
      expect(await reader.next(isOf)).toMatchObject({
        event: 'session-stop',
        data: { ended_by: 'stop', input_octets: '1152921504606846976' },
      })
      expect(reader.events.filter(isOf)).toHaveLength(2)
    }))

  it('tells the states of a CoA order', () =>
    listening(support, async (reader) => {
      const id = await insertRow(api.pool, 'coa_order', {
        session_id: 1,
        subscriber_id: one!.subscriberId,
        nas_id: nasId,
        wish: 'disconnect',
        reason: 'blocked',
        next_at: noon,
        deadline: noon,
        created_at: noon,
      })
      const isOf = ({ event }: ReadEvent) => event === 'coa'
      expect(await reader.next(isOf)).toMatchObject({ data: { id: Number(id), state: 'waiting', username: 'anna' } })
      await api.pool.query(`update coa_order set state = 'acked', evidence = 'acked', finished_at = $2 where id = $1`, [
        id,
        noon,
      ])
      expect(await reader.next(isOf)).toMatchObject({ data: { id: Number(id), state: 'acked', evidence: 'acked' } })
    }))

  it('tells deeds, alarms and bulk runs to who may see them, and never a value of a person', async () => {
    const administrator = await api.as('administrator')
    const deed = { action: 'subscriber.edit', noun: 'subscriber', rowId: one!.subscriberId, ownerId: one!.ownerId }
    const act = async () => {
      await writeAudit(api.db, { ...deed, after: { full_name: 'Canary', zone: 'x' } }, api.author, noon)
      await raiseAlarm(api.pool, { kind: 'unnamed-reboot', subject: 'bng-1', text: 'look at it' }, noon)
      await insertRow(api.pool, 'bulk_run', {
        action: 'block',
        params: '{}',
        target: '{"all": true}',
        author_kind: 'system',
        author_name: 'test',
        permissions: [],
        total: 7,
        created_at: noon,
      })
    }
    await Promise.all([
      listening(administrator, async (reader) => {
        await act()
        await reader.next(({ event }) => event === 'bulk')
        await decide(one, 'the end')
        await reader.next(byDetail('the end'))
        const told = new Map(reader.events.map(({ event, data }) => [event, data]))
        expect(told.get('audit')).toMatchObject({ action: 'subscriber.edit', username: 'anna', author_name: 'test' })
        expect(told.get('alarm')).toMatchObject({ kind: 'unnamed-reboot', text: 'look at it' })
        expect(told.get('bulk')).toMatchObject({ action: 'block', state: 'waiting', total: 7 })
        expect(JSON.stringify(reader.events)).not.toContain('Canary')
      }),
      listening(support, async (reader) => {
        await reader.next(byDetail('the end'))
        expect(reader.events.map(({ event }) => event)).not.toContain('audit')
      }),
    ])
  })

  it('W45: tells each of two resellers its own only, and strangers to the ISP only', async () => {
    // A stream may tell what was just before it, of the test before.
    const told = (reader: EventReader) => details(reader.events).filter((detail) => /^(of|last)/.test(detail))
    await listening(one!.client, async (ofOne) =>
      listening(other!.client, async (ofOther) =>
        listening(support, async (ofIsp) => {
          for (const side of [one, other, undefined]) await decide(side, `of ${side?.username ?? 'nobody'}`)
          await writeAudit(
            api.db,
            { action: 'plan.edit', noun: 'plan', rowId: 1n, ownerId: one!.ownerId },
            api.author,
            noon,
          )
          await decide(one, 'last')
          await decide(other, 'last')
          for (const reader of [ofOne, ofOther, ofIsp]) await reader.next(byDetail('last'))
          expect(told(ofOne)).toEqual(['of anna', 'last'])
          expect(told(ofOther)).toEqual(['of berta', 'last'])
          expect(details(ofIsp.events)).toEqual(expect.arrayContaining(['of anna', 'of berta', 'of nobody']))
          expect(ofOne.events.some(({ event }) => event === 'audit')).toBe(true)
          expect(ofOther.events.some(({ event }) => event === 'audit')).toBe(false)
        }),
      ),
    )
  })

  it('tells a team of a zone only of its zone', async () => {
    const teamId = await insertRow(api.pool, 'team', { name: 'south', zones: ['south'], created_at: noon })
    await listening(await api.as('support', { teamId }), async (reader) => {
      for (const side of [one, undefined, other]) await decide(side, `zone of ${side?.username ?? 'nobody'}`)
      await reader.next(byDetail('zone of berta'))
      expect(details(reader.events).filter((detail) => detail.startsWith('zone'))).toEqual(['zone of berta'])
    })
  })

  it('tells only the topics and the subscriber that were asked for', async () => {
    await listening(
      support,
      async (reader) => {
        await decide(other, 'of another')
        await makeSessionRow(api, { subscriber_id: one!.subscriberId, username: 'anna' })
        await decide(one, 'of this one')
        await reader.next(byDetail('of this one'))
        expect(details(reader.events)).not.toContain('of another')
        expect(new Set(reader.events.map(({ event }) => event))).toEqual(new Set(['open', 'decision']))
      },
      `?topics=decisions&subscriber_id=${one!.subscriberId}`,
    )
    expect((await support.get('/events?topics=weather')).status).toBe(400)
    expect((await one!.client.get(`/events?subscriber_id=${other!.subscriberId}`)).status).toBe(404)
  })

  it('tells what commits late, though others with later ids were told before', () =>
    listening(support, async (reader) => {
      const pool = createPool(api.databaseUrl, { name: 'late', max: 1 })
      await withTransaction(pool, async (client) => {
        await client.query(
          `insert into access_log (day, username, method, reason, accepted, detail, first_at, last_at)
           values ($1::timestamptz::date, 'late', 'pap', 'unknown', false, 'late', $1, $1)`,
          [noon],
        )
        await decide(one, 'early')
        await reader.next(byDetail('early'))
      })
      await pool.end()
      expect(await reader.next(byDetail('late'))).toBeDefined()
    }))
})

describe('coming back with Last-Event-ID', () => {
  it('loses nothing of what happened meanwhile, and goes on', async () => {
    const lastId = await listening(support, async (reader) => {
      await decide(one, 'seen')
      await reader.next(byDetail('seen'))
      return reader.lastId()
    })
    const away = Array.from({ length: 20 }, (_, n) => `away ${n}`)
    for (const detail of away) await decide(one, detail)
    const id = await makeSessionRow(api, { subscriber_id: one!.subscriberId, username: 'anna' })
    await api.pool.query(`update session set ended_at = $2, ended_by = 'stop' where id = $1`, [id, noon])
    await listening(
      support,
      async (reader) => {
        await decide(one, 'back')
        await reader.next(byDetail('back'))
        expect(details(reader.events).toSorted()).toEqual([...away, 'back'].toSorted())
        const ofSession = reader.events.filter(({ data }) => data.id === Number(id)).map(({ event }) => event)
        expect(ofSession.toSorted()).toEqual(['session-start', 'session-stop'])
      },
      '',
      { 'last-event-id': lastId },
    )
    const again = await readEvents(support, `?last_event_id=${lastId}&topics=decisions`)
    await again.next(byDetail('away 19'))
    expect(details(again.events)).toContain('away 0')
    await again.close()
  })

  it('says that there is a gap where it cannot go on', async () => {
    const opened = await listening(support, async (reader) => reader.lastId())
    for (const id of ['nonsense', Buffer.from('1:1:|1:1:|0|0').toString('base64url')]) {
      await listening(
        support,
        async (reader) => {
          expect(reader.events).toMatchObject([{ event: 'gap', data: { reason: 'away-too-long' } }, { event: 'open' }])
          expect(reader.lastId()).not.toBe(id)
        },
        '',
        { 'last-event-id': id },
      )
    }
    api.clock.advance(20 * 60_000)
    await listening(support, async (reader) => expect(reader.events[0]).toMatchObject({ event: 'gap' }), '', {
      'last-event-id': opened,
    })
    api.clock.advance(-20 * 60_000)
  })
})

describe('W45: the stream ends', () => {
  const ended = ({ event }: ReadEvent) => event === 'end'
  /** Why it ended, and what came after. */
  const cut = async (work: (client: Client) => Promise<unknown>): Promise<unknown[]> => {
    const client = await api.as('support')
    return listening(client, async (reader) => {
      await work(client)
      return [(await reader.next(ended))?.data['reason'], await reader.next(() => true)]
    })
  }

  it('within seconds of a logout, a disabled operator, and a role that may not', async () => {
    const ends = await Promise.all([
      cut(({ operatorId }) =>
        api.pool.query(`update panel_session set ended_at = $2 where operator_id = $1`, [operatorId, noon]),
      ),
      cut(({ operatorId }) => api.pool.query(`update operator set enabled = false where id = $1`, [operatorId])),
      cut(({ operatorId }) =>
        api.pool.query(`update operator set role_id = (select id from role where name = 'billing') where id = $1`, [
          operatorId,
        ]),
      ),
    ])
    for (const end of ends) expect(end).toEqual(['not-permitted-any-more', undefined])
  }, 20_000)

  it('and an open stream does not keep a panel session in use', async () => {
    const client = await api.as('support')
    await listening(client, async (reader) => {
      await api.pool.query(
        `update panel_session set last_seen_at = last_seen_at - interval '59 minutes' where operator_id = $1`,
        [client.operatorId],
      )
      const stream = reader.next(ended)
      await api.pool.query(
        `update panel_session set last_seen_at = last_seen_at - interval '2 minutes' where operator_id = $1`,
        [client.operatorId],
      )
      expect(await stream).toBeDefined()
    })
  }, 20_000)
})

describe('who may open it', () => {
  it('nobody without the permission, none of another origin, and not more than five at a time', async () => {
    expect((await api.anonymous().get('/events')).status).toBe(401)
    expect((await (await api.as('billing')).get('/events')).status).toBe(403)
    expect((await support.get('/events', { origin: 'https://evil.example' })).status).toBe(403)
    const client = await api.as('support')
    const readers = await Promise.all(Array.from({ length: 5 }, () => readEvents(client)))
    expect(readers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    const refused = await client.get('/events')
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('30')
    await readers[0]!.close()
    await expect
      .poll(async () => {
        const reader = await readEvents(client)
        await reader.close()
        return reader.status
      })
      .toBe(200)
    for (const reader of readers) await reader.close()
  })
})
