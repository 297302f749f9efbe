// Signing in below the API: what happens in between, and secrets that were moved.

import { hash } from '@node-rs/argon2'
import { describe, expect, it } from 'vitest'
import { callerOfSession } from '../../../src/domain/operator/caller.ts'
import type { Caller } from '../../../src/domain/operator/caller.ts'
import { changeOwnPassword } from '../../../src/domain/operator/own-password.ts'
import { endPanelSessions } from '../../../src/domain/operator/panel-session.ts'
import { hashPassword, isOutdated } from '../../../src/domain/operator/password-hash.ts'
import { confirmSecondFactor, enrolSecondFactor } from '../../../src/domain/operator/second-factor.ts'
import { giveCode, prove } from '../../../src/domain/operator/second-step.ts'
import { signIn } from '../../../src/domain/operator/sign-in.ts'
import { base32, codeAt } from '../../support/browser.ts'
import { noon, useOffice } from '../../support/operator.ts'
import { hire, system } from '../../support/staff.ts'

const office = useOffice()
const password = 'Kelp7-Lantern-Oar'
const peer = { address: '192.0.2.1', userAgent: 'test' }
const later = (milliseconds: number): Date => new Date(noon.getTime() + milliseconds)

const enter = (email: string, typed = password, now = noon) =>
  signIn(office.db, { email, password: typed, peer, device: undefined }, system(office), now)

async function entered(email: string, now = noon): Promise<Caller> {
  const opened = await enter(email, password, now)
  if (opened.kind !== 'opened') throw new Error(`not signed in: ${opened.kind}`)
  return (await callerOfSession(office.db, opened.session.bearer, now))!
}

async function enrolled(email: string): Promise<{ caller: Caller; secret: Buffer }> {
  const caller = await entered(email)
  const { secret: shown } = await enrolSecondFactor(office.db, caller, system(office), noon)
  const secret = base32(shown)
  await office.db
    .transaction()
    .execute((trx) => confirmSecondFactor(trx, { caller, code: codeAt(secret, noon) }, system(office), noon))
  return { caller, secret }
}

describe('signing in', () => {
  it('opens nothing where the password was reset while it was looked at', async () => {
    const { email, id } = await hire(office, 'support', { passwordHash: await hashPassword(password) })
    const trying = enter(email)
    await office.db
      .updateTable('operator')
      .set({ password_hash: await hash('another one', { memoryCost: 1_024, timeCost: 1 }) })
      .where('id', '=', id)
      .execute()
    const outcome = await trying
    const sessions = await office.db.selectFrom('panel_session').select('id').where('operator_id', '=', id).execute()
    // Whichever came first: a session there is only where the right password was still the right one.
    expect(sessions).toHaveLength(outcome.kind === 'opened' ? 1 : 0)
  })

  it('makes a hash of an older cost anew, with the same password', async () => {
    const old = await hash(password, { memoryCost: 8_192, timeCost: 1 })
    const { email, id } = await hire(office, 'support', { passwordHash: old })
    expect((await enter(email)).kind).toBe('opened')
    const row = await office.db
      .selectFrom('operator')
      .select('password_hash')
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
    expect(row.password_hash).not.toBe(old)
    expect(isOutdated(row.password_hash!)).toBe(false)
    expect((await enter(email)).kind).toBe('opened')
  })

  it('is in vain where no password was ever set', async () => {
    const { email } = await hire(office, 'support')
    expect((await enter(email, '')).kind).toBe('wrong')
    expect((await enter(email, 'nobody has this password')).kind).toBe('wrong')
  })

  it('notes when somebody last got in, with everything that was owed', async () => {
    const { email, id } = await hire(office, 'support', { passwordHash: await hashPassword(password) })
    const lastLogin = async () =>
      (await office.db.selectFrom('operator').select('last_login_at').where('id', '=', id).executeTakeFirstOrThrow())
        .last_login_at
    await enter(email, 'wrong')
    expect(await lastLogin()).toBeNull()
    const { secret } = await enrolled(email)
    expect(await lastLogin()).toEqual(noon)
    const caller = await entered(email, later(60_000))
    expect(caller.state).toBe('password')
    expect(await lastLogin()).toEqual(noon)
    const input = { caller, code: codeAt(secret, later(60_000)), peer, device: undefined }
    expect((await giveCode(office.db, input, system(office), later(60_000))).kind).toBe('proved')
    expect(await lastLogin()).toEqual(later(60_000))
  })
})

