// The rules that every story ends with, each shown to catch what is planted against it.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Nas } from '../src/domain/nas.ts'
import { at, makeNas, makeSession, makeSubscriber, recordEach, type TestSubscriber } from './support/accounting.ts'
import { useDatabase } from './support/database.ts'
import { findBreaches, insist, sessionBreaches, type Breach } from './support/invariants.ts'

const database = useDatabase()
const now = at(3_600)
let nas: Nas
let subscriber: TestSubscriber

const query = (text: string, values: unknown[] = []) => database.pool.query(text, values)
const found = async () => (await findBreaches(database.pool, now)).map(({ invariant, what }) => `${invariant} ${what}`)

beforeAll(async () => {
  nas = await makeNas(database.pool)
})
beforeEach(async () => {
  await query('delete from coa_order; delete from session; delete from job_run; delete from subscriber_address')
  await query(`update payer set balance_minor = (select coalesce(sum(amount_minor), 0) from ledger_entry where payer_id = payer.id);
    update subscriber set auto_renew = false`)
  subscriber = await makeSubscriber(database.pool)
})

/** An open session since so many seconds after noon. */
async function open(start: number, facts: Partial<Parameters<typeof makeSession>[0]> = {}): Promise<bigint> {
  const { sessionId } = await recordEach(database.pool, makeSession({ nas, subscriber, start, ...facts }).start())
  return sessionId
}

async function order(sessionId: bigint, seconds: number, state: string, wish = 'disconnect'): Promise<void> {
  await query(
    `insert into coa_order (session_id, subscriber_id, nas_id, wish, reason, state, next_at, deadline, created_at)
     values ($1, $2, $3, $4, 'test', $5, $6, $6, $6)`,
    [sessionId, subscriber.id, nas.id, wish, state, at(seconds)],
  )
}

const block = (seconds: number) =>
  query('update subscriber set blocked_at = $2 where id = $1', [subscriber.id, at(seconds)])

it('nothing is broken where nothing was planted', async () => {
  await open(0)
  expect(await found()).toEqual([])
})

describe('I4: money', () => {
  it('sees a balance that its entries do not give', async () => {
    await query('update payer set balance_minor = 5 where id = (select payer_id from subscriber where id = $1)', [
      subscriber.id,
    ])
    expect(await found()).toEqual([expect.stringMatching(/^I4 payer \d+ has 5 and entries of 0$/)])
  })

  it('sees a wallet that its entries do not give', async () => {
    await query(`insert into wallet (organisation_id, currency, balance_minor, created_at, updated_at)
       select id, 'EUR', 7, now(), now() from organisation limit 1`)
    expect(await found()).toEqual([expect.stringMatching(/^I4 wallet \d+ has 7 and entries of 0$/)])
    await query('delete from wallet')
  })

  it('sees a period that was charged twice, unless one charge was taken back', async () => {
    await query(
      `with made as (
         insert into ledger_transaction (at, kind, owner_id, payer_id, subscriber_id, currency, amount_minor, balance_after_minor,
           reverses_id, period_starts_at, author_kind, author_name)
         select $2, kind, owner_id, payer_id, subscriber.id, 'EUR', amount, 0, null::bigint, $2, 'system', 'test'
         from subscriber, (values ('renewal', -5), ('renewal', -5)) as twice (kind, amount) where subscriber.id = $1
         returning id, payer_id, amount_minor
       ), entries as (
         insert into ledger_entry (transaction_id, account, payer_id, amount_minor)
         select id, 'payer', payer_id, amount_minor from made union all select id, 'revenue', null, -amount_minor from made
       )
       update payer set balance_minor = -10 from made where payer.id = made.payer_id`,
      [subscriber.id, at(0)],
    )
    expect(await found()).toEqual([expect.stringMatching(/^I4 subscriber \d+ was charged 2 times/)])
    await query(
      `with made as (
         insert into ledger_transaction (at, kind, owner_id, payer_id, subscriber_id, currency, amount_minor, balance_after_minor,
           reverses_id, author_kind, author_name)
         select $2, 'reversal', owner_id, payer_id, subscriber_id, 'EUR', 5, -5, max(id), 'system', 'test'
         from ledger_transaction where subscriber_id = $1 group by owner_id, payer_id, subscriber_id
         returning id, payer_id, amount_minor
       ), entries as (
         insert into ledger_entry (transaction_id, account, payer_id, amount_minor)
         select id, 'payer', payer_id, amount_minor from made union all select id, 'revenue', null, -amount_minor from made
       )
       update payer set balance_minor = -5 from made where payer.id = made.payer_id`,
      [subscriber.id, at(1)],
    )
    expect(await found()).toEqual([])
  })
})

