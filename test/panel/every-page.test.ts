// Every page that has an address, of the panel, of the portal and of the doors to both: no violation of axe in the light, and none
// in the dark from right to left; as wide as a phone and at twice the size of its letters nothing is cut off; a title and a heading
// of its own; no error of a script.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { makeNasRow, makeSessionRow } from '../support/activity.ts'
import { employ } from '../support/browser.ts'
import { looks, wrongWith } from './looks.ts'
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

  /** The page that was asked for stands there; `mark` was put on the heading of the one before. */
  const heading = (page: Page) => page.locator('h1:not([data-before])').first().waitFor()

  /** As by a link. What was loaded stays, and the pages are asked in a third of the time. */
  async function goTo(page: Page, path: string): Promise<void> {
    await page.evaluate((to) => {
      document.querySelector('h1')?.setAttribute('data-before', '')
      history.pushState(null, '', to)
    }, path)
    await heading(page)
  }

  /** What is wrong with a story's pages in each of the looks. `ask` tells which page it is. */
  async function inAllLooks(
    open: (look: (typeof looks)[number]) => Promise<Page>,
    story: (page: Page, ask: (name: string) => Promise<void>, look: (typeof looks)[number]) => Promise<void>,
  ): Promise<unknown[]> {
    const found = await Promise.all(
      looks.map(async (look) => {
        const page = await open(look)
        const wrong: unknown[] = []
        await story(
          page,
          async (name) => {
            wrong.push(...(await wrongWith(page, look)).map((one) => [name, look.language, one]))
          },
          look,
        )
        return wrong
      }),
    )
    return found.flat()
  }

  it('of nobody: the set-up, the sign-in and its steps, the ways of mails', { timeout: 120_000 }, async () => {
    const { api } = panel
    const asNobody = (look: (typeof looks)[number]) => panel.open('/', { ...look, as: null })
    const wrong: unknown[] = await inAllLooks(asNobody, async (page, ask) => {
      await page.locator('input[name=token]').waitFor()
      await ask('set-up')
    })
    const fresh = await employ(api, 'support', { mustChange: true })
    wrong.push(
      ...(await inAllLooks(asNobody, async (page, ask) => {
        await page.locator('input[name=email]').fill(fresh.email)
        await ask('sign-in')
        await page.locator('form button[type=button]').last().click()
        await page.locator('input[name=password]').waitFor({ state: 'detached' })
        await ask('forgotten')
        for (const path of ['/invitation', '/reset-password']) {
          await page.goto(`${api.url}${path}#token=x`)
          await page.locator('input[name=again]').waitFor()
          await ask(path)
        }
        await page.goto(api.url)
        await page.locator('input[name=email]').fill(fresh.email)
        await page.locator('input[name=password]').fill(fresh.password)
        await page.keyboard.press('Enter')
        await page.locator('input[name=old_password]').waitFor()
        await ask('change')
      })),
    )
    expect(wrong).toEqual([])
  })

  it('of the portal', { timeout: 120_000 }, async () => {
    const { api, isp } = panel
    const office = await api.as('super-administrator')
    const names = { en: 'berta', ar: 'bilal' }
    const first = new Map<string, string>()
    for (const name of Object.values(names)) {
      const id = await isp.subscriber(name, { fullName: `The line of ${name}` })
      const nas = await makeNasRow(api, `bng-${name}`)
      await makeSessionRow(api, { subscriber_id: id, username: name, nas_id: nas, framed_ip: `10.1.0.${first.size}` })
      first.set(name, String((await office.post(`/subscribers/${id}/portal-password`)).body['password']))
    }
    const wrong = await inAllLooks(
      (look) => panel.open('/portal', { ...look, as: null }),
      async (page, ask, { language }) => {
        const name = names[language]
        const password = page.locator('input[type=password]')
        await page.locator('input[name=username]').fill(name)
        await ask('sign-in')
        await password.fill(first.get(name)!)
        await page.keyboard.press('Enter')
        await password.nth(2).waitFor()
        await ask('change')
        await password.nth(0).fill(first.get(name)!)
        await password.nth(1).fill('Birch2-Compass-Tern')
        await password.nth(2).fill('Birch2-Compass-Tern')
        await page.keyboard.press('Enter')
        await page.getByRole('navigation').waitFor()
        await ask('usage')
        await page.getByRole('banner').getByRole('button').click()
        await page.getByRole('menu').waitFor()
        await ask('menu')
        await page.keyboard.press('Escape')
        await page.locator('a[href="/portal/sessions"]').click()
        await page.getByText(/^10\.1\.0\.\d$/).waitFor()
        await ask('sessions')
        await page.locator('a[href="/portal/account"]').click()
        await password.nth(2).waitFor()
        await ask('password')
        await page.locator('main button:not([type=submit])').filter({ visible: true }).last().click()
        await page.locator('code').waitFor()
        await ask('second factor')
      },
    )
    expect(wrong).toEqual([])
  })

  it('of the panel', { timeout: 240_000 }, async () => {
    const wrong = await inAllLooks(
      (look) => panel.open('/profile', look),
      async (page, ask) => {
        await heading(page)
        for (const path of paths) {
          if (path !== '/profile') await goTo(page, placeOf(path))
          await ask(path)
        }
      },
    )
    expect(wrong).toEqual([])
  })
})
