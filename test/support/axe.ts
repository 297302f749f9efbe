// What axe finds on a page against WCAG 2.2 AA and its own best practices.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const script = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const standards = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

type Violation = { id: string; nodes: { html: string; any: { message: string }[] }[] }

/** One line for each element that breaks a rule; `rules`: only these. */
export async function axeViolations(page: Page, rules?: readonly string[]): Promise<string[]> {
  const isThere = await page.evaluate(`'axe' in window`)
  // As a debugger does it, which no content security policy stops.
  if (isThere !== true) await page.evaluate(script)
  const runOnly = rules === undefined ? standards : { type: 'rule', values: rules }
  const found = (await page.evaluate(
    `axe.run(document, ${JSON.stringify({ runOnly, resultTypes: ['violations'], preload: false })})`,
  )) as {
    violations: Violation[]
  }
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, any }) => `${id}: ${html.slice(0, 200)} ${any[0]?.message ?? ''}`),
  )
}
