import { beforeAll, describe, expect, it } from 'vitest'
import { blockSubscriber, unblockSubscriber } from '../../src/domain/block.ts'
import { showSubscriber } from '../../src/domain/subscriber-profile.ts'
import { addSubscriber } from '../../src/domain/subscriber.ts'
import { hours, makePlan, noon, openSession, rowsOf, useOffice } from '../support/operator.ts'

const office = useOffice()
const block = (username: string, reason = 'unpaid', now = noon) => blockSubscriber(office.db, { username, reason }, now)
const unblock = (username: string, now = noon) => unblockSubscriber(office.db, { username }, now)

beforeAll(async () => {
  await makePlan(office, { name: 'Home' })
  await makePlan(office, { name: 'Garden', onBlock: 'garden' })
})

async function dialled(username: string, plan = 'Home'): Promise<{ id: bigint; sessionId: bigint }> {
  const { id } = await addSubscriber(office.db, office.keyring, { username, plan }, noon)
  const sessionId = await openSession(office, id, `${username}-1`)
  return { id, sessionId }
}

function orders(subscriberId: bigint): Promise<Record<string, unknown>[]> {
  return rowsOf(
    office,
    'select session_id, wish, reason, state, next_at, deadline from coa_order where subscriber_id = $1 order by id',
    [subscriberId],
  )
}

describe('blocking a subscriber', () => {
  it('is a fact with a reason, and an order about each open session', async () => {
    const { id, sessionId } = await dialled('blocked')
    await openSession(office, id, 'blocked-ended', { endedAt: noon })
    await openSession(office, id, 'blocked-service', { parentId: sessionId })
    expect(await block('BLOCKED', ' unpaid ')).toEqual({
      kind: 'blocked',
      username: 'blocked',
      wish: 'disconnect',
      sessions: 1,
    })
    expect(await showSubscriber(office.db, 'blocked', noon)).toMatchObject({
      label: 'blocked',
      blockReason: 'unpaid',
      blockedAt: noon,
    })
    expect(await orders(id)).toEqual([
      {
        session_id: sessionId,
        wish: 'disconnect',
        reason: 'blocked',
        state: 'waiting',
        next_at: noon,
        deadline: hours(1 / 6),
      },
    ])
  })

  it('again changes the reason, not the time, and replaces the order that waits', async () => {
    const { id } = await dialled('again')
    await block('again')
    expect(await block('again', 'abuse', hours(1))).toMatchObject({ kind: 'already', sessions: 1 })
    expect(await showSubscriber(office.db, 'again', noon)).toMatchObject({ blockReason: 'abuse', blockedAt: noon })
    expect((await orders(id)).map((order) => order.state)).toEqual(['replaced', 'waiting'])
  })

  it('applies the garden to live sessions where the plan says so', async () => {
    const { id } = await dialled('gardened', 'Garden')
    expect(await block('gardened')).toMatchObject({ wish: 'reapply' })
    expect(await orders(id)).toMatchObject([{ wish: 'reapply', reason: 'blocked' }])
  })

  it('leaves an order alone that is being carried out', async () => {
    const { id } = await dialled('claimed')
    await block('claimed')
    await rowsOf(office, `update coa_order set state = 'claimed' where subscriber_id = $1`, [id])
    await block('claimed')
    expect((await orders(id)).map((order) => order.state)).toEqual(['claimed', 'waiting'])
  })

  it('needs a reason and somebody', async () => {
    await expect(block('blocked', ' ')).rejects.toThrow('reason: ')
    await expect(block('blocked', 'x'.repeat(201))).rejects.toThrow('reason: ')
    await expect(block('nobody')).rejects.toThrow('there is no subscriber "nobody"')
  })

  it('and its orders are one: neither is there without the other', async () => {
    const { id } = await dialled('atomic')
    const failing = office.db.transaction().execute(async (trx) => {
      await blockSubscriber(trx, { username: 'atomic', reason: 'x' }, noon)
      throw new Error('the power went')
    })
    await expect(failing).rejects.toThrow('the power went')
    expect(await showSubscriber(office.db, 'atomic', noon)).toMatchObject({ label: 'new', blockReason: null })
    expect(await orders(id)).toEqual([])
  })
})

describe('unblocking a subscriber', () => {
  it('lifts the block, and orders what the sessions are entitled to again', async () => {
    const { id } = await dialled('freed', 'Garden')
    await block('freed')
    expect(await unblock('Freed', hours(1))).toEqual({ kind: 'unblocked', username: 'freed', sessions: 1 })
    expect(await showSubscriber(office.db, 'freed', noon)).toMatchObject({
      label: 'new',
      blockReason: null,
      blockedAt: null,
    })
    expect(await orders(id)).toMatchObject([
      { state: 'replaced' },
      { wish: 'reapply', reason: 'unblocked', state: 'waiting' },
    ])
    expect(await unblock('freed')).toEqual({ kind: 'was-not-blocked', username: 'freed', sessions: 0 })
    await expect(unblock('nobody')).rejects.toThrow('there is no subscriber')
  })
})
