// Everything that opens on a page: menus, popovers, dialogs, drawers. No violation of axe in the light and in the dark, and from
// right to left; on a phone it is no wider than the window, its last button can be scrolled to; Escape closes it.

import type { Locator, Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { raiseAlarm } from '../../src/domain/alarm.ts'
import type { Client } from '../support/api.ts'
import { axeViolations } from '../support/axe.ts'
import { obeyingNas, online } from '../support/obeying-nas.ts'
import { usePanel } from '../support/panel.ts'
import { hasTools } from '../support/tools.ts'

/**
 * Where something is, and what opens it, one after another: the names of buttons, or `role: name`, or `key: …`. What has an address
 * of its own needs nothing more. `{anna}`: the id of that.
 */
type Thing = readonly [path: string, ...steps: string[]]

const things: Thing[] = [
  ['/profile', 'key: Control+k'],
  ['/profile', 'key: ?'],
  ['/profile', 'Your account'],
  ['/profile', '1 alarm'],
  ['/profile', 'Set up an app'],
  ['/profile', 'Make a token'],
  ['/subscribers', 'Filters'],
  ['/subscribers', 'All subscribers'],
  ['/subscribers', 'All subscribers', 'menuitem: Save as a view'],
  ['/subscribers', 'Columns'],
  ['/subscribers', 'Export'],
  ['/subscribers?filter={filter}', 'button: Expires within days: 3'],
  ['/subscribers?filter={filter}', 'button: Status: Active'],
  ['/subscribers?q=anna', 'row: anna'],
  ['/subscribers?q=anna', 'menu: anna'],
  ...[
    'Renew, several or free …',
    'Block',
    'Change plan',
    'Change owner',
    'Change payer',
    'Add to group',
    'Give grace',
    'Give static addresses',
    'Bind to an interface',
    'Reset password',
    'Delete',
    'Remove for good',
  ].map((action): Thing => ['/subscribers?q=anna', 'menu: anna', `menuitem: ${action}`]),
  ['/subscribers', 'mark: anna', 'Actions'],
  ['/subscribers', 'mark: anna', 'Actions', 'menuitem: Block'],
  ['/subscribers?run={run}'],
  ...['overview', 'why', 'usage', 'timeline', 'lines', 'money', 'comments', 'changes'].map((tab): Thing => [
    `/subscribers?open={anna}&tab=${tab}`,
  ]),
  ['/subscribers/{anna}', 'All actions'],
  ['/subscribers/{anna}', 'Disconnect'],
  ['/subscribers/new', 'Presets'],
  ['/subscribers/new', 'New payer'],
  ['/online', 'Filters'],
  ['/online?session={session}'],
  ['/unmatched?open={unmatched}'],
  ['/unmatched', 'mark: nobody-known', 'Put away'],
  ['/unmatched?open={unmatched}', 'New subscriber'],
  ['/unmatched?open={unmatched}', 'Attach to a subscriber'],
  ['/exports', 'New export'],
  ['/nases', 'Add NAS'],
  ['/nases', 'Add NAS', 'Add client'],
  ['/nases/{nas}', 'Actions'],
  ['/nases/{nas}', 'Actions', 'menuitem: Remove'],
  ['/nases/{nas}?tab=router', 'Give access'],
  ['/nases/{nas}?tab=router&run={routerRun}'],
  ['/nases/clients?open=gate'],
  ['/nases/clients?open=gate', 'New secret'],
  ['/nases/clients?open=gate', 'Change'],
  ['/nases/groups', 'Add NAS group'],
  ['/nases/realms', 'Add realm'],
  ['/nases/realms', 'Add home server'],
  ['/not-enforced?show=all&open={order}'],
  ['/pools', 'Add pool'],
  ['/pools/{pool}', 'Actions', 'menuitem: Change'],
  ['/groups', 'Add group'],
  ['/groups', 'Delete Harbour'],
  ['/plans/{plan}', 'Copy'],
  ['/plans/{plan}', 'Archive'],
  ['/plans/{plan}', 'field: down_bps', 'key: Control+Enter'],
  ['/money/payers/{payer}', 'Take a payment'],
  ['/money/payers/{payer}', 'More'],
  ['/money/payers/{payer}', 'More', 'menuitem: Refund'],
  ['/money?tab=ledger&open={transaction}'],
  ['/money?tab=ledger&open={transaction}', 'Take back'],
  ['/messages?open={message}'],
  ['/messages?tab=templates&template=welcome'],
  ['/messages?tab=webhooks&open={webhook}'],
  ['/messages?tab=webhooks', 'Add a webhook'],
  ['/reports?report=subscribers', 'Export'],
  ['/report-schedules?open=new'],
  ['/audit?open={audit}'],
  ['/audit', 'Export'],
  ['/jobs?open=renew-due'],
  ['/jobs?open=renew-due', 'Run now'],
  ['/operators', 'Add an operator'],
  ['/operators?open={operator}'],
  ['/operators?open={operator}', 'Actions', 'menuitem: Reset the password'],
  ['/operators/roles', 'Add a role'],
  ['/operators/teams', 'Add a team'],
  ['/operators/organisations', 'Add a reseller'],
  ['/operators/tokens', 'Make a token'],
]

describe.skipIf(!hasTools('chromium'))('what opens', () => {
  const panel = usePanel()
  const ids: Record<string, string> = {}
  let boss: Client

  beforeAll(async () => {
    const { isp, api } = panel
    boss = await api.as('super-administrator')
    const make = async (path: string, body: object = {}): Promise<string> => {
      const answer = await boss.post(path, body)
      expect(answer.status, `${path}: ${answer.text}`).toBeLessThan(300)
      return String(answer.body['id'])
    }
    const idOf = async (what: string) =>
      String((await api.pool.query<{ id: bigint }>(`select id from ${what} order by id limit 1`)).rows[0]!.id)
    await isp.plan()
    const anna = String(await isp.subscriber('anna', { fullName: 'Anna Almond', email: 'anna@example.org' }))
    await make(`/subscribers/${anna}/activate`, { free: true })
    const gate = await obeyingNas(isp, ['gate', '127.0.0.63'])
    await online(gate.nas, isp.dial('anna'))
    const boris = await isp.subscriber('boris')
    await make(`/subscribers/${boris}/activate`, { free: true })
    await online(gate.nas, isp.dial('boris', { mac: '02:00:00:00:01:63' }))
    await gate.nas.dial(isp.dial('nobody-known', { mac: '02:00:00:00:00:63' }))
    await isp.service.drained()
    await isp.service.flush()
    await make(`/subscribers/${boris}/disconnect`)
    await raiseAlarm(api.pool, { kind: 'coa-ignored', subject: 'gate', text: 'It obeys no order.' }, new Date())
    await make(`/subscribers/${anna}/comments`, { comment: 'Has a dog.' })
    await make('/groups', { name: 'Harbour' })
    await make('/ip-pools', { name: 'home', kind: 'ipv4', ranges: ['10.7.0.0/29'] })
    await make('/report-schedules', {
      name: 'Growth',
      report: 'growth',
      recipients: ['a@example.net'],
      every: 'day',
      hour: 1,
    })
    const payer = await idOf('payer')
    const webhook = await make('/webhooks', { name: 'billing', url: 'https://billing.example.net/hook', events: ['*'] })
    await make(`/webhooks/${webhook}/test`)
    Object.assign(ids, {
      anna,
      filter: '{"expires_within":"3","label":"active"}',
      nas: await idOf('nas'),
      plan: await idOf('plan'),
      payer,
      pool: await idOf('ip_pool'),
      transaction: await make(`/payers/${payer}/payments`, { amount: '25.00' }),
      session: await idOf('session'),
      unmatched: await idOf('unmatched_request'),
      webhook,
      operator: String(boss.operatorId),
      routerRun: await make('/nases/gate/runs', { kind: 'doctor' }),
      run: await make('/bulk-runs', { action: 'set-zone', params: { zone: 'north' }, target: { ids: [Number(anna)] } }),
      order: await idOf('coa_order'),
      audit: await idOf('audit_entry'),
      message: await idOf('message'),
    })
  })

  const filled = (text: string) => text.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(ids[name]!))

  /** What is open and lies on top. */
  const openOn = (page: Page) =>
    page.locator('[role=dialog]:visible, [role=menu]:visible, [role=listbox]:visible').last()

  async function take(page: Page, step: string): Promise<void> {
    const [, kind, name] = /^([a-z]+): (.*)$/.exec(step) ?? ['', 'button', step]
    const row = page.getByRole('row', { name: new RegExp(name!) })
    if (kind === 'key') await page.keyboard.press(name!)
    else if (kind === 'field') await page.locator(`input[name=${name}]`).fill('60M')
    else if (kind === 'row') await row.click()
    else if (kind === 'menu') await row.click({ button: 'right' })
    else if (kind === 'mark') await row.getByRole('checkbox').check()
    else
      await page
        .getByRole(kind as 'button', { name: name!, exact: true })
        .last()
        .click()
  }

  async function settle(page: Page): Promise<void> {
    await page.waitForFunction(
      () => document.querySelector('[aria-busy=true], .mantine-Loader-root, .mantine-Skeleton-root') === null,
    )
  }

  async function show(page: Page, [path, ...steps]: Thing): Promise<void> {
    const url = panel.api.url + filled(path)
    // What was open is closed, and the page is still there.
    if (page.url() !== url || steps[0]?.startsWith('mark')) {
      await page.goto(url)
      await page.getByRole('heading', { level: 1 }).first().waitFor()
      await settle(page)
    }
    for (const step of steps) await take(page, step)
    await openOn(page).waitFor()
    await settle(page)
  }

  /** One thing lies upon another, a list of choices upon both. */
  async function close(page: Page): Promise<string[]> {
    for (let tries = 0; tries < 4; tries += 1) {
      if (!(await openOn(page).isVisible())) return []
      await page.keyboard.press('Escape')
    }
    await openOn(page)
      .waitFor({ state: 'detached', timeout: 1_000 })
      .catch(() => undefined)
    return (await openOn(page).isVisible()) ? ['does not close'] : []
  }

  /** Whether it is within the window, and its last button can be seen. */
  async function fits(thing: Locator): Promise<string[]> {
    return thing.evaluate((element) => {
      const wrong: string[] = []
      const { left, right } = element.getBoundingClientRect()
      if (left < 0 || right > innerWidth || element.scrollWidth > element.clientWidth + 1) {
        wrong.push(`${left} to ${right} of ${innerWidth}, ${element.scrollWidth} in ${element.clientWidth}`)
      }
      const last = [...element.querySelectorAll('button, a')].at(-1)
      last?.scrollIntoView({ block: 'nearest' })
      const bottom = last?.getBoundingClientRect().bottom ?? 0
      if (bottom > innerHeight) wrong.push(`its last button ends at ${bottom} of ${innerHeight}`)
      return wrong
    })
  }

  /** What is wrong with some of them; a page of its own opens one after another. */
  async function askAll(some: readonly Thing[]): Promise<unknown[]> {
    const page = await panel.open('/profile', { as: boss })
    page.setDefaultTimeout(4000)
    const wrong: unknown[] = []
    for (const thing of some) {
      const t0 = Date.now()
      try {
        await show(page, thing)
        const t1 = Date.now()
        const found = await axeViolations(page)
        const t2 = Date.now()
        await page.emulateMedia({ colorScheme: 'dark' })
        found.push(...(await axeViolations(page, ['color-contrast'])))
        const t3 = Date.now()
        await page.emulateMedia({ colorScheme: 'light' })
        await page.setViewportSize({ width: 390, height: 800 })
        if (await openOn(page).isVisible()) found.push(...(await fits(openOn(page))))
        else found.push('gone on a phone')
        await page.setViewportSize({ width: 1360, height: 820 })
        found.push(...(await close(page)))
        console.log(thing.join(' > '), t1 - t0, t2 - t1, t3 - t2, Date.now() - t3)
        wrong.push(...found.map((one) => [thing.join(' > '), one]))
      } catch (error) {
        console.log('ERR', thing.join(' > '), Date.now() - t0, String(error).slice(0, 300))
        await page.goto('about:blank')
      }
    }
    return wrong
  }

  it('is clean in the light and in the dark, fits a phone, and is closed by Escape', { timeout: 240_000 }, async () => {
    const half = things.findIndex(([path]) => path.startsWith('/online'))
    const wrong = await Promise.all([askAll(things.slice(0, half)), askAll(things.slice(half))])
    for (const one of wrong.flat()) console.log('WRONG', JSON.stringify(one))
    expect(wrong.flat()).toEqual([])
  })
})
