// Signing in as a browser does it: the first start, states, cookies, limits of time, forgotten passwords.

import { describe, expect, it } from 'vitest'
import { bearerHash } from '../../../src/domain/operator/caller.ts'
import { makeSetupToken } from '../../../src/domain/operator/setup.ts'
import { writeSetting } from '../../../src/domain/setting.ts'
import { sessionCookie } from '../../../src/http/auth.ts'
import { useApi } from '../../support/api.ts'
import { employ, openBrowser, signInAt } from '../../support/browser.ts'

const api = useApi()

const auditOf = async (operatorId: bigint): Promise<string[]> => {
  const rows = await api.db
    .selectFrom('audit_entry')
    .select('action')
    .where('noun', '=', 'operator')
    .where('row_id', '=', operatorId)
    .orderBy('id')
    .execute()
  return rows.map((row) => row.action)
}

describe('the first start (S13)', () => {
  it('has no default login, and makes the first super-administrator once, by the token of the console', async () => {
    const browser = openBrowser(api)
    expect((await browser.get('/setup')).body).toEqual({ open: true, me: null })
    for (const [email, password] of [
      ['admin', 'admin'],
      ['admin@example.net', 'password'],
      ['root@localhost.localdomain', 'gatehouse'],
    ]) {
      expect((await browser.post('/sign-in', { email, password })).status).toBe(401)
    }
    const first = await makeSetupToken(api.db, api.clock.now())
    const token = await makeSetupToken(api.db, api.clock.now())
    const who = { email: 'Owner@Example.net', name: 'Olga Owner', password: 'Kelp7-Lantern-Oar' }
    expect((await browser.post('/setup', { ...who, token: first })).status).toBe(401)
    expect((await browser.post('/setup', { ...who, token, password: 'short' })).status).toBe(422)
    expect((await browser.post('/setup', { ...who, token })).status).toBe(201)
    expect((await browser.post('/setup', { ...who, token, email: 'second@example.net' })).status).toBe(401)
    expect((await browser.get('/setup')).body).toEqual({ open: false, me: null })
    expect(await makeSetupToken(api.db, api.clock.now())).toBeUndefined()
    expect((await signInAt(browser, { ...who })).body).toMatchObject({ state: 'full' })
    const { body: me } = await browser.get('/me')
    expect(me).toMatchObject({ email: 'owner@example.net', role: 'super-administrator' })
    expect((await browser.get('/setup')).body).toEqual({ open: false, me })
  })
})

