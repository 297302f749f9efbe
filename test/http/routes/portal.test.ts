// The subscribers' portal: its own sign-in, never mistaken for the panel's, and what support does for it.

import { describe, expect, it } from 'vitest'
import { addPlan } from '../../../src/domain/plan.ts'
import { makeOwnPayer } from '../../../src/domain/payer.ts'
import { ispId } from '../../../src/domain/organisation.ts'
import { sessionCookie } from '../../../src/http/auth.ts'
import { portalCookie } from '../../../src/http/sign-in-cookies.ts'
import { useApi } from '../../support/api.ts'
import { base32, codeAt, employ, openBrowser, signInAt } from '../../support/browser.ts'
import type { Browser } from '../../support/browser.ts'

const api = useApi()

let made = 0
let planId: bigint | undefined

async function subscriber(input: { ownerId?: bigint; zone?: string } = {}): Promise<{ id: number; username: string }> {
  made += 1
  const now = api.clock.now()
  const ownerId = input.ownerId ?? (await ispId(api.db))
  planId ??= (await addPlan(api.db, { name: 'Portal Plan', down: '50M', up: '20M', days: 30 }, () => undefined, now)).id
  const username = `portal-${made}`
  const payerId = await makeOwnPayer(api.db, { ownerId, name: username, currency: 'EUR' }, now)
  const { id } = await api.db
    .insertInto('subscriber')
    .values({ owner_id: ownerId, payer_id: payerId, plan_id: planId, username, zone: input.zone ?? null })
    .returning('id')
    .executeTakeFirstOrThrow()
  return { id: Number(id), username }
}

const enter = (browser: Browser, username: string, password: string, code?: string) =>
  browser.post('/portal/sign-in', { username, password, ...(code === undefined ? {} : { code }) })

/** A subscriber with a portal password of its own choice, signed in. */
async function settled(): Promise<{ browser: Browser; id: number; username: string; password: string }> {
  const support = await api.as('support')
  const { id, username } = await subscriber()
  const browser = openBrowser(api)
  const first = String((await support.post(`/subscribers/${id}/portal-password`)).body['password'])
  await enter(browser, username, first)
  const password = 'Birch2-Compass-Tern'
  const changed = await browser.post('/portal/password', { old_password: first, new_password: password })
  expect(changed.body).toEqual({ state: 'full' })
  return { browser, id, username, password }
}

