// Numbers and what runs by itself in the panel, from click to row: the dashboard leads to the subscribers that it counts, a report is
// sent by e-mail, a job is run and taken back, and the trail shows field by field who did it.

import { beforeAll, describe, expect, it } from 'vitest'
import { rollUpReports } from '../../src/domain/report/roll-up.ts'
import { makeNight, startNight } from '../support/night.ts'
import { usePanel } from '../support/panel.ts'
import { hasTools } from '../support/tools.ts'

describe.skipIf(!hasTools('chromium'))('numbers and jobs', () => {
  const panel = usePanel()

  const rows = async (query: string, values: unknown[] = []) =>
    (await panel.api.pool.query<Record<string, unknown>>(query, values)).rows

  const office = () => {
    const { databaseUrl: url, pool, db, keyring, keyFile, author } = panel.api
    return { url, pool, db, keyring, keyFile, author }
  }

  beforeAll(async () => {
    await makeNight(office(), { count: 3, name: 'night-' })
    // Two end within the hour and renew by themselves, one has ended long ago.
    await rows(`update subscriber set activated_at = now() - interval '29 days', period_started_at = now() - interval '29 days',
      expires_at = now() + interval '1 hour', grace_until = null`)
    await rows(
      `update subscriber set auto_renew = false, expires_at = now() - interval '3 days' where username = 'night-3'`,
    )
    // All signed up yesterday; two of them have come in.
    await rows(`update subscriber set created_at = now() - interval '1 day',
      activated_at = case when username = 'night-3' then null else now() - interval '1 day' end`)
    await rollUpReports(panel.api.db, 'UTC', panel.api.clock.now())
  })

  it('the dashboard counts subscribers by status, and a number opens the list of those whom it counts', async () => {
    const page = await panel.open('/')
    await page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor()
    await page.getByRole('link', { name: 'Expiring in 3 days: 2' }).waitFor()
    await page.getByRole('link', { name: 'Expired 1' }).click()
    await page.getByRole('row', { name: /night-3/ }).waitFor()
    expect(await page.getByRole('row', { name: /night-1/ }).count()).toBe(0)
    expect(page.url()).toContain('/subscribers?filter=')
  })

  it('sign-ups stand against activations, by day and by plan', async () => {
    const page = await panel.open('/reports?report=signups&by=plan')
    const table = page.getByRole('grid', { name: 'Sign-ups and activations' })
    await table.getByRole('row', { name: 'night- 3 2 66.7%' }).waitFor()
    expect(await table.getByRole('columnheader').allInnerTexts()).toEqual([
      'Plan',
      'Sign-ups',
      'Activated',
      'Activated, percent',
    ])
  })

  it('the trail goes on by itself while one looks: what another operator does is there', async () => {
    const page = await panel.open('/audit?noun=subscriber')
    await page.getByText('No entry like that.', { exact: false }).waitFor()
    const other = await panel.api.as('support')
    const [line] = await rows(`select id from subscriber where username = 'night-2'`)
    expect((await other.post(`/subscribers/${Number(line!['id'])}/disconnect`)).status).toBe(200)
    await page
      .getByRole('row', { name: /subscriber\.disconnect/ })
      .getByText(other.email)
      .waitFor()
  })

  it('whom a job could not deal with is named with the reason, and leads to the subscriber', async () => {
    await rows(`insert into job_failure (job, subscriber_id, reason, tries, tried_at, next_at)
      select 'renew-due', id, 'the plan has no price in CHF', 2, now(), now() + interval '1 hour' from subscriber
      where username = 'night-3'`)
    const page = await panel.open('/jobs?tab=failures')
    await page.getByRole('row', { name: /night-3 Renew what is due the plan has no price in CHF 2/ }).click()
    await page.getByRole('dialog', { name: 'night-3' }).waitFor()
    expect(page.url()).toMatch(/\/subscribers\?open=\d+/)
  })

  it('a report is asked by plan, has a file, is sent by e-mail, paused with Undo, and the trail shows what was changed', async () => {
    const page = await panel.open('/reports?report=subscribers')
    await page.getByRole('row', { name: /night-/ }).waitFor()
    await page.getByRole('button', { name: 'Export' }).click()
    const download = page.waitForEvent('download')
    await page.getByRole('menuitem', { name: 'CSV' }).click()
    expect((await download).suggestedFilename()).toMatch(/subscribers-.*\.csv$/)
    await page.getByRole('button', { name: 'Send by e-mail' }).click()
    const dialog = page.getByRole('dialog', { name: 'Send a report' })
    await dialog.getByLabel('To').fill('not an address')
    await dialog.getByText('not is no e-mail address').waitFor()
    await dialog.getByLabel('To').fill('owner@isp.example')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Subscribers by status will be sent').waitFor()
    expect(await rows('select report, every, recipients, enabled from report_schedule')).toEqual([
      { report: 'subscribers', every: 'week', recipients: ['owner@isp.example'], enabled: true },
    ])
    await page.getByRole('link', { name: 'Sent by e-mail' }).click()
    await page.getByRole('row', { name: /owner@isp\.example/ }).click()
    await page.getByRole('button', { name: 'Pause Subscribers by status' }).click()
    await page.getByRole('row', { name: /Paused/ }).waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByRole('row', { name: /On/ }).waitFor()
    expect(await rows('select enabled from report_schedule')).toEqual([{ enabled: true }])
    await page.goto(`${panel.api.url}/audit?noun=report-schedule&address=127.0.0.1`)
    await page
      .getByRole('row', { name: /report-schedule\.edit/ })
      .first()
      .click()
    const entry = page.getByRole('dialog', { name: 'report-schedule.edit' })
    await entry.getByRole('row', { name: 'enabled No Yes' }).waitFor()
    await entry.getByRole('link', { name: 'Open it' }).click()
    await page.getByRole('dialog', { name: 'Change what is sent' }).waitFor()
  })

  it('what comes is shown beforehand; renewals are run now, and taken back line by line', async () => {
    const page = await panel.open('/jobs?tab=tonight')
    await page.getByText('charged €40.00').waitFor()
    await page.getByRole('tab', { name: 'All jobs' }).click()
    await page.getByRole('row', { name: /Renew what is due/ }).click()
    const job = page.getByRole('dialog', { name: 'Renew what is due', exact: true })
    await job.getByRole('button', { name: 'Run now' }).click()
    const confirm = page.getByRole('dialog', { name: 'Run “Renew what is due” now?' })
    await confirm.getByText('Whoever is due is renewed and charged').waitFor()
    await confirm.getByRole('button', { name: 'Run now' }).click()
    await job.getByText('Waiting').waitFor()
    expect(await rows(`select job, started_at from job_run where asked_by is not null`)).toEqual([
      { job: 'renew-due', started_at: null },
    ])
    const { runner } = startNight(office(), { now: panel.api.clock.now() })
    await runner.tick()
    await runner.close()
    await job.getByText('2 renewed').first().waitFor()
    await job.getByRole('button', { name: 'Take back the renewals' }).first().click()
    const undo = page.getByRole('dialog', { name: 'Take back 2 renewals?' })
    await undo.getByRole('button', { name: 'Take back 2 renewals' }).click()
    await page.getByText('2 done').waitFor()
    expect(await rows('select count(*)::integer as open from renewal where reverted_at is null')).toEqual([{ open: 0 }])
    await page.goto(`${panel.api.url}/bulk-runs`)
    await page.getByRole('row', { name: /Done 2 2 0 0/ }).waitFor()
  })
})
