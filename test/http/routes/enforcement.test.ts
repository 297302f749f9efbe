import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { insertRow } from '../../support/access.ts'
import { everyPage, makeNasRow, makeSessionRow, makeSide } from '../../support/activity.ts'
import type { Side } from '../../support/activity.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { hours, noon } from '../../support/operator.ts'

const api = useApi()
let support: Client
let [north, south]: Side[] = []
let nas: bigint
let session: bigint

type Item = Record<string, unknown> & { session_id: number; coa_order_id: number }

const list = async (client: Client = support): Promise<Item[]> => everyPage<Item>(client, '/not-enforced?limit=2')
const seconds = (count: number): Date => new Date(api.clock.now().getTime() + count * 1_000)

/** An order as a row about a session, a minute old. */
function order(row: Record<string, unknown> = {}): Promise<bigint> {
  const at = seconds(-60)
  const one = {
    session_id: session,
    subscriber_id: north!.subscriberId,
    nas_id: nas,
    wish: 'disconnect',
    reason: 'blocked',
  }
  return insertRow(api.pool, 'coa_order', { ...one, next_at: at, deadline: seconds(540), created_at: at, ...row })
}

function open(side: Side, row: Record<string, unknown> = {}): Promise<bigint> {
  const about = { subscriber_id: side.subscriberId, username: side.username, nas_id: nas }
  return makeSessionRow(api, { ...about, interface: 'vlan100', framed_ip: '100.64.0.9', ...row })
}

beforeAll(async () => {
  support = await api.as('support')
  north = await makeSide(api, 'north-anna')
  south = await makeSide(api, 'south-berta', 'south')
  nas = await makeNasRow(api, 'bng-1')
})
beforeEach(async () => {
  await api.pool.query('delete from coa_order; delete from session')
  session = await open(north!)
})

describe('GET /not-enforced', () => {
  it('shows what a person needs to know about it', async () => {
    const next = seconds(3)
    const id = await order({ state: 'timeout', attempts: 4, detail: 'no answer', next_at: next })
    const { status, body } = await support.get('/not-enforced')
    expect(status).toBe(200)
    expect(body).toEqual({
      items: [
        {
          session_id: Number(session),
          subscriber_id: Number(north!.subscriberId),
          username: 'north-anna',
          nas_id: Number(nas),
          nas: 'bng-1',
          interface: 'vlan100',
          framed_ip: '100.64.0.9',
          coa_order_id: Number(id),
          wish: 'disconnect',
          reason: 'blocked',
          state: 'timeout',
          since: seconds(-60).toISOString(),
          attempts: 4,
          error_cause: null,
          detail: 'no answer',
          next_try_at: next.toISOString(),
        },
      ],
      next_cursor: null,
      total: 1,
    })
  })

  it.each([
    ['waiting', true],
    ['claimed', true],
    ['timeout', true],
    ['acked', true],
    ['nacked', true],
    ['failed', true],
    ['expired', true],
    ['done', false],
    ['replaced', false],
  ])('holds an open session whose newest order is %s: %s', async (state, isShown) => {
    await order({ state })
    expect((await list()).map((item) => item.state)).toEqual(isShown ? [state] : [])
  })

  it('gives the network half a minute, also after a wish took the place of another', async () => {
    await order({ created_at: seconds(-29) })
    expect(await list()).toEqual([])
    await api.pool.query('delete from coa_order')
    await order({ created_at: seconds(-30) })
    expect(await list()).toHaveLength(1)
    // Made again at a sign of life: it takes as long as it took already.
    await api.pool.query(
      `update coa_order set state = 'expired', attempts = 7, detail = 'no answer', created_at = $1`,
      [hours(-3, api.clock.now())],
    )
    await order({ created_at: seconds(-1) })
    expect(await list()).toMatchObject([
      { since: hours(-3, api.clock.now()).toISOString(), attempts: 7, detail: 'no answer', state: 'waiting' },
    ])
  })

  it('counts from the last order that was proved', async () => {
    await order({ state: 'expired', created_at: hours(-3, api.clock.now()), attempts: 7 })
    await order({ state: 'done', created_at: hours(-2, api.clock.now()), attempts: 1 })
    await order({ state: 'nacked', created_at: seconds(-90), finished_at: seconds(-89), attempts: 1, error_cause: 403 })
    expect(await list()).toMatchObject([
      { since: seconds(-90).toISOString(), attempts: 1, error_cause: 403, next_try_at: null },
    ])
  })

  it('holds nothing that has ended, no service, and one line for each session', async () => {
    await order({ state: 'expired' })
    await order({ state: 'timeout' })
    expect(await list()).toHaveLength(1)
    await api.pool.query('update session set ended_at = $1', [noon])
    expect(await list()).toEqual([])
    await api.pool.query(`update session set ended_at = null, service = 'voice'`)
    expect(await list()).toEqual([])
  })

  it('comes in pages, the newest order first, with the number of all', async () => {
    const sessions = [session]
    for (let i = 0; i < 4; i += 1) sessions.push(await open(north!))
    for (const session_id of sessions) await order({ session_id })
    expect((await list()).map((item) => item.session_id)).toEqual(sessions.map(Number).toReversed())
    expect((await support.get('/not-enforced?limit=2')).body).toMatchObject({ total: 5 })
  })

  it('shows each organisation its own, and who has no subscriber at all to nobody but the ISP', async () => {
    await order()
    const other = await open(south!)
    await order({ session_id: other, subscriber_id: south!.subscriberId })
    const stranger = await makeSessionRow(api, { username: 'stranger', nas_id: nas })
    await order({ session_id: stranger, subscriber_id: null })
    const names = async (client: Client) => (await list(client)).map((item) => item['username'])
    expect(await names(support)).toEqual(['stranger', 'south-berta', 'north-anna'])
    expect(await names(north!.client)).toEqual(['north-anna'])
    expect(await names(south!.client)).toEqual(['south-berta'])
    expect((await north!.client.get('/not-enforced')).body).toMatchObject({ total: 1 })
  })

  it('refuses what it does not know', async () => {
    expect((await support.get('/not-enforced?state=acked')).status).toBe(400)
  })
})
