// Whatever opens on the panel's pages, a menu, a dialog, a drawer: no violation of axe in the light, in the dark and from right to
// left; as wide as a phone it fits the window.

import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { axeViolations } from '../support/axe.ts'
import type { Client } from '../support/api.ts'
import { usePanel } from '../support/panel.ts'
import { hasTools } from '../support/tools.ts'

type Open = (page: Page) => Promise<unknown>
/** The page, how to open it, and its name where the page opens several. */
type Thing = readonly [path: string, open: Open, name?: string]

const wide = { width: 1360, height: 820 }
/** What may have opened. */
const opened = '[role=dialog], [role=menu], [aria-label="Find a filter"]'

const button =
  (...names: (string | RegExp)[]): Open =>
  async (page) => {
    for (const name of names) await page.getByRole('button', { name, exact: true }).first().click()
  }
const keys =
  (...pressed: string[]): Open =>
  async (page) => {
    for (const key of pressed) await page.keyboard.press(key)
  }
const byItself: Open = () => Promise.resolve()
const row =
  (name: RegExp): Open =>
  (page) =>
    page.getByRole('row', { name }).first().click()
const rowMenu: Open = (page) => page.getByRole('row', { name: /anna/ }).click({ button: 'right' })
const action =
  (name: string): Open =>
  async (page) => {
    await rowMenu(page)
    await page.getByRole('menuitem', { name, exact: true }).click()
  }
const filter =
  (name: string): Open =>
  async (page) => {
    await page.getByRole('button', { name: 'Filters' }).click()
    await page.getByRole('combobox', { name: 'Find a filter' }).fill(name)
    await page.keyboard.press('Enter')
  }