describe('I5: nights', () => {
  it('sees who was due and neither renewed nor listed', async () => {
    await query(
      `update subscriber set auto_renew = true, activated_at = $2, expires_at = $3, updated_at = $2 where id = $1`,
      [subscriber.id, at(-86_400), at(0)],
    )
    expect(await found()).toEqual([])
    await query(
      `insert into job_run (job, planned_local, instance, started_at, finished_at)
       values ('renew-due', $1::timestamptz at time zone 'utc', 'x', $1, $1)`,
      [at(60)],
    )
    expect(await found()).toEqual([expect.stringMatching(/^I5 subscriber \d+ was due at/)])
    await query(
      `insert into renewal_failure (subscriber_id, expires_at, reason, tries, tried_at, next_at)
       values ($1, $2, 'no money', 1, $3, $3)`,
      [subscriber.id, at(0), at(60)],
    )
    expect(await found()).toEqual([])
  })
})

describe('I6: a block', () => {
  it('bites: a session that goes on needs an order since then', async () => {
    const session = await open(0)
    await order(session, 10, 'done')
    await block(60)
    const goesOn = [expect.stringMatching(/^I6 session \d+ of subscriber\d+ goes on although it is blocked/)]
    expect(await found()).toEqual(goesOn)
    await order(session, 60, 'done')
    expect(await found()).toEqual(goesOn)
    await order(session, 61, 'timeout')
    expect(await found()).toEqual([])
  })

  it.each(['waiting', 'claimed', 'acked', 'nacked', 'failed', 'expired'])('is enough flagged as %s', async (state) => {
    const session = await open(0)
    await block(60)
    await order(session, 60, state)
    expect(await found()).toEqual([])
  })

  it('is no start of a session: only into the garden', async () => {
    await block(60)
    await open(70)
    expect(await found()).toEqual([expect.stringMatching(/^I6 session \d+ of subscriber\d+ began at .* blocked since/)])
    await query(`update plan set on_block = 'garden' where id = (select plan_id from subscriber where id = $1)`, [
      subscriber.id,
    ])
    expect(await found()).toEqual([])
  })

  it('may also be archived or disabled', async () => {
    await open(0)
    await query('update subscriber set archived_at = $2 where id = $1', [subscriber.id, at(5)])
    expect(await found()).toEqual([expect.stringContaining('is archived since')])
    await query('update subscriber set archived_at = null, enabled = false where id = $1', [subscriber.id])
    expect(await found()).toEqual([expect.stringContaining('is disabled since')])
  })
})

describe('I9: addresses', () => {
  it('sees two live sessions with one address, in one space', async () => {
    const other = await makeSubscriber(database.pool)
    await open(0, { framedIp: '10.0.0.1' })
    const second = await open(0, { framedIp: '10.0.0.1', subscriber: other })
    expect(await found()).toEqual([expect.stringMatching(/^I9 sessions .* both have 10\.0\.0\.1$/)])
    await query('update session set address_space_id = address_space_id + 1 where id = $1', [second])
    expect(await found()).toEqual([])
  })

  it.each(['framed_ipv6_prefix', 'delegated_ipv6_prefix'])('sees two with one %s', async (column) => {
    const other = await makeSubscriber(database.pool)
    for (const id of [await open(0), await open(0, { subscriber: other })]) {
      await query(`update session set ${column} = '2001:db8::/56' where id = $1`, [id])
    }
    expect(await found()).toEqual([expect.stringContaining('both have 2001:db8::/56')])
  })

  it('sees who is live on the static address of somebody else', async () => {
    const other = await makeSubscriber(database.pool)
    await query(
      `insert into subscriber_address (subscriber_id, address_space_id, kind, prefix)
       select $1, id, 'framed-ip', '10.0.0.9' from address_space order by id limit 1`,
      [other.id],
    )
    await open(0, { framedIp: '10.0.0.9' })
    expect(await found()).toEqual([expect.stringContaining(`which is that of ${other.id}`)])
  })
})

describe('I10: sessions', () => {
  const about = { nas: 'bras', acctSessionId: '81d00000', username: 'anna', expected: 'ended', found: 'open' }

  it('are those of the ledger; what differs in counters only is of another rule', () => {
    expect(sessionBreaches([{ kind: 'open', ...about }])).toEqual([
      { invariant: 'I10', what: 'open: 81d00000 of anna on bras: ended was expected, open found' },
    ])
    expect(sessionBreaches([{ kind: 'counters', ...about }])).toEqual([])
  })
})

describe('a story', () => {
  const breaches: Breach[] = [
    { invariant: 'I9', what: 'sessions 1 (a) and 2 (b) both have 10.0.0.1' },
    { invariant: 'I10', what: 'open: x' },
  ]

  it('that breaks a rule fails by its words', () => {
    expect(() => insist([])).not.toThrow()
    expect(() => insist(breaches)).toThrow('I9: sessions 1 (a) and 2 (b) both have 10.0.0.1\nI10: open: x')
  })

  it('may say what it breaks, and that is all it may break', () => {
    expect(() => insist(breaches, { I9: /10\.0\.0\.1$/, I10: /^open/ })).not.toThrow()
    expect(() => insist(breaches, { I9: /10\.0\.0\.1$/ })).toThrow(/1 broken rules .*\nI10: open: x$/)
    expect(() => insist(breaches, { I9: /10\.0\.0\.2$/, I10: /./ })).toThrow('I9')
  })
})
