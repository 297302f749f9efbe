// `npm run bench -- panel`: the list of a million subscribers in a real browser whose processor is slowed down four times: from
// navigation to the first painted rows, from a turn of the wheel and from a filter to the rows that follow, and the memory of the
// tab after so many rows went by.

import * as fs from 'node:fs'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { systemClock } from '../src/clock.ts'
import { chromium } from '../test/support/chromium.ts'
import { provideTools } from '../test/support/tools.ts'
import { buildPanel } from '../web/build/build.ts'
import { startApi } from './api.ts'
import type { Api } from './api.ts'
import { openCrowd } from './crowd.ts'
import type { Undo } from './crowd.ts'
import { readOptions } from './options.ts'
import { probe } from './panel-probe.ts'

/** As on a cheap notebook. */
const slowdown = 4

/** Runs it and prints the table. `undo` takes what must be ended when it is interrupted. */
export async function benchPanel(undo: Undo): Promise<void> {
  const options = { subscribers: 1_000_000, rounds: 20, rows: 20_000, keep: String }
  const { subscribers, rounds, rows, keep } = readOptions(options)
  await provideTools('chromium')
  await buildPanel()
  const crowd = await openCrowd(subscribers, keep, undo)
  const api = await startApi(crowd, systemClock.now(), undo)
  const browser = await chromium()
  undo.push(() => browser.close())
  say(`${subscribers} subscribers, processor slowed down ${slowdown} times, ${rounds} rounds: median (least to most)`)
  report('first rows after navigation, nothing cached', await repeat(rounds, () => navigate(browser, api)))
  const page = await open(browser, api, slowdown)
  report('first rows after navigation, files cached', await repeat(rounds, () => reload(page)))
  await inputs(page, rounds)
  await page.context().close()
  say('the processor as it is')
  const fast = await open(browser, api, 1)
  await inputs(fast, rounds)
  await fast.context().close()
  await memory(browser, api, rows)
}

/** From what somebody does to the rows that follow from it. */
async function inputs(page: Page, rounds: number): Promise<void> {
  report('a turn of the wheel', await repeat(rounds, () => scroll(page)))
  report('a filter switched on or off', await repeat(rounds, () => filter(page)))
  report('the other order', await repeat(rounds, () => sort(page)))
  report('another word in the search', await repeat(rounds, (round) => search(page, round)))
}

async function repeat(rounds: number, measure: (round: number) => Promise<number>): Promise<number[]> {
  const taken: number[] = []
  for (let round = 0; round < rounds; round += 1) taken.push(await measure(round))
  return taken
}

async function open(browser: Browser, api: Api, rate: number): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1360, height: 820 } })
  const [name, value] = api.cookies.staff.split(/=(.*)/)
  const url = api.url.replace('http:', 'https:')
  await context.addCookies([{ name: name!, value: value!, url, secure: true, httpOnly: true, sameSite: 'Strict' }])
  await context.addInitScript(probe)
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate })
  await page.goto(`${api.url}/subscribers`)
  await page.evaluate('window.probe.first')
  return page
}

async function navigate(browser: Browser, api: Api): Promise<number> {
  const page = await open(browser, api, slowdown)
  const taken = (await page.evaluate('window.probe.first')) as number
  await page.context().close()
  return taken
}

async function reload(page: Page): Promise<number> {
  await page.reload()
  return (await page.evaluate('window.probe.first')) as number
}

/** `changes`: what is another when the rows are. */
async function after(page: Page, kind: string, changes: string, cause: () => Promise<void>): Promise<number> {
  const taken = page.evaluate(`window.probe.after('${kind}', window.probe.${changes})`) as Promise<number>
  // Heard before it happens.
  await page.evaluate('0')
  await cause()
  return taken
}

async function scroll(page: Page): Promise<number> {
  await page.getByRole('grid').hover()
  return after(page, 'wheel', 'scrolled', () => page.mouse.wheel(0, 700))
}

async function filter(page: Page): Promise<number> {
  const button = page.getByRole('button', { name: 'Only active' })
  return after(page, 'click', 'filter', () => button.click())
}

async function sort(page: Page): Promise<number> {
  const head = page.getByRole('columnheader', { name: 'Username' }).getByRole('button')
  return after(page, 'click', 'order', () => head.click())
}

/** Another word each time. */
async function search(page: Page, round: number): Promise<number> {
  const box = page.getByRole('searchbox').first()
  await box.focus()
  await box.selectText()
  return after(page, 'input', 'rows', () => page.keyboard.insertText(['anna', 'olga', 'ivan', 'chen'][round % 4]!))
}

async function memory(browser: Browser, api: Api, rows: number): Promise<void> {
  const page = await open(browser, api, 1)
  const session = await page.context().newCDPSession(page)
  const before = await measureMemory(session, browser)
  await page.getByRole('grid').hover()
  // The list is as long as what is known of it, and grows while one scrolls.
  let seen = 0
  while (seen < rows) {
    await page.mouse.wheel(0, 3_600)
    await page.evaluate('window.probe.painted(() => window.probe.isWhole(), 0)')
    seen = (await page.evaluate('Math.round(window.probe.scrolled() / 36)')) as number
  }
  const then = await measureMemory(session, browser)
  say(`memory of the tab: ${before} at first, ${then} after ${seen} rows`)
  await page.context().close()
}

/** What is the renderer's own, and of that what scripts hold. */
async function measureMemory(session: CDPSession, browser: Browser): Promise<string> {
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  const system = await browser.newBrowserCDPSession()
  const { processInfo } = await system.send('SystemInfo.getProcessInfo')
  const own = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => anonymousMiB(id))
  return `${Math.max(...own).toFixed(0)} MiB (scripts ${(usedSize / 2 ** 20).toFixed(0)} MiB)`
}

function anonymousMiB(pid: number): number {
  const [, kilobytes] = /RssAnon:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1024
}

function report(name: string, taken: readonly number[]): void {
  const sorted = taken.toSorted((a, b) => a - b).map((ms) => ms.toFixed(0))
  say(`${name.padEnd(46)} ${sorted[Math.floor(sorted.length / 2)]!.padStart(5)} ms  (${sorted[0]} to ${sorted.at(-1)})`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