const csv = 'Login;Pass;Tariff\r\ncarla;a secret of carla;Home50'
const chosenFile: Open = async (page) => {
  const file = { name: 'old.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) }
  await page.locator('input[type=file]').setInputFiles(file)
  await page.getByRole('combobox', { name: 'Tariff: Means' }).waitFor()
}
const savedPlan: Open = async (page) => {
  await page.locator('input[name=down_bps]').fill('60M')
  await page.keyboard.press('Control+Enter')
}

describe.skipIf(!hasTools('chromium'))('what opens on a page', () => {
  const panel = usePanel()
  let boss: Client
  const ids: Record<string, number> = {}

  beforeAll(async () => {
    const { isp, api } = panel
    boss = await api.as('super-administrator')
    await isp.plan()
    ids['anna'] = Number(await isp.subscriber('anna', { fullName: 'Anna Almond' }))
    await boss.post(`/subscribers/${ids['anna']}/activate`, { free: true })
    const nas = await isp.nas('gate', '127.0.0.86')
    await nas.dial(isp.dial('anna'))
    await isp.service.drained()
    await boss.post('/groups', { name: 'Harbour' })
    const idOf = async (table: string, order = 'id') =>
      Number((await api.pool.query<{ id: bigint }>(`select id from ${table} order by ${order} limit 1`)).rows[0]!.id)
    ids['plan'] = await idOf('plan')
    ids['payer'] = await idOf('payer')
    ids['nas'] = await idOf('nas')
    ids['operator'] = Number(boss.operatorId)
  })

  /** Asks about each, one after the other on one page. */
  async function askAll(page: Page, things: readonly Thing[], ask: () => Promise<unknown[]>): Promise<unknown[]> {
    const wrong: unknown[] = []
    for (const [path, open, name = ''] of things) {
      const place = path.replace(/\$(\w+)/g, (_, noun: string) => String(ids[noun]))
      const found: unknown[] = await (async () => {
        await page.goto(panel.api.url + place)
        await page.getByRole('heading', { level: 1 }).first().waitFor({ state: 'attached' })
        await page.locator('#content [aria-busy=true]').first().waitFor({ state: 'detached' })
        await open(page)
        if (!path.includes('import')) await page.locator(opened).filter({ visible: true }).last().waitFor()
        await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
        return ask()
      })().catch((error: unknown) => [String(error).slice(0, 300)])
      wrong.push(...found.map((one) => [path, name, one]))
    }
    return wrong
  }

  /** In the light by all rules, in the dark by the colours, and on a phone by its box. */
  async function look(page: Page): Promise<unknown[]> {
    const found: unknown[] = await axeViolations(page)
    await page.emulateMedia({ colorScheme: 'dark' })
    found.push(...(await axeViolations(page, ['color-contrast'])).map((one) => `dark: ${one}`))
    await page.emulateMedia({ colorScheme: 'light' })
    await page.setViewportSize({ width: 390, height: 800 })
    const fits = (selector: string) =>
      document.documentElement.scrollWidth <= window.innerWidth &&
      [...document.querySelectorAll(selector)].every((element) => {
        const { left, right } = element.getBoundingClientRect()
        return left >= 0 && right <= window.innerWidth
      })
    // The page has a moment to become another.
    await page.waitForFunction(fits, opened, { timeout: 1_000 }).catch(() => found.push('wider than a phone'))
    await page.setViewportSize(wide)
    return found
  }

  async function wrongOf(things: readonly Thing[]): Promise<unknown[]> {
    const page = await panel.open('/profile', { as: boss })
    return askAll(page, things, () => look(page))
  }

  it('is clean in the list of subscribers and in the frame', { timeout: 240_000 }, async () => {
    const list = '/subscribers?q=anna'
    const inList: [string, Open][] = [
      ['Actions', button('Actions')],
      ['row menu', rowMenu],
      ['filters', button('Filters')],
      ['filter of a number', filter('within')],
      ['filter of a day', filter('expires before')],
      ['views', button('All subscribers')],
      ['columns', button('Columns')],
      ['export', button('Export')],
      ['quick open', keys('Control+k')],
      ['keys', keys('?')],
      ['account', button('Your account')],
      ...[
        'Block',
        'Renew, several or free …',
        'Change plan',
        'Give static addresses',
        'Reset password',
        'Delete',
        'Add to group',
      ].map((name): [string, Open] => [name, action(name)]),
    ]
    const things: Thing[] = inList.map(([name, open]) => [
      list,
      async (page) => {
        await page.getByRole('row', { name: /anna/ }).waitFor()
        await open(page)
      },
      name,
    ])
    expect(await wrongOf(things)).toEqual([])
  })

  it('is clean in the sheet and the forms of a subscriber', { timeout: 240_000 }, async () => {
    const tabs = ['overview', 'why', 'usage', 'timeline', 'sessions', 'lines', 'money', 'comments', 'changes']
    const things: Thing[] = [
      ...tabs.map((tab): Thing => [`/subscribers?open=$anna&tab=${tab}`, byItself]),
      ['/subscribers/import', chosenFile],
      ['/money/payers/$payer', button('Take a payment')],
      ['/profile', button('Set up an app')],
    ]
    expect(await wrongOf(things)).toEqual([])
  })

  it('is clean on the pages of plans, the network and messages', { timeout: 240_000 }, async () => {
    const things: Thing[] = [
      ['/plans/$plan', savedPlan, 'save'],
      ['/plans/$plan', button('Copy'), 'copy'],
      ['/plans/$plan', button('Archive'), 'archive'],
      ['/groups', button('Add group')],
      ['/nases', button('Add NAS')],
      ['/nases/clients', button('Add client')],
      ['/nases/clients?open=gate', byItself],
      ['/nases/groups', button('Add NAS group')],
      ['/nases/realms', button('Add realm'), 'realm'],
      ['/nases/$nas?tab=router', button('Give access')],
      ['/pools', button('Add pool')],
      ['/messages?tab=templates', button('Write a text: Welcome')],
      ['/messages?tab=webhooks', button('Add a webhook')],
    ]
    expect(await wrongOf(things)).toEqual([])
  })

  it('is clean on the pages of the house', { timeout: 240_000 }, async () => {
    const things: Thing[] = [
      ['/operators', button('Add an operator')],
      ['/operators?open=$operator', byItself],
      ['/operators/roles', button('Add a role')],
      ['/operators/teams', button('Add a team')],
      ['/operators/organisations', button('Add a reseller')],
      ['/operators/tokens', button('Make a token')],
      ['/audit', row(/group/)],
      ['/jobs?open=partitions', byItself],
      ['/report-schedules?open=new', byItself],
    ]
    expect(await wrongOf(things)).toEqual([])
  })

  it('is clean in Arabic, from right to left', { timeout: 240_000 }, async () => {
    const page = await panel.open('/profile', { as: boss, language: 'ar' })
    const things: Thing[] = [
      ['/subscribers?q=anna', rowMenuAfter],
      ['/subscribers?open=$anna', byItself],
      ['/subscribers?open=$anna&tab=why', byItself],
      ['/dashboard', keys('Control+k'), 'quick open'],
      ['/dashboard', keys('?'), 'keys'],
      ['/nases/clients?open=gate', byItself],
      ['/operators?open=$operator', byItself],
      ['/report-schedules?open=new', byItself],
      ['/jobs?open=partitions', byItself],
    ]
    expect(await askAll(page, things, () => axeViolations(page))).toEqual([])
  })
})

const rowMenuAfter: Open = async (page) => {
  await page.getByRole('row', { name: /anna/ }).waitFor()
  await rowMenu(page)
}
