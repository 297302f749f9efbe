// `npm run images`: pictures of the panel's main pages over the demonstration, for docs/images: light, dark, from right to left, and
// as a phone shows them. Looks as it does for an operator who has just started the demonstration.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { BrowserContextOptions, Page } from 'playwright-core'
import sharp from 'sharp'
import { buildPanel } from '../../web/build/build.ts'
import { chromium } from './chromium.ts'
import { programEnvironment } from './program-environment.ts'
import { provideTools } from './tools.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = path.join(root, 'docs/images')

type Look = { name: string; language: 'en' | 'ar'; options: BrowserContextOptions }
const desk = { viewport: { width: 1360, height: 800 }, deviceScaleFactor: 1 }
const looks: readonly Look[] = [
  { name: 'light', language: 'en', options: { ...desk, colorScheme: 'light' } },
  { name: 'dark', language: 'en', options: { ...desk, colorScheme: 'dark' } },
  { name: 'rtl', language: 'ar', options: { ...desk, colorScheme: 'light' } },
  {
    name: 'phone',
    language: 'en',
    options: { viewport: { width: 390, height: 800 }, deviceScaleFactor: 1.5, colorScheme: 'light' },
  },
]
/** A name and an address; `$refused` is somebody who tries in vain to connect. */
const pages: readonly (readonly [string, string])[] = [
  ['dashboard', '/dashboard'],
  ['subscribers', '/subscribers'],
  ['subscriber', '/subscribers?open=$online'],
  ['why', '/subscribers?open=$refused&tab=why'],
  ['online', '/online'],
  ['nases', '/nases'],
  ['plans', '/plans/1'],
  ['money', '/money'],
  ['reports', '/reports'],
  ['jobs', '/jobs?tab=tonight'],
  ['audit', '/audit'],
  ['roles', '/operators/roles'],
]

/** In the browser: nothing that is in sight is still on its way. */
const isWhole = `[...document.querySelectorAll('[class*=Skeleton], [class*=bone]')].every((one) => one.getBoundingClientRect().top > innerHeight)`

type Demo = { url: string; operator: { email: string; password: string }; online: number }

await provideTools('chromium')
await buildPanel()
const data = fs.mkdtempSync(path.join(os.tmpdir(), 'gatehouse-images-'))
const child = spawn(process.execPath, [path.join(root, 'src/main.ts'), 'demo', '--json'], {
  env: { ...programEnvironment, GATEHOUSE_DATA_DIR: data },
  stdio: ['ignore', 'pipe', 'inherit'],
})
try {
  const demo = await everybodyOnline()
  fs.mkdirSync(folder, { recursive: true })
  for (const look of looks) await takeAll(demo, look)
} finally {
  const gone = once(child, 'exit')
  child.kill('SIGINT')
  await gone
  fs.rmSync(data, { recursive: true, force: true })
}
process.exit()

async function everybodyOnline(): Promise<Demo> {
  for await (const line of createInterface({ input: child.stdout })) {
    const demo = JSON.parse(line) as Demo
    if (demo.online >= 1_900) return demo
  }
  throw new Error('the demonstration ended')
}

async function takeAll(demo: Demo, { name, language, options }: Look): Promise<void> {
  const context = await (await chromium()).newContext({ ...options, reducedMotion: 'reduce' })
  await context.addInitScript(`localStorage.setItem('gatehouse.language', '${language}')`)
  const page = await context.newPage()
  await page.goto(demo.url)
  await page.locator('input[name=email]').fill(demo.operator.email)
  await page.locator('input[name=password]').fill(demo.operator.password)
  await page.keyboard.press('Enter')
  await page.locator('a[href="/subscribers"]').first().waitFor({ state: 'attached' })
  const ids = await idsOf(page)
  for (const [title, address] of pages) {
    await page.goto(demo.url + address.replace(/\$(\w+)/, (_, who: string) => String(ids[who])))
    await page.locator('h1, h2').first().waitFor()
    await page.evaluate(
      `new Promise((done) => { const look = () => (${isWhole} ? done() : requestAnimationFrame(look)); look() })`,
    )
    // Charts are drawn once more when their place is known, and rows of a list come after its head.
    await page.waitForTimeout(1_000)
    // A page has few colours: a palette holds them in a third of the octets.
    await sharp(await page.screenshot())
      .png({ palette: true, compressionLevel: 9 })
      .toFile(path.join(folder, `${title}-${name}.png`))
  }
  await context.close()
}

/** Somebody who is online, and somebody whose password is wrong or whose time is over. */
async function idsOf(page: Page): Promise<Record<string, number>> {
  const ask = async (query: string): Promise<number> => {
    const answer = await page.request.get(`${new URL(page.url()).origin}/api/v1/subscribers?limit=1&${query}`)
    const [first] = ((await answer.json()) as { items: { id: number }[] }).items
    if (first !== undefined) return first.id
    // The list follows the sessions some seconds later.
    await page.waitForTimeout(1_000)
    return ask(query)
  }
  return { online: await ask('online=true'), refused: await ask('label=expired') }
}
