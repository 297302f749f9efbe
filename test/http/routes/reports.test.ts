import { describe, expect, it } from 'vitest'
import { rollUpReports } from '../../../src/domain/report/roll-up.ts'
import { useApi } from '../../support/api.ts'

const api = useApi()

describe('reports over the API', () => {
  it('answer as JSON and as files, to who may', async () => {
    await rollUpReports(api.db, 'UTC', api.clock.now())
    const viewer = await api.as('viewer')
    const listed = (await viewer.get('/reports')).body as { items: { name: string }[] }
    expect(listed.items.length).toBeGreaterThan(10)
    for (const { name } of listed.items) {
      const answer = await viewer.get(`/reports/${name}`)
      expect([name, answer.status, answer.body.rows]).toEqual([name, 200, []])
      for (const format of ['csv', 'xlsx']) {
        const file = await viewer.send('GET', `/reports/${name}/file?format=${format}`)
        expect(file.status).toBe(200)
        expect(file.headers.get('content-disposition')).toMatch(/^attachment; filename="gatehouse-[a-z0-9-]+Z?\.\w+"$/i)
        expect((await file.arrayBuffer()).byteLength).toBeGreaterThan(5)
      }
    }
    expect((await viewer.get('/dashboard')).body).toMatchObject({ online: 0, alarms: 0 })
  })

  it('name what is wrong with a question', async () => {
    const viewer = await api.as('viewer')
    expect((await viewer.get('/reports/nothing')).status).toBe(404)
    expect((await viewer.get('/reports/growth?from=yesterday')).status).toBe(400)
    expect((await viewer.get('/reports/growth?from=2026-12-01&to=2026-11-01')).body.errors).toEqual([
      expect.objectContaining({ field: 'from' }),
    ])
    expect((await viewer.get('/reports/top-usage?limit=1000000')).status).toBe(400)
    const money = await (await api.as('support')).get('/reports/renewals')
    expect(money.status).toBe(200)
  })

  it('are scheduled, changed and ended by billing, out of reach of a reseller', async () => {
    const billing = await api.as('billing')
    const input = { name: 'Growth', report: 'growth', recipients: ['boss@example.net'], every: 'week', hour: 7 }
    const made = await billing.post('/report-schedules', input)
    expect([made.status, made.body]).toEqual([201, expect.objectContaining({ operator: billing.email, format: 'csv' })])
    const id = String(made.body.id)
    expect((await billing.put(`/report-schedules/${id}`, { ...input, hour: 9 })).body).toMatchObject({ hour: 9 })
    const role = await api.db
      .insertInto('role')
      .values({ name: 'reports', permissions: ['report.read', 'report.schedule'] })
      .returning('id')
      .executeTakeFirstOrThrow()
    const reseller = await api.as('reseller', { organisationId: await api.reseller('Kiosk'), roleId: role.id })
    expect((await reseller.get('/report-schedules')).body).toEqual({ items: [] })
    expect((await reseller.delete(`/report-schedules/${id}`)).status).toBe(404)
    expect((await billing.delete(`/report-schedules/${id}`)).status).toBe(204)
  })
})
