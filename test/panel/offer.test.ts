// Plans, money and messages in the panel, from click to row and to the NAS.

import { beforeAll, describe, expect, it } from 'vitest'
import type { CoaOrder } from '../../src/simulator/coa.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import type { Client } from '../support/api.ts'
import { startMailServer } from '../support/mail.ts'
import { usePanel } from '../support/panel.ts'
import { addTestSubscriber } from '../support/subscribers.ts'
import { hasTools } from '../support/tools.ts'

describe.skipIf(!hasTools('chromium'))('plans, money and messages', () => {
  const panel = usePanel()
  const heard: CoaOrder[] = []
  let bras: SimulatedNas
  let office: Client

  const rows = async (query: string, values: unknown[] = []) =>
    (await panel.api.pool.query<Record<string, unknown>>(query, values)).rows

  beforeAll(async () => {
    const { isp } = panel
    await isp.plan()
    office = await panel.api.as('super-administrator')
    bras = await isp.nas('bras-1', '127.0.0.83', {
      coaPort: 0,
      onOrder(order) {
        heard.push(order)
        return 'obey'
      },
    })
    await isp.pool.query('update nas set coa_port = $1', [bras.coaPort])
  })

  it('a plan that people have is changed: one sees whom it touches, their routers are told, Undo tells them again', async () => {
    await panel.isp.subscriber('anna')
    await bras.dial(panel.isp.dial('anna'))
    await panel.isp.service.drained()
    const page = await panel.open('/plans', { as: office })
    await page.getByRole('gridcell', { name: 'Home50', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'Home50' }).waitFor()
    await page.getByText(/Mikrotik-Rate-Limit = /).waitFor()
    await page.locator('input[name=down_bps]').fill('60 megabit')
    await page.getByText('A rate such as 50M, 512k or 1G').waitFor()
    await page.locator('input[name=down_bps]').fill('60M')
    await page.keyboard.press('Control+Enter')
    await page.getByText('Touches 1 subscriber.').waitFor()
    await page.getByText('1 live session is told by CoA', { exact: false }).waitFor()
    await page.getByRole('button', { name: 'Save for 1 subscriber' }).click()
    await page.getByText('Home50 is saved; 1 live session is told.').waitFor()
    expect(await rows('select down_bps from plan')).toEqual([{ down_bps: 60_000_000n }])
    await expect.poll(() => heard.length).toBe(1)
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(() => heard.length).toBe(2)
    expect(await rows('select down_bps from plan')).toEqual([{ down_bps: 50_000_000n }])
    expect(await rows('select reason from coa_order')).toEqual([{ reason: 'plan-changed' }, { reason: 'plan-changed' }])
  })

  it('a window of the week is drawn with the mouse, mended by keyboard, and kept with the steps of fair use', async () => {
    const page = await panel.open('/plans/new', { as: office })
    await page.locator('input[name=name]').fill('Night owl')
    await page.locator('input[name=down_bps]').fill('20M')
    await page.locator('input[name=up_bps]').fill('5M')
    const monday = page.locator('[data-day="1"]')
    await monday.scrollIntoViewIfNeeded()
    const box = (await monday.boundingBox())!
    const hour = box.width / 24
    await page.mouse.move(box.x + hour * 1.5, box.y + 5)
    await page.mouse.down()
    await page.mouse.move(box.x + hour * 5.5, box.y + box.height + 5, { steps: 4 })
    await page.mouse.up()
    const window = page.getByRole('group', { name: 'Window 1' })
    await window.getByLabel('To', { exact: true }).fill('07:30')
    await window.getByRole('textbox', { name: 'Share of the plan' }).fill('200')
    await page.getByRole('button', { name: 'Add a step' }).click()
    const step = page.getByRole('group', { name: 'Step 1' })
    await step.getByLabel('After').fill('100G')
    await step.getByLabel('Down').fill('2M')
    await step.getByLabel('Up').fill('1M')
    await page.getByRole('button', { name: 'Add a plan' }).click()
    await page.getByRole('heading', { level: 1, name: 'Night owl' }).waitFor()
    const [plan] = await rows(`select schedule, fup_steps from plan where name = 'Night owl'`)
    expect(plan).toEqual({
      schedule: [{ weekdays: [1, 2], from: '01:00', to: '07:30', percent: 200 }],
      fup_steps: [{ after_octets: '100000000000', down_bps: 2_000_000, up_bps: 1_000_000 }],
    })
  })

  it('a plan goes to the archive only once its subscribers have another', async () => {
    const made = await office.post('/plans', { name: 'Old 10', down_bps: '10M', up_bps: '2M', validity: 30 })
    await addTestSubscriber(office, { username: 'olga', plan: 'Old 10' })
    const page = await panel.open(`/plans/${Number(made.body.id)}`, { as: office })
    await page.getByRole('button', { name: 'Archive' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Touches 1 subscriber.').waitFor()
    expect(await dialog.getByRole('button', { name: 'Archive' }).isDisabled()).toBe(true)
    await dialog.getByRole('combobox').click()
    await page.getByRole('option', { name: 'Home50' }).click()
    await dialog.getByRole('button', { name: 'Archive' }).click()
    await page.getByText('Old 10 is archived; 1 subscriber is moved.').waitFor()
    expect(
      await rows(`select plan.name from subscriber join plan on plan.id = plan_id where username = 'olga'`),
    ).toEqual([{ name: 'Home50' }])
  })

  it('a payment is taken once, seen in the ledger and on the balance, and taken back by Undo', async () => {
    const made = await office.post('/payers', { name: 'Harbour Ltd' })
    const page = await panel.open('/money', { as: office })
    await page.getByRole('searchbox').fill('Harbour')
    await page.waitForURL(/q=Harbour/)
    await page.getByRole('gridcell', { name: 'Harbour Ltd', exact: true }).click()
    await page.getByRole('button', { name: 'Take a payment' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Amount' }).fill('25.50')
    await dialog.getByText('Then it is €25.50.').waitFor()
    await dialog.getByRole('button', { name: 'Take a payment' }).click()
    await page.getByText('the balance is €25.50', { exact: false }).waitFor()
    const balance = async () => (await office.get(`/payers/${Number(made.body.id)}`)).body.balance
    expect(await balance()).toBe('25.50')
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByRole('gridcell', { name: 'Reversal' }).waitFor()
    expect(await balance()).toBe('0.00')
    await page.getByRole('gridcell', { name: 'Payment' }).click()
    await page.getByText('Taken back by').waitFor()
    expect(await page.getByRole('link', { name: 'Receipt' }).getAttribute('href')).toMatch(/^\/api\/v1\/receipts\/\d+$/)
  })

  it("a reseller's wallet is filled, pays for its subscribers in their place, and its ledger tells it", async () => {
    const kiosk = await panel.api.reseller('Kiosk')
    await office.put(`/organisations/${kiosk}/wallet`, {})
    const paid = { name: 'Paid', down_bps: '10M', up_bps: '2M', validity: 30, price: '20.00' }
    expect((await office.post('/plans', paid)).status).toBe(201)
    const id = await addTestSubscriber(office, { username: 'karla', plan: 'Paid', owner: 'Kiosk' })
    const page = await panel.open('/money?tab=wallets', { as: office })
    await page.getByRole('gridcell', { name: 'Kiosk', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await page.getByRole('button', { name: 'Change', exact: true }).click()
    await dialog.getByRole('switch', { name: 'Pays for renewals' }).click()
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByText('the wallet', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Top up' }).click()
    await dialog.getByRole('textbox', { name: 'Amount' }).fill('25')
    await dialog.getByText('Then it is €25.00.').waitFor()
    await dialog.getByRole('button', { name: 'Top up' }).click()
    await page.getByText('the balance is €25.00', { exact: false }).waitFor()
    expect((await office.post(`/subscribers/${id}/activate`)).status).toBe(200)
    await page.reload()
    await page.getByRole('row', { name: /Activation .*karla/ }).waitFor()
    await page.getByRole('region', { name: 'Balance' }).getByText('€5.00').waitFor()
    expect(await rows('select balance_minor from wallet')).toEqual([{ balance_minor: 500n }])
  })

  it('a welcome is written with a preview, and goes out in it; the secret of a webhook is shown once', async () => {
    const mail = await startMailServer(panel.api.services)
    await office.put('/settings/welcome_messages', { value: true })
    const page = await panel.open('/messages?tab=templates', { as: office })
    await page.getByRole('button', { name: 'Write a text: Welcome' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Subject').fill('Ahoy {{nobody}}')
    await dialog.getByText('{{nobody}} is not one of the values below').waitFor()
    await dialog.getByLabel('Subject').fill('Ahoy {{full_name}}')
    await dialog.getByText('Ahoy Anna Example').waitFor()
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Welcome in English is saved.').waitFor()
    await addTestSubscriber(office, {
      username: 'wilma',
      plan: 'Home50',
      full_name: 'Wilma W',
      email: 'wilma@example.org',
    })
    await expect.poll(() => mail.heard.length, { timeout: 10_000 }).toBe(1)
    expect(mail.heard[0]!.raw).toContain('Ahoy Wilma W')
    await page.getByText('Outbox').click()
    await page.getByRole('gridcell', { name: 'Sent', exact: true }).waitFor()
    await page.getByText('Webhooks').click()
    await page.getByRole('button', { name: 'Add a webhook' }).click()
    await dialog.getByLabel('Name').fill('billing')
    await dialog.getByLabel('Address').fill('https://billing.example.net/hook')
    await dialog.getByRole('button', { name: 'Add a webhook' }).click()
    expect(await dialog.getByRole('textbox', { name: 'Secret' }).inputValue()).toMatch(/\S{20}/)
    await dialog.getByRole('button', { name: 'I have kept it' }).click()
    expect(await rows('select name, events from webhook')).toEqual([{ name: 'billing', events: ['*'] }])
    await mail.close()
  })
})
