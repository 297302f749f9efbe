// One browser, two doors: an operator who is a subscriber too, or who looks into a portal, holds the cookies of both.

import { beforeAll, describe, expect, it } from 'vitest'
import { sessionCookie } from '../../../src/http/auth.ts'
import { portalCookie } from '../../../src/http/sign-in-cookies.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { employ, openBrowser, signInAt } from '../../support/browser.ts'
import type { Browser } from '../../support/browser.ts'

const api = useApi()
let boss: Client
let planId: number

beforeAll(async () => {
  boss = await api.as('super-administrator')
  const plan = { name: 'Beside', price: '10.00', down_bps: '50M', up_bps: '20M', validity: 30 }
  planId = Number((await boss.post('/plans', plan)).body['id'])
})

/** A line of an organisation with a portal password that was made up for it. */
async function line(username: string, ownerId?: bigint): Promise<{ id: number; password: string }> {
  const owner = ownerId === undefined ? {} : { owner: Number(ownerId) }
  const made = await boss.post('/subscribers', { username, plan: planId, ...owner })
  expect(made.status, `of ${made.text}`).toBe(201)
  const id = Number(made.body['id'])
  return { id, password: String((await boss.post(`/subscribers/${id}/portal-password`)).body['password']) }
}

async function settle(browser: Browser, username: string, password: string): Promise<void> {
  expect((await browser.post('/portal/sign-in', { username, password })).body).toMatchObject({ state: 'change' })
  const body = { old_password: password, new_password: `Birch2-Compass-${username}` }
  const changed = await browser.post('/portal/password', body)
  expect(changed.status, `of ${changed.text}`).toBe(200)
}

const endedAt = async (subscriberId: number) =>
  api.db.selectFrom('portal_session').select(['ended_at']).where('subscriber_id', '=', BigInt(subscriberId)).execute()

describe('a reseller’s operator who is a subscriber of somebody else', () => {
  it('has both doors open in one browser, and closes each by itself', async () => {
    const organisationId = await api.reseller('Beside Net')
    const browser = openBrowser(api)
    await signInAt(browser, await employ(api, 'reseller', { organisationId }))
    const { id, password } = await line('beside-isp')
    await settle(browser, 'beside-isp', password)
    expect((await browser.get('/portal/me')).body).toMatchObject({ username: 'beside-isp', opened_by: null })
    expect((await browser.post('/portal/second-factor')).status).toBe(201)
    // The line is the ISP's: as operator of the reseller it is not there.
    expect((await browser.get(`/subscribers/${id}`)).status).toBe(404)
    expect((await browser.delete('/portal/sign-in')).status).toBe(204)
    expect((await endedAt(id)).every((session) => session.ended_at !== null)).toBe(true)
    expect(browser.cookies.has(portalCookie)).toBe(false)
    expect((await browser.get('/me')).status).toBe(200)
    const entry = await api.db
      .selectFrom('audit_entry')
      .select(['author_kind', 'author_name', 'viewed_by', 'owner_id'])
      .where('action', '=', 'portal.sign-out')
      .where('row_id', '=', BigInt(id))
      .executeTakeFirstOrThrow()
    expect(entry).toEqual({
      author_kind: 'subscriber',
      author_name: `subscriber ${id}`,
      viewed_by: null,
      owner_id: 1n,
    })
  })

  it('signed out of the panel is still in the portal, and the other way round', async () => {
    const organisationId = await api.reseller('Beside Two')
    const browser = openBrowser(api)
    await signInAt(browser, await employ(api, 'reseller', { organisationId }))
    const { password } = await line('beside-two')
    await settle(browser, 'beside-two', password)
    expect((await browser.delete('/sign-in')).status).toBe(204)
    expect(browser.cookies.has(sessionCookie)).toBe(false)
    expect((await browser.get('/me')).status).toBe(401)
    expect((await browser.get('/portal/me')).status).toBe(200)
  })
})

describe('a portal that is looked into', () => {
  it('by a reseller’s operator is left again, also with the panel open beside it', async () => {
    const organisationId = await api.reseller('Looking Net')
    const browser = openBrowser(api)
    const who = await employ(api, 'reseller', { organisationId })
    await signInAt(browser, who)
    const { id } = await line('looked-into', organisationId)
    expect((await browser.post(`/subscribers/${id}/portal-session`)).status).toBe(201)
    expect((await browser.get('/portal/me')).body).toMatchObject({ username: 'looked-into', opened_by: who.email })
    expect((await browser.delete('/portal/sign-in')).status).toBe(204)
    expect((await browser.get('/portal/me')).status).toBe(401)
    expect((await endedAt(id)).every((session) => session.ended_at !== null)).toBe(true)
  })

  it('is closed when its subscriber sets another password', async () => {
    const browser = openBrowser(api)
    await signInAt(browser, await employ(api, 'support'))
    const { id, password } = await line('looked-then')
    expect((await browser.post(`/subscribers/${id}/portal-session`)).status).toBe(201)
    await settle(openBrowser(api), 'looked-then', password)
    expect((await browser.get('/portal/me')).status).toBe(401)
    expect((await browser.get('/me')).status).toBe(200)
  })

  it('is not opened by a key for programs', async () => {
    const { id } = await line('looked-key')
    const browser = openBrowser(api)
    await signInAt(browser, await employ(api, 'support'))
    const expires_at = new Date(api.clock.now().getTime() + 3_600_000).toISOString()
    const body = { name: 'Key', permissions: ['portal.impersonate'], expires_at }
    const { token } = (await browser.post('/me/api-tokens', body)).body as { token: string }
    const program = openBrowser(api, { authorization: `Bearer ${token}` })
    expect((await program.post(`/subscribers/${id}/portal-session`)).status).toBe(403)
    // Nor does a key open the portal itself.
    expect((await program.get('/portal/me')).status).toBe(401)
  })
})
