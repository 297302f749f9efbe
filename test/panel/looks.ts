// How a page is looked at: as wide as a window, at twice the size of its letters, on a phone; in the light and in the dark.

import type { Page } from 'playwright-core'
import { axeViolations } from '../support/axe.ts'
import type { LookOptions } from '../support/panel.ts'

/** The light from left to right, and the dark from right to left. */
export const looks = [
  { language: 'en', dark: false },
  { language: 'ar', dark: true },
] as const satisfies LookOptions[]

const window = { width: 1360, height: 820 }
const phone = { width: 390, height: 800 }
/** 1,280 pixels at 200 %, and a phone. */
const narrow = [{ width: 640, height: 800 }, phone]

/** Nothing that is seen is on its way any more. */
export async function settle(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const busy = [...document.querySelectorAll('[aria-busy=true], .mantine-Loader-root, .mantine-Skeleton-root')]
    return busy.every((element) => element.getBoundingClientRect().top > innerHeight)
  })
}

/** What is wrong with a page as it stands there. */
export async function wrongWith(page: Page, { language }: { language: string }): Promise<string[]> {
  await settle(page)
  const found = await axeViolations(page)
  const { dir, title } = await page.evaluate(() => ({ dir: document.documentElement.dir, title: document.title }))
  if (dir !== (language === 'ar' ? 'rtl' : 'ltr')) found.push(`runs ${dir}`)
  if (!/.+ · .+/.test(title)) found.push(`is called ${title}`)
  for (const size of narrow) {
    await page.setViewportSize(size)
    // The page has a moment to become another.
    await page
      .waitForFunction(() => document.documentElement.scrollWidth <= innerWidth, undefined, { timeout: 1_000 })
      .catch(() => found.push(`wider than ${size.width}`))
  }
  await page.setViewportSize(window)
  return found
}