describe('signing in to the portal', () => {
  it('is with a password of its own, to be changed first where support made it up (D9)', async () => {
    const support = await api.as('support')
    const { id, username } = await subscriber()
    const browser = openBrowser(api)
    expect((await enter(browser, username, 'the password of the line')).status).toBe(401)
    const reset = await support.post(`/subscribers/${id}/portal-password`)
    const password = String(reset.body['password'])
    expect((await enter(browser, ` ${username.toUpperCase()}`, password)).body).toMatchObject({ state: 'change' })
    expect((await browser.get('/portal/me')).body).toMatchObject({ username, state: 'change', opened_by: null })
    expect((await browser.post('/portal/second-factor')).body).toMatchObject({ code: 'password-change-needed' })
    const weak = { old_password: password, new_password: `${username}-2026` }
    expect((await browser.post('/portal/password', weak)).status).toBe(422)
    const change = { old_password: password, new_password: 'Fern4-Granite-Owl' }
    expect((await browser.post('/portal/password', { ...change, old_password: 'no' })).status).toBe(401)
    const before = browser.cookies.get(portalCookie)
    expect((await browser.post('/portal/password', change)).body).toEqual({ state: 'full' })
    expect(browser.cookies.get(portalCookie)).not.toBe(before)
    expect((await enter(openBrowser(api), username, change.new_password)).body).toMatchObject({ state: 'full' })
    expect((await browser.delete('/portal/sign-in')).status).toBe(204)
    expect((await browser.get('/portal/me')).status).toBe(401)
  })

  it('says the same to a stranger and to a wrong password, and slows guesses down', async () => {
    const { username } = await settled()
    const browser = openBrowser(api)
    const stranger = await enter(browser, 'nobody-at-all', 'guess')
    const wrong = await enter(browser, username, 'guess')
    expect({ ...stranger.body, request_id: 0 }).toEqual({ ...wrong.body, request_id: 0 })
    const statuses = []
    for (let at = 0; at < 5; at += 1) statuses.push((await enter(browser, username, 'guess')).status)
    expect(statuses).toEqual([401, 401, 401, 401, 429])
    await api.db.deleteFrom('guess_counter').execute()
  })

  it('ends after half an hour without a request and twelve hours in any case (W15)', async () => {
    const start = api.clock.now()
    const { browser } = await settled()
    for (let minutes = 0; minutes < 690; minutes += 25) {
      api.clock.advance(25 * 60_000)
      expect((await browser.get('/portal/me')).status).toBe(200)
    }
    api.clock.advance(29 * 60_000)
    expect((await browser.get('/portal/me')).status).toBe(401)
    api.clock.set(start)
    const { browser: idle } = await settled()
    api.clock.advance(31 * 60_000)
    expect((await idle.get('/portal/me')).status).toBe(401)
    api.clock.set(start)
  })

  it('asks for a code where an app is enrolled, each once, until support resets it (D10)', async () => {
    const start = api.clock.now()
    const { browser, id, username, password } = await settled()
    const enrolled = await browser.post('/portal/second-factor')
    expect(String(enrolled.body['qr_svg'])).toMatch(/^<svg /)
    const secret = base32(String(enrolled.body['secret']))
    expect((await browser.post('/portal/second-factor/confirm', { code: '000000' })).status).toBe(422)
    const code = codeAt(secret, api.clock.now())
    expect((await browser.post('/portal/second-factor/confirm', { code })).status).toBe(204)
    expect((await browser.post('/portal/second-factor')).status).toBe(409)
    expect((await browser.get('/portal/me')).body).toMatchObject({ second_factor: true })
    const fresh = openBrowser(api)
    expect((await enter(fresh, username, password)).body).toMatchObject({ code: 'second-factor-needed' })
    expect((await enter(fresh, username, 'wrong')).body).toMatchObject({ code: 'wrong-credentials' })
    expect((await enter(fresh, username, password, code)).status).toBe(401)
    api.clock.advance(60_000)
    const next = codeAt(secret, api.clock.now())
    expect((await enter(fresh, username, password, next)).status).toBe(200)
    const support = await api.as('support')
    expect((await support.delete(`/subscribers/${id}/portal-second-factor`)).status).toBe(204)
    expect((await support.delete(`/subscribers/${id}/portal-second-factor`)).status).toBe(409)
    expect((await fresh.get('/portal/me')).status).toBe(401)
    expect((await enter(fresh, username, password)).status).toBe(200)
    api.clock.set(start)
  })

  it('ends with a reset password and with the subscriber', async () => {
    const { browser, id, username, password } = await settled()
    const support = await api.as('support')
    await support.post(`/subscribers/${id}/portal-password`)
    expect((await browser.get('/portal/me')).status).toBe(401)
    expect((await enter(browser, username, password)).status).toBe(401)
    const other = await settled()
    await api.db
      .updateTable('subscriber')
      .set({ archived_at: api.clock.now() })
      .where('id', '=', BigInt(other.id))
      .execute()
    expect((await other.browser.get('/portal/me')).status).toBe(401)
    expect((await enter(other.browser, other.username, other.password)).status).toBe(401)
    expect((await support.post(`/subscribers/${other.id}/portal-password`)).status).toBe(404)
  })
})

describe('the portal and the panel (W48)', () => {
  it('take none of each other’s sessions, by neither cookie nor header', async () => {
    const { browser } = await settled()
    const portal = browser.cookies.get(portalCookie)!
    expect((await browser.get('/me')).status).toBe(401)
    expect((await browser.get('/operators')).status).toBe(401)
    const swapped = openBrowser(api)
    swapped.cookies.set(sessionCookie, portal)
    expect((await swapped.get('/me')).status).toBe(401)
    const bearer = openBrowser(api, { authorization: `Bearer ${portal}` })
    expect((await bearer.get('/me')).status).toBe(401)
    const panel = openBrowser(api)
    await signInAt(panel, await employ(api, 'super-administrator'))
    expect((await panel.get('/portal/me')).status).toBe(401)
    panel.cookies.set(portalCookie, panel.cookies.get(sessionCookie)!)
    expect((await panel.get('/portal/me')).status).toBe(401)
  })

  it('is asked by its own pages only', async () => {
    const { browser } = await settled()
    const foreign = openBrowser(api, { 'sec-fetch-site': 'cross-site' })
    for (const [name, value] of browser.cookies) foreign.cookies.set(name, value)
    expect((await foreign.delete('/portal/sign-in')).status).toBe(403)
    expect((await enter(foreign, 'anybody', 'anything')).status).toBe(403)
    expect((await browser.get('/portal/me')).status).toBe(200)
  })
})

