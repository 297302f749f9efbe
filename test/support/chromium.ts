// Debian's Chromium, one for all files of a test process; every page of it tells what its console said.

import { chromium as driver, type Browser, type Page } from 'playwright-core'
import { needTools } from './tools.ts'

let running: Promise<Browser> | undefined

/** The browser of this process, which ends with it. */
export function chromium(): Promise<Browser> {
  running ??= launch()
  return running
}

async function launch(): Promise<Browser> {
  const { env, file, root } = needTools('chromium')
  const fonts: Record<string, string> = root === '/' ? {} : { FONTCONFIG_PATH: file('etc/fonts') }
  return driver.launch({
    executablePath: file('usr/lib/chromium/chromium'),
    // As root it has no sandbox of its own; it sees our own pages only.
    args: ['--no-sandbox', '--disable-gpu'],
    env: { ...(process.env as Record<string, string>), ...env, ...fonts },
  })
}

/** What goes wrong on the page and nobody asked for: errors of scripts, of the content security policy, and warnings. */
export function troublesOf(page: Page): string[] {
  const troubles: string[] = []
  page.on('pageerror', (error) => troubles.push(`${page.url()}: ${error.message}`))
  page.on('console', (message) => {
    const isTrouble = message.type() === 'error' || message.type() === 'warning'
    // What the API refused is shown on the page; the browser says it once more.
    if (isTrouble && !/Failed to load resource: the server responded with a status of 4/.test(message.text()))
      troubles.push(`${page.url()}: ${message.text()}`)
  })
  return troubles
}
