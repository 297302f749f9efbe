// Panel sessions below the API: new ids, wrong tries, and what ends what.

import { describe, expect, it } from 'vitest'
import { ownAuthor } from '../../../src/domain/author.ts'
import { absoluteMs, callerOfSession, idleMs } from '../../../src/domain/operator/caller.ts'
import type { Caller } from '../../../src/domain/operator/caller.ts'
import {
  countWrongTry,
  endPanelSession,
  endPanelSessionById,
  endPanelSessionOf,
  endPanelSessions,
  listPanelSessions,
  openPanelSession,
  renewPanelSession,
  resumePanelSession,
  trimPanelSessions,
} from '../../../src/domain/operator/panel-session.ts'
import { addFirst } from '../../../src/domain/operator/setup.ts'
import { signOut, viewAs } from '../../../src/domain/operator/view-as.ts'
import { noon, useOffice } from '../../support/operator.ts'

const office = useOffice()
const later = (milliseconds: number): Date => new Date(noon.getTime() + milliseconds)
const peer = { address: '192.0.2.1', userAgent: 'x'.repeat(500) }
let made = 0

async function operator(): Promise<bigint> {
  made += 1
  const input = { email: `session-${made}@example.net`, name: 'Session Holder', passwordHash: 'x' }
  const by = ownAuthor('system', 'test', office.keyring)
  return (await office.db.transaction().execute((trx) => addFirst(trx, input, by, noon))).id
}

const open = async (operatorId: bigint, state: 'password' | 'change' | 'full' = 'full') =>
  openPanelSession(office.db, { operatorId, state, peer }, noon)
const callerOf = (bearer: string, now = noon): Promise<Caller | undefined> => callerOfSession(office.db, bearer, now)

describe('a panel session', () => {
  it('is found by its id until it ends, and by no other', async () => {
    const operatorId = await operator()
    const session = await open(operatorId)
    expect(session.endsAt).toEqual(later(absoluteMs))
    expect(await callerOf(session.bearer)).toMatchObject({ kind: 'session', id: session.id, operatorId, state: 'full' })
    expect(await callerOf(`${session.bearer}x`)).toBeUndefined()
    expect(await callerOf('')).toBeUndefined()
    await endPanelSession(office.db, session.id, noon)
    expect(await callerOf(session.bearer)).toBeUndefined()
  })

  it('keeps its place in the list and its end under every new id', async () => {
    const operatorId = await operator()
    const first = await open(operatorId, 'password')
    expect(await callerOf(first.bearer)).toMatchObject({ state: 'password' })
    const second = await renewPanelSession(office.db, { id: first.id, state: 'full' }, later(60_000))
    expect(second).toMatchObject({ id: first.id, state: 'full', endsAt: first.endsAt })
    expect(await callerOf(first.bearer)).toBeUndefined()
    expect(await callerOf(second!.bearer, later(60_000))).toMatchObject({ state: 'full', provedAt: later(60_000) })
    await endPanelSession(office.db, first.id, noon)
    expect(await renewPanelSession(office.db, { id: first.id, state: 'full' }, noon)).toBeUndefined()
  })

  it('ends at the fifth wrong try in a row; a right one begins anew', async () => {
    const session = await open(await operator())
    for (let at = 0; at < 4; at += 1) expect(await countWrongTry(office.db, session.id, noon)).toBe(false)
    const renewed = await renewPanelSession(office.db, { id: session.id, state: 'full' }, noon)
    for (let at = 0; at < 4; at += 1) expect(await countWrongTry(office.db, session.id, noon)).toBe(false)
    expect(await callerOf(renewed!.bearer)).toBeDefined()
    expect(await countWrongTry(office.db, session.id, noon)).toBe(true)
    expect(await callerOf(renewed!.bearer)).toBeUndefined()
    expect(await countWrongTry(office.db, 999_999n, noon)).toBe(true)
  })

  it('is listed while it is open, with what tells it from others', async () => {
    const operatorId = await operator()
    const [one, other] = [await open(operatorId), await open(operatorId, 'password')]
    const listed = await listPanelSessions(office.db, operatorId, noon)
    expect(new Set(listed.map((session) => session.id))).toEqual(new Set([one.id, other.id]))
    expect(listed[0]).toMatchObject({ address: '192.0.2.1', userAgent: 'x'.repeat(200), viewedBy: null })
    expect(await listPanelSessions(office.db, operatorId, later(idleMs))).toEqual([])
    await endPanelSessionOf(office.db, one.bearer, noon)
    expect(await listPanelSessions(office.db, operatorId, noon)).toHaveLength(1)
  })

  it('is ended by its operator’s name only', async () => {
    const [mine, theirs] = [await operator(), await operator()]
    const session = await open(mine)
    const end = (operatorId: bigint) => endPanelSessionById(office.db, { operatorId, id: session.id }, noon)
    await expect(end(theirs)).rejects.toThrow('there is no panel session')
    await end(mine)
    await expect(end(mine)).rejects.toThrow('there is no panel session')
  })

  it('ends with all others of its operators, but for one', async () => {
    const [mine, theirs] = [await operator(), await operator()]
    const sessions = [await open(mine), await open(mine), await open(theirs)]
    const exceptId = sessions[0]!.id
    expect(await endPanelSessions(office.db, { operatorIds: [mine], exceptId }, noon)).toBe(1)
    const found = await Promise.all(sessions.map(async ({ bearer }) => (await callerOf(bearer)) !== undefined))
    expect(found).toEqual([true, false, true])
    expect(await endPanelSessions(office.db, { operatorIds: [] }, noon)).toBe(0)
  })
})

