// Every report over the API: each parameter, its edges and its nonsense, as JSON and as a file, for the ISP, a reseller and a team.
import { parse } from 'csv-parse/sync'
import { beforeAll, describe, expect, it } from 'vitest'
import { reports } from '../../../src/domain/report/list.ts'
import { rollUpReports } from '../../../src/domain/report/roll-up.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'

const api = useApi()
const names = reports.map(({ name }) => name)
let viewer: Client
let ofReseller: Client
let ofTeam: Client
type Row = Record<string, string | number | null>
const rowsOf = async (client: Client, path: string): Promise<Row[]> => {
  const { status, body, text } = await client.get(`/reports/${path}`)
  expect(status, `${path}: ${text}`).toBe(200)
  return body.rows as Row[]
}

beforeAll(async () => {
  viewer = await api.as('viewer')
  const admin = await api.as('administrator')
  const owner = await api.reseller('Kiosk')
  ofReseller = await api.as('reseller', { organisationId: owner })
  const { rows: teams } = await api.pool.query<{ id: bigint }>(
    `insert into team (name, zones) values ('North', '{north}') returning id`,
  )
  ofTeam = await api.as('support', { teamId: teams[0]!.id })
  const body = { name: 'Home', down_bps: '50M', up_bps: '20M', validity: 30, price: '20.00' }
  const plan = Number((await admin.post('/plans', body)).body.id)
  for (const [username, zone] of [
    ['n1', 'north'],
    ['n2', 'north'],
    ['s1', 'south'],
    ['x1', undefined],
  ]) {
    const made = await admin.post('/subscribers', { username, plan, ...(zone && { zone }), full_name: '=1+1' })
    if (made.status !== 201) throw new Error(made.text)
  }
  const kiosk = await ofReseller.post('/subscribers', { username: 'k1', plan, full_name: 'Of Kiosk', zone: 'north' })
  if (kiosk.status !== 201) throw new Error(kiosk.text)
  await api.pool.query(`update subscriber set expires_at = $1::timestamptz + interval '3 days', activated_at = $1`, [
    api.clock.now(),
  ])
  await api.pool.query(
    `insert into usage_day (subscriber_id, day, input_octets, output_octets)
     select id, $1::date, 9007199254740993, id from subscriber`,
    [api.clock.now()],
  )
  await rollUpReports(api.db, 'UTC', api.clock.now())
})

describe('every report', () => {
  it.each(names)('%s takes each parameter at its edges, in JSON and in a file', async (name) => {
    for (const query of ['from=2026-11-22&to=2026-11-22', 'to=9999-12-31', 'days=730', 'limit=1']) {
      const { status, body, text } = await viewer.get(`/reports/${name}?${query}`)
      expect([query, status], text).toEqual([query, 200])
      const columns = (body.columns as { name: string }[]).map((column) => column.name)
      for (const row of body.rows as Row[]) expect(Object.keys(row)).toEqual(columns)
    }
    for (const by of ['owner', 'group']) await rowsOf(viewer, `${name}?by=${by}`)
  })

  it('refuses what it cannot be asked, by name', async () => {
    const name = 'growth'
    for (const [query, status, field] of [
      ['from=yesterday', 400, 'from'],
      ['to=2026-02-30', 400, 'to'],
      ['from=2026-11-23&to=2026-11-22', 422, 'from'],
      ['from=2020-01-01', 422, 'from'],
      ['to=0000-01-01', 422, 'to'],
      ['to=0001-01-01', 422, 'to'],
      ['days=0', 400, 'days'],
      ['days=731', 400, 'days'],
      ['days=1.5', 400, 'days'],
      ['limit=0', 400, 'limit'],
      ['limit=10001', 400, 'limit'],
      ['limit=-1', 400, 'limit'],
      ['by=colour', 400, 'by'],
      ['colour=red', 400, 'colour'],
    ] as const) {
      const answer = await viewer.get(`/reports/${name}?${query}`)
      expect([query, answer.status, (answer.body.errors as { field: string }[])[0]?.field]).toEqual([
        query,
        status,
        field,
      ])
    }
    expect((await viewer.get(`/reports/${name}/file?format=pdf`)).status).toBe(400)
    expect((await viewer.get(`/reports/${name}/file?to=0001-01-01`)).status).toBe(422)
  })

  it.each(names)('%s as a file has the same rows and columns as JSON, and no formula', async (name) => {
    const { body } = await viewer.get(`/reports/${name}`)
    const columns = (body.columns as { name: string }[]).map((column) => column.name)
    const file = await viewer.send('GET', `/reports/${name}/file?format=csv&bom=true`)
    const [head, ...lines] = parse(await file.text(), { bom: true })
    expect(head).toEqual(columns)
    expect(lines).toHaveLength((body.rows as Row[]).length)
    for (const cell of lines.flat()) expect(cell).not.toMatch(/^[=+@]/)
  })
})

