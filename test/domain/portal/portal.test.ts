// The portal below the API: its sessions, its passwords, and what purging leaves of both.

import { describe, expect, it } from 'vitest'
import { hashPassword } from '../../../src/domain/operator/password-hash.ts'
import { addReseller, ispId } from '../../../src/domain/organisation.ts'
import { makeOwnPayer } from '../../../src/domain/payer.ts'
import { changePortalPassword, setPortalPassword, signInToPortal } from '../../../src/domain/portal/portal-login.ts'
import { confirmPortal, enrolPortal } from '../../../src/domain/portal/portal-second-factor.ts'
import {
  callerOfPortal,
  endPortalSession,
  endPortalSessions,
  impersonateSubscriber,
  openPortalSession,
  portalAuthor,
  renewPortalSession,
  trimPortalSessions,
} from '../../../src/domain/portal/portal-session.ts'
import type { PortalCaller } from '../../../src/domain/portal/portal-session.ts'
import { base32, codeAt } from '../../support/browser.ts'
import { makePlan, noon, rowsOf, useOffice } from '../../support/operator.ts'
import { authorWith, hire, system } from '../../support/staff.ts'

const office = useOffice()
const peer = { address: '2001:db8::1', userAgent: 'x'.repeat(400) }
const later = (minutes: number): Date => new Date(noon.getTime() + minutes * 60_000)
const password = 'Kelp7-Lantern-Oar'
let made = 0
let planId: bigint | undefined

async function subscriber(ownerId?: bigint): Promise<{ id: bigint; username: string }> {
  made += 1
  const username = `line-${made}`
  planId ??= (await makePlan(office, { name: 'Portal' })).id
  const owner = ownerId ?? (await ispId(office.db))
  const payerId = await makeOwnPayer(office.db, { ownerId: owner, name: username, currency: 'EUR' }, noon)
  const values = { owner_id: owner, payer_id: payerId, plan_id: planId, username }
  const { id } = await office.db.insertInto('subscriber').values(values).returning('id').executeTakeFirstOrThrow()
  return { id, username }
}

async function withPassword(): Promise<{ id: bigint; username: string }> {
  const one = await subscriber()
  const passwordHash = await hashPassword(password)
  await setPortalPassword(office.db, { subscriberId: one.id, passwordHash }, system(office), noon)
  return one
}

const enter = (username: string, typed = password, code?: string, now = noon) =>
  signInToPortal(office.db, { username, password: typed, code, peer }, system(office), now)

async function entered(username: string): Promise<PortalCaller> {
  const opened = await enter(username)
  if (opened.kind !== 'opened') throw new Error(`not signed in: ${opened.kind}`)
  return (await callerOfPortal(office.db, opened.session.bearer, noon))!
}

describe('a portal session', () => {
  it('is found by its id while it lasts, under a new one after a proof, and never after its end', async () => {
    const { id: subscriberId, username } = await subscriber()
    const opened = await openPortalSession(office.db, { subscriberId, state: 'change', peer }, noon)
    expect(await callerOfPortal(office.db, opened.bearer, noon)).toMatchObject({
      subscriberId,
      username,
      state: 'change',
      openedBy: null,
    })
    const renewed = await renewPortalSession(office.db, { id: opened.id, state: 'full' }, later(1))
    expect(await callerOfPortal(office.db, opened.bearer, later(1))).toBeUndefined()
    expect(await callerOfPortal(office.db, renewed!.bearer, later(1))).toMatchObject({ state: 'full' })
    expect(await callerOfPortal(office.db, renewed!.bearer, later(32))).toBeUndefined()
    await endPortalSession(office.db, opened.id, later(2))
    expect(await callerOfPortal(office.db, renewed!.bearer, later(2))).toBeUndefined()
    expect(await renewPortalSession(office.db, { id: opened.id, state: 'full' }, later(2))).toBeUndefined()
  })

  it('of an operator ends with the quarter of an hour and with the operator', async () => {
    const { id: subscriberId } = await subscriber()
    const operator = await hire(office, 'support')
    const by = authorWith(office, ['portal.impersonate'], {}, operator.id)
    const opened = await impersonateSubscriber(office.db, { subscriberId, peer }, by, noon)
    expect(opened.endsAt).toEqual(later(15))
    const find = (now: Date) => callerOfPortal(office.db, opened.bearer, now)
    expect(await find(later(14))).toMatchObject({ openedBy: operator.email, state: 'full' })
    expect(await find(later(15))).toBeUndefined()
    await office.db.updateTable('operator').set({ enabled: false }).where('id', '=', operator.id).execute()
    expect(await find(later(1))).toBeUndefined()
  })

  it('is opened in nobody’s place who is out of reach or gone', async () => {
    const { id: reseller } = await addReseller(office.db, { name: 'Portal Net' }, noon)
    const mine = await subscriber(reseller)
    const open = (ownerId: bigint | undefined, subscriberId: bigint, now = noon) =>
      impersonateSubscriber(
        office.db,
        { subscriberId, peer },
        authorWith(office, ['portal.impersonate'], { ownerId }),
        now,
      )
    await expect(open(reseller, mine.id)).resolves.toBeDefined()
    await expect(open(await ispId(office.db), mine.id)).rejects.toThrow('there is no subscriber')
    await expect(open(undefined, 999_999n)).rejects.toThrow('there is no subscriber')
    await office.db.updateTable('subscriber').set({ archived_at: noon }).where('id', '=', mine.id).execute()
    await expect(open(reseller, mine.id)).rejects.toThrow('there is no subscriber')
  })

  it('makes an author who reaches one organisation and may nothing', async () => {
    const { username } = await withPassword()
    const caller = await entered(username)
    const by = portalAuthor(caller, { address: '192.0.2.1', requestId: 'r1' }, office.keyring)
    expect(by).toMatchObject({
      kind: 'subscriber',
      operatorId: null,
      name: `subscriber ${caller.subscriberId}`,
      scope: { ownerId: caller.ownerId },
    })
    expect(by.permissions.size).toBe(0)
    expect(by.name).not.toContain(username)
  })

  it('ends with all others of its subscribers, but for one; old ones are removed', async () => {
    const { id } = await subscriber()
    const open = () => openPortalSession(office.db, { subscriberId: id, state: 'full', peer }, noon)
    const [one, other] = [await open(), await open()]
    await endPortalSessions(office.db, { subscriberIds: [id], exceptId: one.id }, noon)
    expect(await callerOfPortal(office.db, one.bearer, noon)).toBeDefined()
    expect(await callerOfPortal(office.db, other.bearer, noon)).toBeUndefined()
    expect(await trimPortalSessions(office.db, later(60 * 24 * 80))).toBe(0)
    expect(await trimPortalSessions(office.db, later(60 * 24 * 100))).toBeGreaterThan(1)
  })
})