describe('a view through another’s eyes', () => {
  const by = () => ownAuthor('system', 'test', office.keyring)

  async function viewing() {
    const [boss, seen] = [await operator(), await operator()]
    const own = await open(boss)
    const caller = (await callerOf(own.bearer))!
    const view = await viewAs(office.db, { caller, operatorId: seen, peer }, by(), noon)
    return { boss, seen, own, view }
  }

  it('ends with the session it began from, with its viewer, and with the one who is seen', async () => {
    const first = await viewing()
    await endPanelSession(office.db, first.own.id, noon)
    expect(await callerOf(first.view.bearer)).toBeUndefined()
    for (const who of ['boss', 'seen'] as const) {
      const next = await viewing()
      expect(await callerOf(next.view.bearer)).toMatchObject({ operatorId: next.seen })
      await office.db.updateTable('operator').set({ enabled: false }).where('id', '=', next[who]).execute()
      expect(await callerOf(next.view.bearer)).toBeUndefined()
    }
  })

  it('hands its viewer back to their own session under a new id, where that still goes on', async () => {
    const { own, view, boss } = await viewing()
    const back = await signOut(office.db, (await callerOf(view.bearer))!, by(), later(60_000))
    expect(back!.id).toBe(own.id)
    expect(await callerOf(own.bearer, later(60_000))).toBeUndefined()
    expect(await callerOf(back!.bearer, later(60_000))).toMatchObject({ operatorId: boss, viewedBy: undefined })
    const other = await viewing()
    expect(await resumePanelSession(office.db, other.own.id, later(idleMs + 1))).toBeUndefined()
    expect(await signOut(office.db, (await callerOf(other.own.bearer))!, by(), noon)).toBeUndefined()
  })

  it('is neither nested nor of oneself', async () => {
    const { view, boss, own } = await viewing()
    const nested = (await callerOf(view.bearer))!
    const again = viewAs(office.db, { caller: nested, operatorId: boss, peer }, by(), noon)
    await expect(again).rejects.toThrow('eyes of yet another')
    const self = viewAs(office.db, { caller: (await callerOf(own.bearer))!, operatorId: boss, peer }, by(), noon)
    await expect(self).rejects.toThrow('is yourself')
  })
})

describe('old sessions', () => {
  it('are removed three months after their end, those that others hang on last', async () => {
    const before = await office.db.selectFrom('panel_session').select('id').execute()
    expect(before.length).toBeGreaterThan(10)
    expect(await trimPanelSessions(office.db, later(80 * 86_400_000))).toBe(0)
    await trimPanelSessions(office.db, later(100 * 86_400_000))
    await trimPanelSessions(office.db, later(100 * 86_400_000))
    expect(await office.db.selectFrom('panel_session').select('id').execute()).toEqual([])
  })
})