describe('signing in', () => {
  it('gives a cookie that only this host gets back, over TLS, and no script reads (W16)', async () => {
    const browser = openBrowser(api)
    const who = await employ(api, 'support')
    const answer = await signInAt(browser, { ...who, email: ` ${who.email.toUpperCase()} ` })
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({ state: 'full', ends_at: '2026-11-23T00:00:00.000Z' })
    const line = browser.lastCookies().find((one) => one.startsWith(`${sessionCookie}=`))!
    for (const flag of ['Secure', 'HttpOnly', 'SameSite=Strict', 'Path=/']) expect(line).toContain(flag)
    expect(line).not.toMatch(/Domain|Expires|Max-Age/)
    expect(answer.text).not.toContain(browser.cookies.get(sessionCookie))
    expect((await browser.get('/me')).body).toMatchObject({ email: who.email, state: 'full', viewed_by: null })
    expect(await auditOf(who.id)).toEqual(['operator.create', 'operator.sign-in'])
  })

  it('is asked for by our own pages only', async () => {
    const who = await employ(api, 'support')
    const foreign = openBrowser(api, { 'sec-fetch-site': 'cross-site' })
    expect((await signInAt(foreign, who)).status).toBe(403)
    const form = await fetch(`${api.url}/api/v1/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: who.email, password: who.password }),
    })
    expect(form.status).toBe(403)
  })

  it('says the same to an unknown name, a wrong password, a disabled and a deleted operator (no oracle)', async () => {
    const disabled = await employ(api, 'support')
    const deleted = await employ(api, 'support')
    const known = await employ(api, 'support')
    const boss = await api.as('administrator')
    await boss.patch(`/operators/${disabled.id}`, { enabled: false })
    await boss.delete(`/operators/${deleted.id}`)
    const answers: Record<string, unknown>[] = []
    for (const attempt of [
      { email: 'nobody@example.net', password: 'whatever it is' },
      { email: known.email, password: 'whatever it is' },
      disabled,
      deleted,
    ]) {
      const { status, body } = await signInAt(openBrowser(api), attempt)
      answers.push({ status, ...body, request_id: undefined })
    }
    expect(answers[0]).toMatchObject({ status: 401, code: 'wrong-credentials' })
    expect(answers).toEqual(answers.map(() => answers[0]))
    const failures = await api.db
      .selectFrom('audit_entry')
      .select('after')
      .where('action', '=', 'operator.sign-in-failed')
      .orderBy('id', 'desc')
      .limit(4)
      .execute()
    expect(failures.map((row) => (row.after as { reason: string }).reason)).toEqual([
      'unknown',
      'disabled',
      'wrong password',
      'unknown',
    ])
    expect(JSON.stringify(failures)).not.toContain('nobody@')
  })

  it('leaves no older session behind and never takes an id that was known before (W14)', async () => {
    const browser = openBrowser(api)
    const who = await employ(api, 'support')
    browser.cookies.set(sessionCookie, 'chosen-by-somebody-else')
    await signInAt(browser, who)
    const first = browser.cookies.get(sessionCookie)!
    expect(first).not.toBe('chosen-by-somebody-else')
    expect(Buffer.from(first, 'base64url')).toHaveLength(32)
    await signInAt(browser, who)
    const second = browser.cookies.get(sessionCookie)!
    expect(second).not.toBe(first)
    const before = openBrowser(api)
    before.cookies.set(sessionCookie, first)
    expect((await before.get('/me')).status).toBe(401)
    expect((await browser.delete('/sign-in')).status).toBe(204)
    expect(browser.cookies.has(sessionCookie)).toBe(false)
    const after = openBrowser(api)
    after.cookies.set(sessionCookie, second)
    expect((await after.get('/me')).status).toBe(401)
    const rows = await api.db.selectFrom('panel_session').select('token_hash').execute()
    expect(rows.some((row) => row.token_hash.equals(Buffer.from(second)))).toBe(false)
    expect(rows.some((row) => row.token_hash.equals(bearerHash(second)))).toBe(true)
  })

  it('ends after an hour without a request, and after twelve in any case (W15)', async () => {
    const start = api.clock.now()
    const browser = openBrowser(api)
    await signInAt(browser, await employ(api, 'support'))
    for (let minutes = 0; minutes < 11 * 60 + 30; minutes += 30) {
      api.clock.advance(30 * 60_000)
      expect((await browser.get('/me')).status).toBe(200)
    }
    api.clock.advance(31 * 60_000)
    expect((await browser.get('/me')).status).toBe(401)
    await signInAt(browser, await employ(api, 'support'))
    api.clock.advance(61 * 60_000)
    expect((await browser.get('/me')).status).toBe(401)
    api.clock.set(start)
  })

  it('with a password that was made up leads to changing it first', async () => {
    const browser = openBrowser(api)
    const who = await employ(api, 'support', { mustChange: true })
    expect((await signInAt(browser, who)).body).toMatchObject({ state: 'change' })
    expect((await browser.get('/me')).body).toMatchObject({ state: 'change', permissions: [] })
    expect((await browser.get('/me/panel-sessions')).body).toMatchObject({ code: 'password-change-needed' })
    const changed = await browser.post('/me/password', {
      old_password: who.password,
      new_password: 'Birch2-Compass-Tern',
    })
    expect(changed.body).toEqual({ state: 'full' })
    expect((await browser.get('/me/panel-sessions')).status).toBe(200)
  })

  it('takes a made-up password for a week and no longer', async () => {
    const start = api.clock.now()
    const who = await employ(api, 'support', { mustChange: true })
    api.clock.advance(8 * 86_400_000)
    expect((await signInAt(openBrowser(api), who)).status).toBe(401)
    api.clock.set(start)
  })
})

describe('a forgotten password', () => {
  const askedLinks = async (email: string): Promise<number> => {
    const rows = await api.db.selectFrom('message').select('id').where('recipient', '=', email).execute()
    return rows.length
  }

  it('is answered the same whoever asks; only an operator gets a mail', async () => {
    await writeSetting(api.db, { name: 'panel_url', value: 'https://panel.example.net' }, api.clock.now())
    const who = await employ(api, 'support')
    const browser = openBrowser(api)
    const known = await browser.post('/sign-in/forgotten', { email: who.email })
    const unknown = await browser.post('/sign-in/forgotten', { email: 'nobody@example.net' })
    expect([known.status, known.body]).toEqual([202, { asked: true }])
    expect([unknown.status, unknown.body]).toEqual([202, { asked: true }])
    await expect.poll(() => askedLinks(who.email)).toBe(1)
    expect(await askedLinks('nobody@example.net')).toBe(0)
    // Not a way to fill somebody's mailbox.
    expect((await browser.post('/sign-in/forgotten', { email: who.email })).status).toBe(202)
    const last = await browser.post('/sign-in/forgotten', { email: who.email })
    expect(last.status).toBe(429)
    expect(last.headers.get('retry-after')).toBe('1')
    await api.db.deleteFrom('guess_counter').execute()
  })

  it('is told nothing by a link that is made up', async () => {
    const answer = await openBrowser(api).post('/sign-in/reset', {
      token: 'x'.repeat(43),
      password: 'Fern4-Granite-Owl',
    })
    expect(answer.status).toBe(401)
  })
})

describe('hostile words', () => {
  it('in place of a name, password, code or token are refused and break nothing (W08, W09)', async () => {
    const browser = openBrowser(api)
    const boss = await api.as('super-administrator')
    for (const hostile of ['\u0000', 'a\u0000b@example.net', "' or 1=1 --", '\ud800', '🜁'.repeat(60), '${7*7}']) {
      for (const [path, body] of [
        ['/sign-in', { email: hostile, password: hostile }],
        ['/sign-in/reset', { token: hostile, password: 'Kelp7-Lantern-Oar' }],
        ['/portal/sign-in', { username: hostile, password: hostile }],
        ['/setup', { token: hostile, email: hostile, name: hostile, password: hostile }],
      ] as const) {
        const { status } = await browser.post(path, body)
        expect([path, hostile, status < 500 && status >= 400]).toEqual([path, hostile, true])
        await api.db.deleteFrom('guess_counter').execute()
      }
      expect((await boss.get(`/operators?search=${encodeURIComponent(hostile.toWellFormed())}`)).status).toBeLessThan(
        500,
      )
    }
    for (const body of [{ email: ['a'], password: {} }, { email: { $gt: '' }, password: 1 }, {}, [], 'text']) {
      expect((await browser.post('/sign-in', body)).status).toBe(400)
    }
    expect(
      (await browser.post('/sign-in', { email: 'a@b.example', password: 'x', role: 'super-administrator' })).status,
    ).toBe(400)
  })
})