describe('the code', () => {
  it('opens nothing where the session was ended meanwhile', async () => {
    const { email, id } = await hire(office, 'support', { passwordHash: await hashPassword(password) })
    const { secret } = await enrolled(email)
    const at = later(60_000)
    const caller = await entered(email, at)
    await endPanelSessions(office.db, { operatorIds: [id] }, at)
    const input = { caller, code: codeAt(secret, at), peer, device: undefined }
    expect(await giveCode(office.db, input, system(office), at)).toEqual({ kind: 'ended' })
  })

  it('leads to changing the password, where that is owed too', async () => {
    const { email, id } = await hire(office, 'support', { passwordHash: await hashPassword(password) })
    const { secret } = await enrolled(email)
    await office.db.updateTable('operator').set({ must_change_password: true }).where('id', '=', id).execute()
    const at = later(60_000)
    const caller = await entered(email, at)
    const given = await giveCode(
      office.db,
      { caller, code: codeAt(secret, at), peer, device: undefined },
      system(office),
      at,
    )
    expect(given).toMatchObject({ kind: 'proved', session: { state: 'change' } })
  })

  it('of another operator is not taken, though its secret was copied into the row (S02)', async () => {
    const hashed = await hashPassword(password)
    const [one, other] = [
      await hire(office, 'support', { passwordHash: hashed }),
      await hire(office, 'super-administrator', { passwordHash: hashed }),
    ]
    const { secret } = await enrolled(one.email)
    await enrolled(other.email)
    const stolen = await office.db
      .selectFrom('operator')
      .select('totp_secret')
      .where('id', '=', one.id)
      .executeTakeFirstOrThrow()
    await office.db
      .updateTable('operator')
      .set({ totp_secret: stolen.totp_secret })
      .where('id', '=', other.id)
      .execute()
    const at = later(60_000)
    const caller = await entered(other.email, at)
    const input = { caller, code: codeAt(secret, at), peer, device: undefined }
    await expect(giveCode(office.db, input, system(office), at)).rejects.toThrow('cannot be opened: not-authentic')
  })
})

describe('the proof', () => {
  it('is of the password that holds at that moment', async () => {
    const { email, id } = await hire(office, 'support', { passwordHash: await hashPassword(password) })
    const caller = await entered(email)
    const by = system(office)
    expect((await prove(office.db, { caller, proof: { password } }, by, noon)).kind).toBe('proved')
    const proving = prove(office.db, { caller, proof: { password } }, by, noon)
    await office.db.updateTable('operator').set({ password_hash: null }).where('id', '=', id).execute()
    expect(['wrong', 'proved']).toContain((await proving).kind)
    expect((await prove(office.db, { caller, proof: { password } }, by, noon)).kind).toBe('wrong')
    expect((await prove(office.db, { caller, proof: { code: '000000' } }, by, noon)).kind).toBe('wrong')
  })
})

describe('two who change the same password at once', () => {
  it('do not both succeed', async () => {
    const { email } = await hire(office, 'support', { passwordHash: await hashPassword(password) })
    const [one, other] = [await entered(email), await entered(email)]
    const change = (caller: Caller, newPassword: string) =>
      changeOwnPassword(office.db, { caller, oldPassword: password, newPassword }, system(office), noon)
    const results = await Promise.all([change(one, 'Birch2-Compass-Tern'), change(other, 'Fern4-Granite-Owl')])
    expect(results.filter((result) => result.kind === 'proved')).toHaveLength(1)
  })

  it('cannot choose the old one again', async () => {
    const { email } = await hire(office, 'support', { passwordHash: await hashPassword(password) })
    const caller = await entered(email)
    const same = changeOwnPassword(
      office.db,
      { caller, oldPassword: password, newPassword: password },
      system(office),
      noon,
    )
    await expect(same).rejects.toThrow('is the old one')
  })
})
