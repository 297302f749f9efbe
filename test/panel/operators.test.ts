// Who works here: operators, their roles, teams, organisations and tokens, from the click to the row.

import { describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { employ, enrolAt, openBrowser, signInAt } from '../support/browser.ts'
import { usePanel } from '../support/panel.ts'
import { hasTools } from '../support/tools.ts'

describe.skipIf(!hasTools('chromium'))('operators', () => {
  const panel = usePanel()

  const operatorOf = (email: string) =>
    panel.api.db.selectFrom('operator').selectAll().where('email', '=', email).executeTakeFirstOrThrow()
  const rowOf = (page: Page, name: string) => page.getByRole('row').filter({ hasText: name })

  /** By the three dots at the end of a row. */
  async function choose(page: Page, name: string, action: string): Promise<void> {
    await rowOf(page, name).getByRole('button').last().click()
    await page.getByRole('menuitem', { name: action, exact: true }).click()
  }

  it('are added with a password that is shown once, disabled with Undo, reset and deleted', async () => {
    const page = await panel.open('/operators')
    await page.getByRole('button', { name: 'Add an operator' }).click()
    const form = page.getByRole('dialog')
    await form.getByLabel('Name').fill('Carla Stone')
    await form.getByLabel('E-mail address').fill('carla@example.net')
    await form.getByRole('combobox', { name: 'Role' }).click()
    await page.getByRole('option', { name: 'Support' }).click()
    await form.getByRole('button', { name: 'Add an operator' }).click()
    await page.getByRole('dialog', { name: 'Password of Carla Stone' }).waitFor()
    const password = await page.getByRole('textbox', { name: 'Password' }).inputValue()
    await page.getByRole('button', { name: 'I have it' }).click()
    const carla = openBrowser(panel.api)
    expect((await signInAt(carla, { email: 'carla@example.net', password })).body).toMatchObject({ state: 'change' })

    await choose(page, 'Carla Stone', 'Disable')
    await page.getByText('Carla Stone is disabled').waitFor()
    expect((await operatorOf('carla@example.net')).enabled).toBe(false)
    expect((await carla.get('/me')).status).toBe(401)
    await page.getByRole('button', { name: 'Undo' }).click()
    await rowOf(page, 'Carla Stone').getByText('Enabled').waitFor()
    expect((await operatorOf('carla@example.net')).enabled).toBe(true)

    await choose(page, 'Carla Stone', 'Reset the password')
    await page.getByRole('button', { name: 'Reset the password' }).click()
    await page.getByRole('dialog', { name: 'Password of Carla Stone' }).waitFor()
    expect(await page.getByRole('textbox', { name: 'Password' }).inputValue()).not.toBe(password)
    await page.getByRole('button', { name: 'I have it' }).click()

    await choose(page, 'Carla Stone', 'Delete')
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByText('Carla Stone was deleted').waitFor()
    expect((await operatorOf('carla@example.net')).archived_at).not.toBeNull()
  })

  it('are freed of a lost second factor, signed out, moved to a role many at once, and looked through', async () => {
    const dora = await employ(panel.api, 'viewer')
    const emil = await employ(panel.api, 'viewer')
    const browser = openBrowser(panel.api)
    await signInAt(browser, dora)
    await enrolAt(browser, panel.api.clock.now())
    const page = await panel.open(`/operators?open=${dora.id}`)
    await page.getByRole('button', { name: /^End the session/ }).click()
    await page.getByText('Signed in nowhere').waitFor()
    expect((await browser.get('/me')).status).toBe(401)
    await page.getByRole('dialog').getByRole('button', { name: 'Actions' }).click()
    await page.getByRole('menuitem', { name: 'Reset the second factor' }).click()
    await page.getByRole('button', { name: 'Reset the second factor' }).click()
    await page.getByText(/The second factor of .* are gone/).waitFor()
    expect((await operatorOf(dora.email)).totp_enabled_at).toBeNull()
    await page.keyboard.press('Escape')
    await rowOf(page, emil.email).waitFor()
    // Only who has enrolled an app is offered the reset.
    await rowOf(page, emil.email).getByRole('button').last().click()
    expect(await page.getByRole('menuitem', { name: 'Reset the second factor' }).count()).toBe(0)
    await page.keyboard.press('Escape')

    for (const { email } of [dora, emil]) await rowOf(page, email).getByRole('checkbox').check()
    await page.getByRole('button', { name: 'Actions', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Assign a role' }).click()
    await page.getByRole('dialog').getByRole('combobox', { name: 'Role' }).click()
    await page.getByRole('option', { name: 'Billing' }).click()
    await page.getByText('2 operators are changed').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Assign a role' }).click()
    await page.getByText('2 operators changed').waitFor()
    const { id } = await panel.api.db
      .selectFrom('role')
      .select('id')
      .where('name', '=', 'billing')
      .executeTakeFirstOrThrow()
    await page.getByRole('combobox', { name: 'Role' }).click()
    await page.getByRole('option', { name: 'Billing' }).click()
    await page.getByText('2 operators', { exact: true }).waitFor()
    expect(page.url()).toContain(`role=${id}`)
    expect([(await operatorOf(dora.email)).role_id, (await operatorOf(emil.email)).role_id]).toEqual([id, id])

    await choose(page, dora.email, 'View as')
    await page.getByRole('dialog').getByRole('button', { name: 'View as' }).click()
    await page.getByText(/You see the panel as/).waitFor()
  })

  it('may what the matrix says: a role of one’s own, changed by its boxes, taken back by Undo', async () => {
    const page = await panel.open('/operators/roles')
    await page.getByRole('button', { name: 'Add a role' }).click()
    await page.getByRole('dialog').getByLabel('Name').fill('night desk')
    await page.getByRole('dialog').getByRole('combobox').click()
    await page.getByRole('option', { name: 'Viewer' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Add a role' }).click()
    const box = page.getByRole('checkbox', { name: 'night desk: Disconnect sessions' })
    await box.click()
    await page.getByText('night desk may now: Disconnect sessions').waitFor()
    const role = () =>
      panel.api.db.selectFrom('role').select('permissions').where('name', '=', 'night desk').executeTakeFirstOrThrow()
    expect((await role()).permissions).toContain('subscriber.disconnect')
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.locator('input[aria-label="night desk: Disconnect sessions"]:not(:checked)').waitFor()
    expect((await role()).permissions).not.toContain('subscriber.disconnect')
  })

  it('belong to teams and resellers, and give programs tokens that are shown once', async () => {
    const page = await panel.open('/operators/teams')
    await page.getByRole('button', { name: 'Add a team' }).click()
    await page.getByRole('dialog').getByLabel('Name').fill('North')
    await page.getByRole('dialog').getByRole('combobox', { name: 'Zones' }).fill('north')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').getByRole('button', { name: 'Add a team' }).click()
    await rowOf(page, 'North').waitFor()
    const team = panel.api.db.selectFrom('team').select('zones').where('name', '=', 'North')
    expect((await team.executeTakeFirstOrThrow()).zones).toEqual(['north'])

    await page.getByRole('link', { name: 'Organisations' }).click()
    await page.getByRole('button', { name: 'Add a reseller' }).click()
    await page.getByRole('dialog').getByLabel('Name').fill('Hillside')
    await page.getByRole('dialog').getByLabel('Most subscribers').fill('250')
    await page.getByRole('dialog').getByRole('button', { name: 'Add a reseller' }).click()
    await rowOf(page, 'Hillside').getByText('250').waitFor()
    await rowOf(page, 'Hillside').getByRole('button', { name: 'Give it a wallet' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Give it a wallet' }).click()
    await page.waitForURL(/\/money\/wallets\/\d+/)
    const reseller = panel.api.db
      .selectFrom('organisation')
      .select(['id', 'subscriber_limit'])
      .where('name', '=', 'Hillside')
    const { id, subscriber_limit: limit } = await reseller.executeTakeFirstOrThrow()
    expect(limit).toBe(250)
    const wallet = panel.api.db.selectFrom('wallet').selectAll().where('organisation_id', '=', id)
    expect(await wallet.executeTakeFirst()).toBeDefined()

    await page.goto(`${panel.api.url}/operators/tokens`)
    await page.getByRole('button', { name: 'Make a token' }).click()
    await page.getByRole('dialog').getByLabel('Name').fill('billing export')
    await page.getByRole('dialog').getByRole('combobox', { name: 'May' }).click()
    await page.getByRole('option', { name: 'Export lists to files' }).click()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').getByRole('button', { name: 'Make a token' }).click()
    const token = await page.getByRole('textbox', { name: 'Token' }).inputValue()
    const asked = () => fetch(`${panel.api.url}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } })
    expect((await asked()).status).toBe(200)
    await page.getByRole('button', { name: 'I have it' }).click()
    await page.getByRole('button', { name: 'Revoke billing export' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await rowOf(page, 'billing export').getByText('Revoked').waitFor()
    expect((await asked()).status).toBe(401)
  })
})
