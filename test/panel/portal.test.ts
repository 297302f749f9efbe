// The portal as a subscriber has it on a phone, and as support opens it in the subscriber's place.

import { describe, expect, it } from 'vitest'
import { insertRow } from '../support/access.ts'
import { makeNasRow, makeSessionRow } from '../support/activity.ts'
import { base32, codeAt } from '../support/browser.ts'
import { usePanel } from '../support/panel.ts'
import { addTestPlan, addTestSubscriber } from '../support/subscribers.ts'
import { hasTools } from '../support/tools.ts'

const phone = { as: null, width: 390, height: 800 } as const

describe.skipIf(!hasTools('chromium'))('the portal', () => {
  const panel = usePanel()

  async function subscriber(username: string): Promise<number> {
    const office = await panel.api.as('super-administrator')
    const plan = `Home of ${username}`
    await addTestPlan(panel.api, plan, { quota_octets: 1_000_000_000n })
    return addTestSubscriber(office, { username, plan, full_name: 'Anna Lind' })
  }

  it('makes a subscriber choose a password, and shows plan, volume, sessions; an app makes the sign-in safer', async () => {
    const id = await subscriber('anna')
    const now = panel.api.clock.now()
    const ago = (hours: number) => new Date(now.getTime() - hours * 3_600_000)
    const nas = await makeNasRow(panel.api, 'bng-1')
    await makeSessionRow(panel.api, {
      subscriber_id: id,
      username: 'anna',
      nas_id: nas,
      started_at: ago(1),
      updated_at: now,
      framed_ip: '10.1.0.5',
    })
    const { period_started_at: since } = await panel.api.db
      .selectFrom('subscriber')
      .select('period_started_at')
      .where('id', '=', BigInt(id))
      .executeTakeFirstOrThrow()
    const used = { input_octets: 50_000_000, output_octets: 200_000_000 }
    await insertRow(panel.api.pool, 'usage_period', { subscriber_id: id, period_started_at: since, ...used })
    const support = await panel.api.as('support')
    const first = String((await support.post(`/subscribers/${id}/portal-password`)).body['password'])

    const page = await panel.open('/portal', phone)
    await page.getByLabel('Username').fill('anna')
    await page.getByRole('textbox', { name: 'Password' }).fill(first)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Choose a new password' }).waitFor()
    await page.getByRole('textbox', { name: 'Password until now' }).fill(first)
    await page.getByRole('textbox', { name: 'New password', exact: true }).fill('Birch2-Compass-Tern')
    await page.getByRole('textbox', { name: 'New password, again' }).fill('Birch2-Compass-Tern')
    await page.keyboard.press('Enter')

    await page.getByRole('heading', { level: 1, name: 'Anna Lind' }).waitFor()
    await page.getByText('750 MB left').waitFor()
    await page.getByText('Home of anna').waitFor()
    expect(await page.getByText('Online', { exact: true }).isVisible()).toBe(true)
    await page.getByRole('link', { name: 'Sessions' }).click()
    await page.getByText('10.1.0.5').waitFor()
    expect(page.url()).toMatch(/\/portal\/sessions$/)

    await page.getByRole('link', { name: 'Sign-in' }).click()
    await page.getByRole('button', { name: 'Set up an app' }).click()
    const secret = base32((await page.locator('code').textContent())!)
    await page.getByLabel('Code').fill(codeAt(secret, panel.api.clock.now()))
    await page.getByRole('button', { name: 'Confirm' }).click()
    await page.getByText('asks for a code').waitFor()
    const login = panel.api.db.selectFrom('portal_login').selectAll().where('subscriber_id', '=', BigInt(id))
    expect((await login.executeTakeFirstOrThrow()).totp_enabled_at).not.toBeNull()

    await page.getByRole('button', { name: 'Your account' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'My connection' }).waitFor()
    await page.getByLabel('Username').fill('anna')
    await page.getByRole('textbox', { name: 'Password' }).fill('Birch2-Compass-Tern')
    await page.keyboard.press('Enter')
    // A code that was used is no code any more.
    panel.api.clock.advance(30_000)
    await page.getByLabel('Code').fill(codeAt(secret, panel.api.clock.now()))
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Anna Lind' }).waitFor()
  })

  it('says to support on every page that it looks in the place of a subscriber, changes nothing, and ends', async () => {
    const id = await subscriber('berta')
    const page = await panel.open('/portal', { as: 'support' })
    await page.getByRole('heading', { name: 'My connection' }).waitFor()
    const opened = await page.evaluate(
      (url) => fetch(url, { method: 'POST', headers: { 'x-gatehouse': '1' } }).then((answer) => answer.status),
      `/api/v1/subscribers/${id}/portal-session`,
    )
    expect(opened).toBe(201)
    await page.goto(`${panel.api.url}/portal/account`)
    await page.getByText('in the place of berta').waitFor()
    await page.getByText('cannot be changed in the place').waitFor()
    await page.getByRole('button', { name: 'End', exact: true }).click()
    await page.getByRole('heading', { name: 'My connection' }).waitFor()
    const trail = panel.api.db.selectFrom('audit_entry').select('action').where('row_id', '=', BigInt(id)).orderBy('id')
    const actions = (await trail.execute()).map(({ action }) => action)
    expect(actions.slice(-2)).toEqual(['subscriber.impersonate', 'portal.sign-out'])
  })
})
