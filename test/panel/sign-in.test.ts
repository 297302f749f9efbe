// The door: who comes in, how, and what somebody sees who does not.

import { describe, expect, it } from 'vitest'
import { employ } from '../support/browser.ts'
import { usePanel } from '../support/panel.ts'
import { hasTools } from '../support/tools.ts'

describe.skipIf(!hasTools('chromium'))('sign-in', () => {
  const panel = usePanel()

  it('refuses a wrong password in words, and opens the page that was asked for with the right one', async () => {
    const { email, password } = await employ(panel.api, 'support')
    const page = await panel.open('/online?state=ended', { as: null })
    await page.getByLabel('E-mail address').fill(email)
    await page.getByRole('textbox', { name: 'Password' }).fill('not this one')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    await page.getByRole('textbox', { name: 'Password' }).fill(password)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Online now' }).waitFor()
    expect(page.url()).toContain('/online?state=ended')
  })
})
