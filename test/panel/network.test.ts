// The network in the panel, from click to row and to the NAS: sessions are found and ended, strangers become subscribers, NASes are
// added with a secret that is shown once and told what is wrong with them, pools are made.

import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { CoaBehaviour, CoaOrder } from '../../src/simulator/coa.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { startFakeRouter } from '../support/fake-router.ts'
import { online } from '../support/obeying-nas.ts'
import { usePanel } from '../support/panel.ts'
import { hasTools } from '../support/tools.ts'

describe.skipIf(!hasTools('chromium'))('the network', () => {
  const panel = usePanel()
  const heard: CoaOrder[] = []
  let behave: CoaBehaviour = 'obey'
  let bras: SimulatedNas

  const rows = async (query: string, values: unknown[] = []) =>
    (await panel.api.pool.query<Record<string, unknown>>(query, values)).rows

  beforeAll(async () => {
    const { isp } = panel
    await isp.plan()
    await isp.subscriber('anna')
    bras = await isp.nas('bras-1', '127.0.0.71', {
      coaPort: 0,
      onOrder(order) {
        heard.push(order)
        return behave
      },
    })
    await bras.dial(isp.dial('anna', { mac: '02:00:00:00:00:71' }))
    await bras.dial(isp.dial('boris', { mac: '02:00:00:00:00:72' }))
    await isp.service.drained()
    await isp.service.flush()
    await isp.pool.query('update nas set coa_port = $1', [bras.coaPort])
  })

  it('a session is found by its MAC and disconnected: an order in the database, a Disconnect on the wire, nobody online', async () => {
    const page = await panel.open('/online')
    await page.getByRole('searchbox', { name: 'Search' }).fill('02:00:00:00:00:71')
    await page.getByRole('row', { name: /anna/ }).getByRole('checkbox').click()
    await page.getByRole('button', { name: 'Disconnect', exact: true }).click()
    const dialog = page.getByRole('dialog', { name: 'Disconnect' })
    await dialog.getByText('This ends 1 session:').waitFor()
    await dialog.getByLabel('Reason').fill('asked by phone')
    await dialog.getByRole('button', { name: 'Disconnect 1 session' }).click()
    await dialog.getByText('The NAS is being told').waitFor()
    const [order] = await rows('select wish, reason from coa_order')
    expect(order).toMatchObject({ wish: 'disconnect' })
    await expect.poll(() => heard.map(({ kind }) => kind)).toEqual(['disconnect'])
    await dialog.getByRole('link', { name: 'See what has not happened yet' }).click()
    await page.getByText('All orders').click()
    await page.getByRole('row', { name: /anna/ }).getByText('Done').waitFor()
  })

  it('a login that nobody knows becomes a subscriber, and leaves the inbox', async () => {
    const page = await panel.open('/unmatched')
    await page.getByRole('row', { name: /boris/ }).click()
    await page.getByRole('button', { name: 'New subscriber' }).click()
    const form = page.getByRole('form', { name: 'New subscriber' })
    await form.getByRole('combobox', { name: 'Plan' }).click()
    await page.getByRole('option', { name: 'Home50' }).click()
    await form.getByRole('checkbox', { name: 'MAC: 02:00:00:00:00:72' }).click()
    await form.getByRole('button', { name: 'New subscriber' }).click()
    await page.getByText('boris was added').waitFor()
    expect(
      await rows(
        `select mac::text from device join subscriber on subscriber.id = subscriber_id where username = 'boris'`,
      ),
    ).toEqual([{ mac: '02:00:00:00:00:72' }])
    expect(await rows('select from unmatched_request')).toEqual([])
  })

  it('a NAS is added with a secret shown once, its script says where we are, and the doctor says that it is silent', async () => {
    const page = await panel.open('/nases')
    await page.getByRole('button', { name: 'Add NAS' }).click()
    await page.getByRole('button', { name: 'Add client' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name', { exact: false }).first().fill('bras-9')
    await dialog.getByLabel('Sends from').fill('192.0.2.9')
    await dialog.getByText('Not asked for').click()
    await dialog.getByText('BlastRADIUS').waitFor()
    await dialog.getByText('Required', { exact: true }).click()
    await dialog.getByRole('button', { name: 'Add client' }).click()
    await dialog.getByText('It is shown only now').waitFor()
    const secret = await dialog.getByRole('textbox', { name: 'Secret' }).inputValue()
    expect(secret).toMatch(/^\w{24}$/)
    expect(await rows(`select message_authenticator from radius_client where name = 'bras-9'`)).toEqual([
      { message_authenticator: 'require' },
    ])
    await dialog.getByRole('button', { name: 'Close' }).last().click()
    await page.getByRole('row', { name: /bras-9/ }).click()
    await page.getByRole('tab', { name: 'Script' }).click()
    await page.getByLabel('Where it reaches Gatehouse').fill('198.51.100.2')
    await page.getByRole('textbox', { name: 'Secret' }).fill(secret)
    await page.getByText(`address=198.51.100.2 secret="${secret}"`).waitFor()
    await page.getByRole('tab', { name: 'Doctor' }).click()
    await page.getByRole('button', { name: 'Run the doctor' }).click()
    await page.getByText('nothing that proves itself was ever heard from it').waitFor()
    expect(await rows('select kind, state from router_run')).toEqual([{ kind: 'doctor', state: 'done' }])
  })

  it('a NAS that comes by RadSec is known by the fingerprint of its certificate', async () => {
    const page = await panel.open('/nases/clients')
    await page.getByRole('row', { name: /bras-9/ }).click()
    await page.getByRole('button', { name: 'Change', exact: true }).click()
    const fingerprint = page.getByLabel('RadSec: fingerprint')
    await fingerprint.fill('no fingerprint')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.locator('input[aria-invalid=true]').waitFor()
    await fingerprint.fill('ab'.repeat(32))
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('bras-9 was changed').waitFor()
    expect(await rows(`select radsec_fingerprint from radius_client where name = 'bras-9'`)).toEqual([
      { radsec_fingerprint: 'ab'.repeat(32) },
    ])
  })

  it('an address pool is made, a range that is none is named while it is typed', async () => {
    const page = await panel.open('/pools')
    await page.getByRole('button', { name: 'Add pool' }).click()
    const dialog = page.getByRole('dialog', { name: 'Add pool' })
    await dialog.getByLabel('Name').fill('home')
    await dialog.getByLabel('Ranges').fill('10.0.0.300\n10.7.0.0/29')
    await dialog.getByText('10.0.0.300 is no range').waitFor()
    await dialog.getByLabel('Ranges').fill('10.7.0.0/29')
    await dialog.getByRole('button', { name: 'Add pool' }).click()
    await page.getByRole('heading', { level: 1, name: 'home' }).waitFor()
    await page.getByRole('row', { name: /10\.7\.0\.7/ }).waitFor()
    expect(await rows('select name, kind from ip_pool')).toEqual([{ name: 'home', kind: 'ipv4' }])
  })

  it('how full a pool is follows a login, and who has an address is asked and recorded', async () => {
    await panel.isp.plan({ name: 'Pooled', pool: 'home' })
    await rows('update ip_pool set learn_until = null')
    await panel.isp.subscriber('petra', { plan: 'Pooled' })
    await panel.isp.service.refresh()
    const session = await online(bras, panel.isp.dial('petra', { mac: '02:00:00:00:00:73' }))
    await panel.isp.service.drained()
    const page = await panel.open('/pools')
    await page.getByRole('row', { name: /home/ }).click()
    await page.getByText('12.5%').waitFor()
    // Until a sweep has seen its session, it is held for it.
    await page.getByRole('row', { name: new RegExp(`^${session.framedIp!} (Held|Used) petra`) }).waitFor()
    await page.goto(`${panel.api.url}/online/holders`)
    await page.getByLabel('Address, MAC or Circuit-Id').fill(session.framedIp!)
    await page.getByLabel('Reason').fill('the police asks')
    await page.getByRole('button', { name: 'Find and record' }).click()
    await page.getByRole('row', { name: /petra/ }).first().waitFor()
    expect(await rows('select reason from disclosure')).toEqual([{ reason: 'the police asks' }])
  })

  it('what was decided and a silent NAS has not done is in the list, with what it said, until it is done', async () => {
    behave = 'silence'
    const [petra] = await rows(`select id from subscriber where username = 'petra'`)
    const office = await panel.api.as('super-administrator')
    await office.post(`/subscribers/${Number(petra!['id'])}/block`, { reason: 'unpaid' })
    panel.api.clock.advance(35_000)
    const page = await panel.open('/', { as: office })
    await page.getByRole('link', { name: '1 decision is not enforced on the network yet' }).click()
    await page.getByRole('row', { name: /petra Disconnect blocked/ }).waitFor()
    behave = 'obey'
    await page.getByText('All that was decided has happened on the network.').waitFor({ timeout: 20_000 })
    // The router has answered; that the session has ended follows.
    const states = () => rows(`select state from coa_order where reason = 'blocked'`)
    await expect.poll(states, { timeout: 10_000 }).toEqual([{ state: 'done' }])
  })

  it('a router is given its way in, which keeps the password; its own list is compared with the books, and who is on it against what was decided is removed there', async () => {
    const tables = { '/ppp/active': [], '/ip/dhcp-server/lease': [], '/ip/hotspot/active': [] }
    const router = await startFakeRouter(tables)
    onTestFinished(() => router.close())
    const office = await panel.api.as('super-administrator')
    expect((await office.patch('/nases/bras-1', { settings: { reconcile: 'mend' } })).status).toBe(200)
    const page = await panel.open('/nases', { as: office })
    await page.getByRole('row', { name: /bras-1/ }).click()
    await page.getByRole('tab', { name: 'Router' }).click()
    await page.getByRole('button', { name: 'Give access' }).click()
    const dialog = page.getByRole('dialog', { name: 'Access to bras-1' })
    await dialog.getByText('Without a fingerprint or an authority nobody can tell', { exact: false }).waitFor()
    await dialog.getByLabel('Address').fill(router.host)
    await dialog.getByLabel('Port').fill(String(router.restPort))
    await dialog.getByLabel('User there').fill(router.user)
    await dialog.getByRole('textbox', { name: 'Password' }).fill(router.password)
    await dialog.getByLabel('Fingerprint of its certificate').fill(router.fingerprint)
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Access was saved').waitFor()
    await page.getByText(router.fingerprint.replaceAll(':', '').toLowerCase()).waitFor()
    expect((await office.get('/nases/bras-1/router')).text).not.toContain(router.password)
    await page.getByRole('button', { name: 'Read who is online there' }).click()
    const run = page.getByRole('dialog', { name: 'Who is online there' })
    await run.getByText('0 lines on the router').waitFor()
    await run.getByRole('button', { name: 'Close' }).click()

    const row = { '.id': '*8000001', name: 'petra', 'caller-id': '02:00:00:00:00:73', uptime: '20m', radius: 'true' }
    router.tables.set('/ppp/active', [{ ...row, 'session-id': '0x81000001' }])
    // What came just now may still be on its way into the books.
    panel.api.clock.advance(1_200_000)
    await page.getByRole('button', { name: 'Compare with our books' }).click()
    const comparison = page.getByRole('dialog', { name: 'Comparison' })
    await comparison.getByText('1 removed there').waitFor()
    await comparison.getByRole('row', { name: /petra PPP .*20 min/ }).waitFor()
    expect(router.tables.get('/ppp/active')).toEqual([])
    await comparison.getByRole('button', { name: 'Close' }).click()
    await page
      .getByRole('region', { name: 'Runs' })
      .first()
      .getByRole('row', { name: /Comparison Done/ })
      .waitFor()
  })
})