describe('opening a portal in the subscriber’s place (C25)', () => {
  it('lasts a quarter of an hour, is marked and written down, and changes no way of signing in', async () => {
    const start = api.clock.now()
    const { id, username } = await subscriber()
    const browser = openBrowser(api)
    const who = await employ(api, 'support')
    await signInAt(browser, who)
    const opened = await browser.post(`/subscribers/${id}/portal-session`)
    expect(opened.status).toBe(201)
    expect(opened.body).toEqual({ ends_at: new Date(start.getTime() + 15 * 60_000).toISOString() })
    expect((await browser.get('/portal/me')).body).toMatchObject({ username, opened_by: who.email, state: 'full' })
    expect((await browser.post('/portal/second-factor')).status).toBe(403)
    const change = { old_password: 'a', new_password: 'Fern4-Granite-Owl' }
    expect((await browser.post('/portal/password', change)).status).toBe(403)
    // The operator's own session goes on beside it.
    expect((await browser.get('/me')).body).toMatchObject({ email: who.email })
    const entry = await api.db
      .selectFrom('audit_entry')
      .select(['action', 'author_name', 'row_id'])
      .where('action', '=', 'subscriber.impersonate')
      .orderBy('id', 'desc')
      .executeTakeFirst()
    expect(entry).toEqual({ action: 'subscriber.impersonate', author_name: who.email, row_id: BigInt(id) })
    api.clock.advance(16 * 60_000)
    expect((await browser.get('/portal/me')).status).toBe(401)
    api.clock.set(start)
    await browser.post(`/subscribers/${id}/portal-session`)
    expect((await browser.delete('/portal/sign-in')).status).toBe(204)
    const ended = await api.db
      .selectFrom('audit_entry')
      .select(['author_kind', 'author_name', 'viewed_by'])
      .where('action', '=', 'portal.sign-out')
      .orderBy('id', 'desc')
      .executeTakeFirst()
    expect(ended).toEqual({ author_kind: 'subscriber', author_name: `subscriber ${id}`, viewed_by: who.email })
  })

  it('ends when the operator goes, and is for who may and reaches', async () => {
    const one = await api.reseller('Portal One')
    const other = await api.reseller('Portal Two')
    const mine = await subscriber({ ownerId: one })
    const reseller = await api.as('reseller', { organisationId: one })
    const stranger = await api.as('reseller', { organisationId: other })
    for (const [method, path] of [
      ['post', 'portal-session'],
      ['post', 'portal-password'],
      ['delete', 'portal-second-factor'],
    ] as const) {
      expect([path, (await stranger[method](`/subscribers/${mine.id}/${path}`)).status]).toEqual([path, 404])
    }
    expect((await (await api.as('viewer')).post(`/subscribers/${mine.id}/portal-session`)).status).toBe(403)
    const opened = await reseller.post(`/subscribers/${mine.id}/portal-session`)
    const value = /__Host-gatehouse-portal=([^;]+)/.exec(opened.headers.get('set-cookie') ?? '')?.[1]
    const browser = openBrowser(api)
    browser.cookies.set(portalCookie, value!)
    expect((await browser.get('/portal/me')).status).toBe(200)
    await (await api.as('super-administrator')).patch(`/operators/${reseller.operatorId}`, { enabled: false })
    expect((await browser.get('/portal/me')).status).toBe(401)
  })

  it('keeps to the zones of a team', async () => {
    const boss = await api.as('super-administrator')
    const team = await boss.post('/teams', { name: 'Portal North', zones: ['north'] })
    const support = await api.as('support', { teamId: BigInt(Number(team.body['id'])) })
    const inside = await subscriber({ zone: 'north' })
    const outside = await subscriber({ zone: 'south' })
    expect((await support.post(`/subscribers/${inside.id}/portal-session`)).status).toBe(201)
    expect((await support.post(`/subscribers/${outside.id}/portal-session`)).status).toBe(404)
  })
})
