// Forms of the panel, from click to row and to the NAS: a subscriber is added and changed, files are imported, groups are kept.

import { beforeAll, describe, expect, it } from 'vitest'
import type { CoaOrder } from '../../src/simulator/coa.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import type { Client } from '../support/api.ts'
import { usePanel } from '../support/panel.ts'
import { addTestSubscriber } from '../support/subscribers.ts'
import { hasTools } from '../support/tools.ts'

describe.skipIf(!hasTools('chromium'))('forms', () => {
  const panel = usePanel()
  const heard: CoaOrder[] = []
  let bras: SimulatedNas
  let office: Client

  const rows = async (query: string, values: unknown[] = []) =>
    (await panel.api.pool.query<Record<string, unknown>>(query, values)).rows
  const person = async (username: string) =>
    (await rows('select * from subscriber where username = $1', [username])).at(0)

  beforeAll(async () => {
    const { isp } = panel
    await isp.plan()
    office = await panel.api.as('super-administrator')
    bras = await isp.nas('bras-1', '127.0.0.73', {
      coaPort: 0,
      onOrder(order) {
        heard.push(order)
        return 'obey'
      },
    })
    await isp.pool.query('update nas set coa_port = $1', [bras.coaPort])
  })

  it('a subscriber is added: what is wrong is said as one types, the password is shown once and logs in at once', async () => {
    await addTestSubscriber(office, { username: 'anna', plan: 'Home50' })
    const page = await panel.open('/subscribers')
    await page.getByRole('grid').waitFor()
    await page.keyboard.press('n')
    await page.getByRole('heading', { level: 1, name: 'Add a subscriber' }).waitFor()
    await page.getByLabel('Username').fill('ANNA')
    await page.getByText('anna is taken.').waitFor()
    await page.getByLabel('Full name').fill('B')
    await page.getByLabel('E-mail').fill('boris@')
    await page.getByText('2 to 50 characters.').waitFor()
    await page.getByLabel('Username').fill('Boris')
    await page.getByText('Kept as boris').waitFor()
    await page.getByLabel('Phone', { exact: true }).fill('+356 2123 4567')
    await page.reload()
    await page.getByText('What you typed before').waitFor()
    await page.getByRole('button', { name: 'Add subscriber' }).click()
    await page.getByText('This is not an e-mail address yet.').waitFor()
    await page.getByText('This is needed.').waitFor()
    await page.getByLabel('Full name').fill('Boris Bor')
    await page.getByLabel('E-mail').fill('boris@example.org')
    await page.getByRole('combobox', { name: 'Plan', exact: true }).click()
    await page.getByRole('option', { name: 'Home50' }).click()
    await page.getByRole('combobox', { name: 'Group', exact: true }).fill('Harbour')
    await page.getByRole('option', { name: 'Make the group “Harbour”' }).click()
    await page.getByText('The group Harbour is added').waitFor()
    await page.keyboard.press('Control+Enter')
    const dialog = page.getByRole('dialog', { name: 'boris is added' })
    const password = await dialog.getByRole('textbox', { name: 'Password' }).inputValue()
    await dialog.getByRole('button', { name: 'Open the subscriber' }).click()
    await page.getByRole('row', { name: /boris/ }).first().waitFor()
    expect(await person('boris')).toMatchObject({
      full_name: 'Boris Bor',
      email: 'boris@example.org',
      phone: '+35621234567',
      group_id: (await rows(`select id from subscriber_group where name = 'Harbour'`))[0]!['id'],
    })
    await bras.dial(panel.isp.dial('boris', { password }))
    await expect.poll(() => rows(`select 1 from session where username = 'boris'`)).toHaveLength(1)
  })

  it('a preset fills the form; an answer that is lost makes nobody twice, and nothing that was typed is lost', async () => {
    await office.post('/subscriber-presets', { name: 'Trial', fields: { plan: 'Home50', session_limit: 3 } })
    const page = await panel.open('/subscribers/new')
    await page.getByLabel('Username').fill('clara')
    await page.getByRole('button', { name: 'Presets' }).click()
    await page.getByRole('menuitem', { name: 'Trial' }).click()
    let lost = 0
    await page.route('**/api/v1/subscribers', async (route) => {
      if (route.request().method() !== 'POST' || lost > 0) return route.fallback()
      lost += 1
      await route.fetch()
      return route.fulfill({ status: 408, body: '' })
    })
    await page.getByRole('button', { name: 'Add subscriber' }).click()
    await page.getByText('Gatehouse does not answer').waitFor()
    expect(await page.getByLabel('Username').inputValue()).toBe('clara')
    await page.getByRole('button', { name: 'Add subscriber' }).click()
    await page.waitForURL(/open=\d+/)
    expect(await rows(`select session_limit from subscriber where username = 'clara'`)).toEqual([{ session_limit: 3 }])
  })

  it('an edit tells what somebody else changed meanwhile, keeps both and the password, and the live session hears of it', async () => {
    const id = Number((await person('boris'))!['id'])
    const credential = () => rows('select * from credential where subscriber_id = $1', [id])
    const before = await credential()
    const page = await panel.open(`/subscribers/${id}/edit`)
    await page.getByLabel('Full name').fill('Boris Berg')
    await page.getByLabel('Sessions at once').fill('2')
    await office.patch(`/subscribers/${id}`, { full_name: 'Boris Born', zone: 'North' })
    await page.getByRole('button', { name: 'Save' }).click()
    const note = page.getByRole('alert').filter({ hasText: 'Somebody changed it meanwhile' })
    await note.getByRole('row', { name: 'Full name Boris Bor Boris Born Boris Berg' }).waitFor()
    await note.getByRole('row', { name: 'Zone – North' }).waitFor()
    await note.getByRole('button', { name: 'Mine where they differ' }).click()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('boris is changed').waitFor()
    expect(await person('boris')).toMatchObject({ full_name: 'Boris Berg', zone: 'North', session_limit: 2 })
    expect(await credential()).toEqual(before)
    const orders = await rows('select wish, reason from coa_order where subscriber_id = $1', [id])
    expect(orders).toContainEqual({ wish: 'reapply', reason: 'edited' })
    await expect.poll(() => heard.length).toBeGreaterThan(0)
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(async () => (await person('boris'))!['full_name']).toBe('Boris Born')
  })

  it("another system's file is understood, checked, told line by line, and its good rows are written", async () => {
    const page = await panel.open('/subscribers/import')
    const text = [
      'Login;Pass;Tariff;Name;Shoe size',
      ...Array.from({ length: 300 }, (_, at) => `imported${at};secret ${at};Home50;Person ${at};42`),
      'wrong;secret;No such plan;W;42',
    ].join('\r\n')
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Choose a file' }).click()
    await (await chooser).setFiles({ name: 'old.csv', mimeType: 'text/csv', buffer: Buffer.from(text) })
    expect(await page.getByRole('combobox', { name: 'Tariff: Means' }).inputValue()).toBe('Plan')
    expect(await page.getByRole('row', { name: /^Pass/ }).innerText()).not.toContain('secret')
    await page.getByRole('combobox', { name: 'Login: Means' }).click()
    await page.getByRole('option', { name: 'Not read' }).click()
    await page.getByText('A column must be the Username.').waitFor()
    await page.getByRole('combobox', { name: 'Login: Means' }).click()
    await page.getByRole('option', { name: 'Username', exact: true }).click()
    await page.getByRole('button', { name: 'Check the file' }).click()
    await page.waitForURL(/imports\/\d+/)
    await page.getByText('Errors found').waitFor()
    await page.getByRole('row', { name: /302 tariff there is no plan "No such plan"/ }).waitFor()
    expect(await person('imported0')).toBeUndefined()
    // Whoever leaves finds it again, and needs the file once more.
    await page.reload()
    const again = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Choose the same file again to import it' }).click()
    await (await again).setFiles({ name: 'old.csv', mimeType: 'text/csv', buffer: Buffer.from(text) })
    await page.getByText('300 added').waitFor()
    expect(await person('imported299')).toMatchObject({ full_name: 'Person 299' })
    expect(await person('wrong')).toBeUndefined()
    await page.getByRole('link', { name: 'Show the new subscribers' }).click()
    await page.getByRole('row', { name: /imported0/ }).waitFor()
  })

  it('a group is made, renamed and deleted, each with its way back; one that somebody is in is not deleted', async () => {
    const names = async () => (await rows('select name from subscriber_group order by name')).map(({ name }) => name)
    const page = await panel.open('/groups')
    await page.getByRole('row', { name: /Harbour/ }).waitFor()
    await page.keyboard.press('n')
    await page.getByRole('textbox', { name: 'Name' }).fill('Hill')
    await page.keyboard.press('Enter')
    await page.getByText('The group Hill is added').waitFor()
    await page.getByRole('button', { name: 'Rename Hill' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Hilltop')
    await page.keyboard.press('Enter')
    await page.getByRole('row', { name: /Hilltop/ }).waitFor()
    expect(await names()).toEqual(['Harbour', 'Hilltop'])
    await page.getByRole('button', { name: 'Delete Hilltop' }).click()
    await expect.poll(names).toEqual(['Harbour'])
    const done = page.getByRole('alert').filter({ hasText: 'The group Hilltop is deleted' })
    await done.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(names).toEqual(['Harbour', 'Hilltop'])
    await page.getByRole('button', { name: 'Delete Harbour' }).click()
    const dialog = page.getByRole('dialog', { name: 'Somebody is in Harbour' })
    await dialog.getByRole('button', { name: 'Show subscribers' }).click()
    await page.getByRole('row', { name: /boris/ }).waitFor()
    expect(page.url()).toContain('group_id')
  })
})
