// One subscriber, in the sheet and on its page: from each button to the row in the database, and to the order on the wire.

import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { obeyingNas, online, type ObeyingNas } from '../support/obeying-nas.ts'
import { usePanel } from '../support/panel.ts'
import { queryRows } from '../support/subscribers.ts'
import { hasTools } from '../support/tools.ts'

describe.skipIf(!hasTools('chromium'))('one subscriber', () => {
  const panel = usePanel()
  let gate: ObeyingNas

  beforeAll(async () => {
    await panel.isp.plan()
    await panel.isp.plan({ name: 'Home100' })
    gate = await obeyingNas(panel.isp, ['gate', '127.0.0.67'])
  })

  const rows = (text: string, values: unknown[]) => queryRows(panel.api, text, values)
  const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true })

  /** A subscriber who may dial in. */
  async function paid(username: string): Promise<bigint> {
    const id = await panel.isp.subscriber(username, { fullName: 'Anna Almond' })
    const office = await panel.api.as('super-administrator')
    expect((await office.post(`/subscribers/${id}/activate`, { free: true })).status).toBe(200)
    return id
  }

  it('says in plain words why one cannot connect, and the button beside it mends it, with a way back', async () => {
    const id = await paid('why')
    const office = await panel.api.as('super-administrator')
    await office.post(`/subscribers/${id}/block`, { reason: 'abuse' })
    await gate.nas.dial(panel.isp.dial('why'))
    await panel.isp.service.drained()
    const page = await panel.open(`/subscribers?open=${id}&tab=why`)
    const sheet = page.getByRole('dialog', { name: 'why' })
    await sheet.getByText('The subscriber is blocked.').first().waitFor()
    await sheet.getByRole('tabpanel').getByRole('button', { name: 'Unblock' }).click()
    await sheet.getByText('Let in', { exact: true }).first().waitFor()
    const blocked = () => rows('select blocked_at is not null as is_blocked from subscriber where id = $1', [id])
    expect(await blocked()).toEqual([{ is_blocked: false }])
    await page.getByRole('button', { name: 'Undo' }).click()
    await sheet.getByRole('tabpanel').getByRole('button', { name: 'Unblock' }).waitFor()
    expect(await blocked()).toEqual([{ is_blocked: true }])
    // The same as a page, at the same part.
    await sheet.getByRole('link', { name: 'Open as a page' }).click()
    await page.getByRole('heading', { level: 1, name: 'why' }).waitFor()
    expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe(`/subscribers/${id}?tab=why`)
    await button(page, 'Try a login …').click()
    await page.getByLabel('Password to check').fill('not the one')
    await button(page, 'Try it').click()
    await page.getByRole('form').getByText('The password was wrong.').waitFor()
    const tried = rows(`select after from audit_entry where action = 'subscriber.test-login' and row_id = $1`, [id])
    expect(await tried).toEqual([{ after: { is_right: false } }])
  })

  it('ends one session on the network and tells of the order until it is proved; timeline and sessions know of it', async () => {
    const id = await paid('ended')
    await online(gate.nas, panel.isp.dial('ended', { mac: '02:00:00:00:00:67' }))
    await panel.isp.service.drained()
    const page = await panel.open(`/subscribers/${id}`)
    const now = page.getByRole('region', { name: 'Now' })
    await now.getByText('Online since').waitFor()
    await now.getByRole('button', { name: 'Disconnect' }).click()
    const question = page.getByRole('dialog', { name: 'Disconnect' })
    await question.getByText('02:00:00:00:00:67').waitFor()
    await question.getByRole('button', { name: 'Disconnect' }).click()
    const told = page.getByRole('status', { name: 'What the network is told' })
    await told.getByText('Done', { exact: true }).waitFor()
    await now.getByText('No open session.').waitFor()
    expect(gate.heard.map(({ kind }) => kind)).toContain('disconnect')
    const orders = rows(
      'select wish, state, evidence is not null as is_proved from coa_order where subscriber_id = $1',
      [id],
    )
    expect(await orders).toEqual([{ wish: 'disconnect', state: 'done', is_proved: true }])

    await page.getByRole('tab', { name: 'Timeline' }).click()
    await page.getByText('Orders', { exact: true }).click()
    await page.getByRole('tabpanel').getByText('Disconnect', { exact: true }).waitFor()
    await page.getByRole('tabpanel').getByText('Added', { exact: true }).waitFor({ state: 'detached' })
    expect(new URL(page.url()).search).toBe('?tab=timeline&kinds=coa')
    await page.getByRole('tab', { name: 'Sessions' }).click()
    await page.getByRole('table').getByText('02:00:00:00:00:67').waitFor()
    await page.getByRole('tab', { name: 'Usage' }).click()
    await page.getByText('31 days').click()
    await page.getByText('in sum').waitFor()
  })

  it('binds a device, gives an address, sets the plan that follows, takes a payment, takes a renewal back', async () => {
    const id = await paid('line')
    await online(gate.nas, panel.isp.dial('line', { mac: '02:00:00:00:01:67' }))
    await panel.isp.service.drained()
    const page = await panel.open(`/subscribers/${id}?tab=lines`)
    const bound = () => rows('select mac::text, bound from device where subscriber_id = $1', [id])
    await button(page, 'Bind 02:00:00:00:01:67').click()
    await button(page, 'Release 02:00:00:00:01:67').click()
    await button(page, 'Bind 02:00:00:00:01:67').waitFor()
    expect(await bound()).toEqual([])
    await page.getByRole('button', { name: 'Undo' }).last().click()
    await button(page, 'Release 02:00:00:00:01:67').waitFor()
    expect(await bound()).toEqual([{ mac: '02:00:00:00:01:67', bound: true }])

    await button(page, 'Give static').click()
    await page.getByLabel('Addresses or prefixes').fill('203.0.113.67')
    await page.getByRole('dialog').getByRole('button', { name: 'Give static addresses' }).click()
    await page.getByRole('region', { name: 'Addresses' }).getByText('203.0.113.67').first().waitFor()
    const addresses = () => rows('select prefix::text from subscriber_address where subscriber_id = $1', [id])
    expect(await addresses()).toEqual([{ prefix: '203.0.113.67/32' }])

    await button(page, 'Change plan').click()
    await page.getByRole('dialog').getByRole('combobox', { name: 'Plan' }).click()
    await page.getByRole('option', { name: 'Home100' }).click()
    await page.getByText('At the next expiry').click()
    await page.getByRole('dialog').getByRole('button', { name: 'Change plan' }).click()
    await page.getByText('then Home100').waitFor()
    const next = rows('select plan.name from subscriber join plan on plan.id = next_plan_id where subscriber.id = $1', [
      id,
    ])
    expect(await next).toEqual([{ name: 'Home100' }])

    await page.getByRole('tab', { name: 'Money' }).click()
    await button(page, 'Take a payment').click()
    await page.getByLabel('Amount').fill('20.00')
    await page.getByRole('dialog').getByRole('button', { name: 'Take a payment' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await button(page, 'Renew').click()
    const given = page.getByRole('table', { name: 'Service that was given' })
    await given.getByText('Renewal').waitFor()
    // What was done is still told in the corner, above the table.
    await given.getByRole('button', { name: 'Take back' }).press('Enter')
    await page.getByRole('dialog').getByRole('button', { name: 'Take the last renewal back' }).click()
    await page.getByText(/^Taken back .* by /).waitFor()
    const renewals = rows(
      'select kind, reverted_at is not null as is_back from renewal where subscriber_id = $1 order by id',
      [id],
    )
    expect(await renewals).toEqual([
      { kind: 'activation', is_back: false },
      { kind: 'renewal', is_back: true },
    ])
    await page.getByRole('tab', { name: 'Changes' }).click()
    await page.getByRole('tabpanel').getByText('Take the last renewal back').waitFor()
    await page.getByRole('tabpanel').getByText('expires at').first().waitFor()
  })

  it('keeps comments, makes a password of the portal that is shown once, and opens the portal in their place', async () => {
    const id = await paid('helped')
    const page = await panel.open(`/subscribers/${id}?tab=comments`)
    await page.getByLabel('New comment').fill('Rang about the slow line')
    await page.keyboard.press('Control+Enter')
    const remarks = () => rows('select text from subscriber_comment where subscriber_id = $1', [id])
    await page.getByRole('listitem').getByText('Rang about the slow line').waitFor()
    await button(page, 'Remove').click()
    await page.getByText('Nobody has noted anything yet.').waitFor()
    expect(await remarks()).toEqual([])
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByRole('listitem').getByText('Rang about the slow line').waitFor()
    expect(await remarks()).toEqual([{ text: 'Rang about the slow line' }])

    await button(page, 'All actions').click()
    await page.getByRole('menuitem', { name: 'New password of the portal' }).click()
    await button(page, 'Make up a password').click()
    expect(await page.getByRole('textbox', { name: 'Password' }).inputValue()).toMatch(/\S{10,}/)
    await button(page, 'I have it').click()
    const logins = rows('select must_change_password from portal_login where subscriber_id = $1', [id])
    expect(await logins).toHaveLength(1)

    await button(page, 'All actions').click()
    const opening = page.context().waitForEvent('page')
    await page.getByRole('menuitem', { name: 'Open the portal in their place' }).click()
    const portal = await opening
    await portal.getByText('in the place of helped').waitFor()
    const deeds = rows(`select 1 as one from audit_entry where action = 'subscriber.impersonate' and row_id = $1`, [id])
    expect(await deeds).toHaveLength(1)
  })
})
