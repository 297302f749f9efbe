// Every page of the panel that has an address: no violation of axe in the light, in the dark and from right to left; as wide as a
// phone and at twice the size of its letters nothing is cut off; a title and a heading of its own; no error of a script.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { axeViolations } from '../support/axe.ts'
import { usePanel } from '../support/panel.ts'
import { hasTools } from '../support/tools.ts'

const folder = fileURLToPath(new URL('../../web/src/routes', import.meta.url))
const router = readdirSync(folder)
  .map((name) => readFileSync(join(folder, name), 'utf8'))
  .join('')
/** As the router has them: `/subscribers/$id`. */
const paths = [...router.matchAll(/path: '([^']+)'/g)].map(([, path]) => path!).filter((path) => path !== '/')

describe.skipIf(!hasTools('chromium'))('every page', () => {
  const panel = usePanel()
  const ids: Record<string, bigint> = {}

  beforeAll(async () => {
    const { isp, api } = panel
    await isp.plan()
    ids['subscribers'] = await isp.subscriber('anna', { fullName: 'Anna Almond' })
    const nas = await isp.nas('gate', '127.0.0.62')
    await nas.dial(isp.dial('anna'))
    await nas.dial(isp.dial('nobody-known', { mac: '02:00:00:00:00:62' }))
    await isp.service.drained()
    const idOf = async (table: string) =>
      (await api.pool.query<{ id: bigint }>(`select id from ${table} order by id limit 1`)).rows[0]?.id
    for (const [noun, table] of [
      ['nases', 'nas'],
      ['plans', 'plan'],
      ['payers', 'payer'],
    ]) {
      ids[noun!] = (await idOf(table!)) ?? 1n
    }
  })

  /** The address with the id of something that is there, or of nothing, which is a page too. */
  const placeOf = (path: string) =>
    path.replace(/\/([a-z-]+)\/\$\w+/, (_, noun: string) => `/${noun}/${ids[noun] ?? 1}`)

  async function show(where: Page, path: string): Promise<void> {
    await where.goto(panel.api.url + placeOf(path))
    await where.getByRole('heading', { level: 1 }).first().waitFor()
    await where.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
  }

  const isNarrow = () => document.documentElement.scrollWidth <= window.innerWidth

  /** What is wrong with each page, by its path. */
  async function askAll(page: Page, ask: () => Promise<readonly unknown[]>): Promise<unknown[]> {
    const wrong: unknown[] = []
    for (const path of paths) {
      await show(page, path)
      wrong.push(...(await ask()).map((one) => [path, one]))
    }
    return wrong
  }

  it(
    'is clean in the light and in the dark, has a title, and is no wider than a phone',
    { timeout: 240_000 },
    async () => {
      const page = await panel.open('/profile')
      const wrong = await askAll(page, async () => {
        const found: unknown[] = await axeViolations(page)
        if (!/.+ · Gatehouse$/.test(await page.title())) found.push(await page.title())
        await page.emulateMedia({ colorScheme: 'dark' })
        found.push(...(await axeViolations(page, ['color-contrast'])))
        await page.emulateMedia({ colorScheme: 'light' })
        // A window of 1,280 pixels at 200 %, and a phone.
        for (const width of [640, 390]) {
          await page.setViewportSize({ width, height: 800 })
          // The page has a moment to become another.
          await page
            .waitForFunction(isNarrow, undefined, { timeout: 1_000 })
            .catch(() => found.push(`wider than ${width}`))
        }
        await page.setViewportSize({ width: 1360, height: 820 })
        return found
      })
      expect(wrong).toEqual([])
    },
  )

  it('is clean in Arabic, from right to left', { timeout: 240_000 }, async () => {
    const page = await panel.open('/profile', { language: 'ar' })
    const wrong = await askAll(page, async () => {
      const direction = await page.evaluate(() => document.documentElement.dir)
      return [...(await axeViolations(page)), ...(direction === 'rtl' ? [] : [direction])]
    })
    expect(wrong).toEqual([])
  })
})
