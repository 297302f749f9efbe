// The Actions menu over many at once, from click to row and to the NAS: who belongs where, who is let in, whose line it is, who goes
// away and comes back.

import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../support/api.ts'
import { answerOf, obeyingNas, online, type ObeyingNas } from '../support/obeying-nas.ts'
import { usePanel } from '../support/panel.ts'
import { hasTools } from '../support/tools.ts'

const names = ['hill-1', 'hill-2', 'hill-3']

describe.skipIf(!hasTools('chromium'))('the Actions menu', () => {
  const panel = usePanel()
  let gate: ObeyingNas
  let boss: Client

  const rows = async (query: string, values: unknown[] = []) =>
    (await panel.api.pool.query<Record<string, unknown>>(query, values)).rows
  /** What the three have there, in their order. */
  const each = async (what: string, from = '') =>
    (
      await rows(
        `select ${what} as it from subscriber ${from} where username = any($1) and purged_at is null order by username`,
        [names],
      )
    ).map(({ it: value }) => value)

  const grid = (page: Page) => page.getByRole('grid', { name: 'Subscribers' })
  const rowOf = (page: Page, username: string) => grid(page).getByRole('row', { name: new RegExp(username) })
  const dialogOf = (page: Page, title: string) => page.getByRole('dialog', { name: title, exact: true })
  const dial = (username: string) =>
    panel.isp.dial(username, { mac: `02:00:00:00:0a:0${username.slice(-1)}`, place: { interface: 'vlan4071' } })
  const told = () => gate.heard.splice(0).map(({ kind }) => kind)

  beforeAll(async () => {
    await panel.isp.plan()
    boss = await panel.api.as('super-administrator')
    gate = await obeyingNas(panel.isp, ['gate', '127.0.0.76'], {}, { coa_pace: 10_000 })
    for (const username of names) await panel.isp.subscriber(username, { fullName: `Hilda ${username}` })
    await rows(`update subscriber set activated_at = now(), expires_at = now() + interval '20 days'`)
    await boss.post('/groups', { name: 'Harbour' })
    await panel.api.reseller('Kiosk')
  })

  /** Selects all that are shown and takes an action of the menu; the dialog says whom it touches. */
  async function ask(page: Page, action: string, count = names.length) {
    await page.getByText(`${count} subscribers`).waitFor()
    await grid(page).focus()
    await page.keyboard.press('Control+a')
    await page.getByRole('region', { name: 'Selected' }).getByRole('button', { name: 'Actions' }).click()
    await page.getByRole('menuitem', { name: action, exact: true }).click()
    const dialog = dialogOf(page, action)
    await dialog.getByText(`This touches ${count} subscribers:`).waitFor()
    return dialog
  }

  /** Goes through with what was asked, and looks at its end; the drawer stays. */
  async function goOn(page: Page, action: string, count = names.length) {
    await dialogOf(page, action)
      .getByRole('button', { name: `${action}: ${count} subscribers` })
      .click()
    const drawer = dialogOf(page, action)
    await drawer.getByText(`${count} done`).waitFor()
    return drawer
  }
  const leave = async (page: Page, action: string) => {
    await page.keyboard.press('Escape')
    await dialogOf(page, action).waitFor({ state: 'detached' })
  }

  it('moves them to a group and to a reseller, and Undo brings them back', async () => {
    const page = await panel.open('/subscribers?q=hill', { as: boss })
    const group = await ask(page, 'Add to group')
    await group.getByRole('combobox', { name: 'Group' }).click()
    await page.getByRole('option', { name: 'Harbour' }).click()
    await goOn(page, 'Add to group')
    await leave(page, 'Add to group')
    const groupOf = () => each('subscriber_group.name', 'left join subscriber_group on subscriber_group.id = group_id')
    expect(await groupOf()).toEqual(['Harbour', 'Harbour', 'Harbour'])
    await ask(page, 'Remove from group')
    const removed = await goOn(page, 'Remove from group')
    expect(await groupOf()).toEqual([null, null, null])
    await removed.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(groupOf, { timeout: 10_000 }).toEqual(['Harbour', 'Harbour', 'Harbour'])
    await page.keyboard.press('Escape')

    const owner = await ask(page, 'Change owner')
    await owner.getByRole('combobox', { name: 'Owner' }).click()
    await page.getByRole('option', { name: 'Kiosk' }).click()
    const moved = await goOn(page, 'Change owner')
    const ownerOf = () => each('organisation.name', 'join organisation on organisation.id = subscriber.owner_id')
    expect(await ownerOf()).toEqual(['Kiosk', 'Kiosk', 'Kiosk'])
    await moved.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(ownerOf, { timeout: 10_000 }).toEqual(['ISP', 'ISP', 'ISP'])
  })

  it('disables and enables them: each in its colour, thrown out on the wire, refused, and let in again', async () => {
    for (const username of names) await online(gate.nas, dial(username))
    await panel.isp.service.drained()
    const page = await panel.open('/subscribers?q=hill', { as: boss })
    const colourOf = (word: string) =>
      rowOf(page, 'hill-1')
        .getByText(word, { exact: true })
        .evaluate((badge) => getComputedStyle(badge).backgroundColor)
    const before = await colourOf('Active')
    const dialog = await ask(page, 'Disable')
    await dialog.getByText('Live sessions are ended on the network within seconds.').waitFor()
    await goOn(page, 'Disable')
    await leave(page, 'Disable')
    expect(await colourOf('Disabled')).not.toBe(before)
    expect(await each('enabled')).toEqual([false, false, false])
    await expect.poll(() => gate.heard.length, { timeout: 10_000 }).toBe(3)
    expect(told()).toEqual(['disconnect', 'disconnect', 'disconnect'])
    expect(answerOf(await gate.nas.dial(dial('hill-1')))).not.toBe('online')
    await ask(page, 'Enable')
    await goOn(page, 'Enable')
    await leave(page, 'Enable')
    expect(await colourOf('Active')).toBe(before)
    expect(await each('enabled')).toEqual([true, true, true])
    await online(gate.nas, dial('hill-1'))
  })

  it('releases the bound MACs of all, and gives one a public address with its next login', async () => {
    await rows(`insert into device (subscriber_id, mac, bound)
      select id, ('02:00:00:00:0b:0' || right(username, 1))::macaddr, true from subscriber`)
    // Nobody is let in from another device.
    expect(answerOf(await gate.nas.dial(dial('hill-2')))).not.toBe('online')
    const page = await panel.open('/subscribers?q=hill', { as: boss, width: 2_200 })
    await ask(page, 'Release MAC address')
    await goOn(page, 'Release MAC address')
    await leave(page, 'Release MAC address')
    expect(await rows('select from device where bound')).toEqual([])
    await online(gate.nas, dial('hill-2'))
    await panel.isp.service.drained()
    told()

    await rowOf(page, 'hill-2').click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Give static addresses' }).click()
    const dialog = dialogOf(page, 'Give static addresses')
    await dialog.getByText('This touches 1 subscriber:').waitFor()
    await dialog.getByLabel('Addresses or prefixes').fill('203.0.113.76')
    expect(await dialog.getByRole('checkbox', { name: 'End live sessions' }).isChecked()).toBe(true)
    await dialog.getByRole('button', { name: 'Give static addresses' }).click()
    await page.getByText('Give static addresses: hill-2').waitFor()
    await expect.poll(() => gate.heard.length, { timeout: 10_000 }).toBe(1)
    expect(told()).toEqual(['disconnect'])
    const again = await online(gate.nas, dial('hill-2'))
    expect(again.grant.framedIp).toBe('203.0.113.76')
    await panel.isp.service.drained()
    await rowOf(page, 'hill-2').getByText('203.0.113.76').waitFor()
  })

  it('deletes whom it names first, restores them all, and removes one for good once its name is typed', async () => {
    const page = await panel.open('/subscribers?q=hill', { as: boss })
    const dialog = await ask(page, 'Delete')
    expect(await dialog.getByRole('listitem').allInnerTexts()).toEqual(names.map((name) => `${name} · Hilda ${name}`))
    await goOn(page, 'Delete')
    await page.getByText('Nothing matches.').waitFor()
    expect(await each('archived_at is not null')).toEqual([true, true, true])
    await expect.poll(told, { timeout: 10_000 }).toContain('disconnect')
    expect(answerOf(await gate.nas.dial(dial('hill-3')))).not.toBe('online')

    await page.goto(`${panel.api.url}/subscribers?q=hill&filter=${encodeURIComponent('{"archived":"true"}')}`)
    await ask(page, 'Restore')
    await goOn(page, 'Restore')
    await page.getByText('Nothing matches.').waitFor()
    expect(await each('archived_at')).toEqual([null, null, null])

    await page.goto(`${panel.api.url}/subscribers?q=hill-3`)
    await rowOf(page, 'hill-3').click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Remove for good' }).click()
    const purge = dialogOf(page, 'Remove for good')
    await purge.getByText('Nothing brings them back', { exact: false }).waitFor()
    const button = purge.getByRole('button', { name: 'Remove for good' })
    await purge.getByLabel('Type hill-3 to go on').fill('hill-2')
    expect(await button.isDisabled()).toBe(true)
    await purge.getByLabel('Type hill-3 to go on').fill('hill-3')
    await button.click()
    await rowOf(page, 'hill-3').waitFor({ state: 'detached' })
    expect(await rows(`select from subscriber where username = 'hill-3' or full_name = 'Hilda hill-3'`)).toEqual([])
  })
})
