// What an operator does with its own sign-in: password, second factor, sessions, API tokens.

import { describe, expect, it } from 'vitest'
import { sessionCookie } from '../../../src/http/auth.ts'
import { useApi } from '../../support/api.ts'
import type { Answer } from '../../support/api.ts'
import { codeAt, employ, enrolAt, openBrowser, signInAt } from '../../support/browser.ts'
import type { Browser, Employee } from '../../support/browser.ts'

const api = useApi()

async function signedIn(role: string): Promise<{ browser: Browser; who: Employee }> {
  const browser = openBrowser(api)
  const who = await employ(api, role)
  expect((await signInAt(browser, who)).status).toBe(200)
  return { browser, who }
}

const program = (token: unknown, path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${api.url}/api/v1${path}`, { ...init, headers: { authorization: `Bearer ${String(token)}`, ...init.headers } })

const tokenOf = (answer: Answer): string => String(answer.body['token'])

const inAMonth = '2026-12-22T12:00:00Z'

describe('the own password', () => {
  it('is changed with the old one; every other session ends and this one has a new id (W14)', async () => {
    const { browser, who } = await signedIn('support')
    const other = openBrowser(api)
    await signInAt(other, who)
    const before = browser.cookies.get(sessionCookie)!
    const change = { old_password: who.password, new_password: 'Birch2-Compass-Tern' }
    expect((await browser.post('/me/password', { ...change, old_password: 'guess' })).status).toBe(401)
    expect((await browser.post('/me/password', change)).body).toEqual({ state: 'full' })
    expect(browser.cookies.get(sessionCookie)).not.toBe(before)
    expect((await other.get('/me')).status).toBe(401)
    expect((await browser.get('/me')).status).toBe(200)
    expect((await signInAt(openBrowser(api), who)).status).toBe(401)
    expect((await signInAt(openBrowser(api), { email: who.email, password: change.new_password })).status).toBe(200)
  })

  it.each([
    ['short1!', 'at least 12'],
    ['password2026!', 'tried first'],
    ['gatehouse-2026', 'tried first'],
    ['aaaaaaaaaaaaaaa', 'repeats'],
    [`${'x'.repeat(250)}1234567`, 'at most 256'],
  ])('cannot be %s (W23)', async (password, reason) => {
    const { browser, who } = await signedIn('support')
    const answer = await browser.post('/me/password', { old_password: who.password, new_password: password })
    expect(answer.status).toBe(422)
    expect(answer.body['detail']).toContain(reason)
    expect(answer.text).not.toContain(`${password}"`)
  })

  it('may be long, of any characters, and counts to the last one', async () => {
    const { browser, who } = await signedIn('support')
    const long = `${'ein Löwe isst 7 Äpfel und '.repeat(5)}ende`
    expect((await browser.post('/me/password', { old_password: who.password, new_password: long })).status).toBe(200)
    expect((await signInAt(openBrowser(api), { email: who.email, password: long.slice(0, -1) })).status).toBe(401)
    expect((await signInAt(openBrowser(api), { email: who.email, password: long })).status).toBe(200)
  })
})

describe('the own second factor', () => {
  it('is enrolled with a fresh proof, shown as a square, in force once confirmed, and given up again', async () => {
    const { browser, who } = await signedIn('support')
    const other = openBrowser(api)
    await signInAt(other, who)
    expect((await browser.get('/me/second-factor')).body).toMatchObject({ enabled_at: null, recovery_codes_left: 0 })
    const enrolled = await browser.post('/me/second-factor')
    expect(enrolled.status).toBe(201)
    expect(String(enrolled.body['uri'])).toMatch(
      /^otpauth:\/\/totp\/Gatehouse:employee-\d+%40example\.net\?issuer=Gatehouse&secret=/,
    )
    expect(String(enrolled.body['qr_svg'])).toMatch(/^<svg /)
    // Not in force yet: signing in asks for no code.
    expect((await signInAt(openBrowser(api), who)).body).toMatchObject({ state: 'full' })
    expect((await browser.post('/me/second-factor/confirm', { code: '000000' })).status).toBe(422)
    const { secret } = await enrolAt(browser, api.clock.now())
    expect((await other.get('/me')).status).toBe(401)
    expect((await signInAt(openBrowser(api), who)).body).toMatchObject({ state: 'password' })
    const stored = await api.db.selectFrom('operator').selectAll().where('id', '=', who.id).executeTakeFirstOrThrow()
    expect(stored.totp_secret!.includes(secret)).toBe(false)
    expect(stored.totp_pending).toBeNull()
    const codes = await browser.post('/me/recovery-codes')
    expect(codes.body['recovery_codes']).toHaveLength(10)
    expect((await browser.delete('/me/second-factor')).status).toBe(204)
    expect((await signInAt(openBrowser(api), who)).body).toMatchObject({ state: 'full' })
    expect((await browser.post('/me/recovery-codes')).status).toBe(409)
    expect((await browser.delete('/me/second-factor')).status).toBe(409)
  })

  it('waits ten minutes to be confirmed, and replaces another only then', async () => {
    const start = api.clock.now()
    const { browser, who } = await signedIn('support')
    const { secret } = await enrolAt(browser, api.clock.now())
    await browser.post('/me/second-factor')
    api.clock.advance(11 * 60_000)
    const proof = await browser.post('/sign-in/proof', { password: who.password })
    expect(proof.status).toBe(200)
    expect((await browser.post('/me/second-factor/confirm', { code: '123456' })).status).toBe(409)
    const again = openBrowser(api)
    await signInAt(again, who)
    const code = codeAt(secret, api.clock.now())
    expect((await again.post('/sign-in/code', { code })).status).toBe(200)
    api.clock.set(start)
  })
})

