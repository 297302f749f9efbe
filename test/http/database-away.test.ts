// Postgres is away, hangs, or goes while a route is at work: every route says 503 with Retry-After, in time, and none 500.
import fc from 'fast-check'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKysely, createPool } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { createApp } from '../../src/http/app.ts'
import type { Route } from '../../src/http/route.ts'
import { routes } from '../../src/http/route-table.ts'
import { startHttpServer, type HttpServer } from '../../src/http/server.ts'
import { clientOf, useApi } from '../support/api.ts'
import { fillPath, plainBodies } from '../support/api-fixture.ts'
import { valuesOf } from '../support/sample.ts'
import { startTcpFaultProxy, type TcpFaultProxy } from '../support/tcp-fault-proxy.ts'

const api = useApi()
let proxy: TcpFaultProxy
let pool: Pool
let server: HttpServer
let cookie: string
/** Connections that may still be made; the next one is refused. */
let connections = Infinity

beforeAll(async () => {
  proxy = await startTcpFaultProxy({ seed: 'http', target: { port: Number(new URL(api.databaseUrl).port) } })
  pool = createPool(proxy.through(api.databaseUrl), {
    name: 'gatehouse test away',
    role: 'gatehouse_service',
    max: 400,
    connectTimeoutMs: 500,
    queryTimeoutMs: 2_000,
  })
  // Each use is a connection of its own, so that it can be told apart which one finds nobody there.
  Object.assign(pool.options, { maxUses: 1 })
  pool.on('connect', () => {
    connections -= 1
    if (connections <= 0) proxy.set({ fresh: 'refuse' })
  })
  const db = createKysely<Database>(pool)
  const app = createApp({
    ready: () => Promise.resolve('ready'),
    metrics: () => Promise.resolve(''),
    trustedProxies: [],
    services: { ...api.services, pool, db, longPool: pool, longDb: db },
    requestsPerMinute: 1_000_000,
  })
  const where = { address: '127.0.0.1', port: 0, tls: undefined, onCertificateError: () => undefined }
  server = await startHttpServer(app, where)
  cookie = (await api.as('super-administrator')).cookie
})
afterAll(async () => {
  await server.close()
  await pool.end()
  await proxy.close()
})

const nameOf = (route: Route): string => `${route.method.toUpperCase()} ${route.path}`

async function call(route: Route): Promise<{ status: number; code: string | undefined; retryAfter: string | null }> {
  const client = clientOf(() => server.url, { cookie })
  const path = fillPath(route.path, {}, '1')
  const body = plainBodies[nameOf(route)] ?? (route.body && fc.sample(valuesOf(route.body), { numRuns: 1, seed: 7 })[0])
  const upload = { body: 'username\n', headers: { 'content-type': route.upload?.[0] ?? '' } }
  const json = { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  const init = route.upload !== undefined ? upload : body === undefined ? {} : json
  const response = await client.send(route.method.toUpperCase(), path, init)
  const text = await readBounded(response)
  const isProblem = response.headers.get('content-type')?.includes('problem+json') === true
  const code = isProblem ? (JSON.parse(text) as { code: string }).code : undefined
  return { status: response.status, code, retryAfter: response.headers.get('retry-after') }
}

/** Live events never end by themselves. */
async function readBounded(response: Response): Promise<string> {
  if (response.headers.get('content-type')?.includes('event-stream') !== true) return response.text()
  await response.body?.cancel()
  return ''
}

/** Who calls belongs to the panel and has no cookie of the portal: there is nobody to ask about. */
const askedOfNobody = [
  'GET /portal/me',
  'POST /portal/password',
  'GET /portal/service',
  'GET /portal/usage',
  'GET /portal/sessions',
]

describe('F12, F15: without Postgres', () => {
  it.each([
    ['that refuses', { fresh: 'refuse' }],
    ['that accepts and says nothing', { fresh: 'silent' }],
  ] as const)('%s, every route says so, with a Retry-After, within seconds', async (_what, faults) => {
    proxy.heal()
    proxy.set(faults)
    const began = performance.now()
    const answers = await Promise.all(routes.map(async (route) => [nameOf(route), await call(route)] as const))
    expect(performance.now() - began).toBeLessThan(10_000)
    const away = answers.filter(([, answer]) => answer.status === 503)
    for (const [name, answer] of away)
      expect(answer, name).toEqual({ status: 503, code: 'database-away', retryAfter: '5' })
    const others = answers.filter(([, answer]) => answer.status !== 503)
    expect(others.map(([name, { status }]) => [name, status])).toEqual(askedOfNobody.map((name) => [name, 401]))
  })

  it('that goes after the caller was known, no route answers 500 or hangs', async () => {
    const statuses = new Map<number, number>()
    for (const route of routes) {
      proxy.heal()
      connections = 1
      const began = performance.now()
      const answer = await call(route)
      expect(performance.now() - began, nameOf(route)).toBeLessThan(5_000)
      expect(answer.status === 503 || answer.status < 500, `${nameOf(route)}: ${answer.status}`).toBe(true)
      if (answer.status === 503) expect(answer.retryAfter, nameOf(route)).toBe('5')
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
    }
    connections = Infinity
    // Most routes ask again after they know who calls.
    expect(statuses.get(503)).toBeGreaterThan(routes.length / 2)
  })

  it('and answers as before when it is back', async () => {
    proxy.heal()
    connections = Infinity
    const me = await call(routes.find((route) => nameOf(route) === 'GET /me')!)
    expect(me.status).toBe(200)
  })
})
