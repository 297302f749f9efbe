// What the list of subscribers shows of each: the person, the service and its money, the line as it is now; as it happens, found by
// any of it, and taken away in a form that an import takes back.

import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { refreshLive } from '../../src/domain/subscriber-list/live.ts'
import type { Client } from '../support/api.ts'
import { obeyingNas, online, type ObeyingNas } from '../support/obeying-nas.ts'
import { usePanel } from '../support/panel.ts'
import { addTestSubscriber } from '../support/subscribers.ts'
import { hasTools } from '../support/tools.ts'

const more = ['ID', 'Balance', 'Devices', 'E-mail', 'Extension']

describe.skipIf(!hasTools('chromium'))('the rows of the list', () => {
  const panel = usePanel()
  let gate: ObeyingNas
  let boss: Client
  let anna: number

  const rows = async (query: string, values: unknown[] = []) =>
    (await panel.api.pool.query<Record<string, unknown>>(query, values)).rows
  const grid = (page: Page) => page.getByRole('grid', { name: 'Subscribers' })
  const rowOf = (page: Page, username: string) => grid(page).getByRole('row', { name: new RegExp(username) })
  /** The names that are there, in the order of the list. */
  async function shown(page: Page): Promise<string[]> {
    const heads = await grid(page).getByRole('columnheader').allInnerTexts()
    const at = heads.findIndex((head) => head.trim() === 'Username')
    const all = await grid(page)
      .getByRole('row')
      .filter({ has: page.getByRole('gridcell') })
      .all()
    return Promise.all(all.map((row) => row.getByRole('gridcell').nth(at).innerText()))
  }

  /** What stands under each head in the row of somebody, as far as it is drawn. */
  async function cellsOf(page: Page, username: string): Promise<Record<string, string>> {
    const heads = await grid(page).getByRole('columnheader').allInnerTexts()
    const cells = await rowOf(page, username).getByRole('gridcell').allInnerTexts()
    // The last cell is the menu.
    return Object.fromEntries(cells.slice(0, -1).map((cell, at) => [heads[at]!.trim(), cell.trim()]))
  }

  beforeAll(async () => {
    const { isp } = panel
    await isp.plan()
    boss = await panel.api.as('super-administrator')
    gate = await obeyingNas(isp, ['gate', '127.0.0.77'], { interface: 'vlan4071' })
    anna = await addTestSubscriber(boss, {
      username: 'Anna.Almond',
      password: 'a password of anna',
      plan: 'Home50',
      full_name: 'Anna Almond',
      phone: '+356 2123 4567',
      phone_extension: '12',
      email: 'anna@example.org',
      address: '5 Harbour Street',
      latitude: 35.9,
      longitude: 14.5,
      devices: ['02:00:00:00:00:77', '02:00:00:00:01:77'],
    })
    for (const username of ['fresh', 'late', 'over']) await isp.subscriber(username)
    await isp.line('wired', { mac: '02:00:00:00:02:77' })
    await rows(`update subscriber set created_at = '2026-02-03T10:00:00Z' where id = $1`, [anna])
    await rows(
      `update subscriber set activated_at = now(), expires_at = now() + interval '9 days' where username <> 'fresh'`,
    )
    await rows(`update subscriber set expires_at = now() - interval '1 day', grace_until = now() + interval '1 day'
      where username = 'late'`)
    await rows(`update subscriber set expires_at = now() - interval '9 days' where username = 'over'`)
    const { body } = await boss.get(`/subscribers/${anna}`)
    const payer = (body['payer'] as { id: number }).id
    await boss.post(`/payers/${payer}/payments`, { amount: '12.50' })
  })

  it('tell id, person, balance in its currency, devices, kind of line, interface and address, and follow the session', async () => {
    // As wide as all of them: what lies beyond the edge is not drawn.
    const page = await panel.open('/subscribers', { as: boss, width: 2_600 })
    await rowOf(page, 'anna.almond').getByText('offline').waitFor()
    await page.getByRole('button', { name: 'Columns' }).click()
    for (const name of more) {
      await page.getByRole('searchbox', { name: 'Find a column' }).fill(name)
      await page.getByRole('checkbox', { name, exact: true }).click()
    }
    await page.keyboard.press('Escape')
    await rowOf(page, 'anna.almond').getByText('12.50').waitFor()
    const session = await online(gate.nas, panel.isp.dial('anna.almond', { mac: '02:00:00:00:00:77' }))
    await rowOf(page, 'anna.almond').getByText('vlan4071').waitFor()
    expect(await cellsOf(page, 'anna.almond')).toMatchObject({
      ID: String(anna),
      Status: 'Active',
      Online: 'online',
      Username: 'anna.almond',
      Plan: 'Home50',
      'Full name': 'Anna Almond',
      Phone: '+35621234567',
      Extension: '12',
      'E-mail': 'anna@example.org',
      Address: '5 Harbour Street',
      'Account type': 'PPPoE',
      Interface: 'vlan4071',
      'IP address': session.framedIp,
      Registered: expect.stringMatching(/^Feb 3, 2026/) as unknown,
      Balance: '€12.50',
      Devices: '2',
    })
    expect(await cellsOf(page, 'wired')).toMatchObject({ 'Account type': 'IPoE', Balance: '€0.00', Devices: '1' })
    // Over which it came in last is still known when it is gone: half a minute later at most.
    await panel.isp.service.drained()
    await refreshLive(panel.api.pool, 'UTC', new Date())
    await gate.nas.stop(session, 'User-Request')
    await rowOf(page, 'anna.almond').getByText('offline').waitFor()
    expect(await cellsOf(page, 'anna.almond')).toMatchObject({ Interface: 'vlan4071', 'IP address': '' })
  })

  it('have a status from one definition; Only active and a range of the expiry choose by it', async () => {
    const page = await panel.open('/subscribers', { as: boss })
    const status = async (username: string) => (await cellsOf(page, username))['Status']
    await rowOf(page, 'late').waitFor()
    expect([await status('fresh'), await status('late'), await status('over')]).toEqual(['New', 'Grace', 'Expired'])
    await page.getByRole('button', { name: 'Only active' }).click()
    await rowOf(page, 'fresh').waitFor({ state: 'detached' })
    expect(await shown(page)).toEqual(['anna.almond', 'late', 'wired'])
    await page.getByRole('button', { name: 'Only active' }).click()
    await rowOf(page, 'fresh').waitFor()
    await page.getByRole('button', { name: 'Filters' }).click()
    await page.getByRole('combobox', { name: 'Find a filter' }).fill('expires before')
    await page.keyboard.press('Enter')
    await page
      .getByLabel('Expires before')
      .last()
      .fill(new Date(Date.now() - 5 * 86_400_000).toISOString().slice(0, 16))
    await rowOf(page, 'late').waitFor({ state: 'detached' })
    expect(await shown(page)).toEqual(['over'])
  })

  it('are found by phone and by address', async () => {
    const page = await panel.open('/subscribers', { as: boss })
    await rowOf(page, 'over').waitFor()
    for (const words of ['2123 4567', 'harbour str']) {
      await page.getByRole('searchbox', { name: 'Search' }).fill(words)
      await rowOf(page, 'over').waitFor({ state: 'detached' })
      expect(await shown(page)).toEqual(['anna.almond'])
      await page.getByRole('searchbox', { name: 'Search' }).fill('')
      await rowOf(page, 'over').waitFor()
    }
  })

  it('leave with e-mail and phone, and in a form that the import takes back as it is', async () => {
    const page = await panel.open('/subscribers?q=anna', { as: boss })
    await rowOf(page, 'anna.almond').waitFor()
    const exported = async (columns: string) => {
      await page.getByRole('button', { name: 'Export' }).click()
      await page.getByRole('radio', { name: columns }).click()
      const download = page.waitForEvent('download')
      await page.getByRole('dialog').getByRole('button', { name: 'Download' }).click()
      const file = await readFile(await (await download).path())
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      return file
    }
    const chosen = (await exported('Chosen')).toString().trim().split('\r\n')
    expect(chosen[0]!.split(',')).toEqual(expect.arrayContaining(['email', 'phone']))
    expect(chosen[1]!.split(',')).toContain('anna@example.org')
    // No spreadsheet takes it for a formula; the import takes the apostrophe away.
    expect(chosen[1]!.split(',')).toContain(`"'+35621234567"`)

    const file = await exported('All that an import takes')
    const before = await rows('select * from subscriber where id = $1', [anna])
    await page.goto(`${panel.api.url}/subscribers/import`)
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Choose a file' }).click()
    await (await chooser).setFiles({ name: 'anna.csv', mimeType: 'text/csv', buffer: file })
    await page.getByRole('radio', { name: 'are changed to what the file says' }).click()
    await page.getByRole('button', { name: 'Check the file' }).click()
    await page.waitForURL(/imports\/\d+/)
    await page.getByText('All right').waitFor()
    expect(await rows('select * from subscriber where id = $1', [anna])).toEqual(before)
  })
})
