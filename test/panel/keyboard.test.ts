// The panel without a mouse: every step is a key. After each the focus is where one goes on, and is seen.

import type { Locator, Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { employ } from '../support/browser.ts'
import type { Client } from '../support/api.ts'
import { act } from '../support/obeying-nas.ts'
import { usePanel } from '../support/panel.ts'
import { queryRows } from '../support/subscribers.ts'
import { hasTools } from '../support/tools.ts'

const people = ['key-anna', 'key-boris', 'key-clara', 'key-emil']
/** With what happens by itself. */
const patience = { timeout: 10_000 }

describe.skipIf(!hasTools('chromium'))('by keyboard alone', () => {
  const panel = usePanel()
  const ids: Record<string, bigint> = {}
  let boss: Client

  beforeAll(async () => {
    await panel.isp.plan()
    await panel.isp.nas('gate', '127.0.0.68')
    boss = await panel.api.as('super-administrator')
    for (const username of [...people, 'another']) {
      ids[username] = await panel.isp.subscriber(username)
      await act(panel.isp, 'activate', ids[username], { free: true })
    }
    await act(panel.isp, 'block', ids['key-emil']!, { reason: 'abuse' })
  })

  const rows = (text: string, values: unknown[] = []) => queryRows(panel.api, text, values)
  const blocked = async () => {
    const found = await rows('select username from subscriber where blocked_at is not null order by username')
    return found.map(({ username }) => username)
  }
  const grid = (page: Page) => page.getByRole('grid', { name: 'Subscribers' })
  const row = (page: Page, username: string) => grid(page).getByRole('row', { name: new RegExp(username) })
  const firstTab = (page: Page, username: string) =>
    page.getByRole('dialog', { name: username }).getByRole('tab', { name: 'Overview' })

  const press = async (page: Page, ...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key)
  }
  const list = async () => {
    const page = await panel.open('/subscribers', { as: boss })
    await row(page, 'key-anna').waitFor()
    return page
  }

  const has = (where: Locator) => where.evaluate((element) => element === document.activeElement)
  const focused = async (where: Locator) => {
    await expect.poll(() => has(where), patience).toBe(true)
  }
  const focusedIn = async (where: Locator) => {
    const holds = () => where.evaluate((element) => element.contains(document.activeElement))
    await expect.poll(holds, patience).toBe(true)
  }

  /** What has the focus, as one would say it; and that one sees it. */
  async function stop(page: Page): Promise<string> {
    const { name, isSeen } = await page.evaluate(() => {
      const element = document.activeElement!
      const style = getComputedStyle(element)
      const hasOutline = style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) > 0
      const label = element.getAttribute('aria-label') ?? (element as HTMLElement).innerText
      const said = [element.getAttribute('role'), label].filter(Boolean).join(' ')
      return { name: element === document.body ? '' : said, isSeen: hasOutline || style.boxShadow !== 'none' }
    })
    if (name !== '') expect({ name, isSeen }).toEqual({ name, isSeen: true })
    return name
  }

  /** By a key that goes on, which must lead there soon. */
  async function goTo(page: Page, where: Locator, { by = 'Tab', most = 12 } = {}): Promise<void> {
    const passed: string[] = []
    while (!(await has(where))) {
      expect(passed.length, `not among ${passed.join(', ')}`).toBeLessThan(most)
      await page.keyboard.press(by)
      passed.push(await stop(page))
    }
  }

  /** The row of the list that the arrows are at. */
  const activeRow = (page: Page) =>
    page.evaluate(() => {
      const id = document.activeElement?.getAttribute('aria-activedescendant')
      return (id && document.getElementById(id)?.textContent) || ''
    })

  async function find(page: Page, text: string, count: number): Promise<void> {
    await press(page, '/', 'Control+a')
    await page.keyboard.type(text)
    await page.getByText(count === 1 ? '1 row' : `${count} rows`, { exact: true }).waitFor()
    await press(page, 'ArrowDown')
    await focused(grid(page))
  }

  it('signs in; a wrong password is announced and typed anew', async () => {
    const { email, password } = await employ(panel.api, 'super-administrator')
    const page = await panel.open('/subscribers', { as: null })
    await focused(page.getByLabel('E-mail address'))
    await page.keyboard.type(email)
    await goTo(page, page.getByRole('textbox', { name: 'Password' }), { most: 1 })
    await page.keyboard.type('not this one')
    await press(page, 'Enter')
    expect(await page.getByRole('alert').innerText()).toContain('password')
    await focused(page.getByRole('textbox', { name: 'Password' }))
    await press(page, 'Control+a')
    await page.keyboard.type(password)
    await press(page, 'Enter')
    await row(page, 'key-anna').waitFor()
    await focused(page.locator('#content'))
  })

  it('goes round every control of the list, sees each, and is caught by none', async () => {
    const page = await list()
    const names: string[] = []
    for (let name = ''; name !== names[0];) {
      if (name !== '') names.push(name)
      expect(names.length).toBeLessThan(60)
      await press(page, 'Tab')
      name = await stop(page)
    }
    const order = ['Skip to the content', 'Search', 'Filters', 'Actions', 'Columns', 'grid Subscribers']
    expect(names.filter((name) => order.includes(name))).toEqual(order)
    // The list is one stop, however many rows it has.
    expect(names.join()).not.toContain('key-')
    await press(page, 'Enter')
    await focused(page.locator('#content'))
  })

  it('finds, opens, selects and blocks two in the list, and takes it back', async () => {
    const page = await list()
    await find(page, 'key-', people.length)
    await press(page, 'End', 'Home', 'ArrowDown')
    expect(await activeRow(page)).toContain('key-boris')
    await press(page, 'Enter')
    await focused(firstTab(page, 'key-boris'))
    // Only what lies on top is closed.
    await goTo(page, page.getByRole('button', { name: 'Block' }), { by: 'Shift+Tab' })
    await press(page, 'Enter')
    await focused(page.getByRole('textbox', { name: 'Reason' }))
    await press(page, 'Escape')
    await focused(page.getByRole('button', { name: 'Block' }))
    await press(page, 'Escape')
    await focused(grid(page))
    expect(await activeRow(page)).toContain('key-boris')
    await press(page, 'Home', 'Space', 'ArrowDown', 'Shift+Space')
    const bar = page.getByRole('region', { name: 'Selected' })
    await bar.getByText('2 selected').waitFor()
    await goTo(page, bar.getByRole('button', { name: 'Actions' }), { by: 'Shift+Tab', most: 3 })
    await press(page, 'Enter')
    await goTo(page, page.getByRole('menuitem', { name: 'Block', exact: true }), { by: 'ArrowDown' })
    await press(page, 'Enter')
    await focused(page.getByRole('textbox', { name: 'Reason' }))
    await page.keyboard.type('have not paid')
    await page.getByText('This touches 2 subscribers').waitFor()
    await press(page, 'Enter')
    const run = page.getByRole('dialog', { name: 'Block' })
    await run.getByText('2 of 2').waitFor()
    await focusedIn(run)
    expect(await blocked()).toEqual(['key-anna', 'key-boris', 'key-emil'])
    await goTo(page, run.getByRole('button', { name: 'Undo' }))
    await press(page, 'Enter')
    await expect.poll(blocked, patience).toEqual(['key-emil'])
    await run.getByRole('button', { name: 'Undo' }).waitFor({ state: 'detached' })
    await focusedIn(run)
    await press(page, 'Escape')
    await focused(bar.getByRole('button', { name: 'Actions' }))
    await goTo(page, bar.getByRole('button', { name: 'Select none' }), { most: 1 })
    await press(page, 'Enter')
    await focused(grid(page))
  })

  it('goes anywhere by its name or by two letters; renews one from the menu of its row, with the way back', async () => {
    const page = await panel.open('/dashboard', { as: boss })
    await page.getByRole('heading', { level: 1 }).waitFor()
    await press(page, 'Control+k')
    await focused(page.getByRole('combobox'))
    await page.keyboard.type('key-clara')
    await press(page, 'Enter')
    await focused(firstTab(page, 'key-clara'))
    await press(page, 'Escape')
    await focused(page.locator('#content'))
    await press(page, 'g', 'p')
    await page.getByRole('heading', { level: 1, name: 'Plans' }).waitFor()
    await press(page, '?')
    await focusedIn(page.getByRole('dialog', { name: 'Keyboard shortcuts' }))
    await press(page, 'Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await focused(page.locator('#content'))
    await press(page, 'g', 's')
    await row(page, 'key-clara').waitFor()
    const expiry = () => rows('select expires_at from subscriber where id = $1', [ids['key-clara']])
    const before = await expiry()
    await find(page, 'key-clara', 1)
    for (const undo of ['by Tab', 'by Ctrl-Z']) {
      await press(page, 'Shift+F10')
      await goTo(page, page.getByRole('menuitem', { name: 'Renew', exact: true }), { by: 'ArrowDown' })
      await press(page, 'Enter')
      const way = page.getByRole('alert').getByRole('button', { name: 'Undo' })
      await way.waitFor()
      await focused(grid(page))
      expect(await expiry()).not.toEqual(before)
      if (undo === 'by Tab') await goTo(page, way, { most: 16 })
      await press(page, undo === 'by Tab' ? 'Enter' : 'Control+z')
      await expect.poll(expiry, patience).toEqual(before)
      await way.waitFor({ state: 'detached' })
      expect(await stop(page)).not.toBe('')
      await press(page, '/', 'ArrowDown')
    }
  })

  it('adds a subscriber; what is wrong is said at its field, and one is there at once', async () => {
    const page = await list()
    await press(page, 'n')
    const username = page.getByLabel('Username')
    await focused(username)
    await page.keyboard.type('key-fred')
    await press(page, 'Enter')
    const plan = page.getByRole('combobox', { name: 'Plan', exact: true })
    await focused(plan)
    const wrong = await plan.evaluate((element) => {
      const described = element.getAttribute('aria-describedby')?.split(' ') ?? []
      return [element.ariaInvalid, ...described.map((id) => document.getElementById(id)?.textContent)]
    })
    expect(wrong).toEqual(expect.arrayContaining(['true', 'This is needed.']))
    await press(page, 'ArrowDown')
    await page.getByRole('option', { name: 'Home50' }).waitFor()
    await press(page, 'ArrowDown', 'Enter')
    await goTo(page, username, { by: 'Shift+Tab' })
    await press(page, 'Enter')
    await focused(page.getByRole('dialog').getByRole('button', { name: 'Open the subscriber' }))
    expect(await rows(`select 1 as one from subscriber where username = 'key-fred'`)).toHaveLength(1)
    await press(page, 'Enter')
    await focused(firstTab(page, 'key-fred'))
  })

  it('answers why one cannot connect, five keys from the list to the mended line', async () => {
    const page = await list()
    await find(page, 'key-emil', 1)
    await press(page, 'Enter')
    const emil = page.getByRole('dialog', { name: 'key-emil' })
    await focused(firstTab(page, 'key-emil'))
    await press(page, 'ArrowRight')
    await emil.getByText('The subscriber is blocked.').first().waitFor()
    await press(page, 'Tab')
    await focused(emil.getByRole('tabpanel').getByRole('button', { name: 'Unblock' }))
    await press(page, 'Enter')
    await emil.getByText('Let in', { exact: true }).first().waitFor()
    expect(await blocked()).toEqual([])
    await focusedIn(emil)
    // Behind the sheet the note cannot be reached by Tab.
    await press(page, 'Control+z')
    await expect.poll(blocked, patience).toEqual(['key-emil'])
    await press(page, 'Escape')
    await focused(grid(page))
  })

  it('sets a filter and takes it away, hides a column and shows it again', async () => {
    const page = await list()
    await press(page, '/', 'ArrowDown')
    await goTo(page, page.getByRole('button', { name: 'Filters' }), { by: 'Shift+Tab' })
    await press(page, 'Enter')
    await focused(page.getByRole('combobox', { name: 'Find a filter' }))
    await page.keyboard.type('within')
    await press(page, 'Enter')
    await focused(page.getByRole('textbox', { name: 'Expires within days' }))
    await page.keyboard.type('3')
    await page.waitForURL(/expires_within/)
    await press(page, 'Enter')
    const chip = page.getByRole('button', { name: /^Expires within days/ })
    await focused(chip)
    await press(page, 'Enter')
    await focused(page.getByRole('textbox', { name: 'Expires within days' }))
    await press(page, 'Escape')
    await focused(chip)
    await goTo(page, page.getByRole('button', { name: /^Remove.*Expires within days/ }), { most: 1 })
    await press(page, 'Enter')
    await page.waitForURL((url) => !url.search.includes('expires_within'))
    await chip.waitFor({ state: 'detached' })
    expect(await stop(page)).not.toBe('')
    const columns = page.getByRole('button', { name: 'Columns' })
    await goTo(page, columns)
    const phone = grid(page).getByRole('columnheader', { name: 'Phone' })
    for (const count of [0, 1]) {
      await press(page, 'Enter')
      await focusedIn(page.getByRole('dialog', { name: 'Columns' }))
      await page.keyboard.type('phone')
      await goTo(page, page.getByRole('checkbox', { name: 'Phone' }), { most: 2 })
      await press(page, 'Space')
      await expect.poll(() => phone.count(), patience).toBe(count)
      await press(page, 'Escape')
      await focused(columns)
    }
  })
})
