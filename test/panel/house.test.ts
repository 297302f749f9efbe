// What is around every page and of oneself: finding by Ctrl-K, settings, the second factor, links of mails, other eyes.

import { describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { forgetPassword } from '../../src/domain/operator/password-reset.ts'
import { base32, codeAt, employ } from '../support/browser.ts'
import { usePanel } from '../support/panel.ts'
import { hasTools } from '../support/tools.ts'

describe.skipIf(!hasTools('chromium'))('the frame, the profile and the settings', () => {
  const panel = usePanel()

  const signIn = async (page: Page, { email, password }: { email: string; password: string }) => {
    await page.getByLabel('E-mail address').fill(email)
    await page.getByRole('textbox', { name: 'Password' }).fill(password)
    await page.keyboard.press('Enter')
  }

  it('finds a subscriber by Ctrl-K and a page by its letters, and shows what the keyboard can do', async () => {
    await panel.isp.plan()
    const id = await panel.isp.subscriber('berta', { fullName: 'Berta Birch' })
    const page = await panel.open('/profile')
    await page.getByRole('heading', { level: 1, name: 'Your profile' }).waitFor()
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'A subscriber, a NAS' }).fill('berta')
    // At once, before anything is found.
    await page.keyboard.press('Enter')
    await page.waitForURL(new RegExp(`/subscribers.*${id}`))
    await page.goto(`${panel.api.url}/profile`)
    await page.getByRole('heading', { level: 1, name: 'Your profile' }).waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('a')
    await page.getByRole('heading', { level: 1, name: 'Audit' }).waitFor()
    expect(await page.title()).toBe('Audit · Gatehouse')
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
  })

  it('writes the date format, shows times in it, and takes it back', async () => {
    const format = async () =>
      (await panel.api.pool.query("select value from setting where name = 'date_format'")).rows[0]?.value as unknown
    const page = await panel.open('/settings?q=date')
    await page.getByRole('combobox', { name: 'Date format' }).click()
    await page.getByRole('option', { name: 'MM-DD-YYYY HH:MM' }).click()
    await page.getByRole('button', { name: 'Save' }).click()
    const undo = page.getByRole('button', { name: 'Undo' })
    await undo.waitFor()
    expect(await format()).toBe('month-first')
    await page.keyboard.press('g')
    await page.keyboard.press('a')
    await page
      .getByText(/^\d\d-\d\d-\d{4} \d\d:\d\d/)
      .first()
      .waitFor()
    await undo.click()
    await expect.poll(format).toBe('locale')
    const wrong = await panel.open('/settings?q=code')
    await wrong.getByRole('textbox', { name: 'Country code' }).fill('49')
    await wrong.getByText('Not of the form that is wanted').waitFor()
    expect(await wrong.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true)
  })

  it('enrols an app, signs in by a recovery code, and ends another session', async () => {
    const who = await employ(panel.api, 'support')
    const page = await panel.open('/profile', { as: null })
    await signIn(page, who)
    await page.getByRole('button', { name: 'Set up an app' }).click()
    const secret = base32((await page.locator('code').textContent())!)
    await page.getByLabel('The first code').fill(codeAt(secret, panel.api.clock.now()))
    await page.keyboard.press('Enter')
    const code = await page.getByRole('dialog').getByRole('listitem').first().textContent()
    const other = await panel.open('/profile', { as: null })
    await signIn(other, who)
    await other.getByLabel('Code').fill(code!)
    await other.keyboard.press('Enter')
    await other.getByText('9 recovery codes are left').waitFor()
    await other.getByRole('button', { name: /^End the session/ }).click()
    await other.getByText('The session has ended').waitFor()
    const { rows } = await panel.api.pool.query<{ sessions: string }>(
      'select count(*) as sessions from panel_session where operator_id = $1 and ended_at is null',
      [who.id],
    )
    expect(Number(rows[0]!.sessions)).toBe(1)
  })

  it('sets a new password by the link of a mail, which the address does not keep', async () => {
    const { email } = await employ(panel.api, 'support')
    const { db, author, clock } = panel.api
    const forgotten = await forgetPassword(db, { email, address: '127.0.0.1' }, author, clock.now())
    const token = forgotten.kind === 'asked' ? forgotten.message!.token : ''
    const page = await panel.open(`/reset-password#token=${token}`, { as: null })
    const password = 'a violet tin of 41 buttons'
    await page.getByRole('textbox', { name: 'New password', exact: true }).fill(password)
    await page.getByRole('textbox', { name: 'New password, again' }).fill(password)
    expect(page.url()).not.toContain(token)
    await page.keyboard.press('Enter')
    await page.getByText('Sign in with it now').waitFor()
    await page.getByRole('button', { name: 'Sign in' }).click()
    await signIn(page, { email, password })
    await page.getByRole('navigation', { name: 'Pages' }).waitFor()
  })

  it('says through whose eyes one looks, and leads back', async () => {
    const { id } = await employ(panel.api, 'viewer')
    const page = await panel.open('/profile')
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.evaluate(
      (operator) => fetch(`/api/v1/operators/${operator}/view-as`, { method: 'POST', headers: { 'x-gatehouse': '1' } }),
      String(id),
    )
    await page.reload()
    await page.getByText('You see the panel as').waitFor()
    expect(await page.getByRole('link', { name: 'Settings' }).count()).toBe(0)
    await page.getByRole('button', { name: 'Back to your own view' }).click()
    await page.getByText('You see the panel as').waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'Settings' }).waitFor()
  })
})