describe('the reach of a report', () => {
  it('of a reseller is its own subscribers, in every report that counts them', async () => {
    const count = async (client: Client, path: string, column: string) =>
      (await rowsOf(client, path)).reduce((sum, row) => sum + Number(row[column]), 0)
    for (const [path, column] of [
      ['subscribers', 'total'],
      ['signups', 'signups'],
      ['growth', 'total'],
    ] as const) {
      expect([path, await count(viewer, path, column)]).toEqual([path, 5])
      expect([path, await count(ofReseller, path, column)]).toEqual([path, 1])
    }
    for (const path of ['expiring', 'top-usage']) {
      expect((await rowsOf(ofReseller, path)).map((row) => row.username)).toEqual(['k1'])
      expect(await rowsOf(viewer, path)).toHaveLength(5)
    }
    expect(await rowsOf(ofReseller, 'subscribers?by=owner')).toMatchObject([{ owner: 'Kiosk', total: 1 }])
  })

  it('of a team is its zones', async () => {
    expect(await rowsOf(ofTeam, 'subscribers?by=zone')).toMatchObject([{ zone: 'north', total: 3 }])
    expect((await rowsOf(ofTeam, 'expiring')).map((row) => row.username)).toEqual(['n1', 'n2', 'k1'])
    expect(await rowsOf(ofTeam, 'top-usage')).toHaveLength(3)
    expect((await ofTeam.get('/dashboard')).body).toMatchObject({ expiring_in_7_days: 3, signups: { today: 3 } })
  })

  it('of the dashboard is that of who asks', async () => {
    expect((await viewer.get('/dashboard')).body).toMatchObject({ expiring_in_7_days: 5, signups: { today: 5 } })
    expect((await ofReseller.get('/dashboard')).body).toMatchObject({ expiring_in_7_days: 1, signups: { today: 1 } })
  })

  it('is bounded by its limit, the largest first', async () => {
    const top = await rowsOf(viewer, 'top-usage?limit=2')
    expect(top.map((row) => row.username)).toEqual(['k1', 'x1'])
  })

  it('loses no octet of what a number of JSON could not hold', async () => {
    expect((await rowsOf(viewer, 'top-usage?limit=1'))[0]!.upload).toBe('9007199254740993')
    const traffic = await rowsOf(viewer, 'traffic?by=plan')
    expect(traffic).toMatchObject([{ plan: 'Home', upload: String(9_007_199_254_740_993n * 5n) }])
  })

  it('names only reports that the caller may ask', async () => {
    const { rows } = await api.pool.query<{ id: bigint }>(
      `insert into role (name, permissions) values ('counts', '{report.read}') returning id`,
    )
    const clerk = await api.as('viewer', { roleId: rows[0]!.id })
    const listed = ((await clerk.get('/reports')).body.items as { name: string }[]).map(({ name }) => name)
    for (const { name, permission } of reports) {
      const { status } = await clerk.get(`/reports/${name}`)
      expect([name, status, listed.includes(name)]).toEqual(
        permission === 'report.read' ? [name, 200, true] : [name, 403, false],
      )
      expect((await clerk.get(`/reports/${name}/file`)).status).toBe(status)
    }
  })
})

describe('a scheduled report over the API', () => {
  const input = { name: 'Growth', report: 'growth', recipients: ['a@example.net'], every: 'week', hour: 7 }

  it.each([
    ['name', 422, { name: '' }],
    ['report', 400, { report: 'nothing' }],
    ['recipients', 422, { recipients: [] }],
    ['recipients', 422, { recipients: ['a@example.net', 'b'] }],
    ['recipients', 400, { recipients: Array.from({ length: 21 }, (_, at) => `r${at}@example.net`) }],
    ['every', 400, { every: 'year' }],
    ['hour', 400, { hour: 24 }],
    ['hour', 400, { hour: 7.5 }],
    ['format', 400, { format: 'pdf' }],
    ['parameters', 422, { parameters: { to: '2026-01-01' } }],
    ['parameters.by', 400, { parameters: { by: 'colour' } }],
    ['parameters.limit', 400, { parameters: { limit: 0 } }],
    ['owner', 400, { owner: 'ISP' }],
  ])('is refused for its %s: %i', async (field, status, changes) => {
    const billing = await api.as('billing')
    const answer = await billing.post('/report-schedules', { ...input, ...changes })
    expect([answer.status, (answer.body.errors as { field: string }[])[0]!.field]).toEqual([status, field])
  })

  it('is made by twenty at once as twenty, each with its own trail', async () => {
    const billing = await api.as('billing')
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, at) => billing.post('/report-schedules', { ...input, name: `Growth ${at}` })),
    )
    expect(new Set(made.map(({ body }) => body.id)).size).toBe(20)
    const { rows } = await api.pool.query(
      `select count(*)::int as n from audit_entry where action = 'report-schedule.create' and author_name = $1`,
      [billing.email],
    )
    expect(rows).toEqual([{ n: 20 }])
  })

  it('with an Idempotency-Key is made once, however often it is asked for', async () => {
    const billing = await api.as('billing')
    const key = { 'idempotency-key': 'the-same-of-today-0001' }
    const before = ((await billing.get('/report-schedules')).body.items as unknown[]).length
    const answers = []
    for (let at = 0; at < 3; at += 1) answers.push(await billing.post('/report-schedules', input, key))
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    expect(((await billing.get('/report-schedules')).body.items as unknown[]).length).toBe(before + 1)
  })
})
