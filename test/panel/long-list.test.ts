// A list far longer than the window: what lies outside of it is not in the document, and is there as soon as one scrolls to it.

import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../support/api.ts'
import { addMany } from '../support/bulk.ts'
import { usePanel } from '../support/panel.ts'
import { hasTools } from '../support/tools.ts'

const rowHeight = 36

describe.skipIf(!hasTools('chromium'))('a long list', () => {
  const panel = usePanel()
  let boss: Client
  const grid = (page: Page) => page.getByRole('grid', { name: 'Subscribers' })
  const rowOf = (page: Page, username: string) => grid(page).getByRole('row', { name: username, exact: false })
  const numberOf = async (page: Page, username: string) =>
    Number(await rowOf(page, username).getAttribute('aria-rowindex')) - 2

  /** Page by page, as one goes who drags the bar: the list grows as more of it is known. */
  async function scrollTo(page: Page, row: number): Promise<void> {
    await expect
      .poll(
        () =>
          grid(page).evaluate((list, top) => {
            list.scrollTop = top
            return list.scrollTop
          }, row * rowHeight),
        { timeout: 20_000 },
      )
      .toBe(row * rowHeight)
    await grid(page)
      .locator(`[data-index="${row + 5}"] [role=gridcell]`)
      .nth(3)
      .waitFor()
  }

  beforeAll(async () => {
    boss = await panel.api.as('super-administrator')
    await addMany(panel.api.pool, 600, { name: 'quiet1' })
    await addMany(panel.api.pool, 500, { name: 'lively1' })
    await panel.api.pool.query(`update subscriber set activated_at = now(), expires_at = now() + interval '9 days'
      where username like 'lively%'`)
  })

  it('answers a filter that is set far down, from its first row on, and so does taking it away', async () => {
    const page = await panel.open('/subscribers', { as: boss })
    await page.getByText('1,100 subscribers').waitFor()
    await scrollTo(page, 900)
    await page.getByRole('button', { name: 'Only active' }).click()
    await page.getByText('500 subscribers').waitFor()
    await rowOf(page, 'lively10').waitFor()
    expect(await numberOf(page, 'lively10')).toBe(0)
    expect(await grid(page).evaluate((list) => list.scrollTop)).toBe(0)
    await scrollTo(page, 400)
    await page.getByRole('button', { name: 'Only active' }).click()
    await page.getByText('1,100 subscribers').waitFor()
    await rowOf(page, 'lively10').waitFor()
    expect(await numberOf(page, 'lively10')).toBe(0)
    expect(await grid(page).getAttribute('aria-busy')).toBe('false')
  })

  it('answers another order and a word that is searched far down', async () => {
    const page = await panel.open('/subscribers', { as: boss })
    await page.getByText('1,100 subscribers').waitFor()
    await scrollTo(page, 700)
    await page.getByRole('columnheader', { name: 'Username' }).getByRole('button').click()
    await rowOf(page, 'quiet199').first().waitFor()
    await scrollTo(page, 700)
    await page.getByRole('searchbox', { name: 'Search' }).fill('lively1499')
    await page.getByText('1 subscriber', { exact: true }).waitFor()
    expect(await numberOf(page, 'lively1499')).toBe(0)
  })

  it('has few rows in the document, and those on screen are what they say, wherever one is', async () => {
    const page = await panel.open('/subscribers', { as: boss })
    const names = await panel.api.pool.query<{ username: string }>('select username from subscriber order by username')
    for (const row of [0, 450, 30, 1_000]) {
      await scrollTo(page, row)
      for (const at of [row, row + 7]) {
        const { username } = names.rows[at]!
        await grid(page).locator(`[data-index="${at}"]`).getByText(username, { exact: true }).waitFor()
        expect(await numberOf(page, username)).toBe(at)
        expect(await rowOf(page, username).getByRole('checkbox').getAttribute('aria-label')).toContain(username)
      }
      expect(await grid(page).getByRole('row').count()).toBeLessThan(60)
    }
  })

  it('draws the columns beyond the edge when one scrolls aside; box, first column and menu stay', async () => {
    const page = await panel.open('/subscribers', { as: boss, width: 900 })
    const row = grid(page).locator('[data-index="2"]')
    await row.waitFor()
    const heads = await grid(page).getByRole('columnheader').count()
    const last = row.locator(`[aria-colindex="${heads}"]`)
    expect(await last.count()).toBe(0)
    await grid(page).evaluate((list) => (list.scrollLeft = list.scrollWidth))
    await last.waitFor()
    const first = row.locator('[aria-colindex="2"]')
    for (const stays of [first, row.getByRole('checkbox'), row.getByRole('button')]) {
      const [box, list] = [(await stays.boundingBox())!, (await grid(page).boundingBox())!]
      expect(box.x).toBeGreaterThanOrEqual(list.x)
      expect(box.x + box.width).toBeLessThanOrEqual(list.x + list.width)
    }
    await grid(page).evaluate((list) => (list.scrollLeft = 0))
    await last.waitFor({ state: 'detached' })
    await row.getByRole('button').click()
    await page.getByRole('menuitem', { name: 'Block', exact: true }).waitFor()
  })
})
