// What attackers try in a real browser, by the ids of the attack matrix (docs/reliability.md): script in names, pages of other
// origins, frames, planted and stale sessions.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sessionCookie } from '../../src/http/auth.ts'
import { employ } from '../support/browser.ts'
import { giveCookie, usePanel } from '../support/panel.ts'
import { hasTools } from '../support/tools.ts'

type Init = Pick<RequestInit, 'method' | 'mode' | 'credentials'> & { headers?: Record<string, string>; body?: string }
const hostile = `<img src=x onerror=window.hit=1>`

describe.skipIf(!hasTools('chromium'))('attacks in the browser', () => {
  const panel = usePanel()
  let elsewhere: Server
  /** Another origin of the same site (`127.0.0.1`), and one of another site (`localhost`). */
  const originOf = (host: string) => `http://${host}:${(elsewhere.address() as AddressInfo).port}`

  beforeAll(async () => {
    elsewhere = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/html')
      response.end('<!doctype html><title>elsewhere</title>')
    })
    await new Promise<void>((resolve) => elsewhere.listen(0, resolve))
  })
  afterAll(() => elsewhere.close())

  async function signedIn(page: Page): Promise<string> {
    const cookie = (await page.context().cookies(panel.api.url)).find(({ name }) => name === sessionCookie)
    return cookie?.value ?? ''
  }

  /** What a page there can do: the answer's status, or why there was none. */
  async function tryFrom(page: Page, path: string, init: Init): Promise<string> {
    return page.evaluate(
      async ([url, options]) =>
        fetch(url, options).then(
          (answer) => `${answer.type} ${answer.status}`,
          () => 'refused by the browser',
        ),
      [`${panel.api.url}/api/v1${path}`, init] as const,
    )
  }

  it('W10 script in names, comments and User-Names is text on every page that shows it', async () => {
    await panel.isp.plan()
    const id = await panel.isp.subscriber('victim', { fullName: hostile })
    const nas = await panel.isp.nas('gate', '127.0.0.61')
    await nas.dial(panel.isp.dial(hostile, { mac: '02:00:00:00:00:61' }))
    await panel.isp.service.drained()
    const boss = await panel.api.as('super-administrator')
    const added = [
      await boss.post('/groups', { name: hostile }),
      await boss.post(`/subscribers/${id}/comments`, { comment: hostile }),
      await boss.patch(`/subscribers/${id}`, { address: hostile }),
    ]
    expect(added.map(({ status }) => status)).toEqual([201, 201, 200])
    const page = await panel.open('/', { as: boss })
    for (const path of [`/subscribers?open=${id}`, '/unmatched', '/groups', '/audit']) {
      await page.goto(panel.api.url + path)
      // It is there to be seen, as what it is.
      await page
        .getByText(path === '/audit' ? 'group' : 'onerror=')
        .first()
        .waitFor()
      const found = await page.evaluate(() => [document.querySelectorAll('img[src=x]').length, 'hit' in window])
      expect([path, ...found]).toEqual([path, 0, false])
    }
  })

  it('W10 W16 the page admits no script of its own body, and no script sees the cookie', async () => {
    const page = await panel.open('/subscribers')
    const answer = await page.request.get(`${panel.api.url}/subscribers`)
    const policy = answer.headers()['content-security-policy'] ?? ''
    // Scripts have no rule of their own: only those of this origin.
    expect(policy).toContain(`default-src 'self'`)
    expect(policy).toContain(`frame-ancestors 'none'`)
    expect(policy).not.toContain('script-src')
    expect(await page.evaluate(() => document.cookie)).toBe('')
    const [cookie] = await page.context().cookies(panel.api.url)
    expect(cookie).toMatchObject({ name: sessionCookie, httpOnly: true, secure: true, path: '/' })
  })

  it('W11 W12 a page of another origin neither changes nor reads anything', async () => {
    const page = await panel.open('/subscribers')
    const body = JSON.stringify({ name: 'planted' })
    for (const host of ['127.0.0.1', 'localhost']) {
      await page.goto(originOf(host))
      const plain = { 'content-type': 'text/plain' }
      const tries = [
        await tryFrom(page, '/groups', {
          method: 'POST',
          mode: 'no-cors',
          credentials: 'include',
          headers: plain,
          body,
        }),
        await tryFrom(page, '/groups', {
          method: 'POST',
          credentials: 'include',
          headers: { 'content-type': 'application/json', 'x-gatehouse': '1' },
          body,
        }),
        await tryFrom(page, '/subscribers', { credentials: 'include' }),
      ]
      expect(tries).toEqual(Array(3).fill('refused by the browser'))
    }
    const { rows } = await panel.api.pool.query(`select name from subscriber_group where name = 'planted'`)
    expect(rows).toEqual([])
    panel.forget(/CORS policy|ERR_FAILED|NotSameOrigin/)
  })

  it('W13 no page can frame the panel', async () => {
    const page = await panel.open('/subscribers')
    await page.goto(originOf('127.0.0.1'))
    await page.evaluate((url) => {
      const frame = document.createElement('iframe')
      frame.src = url
      document.body.append(frame)
      return new Promise((resolve) => frame.addEventListener('load', resolve))
    }, `${panel.api.url}/subscribers`)
    const frame = page.frames().find((one) => one !== page.mainFrame())!
    expect(await frame.evaluate(() => document.querySelector('#root'))).toBeNull()
    panel.forget(/frame-ancestors|chrome-error/)
  })

  it('W14 a planted session is not the one that signing in makes, and the one that is left is dead', async () => {
    const { email, password } = await employ(panel.api, 'administrator')
    const page = await panel.open('/subscribers', { as: null })
    const planted = 'A'.repeat(43)
    await giveCookie(page.context(), panel.api.url, planted)
    await page.getByLabel('E-mail address').fill(email)
    await page.getByRole('textbox', { name: 'Password' }).fill(password)
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Your account' }).waitFor()
    const own = await signedIn(page)
    expect(own.length).toBeGreaterThanOrEqual(22)
    expect(own).not.toBe(planted)
    await page.getByRole('button', { name: 'Your account' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByLabel('E-mail address').waitFor()
    await giveCookie(page.context(), panel.api.url, own)
    const answer = await page.request.get(`${panel.api.url}/api/v1/me`)
    expect(answer.status()).toBe(401)
  })

  it('W14 a role that was taken away is gone with the next request', async () => {
    const boss = await panel.api.as('administrator')
    const page = await panel.open('/audit', { as: boss })
    await page.getByRole('heading', { level: 1, name: 'Audit' }).waitFor()
    await panel.api.pool.query(
      `update operator set role_id = (select id from role where name = 'viewer') where id = $1`,
      [boss.operatorId],
    )
    const answer = await page.request.get(`${panel.api.url}/api/v1/operators`)
    expect(answer.status()).toBe(403)
  })

  it('W45 live events end with the session', async () => {
    const boss = await panel.api.as('administrator')
    const page = await panel.open('/audit', { as: boss })
    const cut = page.evaluate(
      () =>
        new Promise<string>((resolve) => {
          const events = new EventSource('/api/v1/events')
          events.addEventListener('open', () => document.body.setAttribute('data-live', 'yes'))
          events.addEventListener('error', () => resolve('cut'))
        }),
    )
    await page.locator('body[data-live]').waitFor()
    await panel.api.pool.query('update panel_session set ended_at = now() where operator_id = $1', [boss.operatorId])
    expect(await cut).toBe('cut')
    expect((await page.request.get(`${panel.api.url}/api/v1/events`)).status()).toBe(401)
  })

  it('W47 a deep link to what somebody may not do shows neither menu nor data', async () => {
    const page = await panel.open('/operators', { as: 'viewer' })
    await page.getByRole('navigation').first().waitFor()
    expect(await page.getByRole('link', { name: 'Operators' }).count()).toBe(0)
    expect((await page.request.get(`${panel.api.url}/api/v1/operators`)).status()).toBe(403)
    await page.getByRole('main').waitFor()
    expect(await page.getByText('@example.net').count()).toBe(0)
  })

  it('W15 a session that nobody used for an hour ends, and the page says sign in', async () => {
    const page = await panel.open('/subscribers')
    await page.getByRole('heading', { level: 1 }).waitFor()
    await panel.api.pool.query(`update panel_session set last_seen_at = now() - interval '61 minutes'`)
    await page.reload()
    await page.getByLabel('E-mail address').waitFor()
    expect((await page.request.get(`${panel.api.url}/api/v1/me`)).status()).toBe(401)
  })

  it('W48 what a subscriber signs in to the portal with opens nothing of the panel', async () => {
    const { rows } = await panel.api.pool.query<{ id: bigint }>(`select id from subscriber where username = 'victim'`)
    const support = await panel.api.as('support')
    const reset = await support.post(`/subscribers/${rows[0]!.id}/portal-password`)
    const page = await panel.open('/subscribers', { as: null })
    await page.getByLabel('E-mail address').waitFor()
    const status = await page.evaluate(async (password) => {
      const headers = { 'content-type': 'application/json', 'x-gatehouse': '1' }
      const body = JSON.stringify({ username: 'victim', password })
      return (await fetch('/api/v1/portal/sign-in', { method: 'POST', headers, body })).status
    }, String(reset.body['password']))
    expect(status).toBe(200)
    for (const path of ['/me', '/subscribers', '/events']) {
      expect([path, (await page.request.get(`${panel.api.url}/api/v1${path}`)).status()]).toEqual([path, 401])
    }
    await page.reload()
    await page.getByLabel('E-mail address').waitFor()
  })
})