describe('signing in to the portal', () => {
  it('takes the password of the portal for the name in any form, once it is set', async () => {
    const { username } = await withPassword()
    expect(await enter(`  ${username.toUpperCase()} `)).toMatchObject({ kind: 'opened', session: { state: 'change' } })
    expect((await enter(username, 'wrong')).kind).toBe('wrong')
    expect((await enter((await subscriber()).username, '')).kind).toBe('wrong')
  })

  it('is slowed down by guesses from here, and does not shut out who comes from elsewhere', async () => {
    const { username } = await withPassword()
    const kinds: string[] = []
    for (let at = 0; at < 7; at += 1) kinds.push((await enter(username, 'wrong')).kind)
    expect(kinds).toEqual(['wrong', 'wrong', 'wrong', 'wrong', 'wrong', 'wait', 'wait'])
    const elsewhere = { username, password, code: undefined, peer: { address: '192.0.2.77', userAgent: null } }
    expect((await signInToPortal(office.db, elsewhere, system(office), noon)).kind).toBe('opened')
    await office.db.deleteFrom('guess_counter').execute()
  })

  it('with an app takes each code once, of two at once as well', async () => {
    const { username } = await withPassword()
    const caller = await entered(username)
    const { secret: shown } = await enrolPortal(office.db, caller, system(office), noon)
    const secret = base32(shown)
    // Until it is confirmed nothing is asked for.
    expect((await enter(username)).kind).toBe('opened')
    await confirmPortal(office.db, { caller, code: codeAt(secret, noon) }, system(office), noon)
    expect((await enter(username)).kind).toBe('code-needed')
    const code = codeAt(secret, later(1))
    const both = await Promise.all([
      enter(username, password, code, later(1)),
      enter(username, password, code, later(1)),
    ])
    expect(both.map((one) => one.kind).toSorted()).toEqual(['opened', 'wrong'])
    await office.db.deleteFrom('guess_counter').execute()
  })

  it('keeps the secret of the app sealed to its row (S02)', async () => {
    const [one, other] = [await withPassword(), await withPassword()]
    const callers = [await entered(one.username), await entered(other.username)]
    for (const caller of callers) await enrolPortal(office.db, caller, system(office), noon)
    await rowsOf(
      office,
      `update portal_login set totp_secret = (select totp_secret from portal_login where subscriber_id = $1)
       where subscriber_id = $2`,
      [one.id, other.id],
    )
    const confirming = confirmPortal(office.db, { caller: callers[1]!, code: '000000' }, system(office), noon)
    await expect(confirming).rejects.toThrow('cannot be opened')
  })
})

describe('the password of the portal', () => {
  it('is changed by one of two who try at once', async () => {
    const { username } = await withPassword()
    const [one, other] = [await entered(username), await entered(username)]
    const change = (caller: PortalCaller, newPassword: string) =>
      changePortalPassword(office.db, { caller, oldPassword: password, newPassword }, system(office), noon)
    const results = await Promise.all([change(one, 'Birch2-Compass-Tern'), change(other, 'Fern4-Granite-Owl')])
    expect(results.filter((result) => result.kind === 'changed')).toHaveLength(1)
  })

  it('goes with the subscriber', async () => {
    const { id, username } = await withPassword()
    await entered(username)
    await office.db.deleteFrom('subscriber').where('id', '=', id).execute()
    expect(await rowsOf(office, 'select 1 from portal_login where subscriber_id = $1', [id])).toEqual([])
    expect(await rowsOf(office, 'select 1 from portal_session where subscriber_id = $1', [id])).toEqual([])
  })
})
