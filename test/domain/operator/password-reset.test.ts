// The link by which a password is chosen: good once, for a while, for whoever was asked, and never in place of the second factor.

import { describe, expect, it } from 'vitest'
import { openField } from '../../../src/domain/data-key.ts'
import {
  forgetPassword,
  inviteOperator,
  resetForgotten,
  sendResetMessage,
  trimResets,
} from '../../../src/domain/operator/password-reset.ts'
import { guessKey } from '../../../src/domain/operator/guess.ts'
import { writeSetting } from '../../../src/domain/setting.ts'
import { useApi } from '../../support/api.ts'
import { employ, enrolAt, openBrowser, signInAt } from '../../support/browser.ts'

const api = useApi()
const fresh = 'Birch2-Compass-Tern'
const after = (milliseconds: number): Date => new Date(api.clock.now().getTime() + milliseconds)

async function askedToken(email: string): Promise<string> {
  await api.db.deleteFrom('guess_counter').execute()
  const asked = await forgetPassword(api.db, { email, address: '192.0.2.1' }, api.author, api.clock.now())
  if (asked.kind !== 'asked' || asked.message === undefined) throw new Error('no link was made')
  return asked.message.token
}

const reset = (token: string, password = fresh, now = api.clock.now()) =>
  resetForgotten(api.db, { token, password }, api.author, now)

describe('a link to set a password with', () => {
  it('sets it once, ends every session and is followed by signing in', async () => {
    const who = await employ(api, 'support')
    const browser = openBrowser(api)
    await signInAt(browser, who)
    const [older, token] = [await askedToken(who.email), await askedToken(` ${who.email.toUpperCase()}`)]
    await expect(reset(token, 'short')).rejects.toThrow('at least 12')
    expect(await reset(token)).toEqual({ kind: 'set' })
    expect((await browser.get('/me')).status).toBe(401)
    expect(await reset(token)).toEqual({ kind: 'void' })
    expect(await reset(older)).toEqual({ kind: 'void' })
    expect((await signInAt(browser, who)).status).toBe(401)
    expect((await signInAt(browser, { email: who.email, password: fresh })).body).toMatchObject({ state: 'full' })
  })

  it('never skips the second factor (W18)', async () => {
    const who = await employ(api, 'support')
    const browser = openBrowser(api)
    await signInAt(browser, who)
    await enrolAt(browser, api.clock.now())
    await reset(await askedToken(who.email))
    expect((await signInAt(browser, { email: who.email, password: fresh })).body).toMatchObject({ state: 'password' })
    expect((await browser.get('/me/panel-sessions')).status).toBe(401)
  })

  it('ends after an hour, with the password it was for, and with the operator', async () => {
    const who = await employ(api, 'support')
    const token = await askedToken(who.email)
    expect(await reset(token, fresh, after(3_600_001))).toEqual({ kind: 'void' })
    const browser = openBrowser(api)
    await signInAt(browser, who)
    await browser.post('/me/password', { old_password: who.password, new_password: fresh })
    expect(await reset(token)).toEqual({ kind: 'void' })
    const boss = await api.as('super-administrator')
    const second = await askedToken(who.email)
    await boss.post(`/operators/${who.id}/reset-password`)
    expect(await reset(second)).toEqual({ kind: 'void' })
    const third = await askedToken(who.email)
    await boss.patch(`/operators/${who.id}`, { enabled: false })
    expect(await reset(third)).toEqual({ kind: 'void' })
    await expect(askedToken(who.email)).rejects.toThrow('no link')
  })

  it('is used by one of two who have it', async () => {
    const who = await employ(api, 'support')
    const token = await askedToken(who.email)
    const results = await Promise.all([reset(token, fresh), reset(token, 'Fern4-Granite-Owl')])
    expect(results.map((result) => result.kind).toSorted()).toEqual(['set', 'void'])
  })

  it('opens what strangers have closed by guessing', async () => {
    const who = await employ(api, 'support')
    const token = await askedToken(who.email)
    await api.db
      .insertInto('guess_counter')
      .values({
        key: guessKey('account', who.email, ''),
        failures: 200,
        last_at: api.clock.now(),
        closed_until: after(86_400_000),
      })
      .execute()
    expect((await signInAt(openBrowser(api), who)).status).toBe(429)
    await reset(token)
    expect((await signInAt(openBrowser(api), { email: who.email, password: fresh })).status).toBe(200)
  })

  it('is asked for in vain where nobody is: a row is written all the same', async () => {
    const count = async () => (await api.db.selectFrom('password_reset').select('id').execute()).length
    const before = await count()
    const input = { email: 'nobody@example.net', address: '192.0.2.5' }
    const asked = await forgetPassword(api.db, input, api.author, api.clock.now())
    expect(asked).toEqual({ kind: 'asked', message: undefined })
    expect(await count()).toBe(before + 1)
  })

  it('goes out by mail, behind the # of the panel’s own address', async () => {
    const who = await employ(api, 'support')
    const now = api.clock.now()
    const message = await inviteOperator(api.db, who.id, now)
    expect(await sendResetMessage(api.db, api.keyring, message, now)).toBe(false)
    await writeSetting(api.db, { name: 'panel_url', value: 'https://panel.example.net' }, now)
    expect(await sendResetMessage(api.db, api.keyring, message, now)).toBe(true)
    const { id, body } = await api.db
      .selectFrom('message')
      .select(['id', 'body'])
      .where('recipient', '=', who.email)
      .executeTakeFirstOrThrow()
    const text = openField(api.keyring, { table: 'message', row: id, column: 'body' }, body!).toString()
    expect(text).toContain(`https://panel.example.net/invitation#token=${message.token}`)
    expect(message.expiresAt).toEqual(after(7 * 86_400_000))
    expect(await reset(message.token, fresh, after(6 * 86_400_000))).toEqual({ kind: 'set' })
  })

  it('is kept as a hash and for a month', async () => {
    const who = await employ(api, 'support')
    const token = await askedToken(who.email)
    const rows = await api.db.selectFrom('password_reset').select('token_hash').execute()
    expect(rows.every((row) => row.token_hash.length === 32)).toBe(true)
    expect(JSON.stringify(rows)).not.toContain(token)
    expect(await trimResets(api.db, api.clock.now())).toBe(0)
    expect(await trimResets(api.db, after(60 * 86_400_000))).toBeGreaterThan(0)
  })
})