describe('the own sessions', () => {
  it('are listed, ended one by one, and all but this one', async () => {
    const { browser, who } = await signedIn('support')
    const others = [openBrowser(api, { 'user-agent': 'Other/1.0' }), openBrowser(api), openBrowser(api)]
    for (const other of others) await signInAt(other, who)
    const listed = (await browser.get('/me/panel-sessions')).body['items'] as Record<string, unknown>[]
    expect(listed).toHaveLength(4)
    expect(listed.filter((session) => session['current'])).toHaveLength(1)
    const foreign = listed.find((session) => session['user_agent'] === 'Other/1.0')!
    expect(foreign).toMatchObject({ address: '127.0.0.1', state: 'full', current: false })
    expect((await browser.delete(`/me/panel-sessions/${Number(foreign['id'])}`)).status).toBe(204)
    expect((await others[0]!.get('/me')).status).toBe(401)
    expect((await others[1]!.get('/me')).status).toBe(200)
    expect((await browser.delete('/me/panel-sessions')).body).toEqual({ ended: 2 })
    expect((await others[1]!.get('/me')).status).toBe(401)
    expect((await browser.get('/me')).status).toBe(200)
  })

  it('are nobody else’s to end', async () => {
    const { browser } = await signedIn('support')
    const { browser: stranger } = await signedIn('support')
    const [mine] = (await browser.get('/me/panel-sessions')).body['items'] as { id: number }[]
    expect((await stranger.delete(`/me/panel-sessions/${mine!.id}`)).status).toBe(404)
    expect((await browser.get('/me')).status).toBe(200)
  })
})

