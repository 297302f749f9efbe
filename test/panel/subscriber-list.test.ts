// The list of subscribers, from click to row and to the NAS: found by search and filters, selected, acted upon alone and in numbers,
// seen as each operator likes, taken away as a file.

import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../support/api.ts'
import { obeyingNas, online, saidIn, type ObeyingNas } from '../support/obeying-nas.ts'
import { usePanel } from '../support/panel.ts'
import { hasTools } from '../support/tools.ts'

const day = 86_400_000
const soon = ['dora', 'emil', 'finn']

describe.skipIf(!hasTools('chromium'))('the list of subscribers', () => {
  const panel = usePanel()
  let bras: ObeyingNas
  let boss: Client

  const rows = async (query: string, values: unknown[] = []) =>
    (await panel.api.pool.query<Record<string, unknown>>(query, values)).rows
  const grid = (page: Page) => page.getByRole('grid', { name: 'Subscribers' })
  const rowOf = (page: Page, username: string) => grid(page).getByRole('row', { name: new RegExp(username) })

  /** The NAS has heard one order since it was asked last. */
  async function wasTold(kind: string, addressList?: string): Promise<void> {
    await expect.poll(() => bras.heard.map((order) => order.kind), { timeout: 10_000 }).toEqual([kind])
    expect(saidIn(bras.heard.pop(), 'Mikrotik-Address-List')).toBe(addressList)
  }

  beforeAll(async () => {
    const { isp } = panel
    boss = await panel.api.as('super-administrator')
    await isp.plan({ addressList: 'home50', onExpiry: 'garden', gardenAddressList: 'pay-first' })
    bras = await obeyingNas(isp, ['bras-2', '127.0.0.74'], {}, { coa_pace: 10_000 })
    for (const username of ['anna', 'boris', 'gina', ...soon]) await isp.subscriber(username)
    const later = (days: number) => new Date(Date.now() + days * day)
    await rows(`update subscriber set activated_at = now(), expires_at = $1`, [later(20)])
    await rows(`update subscriber set expires_at = $1 where username = any($2)`, [later(2), soon])
  })

  it('whoever expires within three days is filtered, all of them selected and renewed; the routers of those online are told, and told again when the run is undone', async () => {
    await online(bras.nas, panel.isp.dial('emil', { mac: '02:00:00:00:00:74' }))
    await panel.isp.service.drained()
    const page = await panel.open('/subscribers', { as: boss })
    await rowOf(page, 'anna').waitFor()
    await page.getByRole('button', { name: 'Filters' }).click()
    await page.getByRole('combobox', { name: 'Find a filter' }).fill('within')
    await page.keyboard.press('Enter')
    await page.getByRole('textbox', { name: 'Expires within days' }).fill('3')
    await rowOf(page, 'anna').waitFor({ state: 'detached' })
    await page.keyboard.press('Enter')
    await page.getByText('3 subscribers').waitFor()
    await grid(page).focus()
    await page.keyboard.press('Control+a')
    await page.getByRole('region', { name: 'Selected' }).getByRole('button', { name: 'Actions' }).click()
    await page.getByRole('menuitem', { name: 'Renew', exact: true }).click()
    const dialog = page.getByRole('dialog', { name: 'Renew' })
    await dialog.getByText('This touches 3 subscribers').waitFor()
    await dialog.getByText('It can be undone afterwards.').waitFor()
    const before = await rows(`select id, expires_at from subscriber where username = any($1) order by id`, [soon])
    await dialog.getByRole('button', { name: 'Renew: 3 subscribers' }).click()
    await page.getByText('3 of 3').waitFor()
    const renewed = await rows(
      `select id from subscriber where username = any($1) and expires_at > now() + interval '25 days'`,
      [soon],
    )
    expect(renewed).toHaveLength(3)
    await wasTold('change', 'home50')
    // The run is in the address: whoever reloads, or is sent it, sees it.
    await page.reload()
    await page.getByText('3 done').waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect
      .poll(() => rows(`select id, expires_at from subscriber where username = any($1) order by id`, [soon]), {
        timeout: 10_000,
      })
      .toEqual(before)
    await wasTold('change', 'home50')
  })

  it('whose service has ended is walled in, and led out on the wire by Renew in the menu of the row', async () => {
    await online(bras.nas, panel.isp.dial('gina', { mac: '02:00:00:00:01:74' }))
    await panel.isp.service.drained()
    const [gina] = await rows(`select id from subscriber where username = 'gina'`)
    await boss.patch(`/subscribers/${String(gina!['id'])}`, { expires_at: new Date(Date.now() - day).toISOString() })
    await wasTold('change', 'pay-first')
    const page = await panel.open('/subscribers?q=gina', { as: boss })
    await rowOf(page, 'gina').getByText('Expired').waitFor()
    await rowOf(page, 'gina').getByRole('button', { name: 'Actions on gina' }).click()
    await page.getByRole('menuitem', { name: 'Renew', exact: true }).click()
    await page.getByText('Renew: gina').waitFor()
    await rowOf(page, 'gina').getByText('Active').waitFor()
    await wasTold('change', 'home50')
    expect(await rows(`select expires_at > now() as is_paid from subscriber where username = 'gina'`)).toEqual([
      { is_paid: true },
    ])
  })

  it('from the menu of a row one is blocked and thrown out on the wire, and Undo lets it in again', async () => {
    const anna = await bras.nas.dial(panel.isp.dial('anna'))
    expect(anna).toMatchObject({ kind: 'online' })
    await panel.isp.service.drained()
    const page = await panel.open('/subscribers?q=anna', { as: boss })
    await rowOf(page, 'anna').getByText('online').waitFor()
    await grid(page).focus()
    await page.keyboard.press('Shift+F10')
    await page.getByRole('menuitem', { name: 'Block' }).click()
    await page.getByRole('textbox', { name: 'Reason' }).fill('has not paid')
    await page.getByText('This touches 1 subscriber:').waitFor()
    await page.keyboard.press('Enter')
    await rowOf(page, 'anna').getByText('Blocked').waitFor()
    expect(await rows(`select block_reason from subscriber where username = 'anna'`)).toEqual([
      { block_reason: 'has not paid' },
    ])
    await wasTold('disconnect')
    // The dot follows without a question of anybody.
    await rowOf(page, 'anna').getByText('offline').waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    await rowOf(page, 'anna').getByText('Active').waitFor()
    expect(await rows(`select blocked_at from subscriber where username = 'anna'`)).toEqual([{ blocked_at: null }])
  })

  it('a new password is shown once, and logs in', async () => {
    const page = await panel.open('/subscribers?q=boris', { as: boss })
    await rowOf(page, 'boris').click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Reset password' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Reset password', exact: true }).click()
    const shown = page.getByRole('dialog', { name: 'New password of boris' })
    const password = await shown.getByRole('textbox', { name: 'Password' }).inputValue()
    await shown.getByRole('button', { name: 'I have it' }).click()
    expect(await bras.nas.dial(panel.isp.dial('boris', { password }))).toMatchObject({ kind: 'online' })
  })

  it('columns are kept for the operator, a view by its name, and what is shown leaves as a file', async () => {
    const page = await panel.open('/subscribers?q=anna', { as: boss })
    await rowOf(page, 'anna').waitFor()
    await page.getByRole('button', { name: 'Columns' }).click()
    await page.getByRole('checkbox', { name: 'Address', exact: true }).click()
    await page.getByRole('button', { name: 'Make Username wider' }).click()
    await page.keyboard.press('Escape')
    await page.reload()
    await rowOf(page, 'anna').waitFor()
    expect(await grid(page).getByRole('columnheader', { name: 'Address', exact: true }).count()).toBe(0)
    await page.getByRole('button', { name: 'All subscribers' }).click()
    await page.getByRole('menuitem', { name: 'Save as a view' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Only Anna')
    await page.keyboard.press('Enter')
    await page.waitForURL(/view=\d+/)
    expect(await rows(`select filter, shared_with from saved_view where name = 'Only Anna'`)).toEqual([
      { filter: { search: 'anna' }, shared_with: 'nobody' },
    ])
    await page.getByRole('button', { name: 'Export' }).click()
    const download = page.waitForEvent('download')
    await page.getByRole('dialog').getByRole('button', { name: 'Download' }).click()
    const lines = (await readFile(await (await download).path(), 'utf8')).trim().split('\r\n')
    expect(lines).toHaveLength(2)
    expect(lines[0]!.split(',')).toContain('username')
    expect(lines[0]!.split(',')).not.toContain('address')
  })
})
