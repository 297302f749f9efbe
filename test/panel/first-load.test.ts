// What a browser loads before the list of subscribers is there, and that nothing is missing that was left out to keep it small.

import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { builtPanel } from '../../src/http/panel.ts'
import { usePanel } from '../support/panel.ts'
import { hasTools } from '../support/tools.ts'

const most = 300_000
const assets = join(builtPanel, 'assets')
const read = (ending: string, ...files: string[]) =>
  readdirSync(assets)
    .filter((name) => name.endsWith(ending) && (files.length === 0 || files.includes(name)))
    .map((name) => readFileSync(join(assets, name), 'utf8'))
    .join('\n')
/** How the kit names the classes of its parts: by a hash. */
const partsIn = (text: string) => new Set(text.match(/\bm_[0-9a-f]{6,8}\b/g))
const stylesOf = (page: string) => {
  const html = readFileSync(join(builtPanel, page), 'utf8')
  return read('.css', ...[...html.matchAll(/assets\/([^"]+\.css)/g)].map(([, name]) => name!))
}

describe('what the panel is built of', () => {
  it('has the style of every part of the kit that a script uses', () => {
    const kit = createRequire(import.meta.url).resolve('@mantine/core/styles.css')
    const styled = partsIn(readFileSync(kit, 'utf8'))
    const used = [...partsIn(read('.js'))].filter((part) => styled.has(part))
    expect(used.length).toBeGreaterThan(100)
    const styles = partsIn(stylesOf('index.html'))
    expect(used.filter((part) => !styles.has(part))).toEqual([])
  })
})

describe.skipIf(!hasTools('chromium'))('the first load', () => {
  const panel = usePanel()

  /** Octets as they came, compressed. */
  const loaded = (page: Page) =>
    page.evaluate(() =>
      (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
        .filter(({ name }) => /\.(?:js|css)$/.test(name))
        .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
    )

  it.each([
    ['the list of subscribers', '/subscribers', undefined],
    ['signing in', '/', null],
    ['the portal', '/portal', null],
  ] as const)('%s is there for less than 300 kB of scripts and styles', async (_, path, as) => {
    const page = await panel.open(path, as === null ? { as } : {})
    await page.getByRole('heading', { level: 1 }).first().waitFor()
    await page.waitForLoadState('networkidle')
    const octets = await loaded(page)
    expect(octets).toBeGreaterThan(100_000)
    expect(octets).toBeLessThan(most)
  })
})
