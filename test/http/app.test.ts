// Health, readiness, metrics, and what every answer has, over a real socket.
import { afterEach, describe, expect, it } from 'vitest'
import { createApp, type Readiness } from '../../src/http/app.ts'
import { startHttpServer, type HttpServer } from '../../src/http/server.ts'
import { useApi } from '../support/api.ts'

const api = useApi()
let server: HttpServer | undefined
afterEach(() => server?.close())

async function start(options: { ready?: Readiness; metrics?: () => Promise<string> } = {}): Promise<string> {
  const app = createApp({
    ready: () => Promise.resolve(options.ready ?? 'ready'),
    metrics: options.metrics ?? (() => Promise.resolve('gatehouse_up 1\n')),
    trustedProxies: [],
    services: api.services,
  })
  server = await startHttpServer(app, {
    address: '127.0.0.1',
    port: 0,
    tls: undefined,
    onCertificateError: () => undefined,
  })
  return server.url
}

describe('the HTTP side', () => {
  it('says that it lives, and whether logins can be served', async () => {
    const url = await start()
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
  })

  it('is not ready while the database is away, yet alive', async () => {
    const url = await start({ ready: 'not ready' })
    expect((await fetch(`${url}/readyz`)).status).toBe(503)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
  })

  it('is ready, degraded, while logins are served by what was last known', async () => {
    const answer = await fetch(`${await start({ ready: 'degraded' })}/readyz`)
    expect([answer.status, await answer.json()]).toEqual([200, { status: 'degraded' }])
  })

  it('shows metrics to this machine, and not through a proxy', async () => {
    const url = await start()
    expect(await (await fetch(`${url}/metrics`)).text()).toBe('gatehouse_up 1\n')
    const proxied = await fetch(`${url}/metrics`, { headers: { 'X-Forwarded-For': '192.0.2.1' } })
    expect(proxied.status).toBe(403)
  })

  it('tells no version, path or stack when something fails', async () => {
    const url = await start({ metrics: () => Promise.reject(new Error('secret detail')) })
    const response = await fetch(`${url}/metrics`)
    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject({ code: 'internal', detail: 'Something went wrong on our side' })
    expect(response.headers.get('content-type')).toContain('application/problem+json')
    expect(response.headers.get('x-powered-by')).toBeNull()
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'")
  })

  it('answers an unknown path with 404', async () => {
    expect((await fetch(`${await start()}/nothing`)).status).toBe(404)
  })

  it('tells who is signed in, and nobody else', async () => {
    const support = await api.as('support')
    expect((await support.get('/me')).body).toMatchObject({ email: support.email, role: 'support', state: 'full' })
    expect((await api.anonymous().get('/me')).status).toBe(401)
  })

  it('answers another method of a known path with 405 and what there is', async () => {
    const answer = await (await api.as('support')).delete('/me')
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe('GET')
  })
})