describe('the own API tokens (W21)', () => {
  it('are shown once, begin with gh_, are kept as hashes, may what they name, and are refused once revoked', async () => {
    const { browser } = await signedIn('support')
    const made = await browser.post('/me/api-tokens', {
      name: 'billing',
      permissions: ['subscriber.read'],
      expires_at: inAMonth,
    })
    expect(made.status).toBe(201)
    const token = tokenOf(made)
    expect(token).toMatch(/^gh_[A-Za-z0-9_-]{43}$/)
    const me = await program(token, '/me')
    expect(await me.json()).toMatchObject({ permissions: ['subscriber.read'] })
    expect((await program(token, '/nases')).status).toBe(403)
    const listed = await browser.get('/me/api-tokens')
    expect(listed.text).not.toContain(token)
    expect(listed.body['items']).toMatchObject([
      { name: 'billing', prefix: token.slice(0, 9), state: 'valid', last_used_address: '127.0.0.1' },
    ])
    expect((await browser.delete(`/me/api-tokens/${Number(made.body['id'])}`)).status).toBe(204)
    expect((await program(token, '/me')).status).toBe(401)
    expect((await browser.get('/me/api-tokens')).body['items']).toMatchObject([{ state: 'revoked' }])
    expect((await browser.delete(`/me/api-tokens/${Number(made.body['id'])}`)).status).toBe(404)
  })

  it('end with their date, and are refused from elsewhere than they say', async () => {
    const start = api.clock.now()
    const { browser } = await signedIn('support')
    const make = (more: object) =>
      browser.post('/me/api-tokens', { name: 'x1', permissions: ['subscriber.read'], expires_at: inAMonth, ...more })
    const elsewhere = tokenOf(await make({ allowed: ['192.0.2.0/24', '2001:db8::1'] }))
    const here = tokenOf(await make({ allowed: ['127.0.0.1'], expires_at: '2026-11-22T13:00:00+00:00' }))
    expect((await program(elsewhere, '/me')).status).toBe(401)
    expect((await program(here, '/me')).status).toBe(200)
    api.clock.advance(3_600_000)
    expect((await program(here, '/me')).status).toBe(401)
    api.clock.set(start)
    expect((await make({ allowed: ['192.0.2.1/24'] })).status).toBe(422)
    expect((await make({ allowed: ['everywhere'] })).status).toBe(422)
    expect((await make({ expires_at: '2028-01-01T00:00:00Z' })).status).toBe(422)
    expect((await make({ expires_at: '2026-11-22T11:00:00Z' })).status).toBe(422)
  })

  it('never may more than who makes them, nor touch how a person signs in', async () => {
    const { browser } = await signedIn('support')
    const above = { name: 'x1', permissions: ['setting.edit'], expires_at: inAMonth }
    expect((await browser.post('/me/api-tokens', above)).status).toBe(403)
    expect((await browser.post('/me/api-tokens', { ...above, permissions: ['nonsense'] })).status).toBe(422)
    const made = await browser.post('/me/api-tokens', { ...above, permissions: ['subscriber.read'] })
    const json = { method: 'POST', headers: { 'content-type': 'application/json' } }
    for (const [path, body] of [
      ['/me/password', { old_password: 'a', new_password: 'b' }],
      ['/me/second-factor', undefined],
      ['/me/api-tokens', { ...above, permissions: ['subscriber.read'] }],
      ['/sign-in/proof', { password: 'a' }],
    ] as const) {
      const init = body === undefined ? { method: 'POST' } : { ...json, body: JSON.stringify(body) }
      expect([path, (await program(tokenOf(made), path, init)).status]).toEqual([path, 403])
    }
    expect((await program(tokenOf(made), '/sign-in', { method: 'DELETE' })).status).toBe(403)
  })

  it('lose what their operator loses, at the next request', async () => {
    const { browser, who } = await signedIn('support')
    const boss = await api.as('super-administrator')
    const made = await browser.post('/me/api-tokens', {
      name: 'nas list',
      permissions: ['nas.read'],
      expires_at: inAMonth,
    })
    expect((await program(tokenOf(made), '/nases')).status).toBe(200)
    const roles = (await boss.get('/roles')).body['items'] as { id: number; name: string }[]
    const billing = roles.find((role) => role.name === 'billing')!.id
    expect((await boss.patch(`/operators/${who.id}`, { role_id: billing })).status).toBe(200)
    expect((await program(tokenOf(made), '/nases')).status).toBe(403)
    expect((await boss.delete(`/operators/${who.id}`)).status).toBe(204)
    expect((await program(tokenOf(made), '/me')).status).toBe(401)
  })

  it('of others are seen and revoked by who may', async () => {
    const { browser, who } = await signedIn('support')
    const made = await browser.post('/me/api-tokens', {
      name: 'theirs',
      permissions: ['nas.read'],
      expires_at: inAMonth,
    })
    const boss = await api.as('administrator')
    const all = await boss.get(`/api-tokens?operator=${who.id}&limit=1`)
    expect(all.body['items']).toMatchObject([{ operator: who.email, name: 'theirs' }])
    expect((await (await api.as('support')).get('/api-tokens')).status).toBe(403)
    expect((await boss.delete(`/api-tokens/${Number(made.body['id'])}`)).status).toBe(204)
    expect((await program(tokenOf(made), '/me')).status).toBe(401)
    const pages = await boss.get('/api-tokens?limit=2')
    expect(pages.body['items']).toHaveLength(2)
    const next = await boss.get(`/api-tokens?limit=2&cursor=${String(pages.body['next_cursor'])}`)
    const ids = [pages, next].flatMap((page) => (page.body['items'] as { id: number }[]).map((token) => token.id))
    expect(ids).toEqual(ids.toSorted((one, other) => other - one))
    expect(new Set(ids).size).toBe(ids.length)
    expect((await boss.get('/api-tokens?cursor=nonsense')).status).toBe(400)
  })
})
