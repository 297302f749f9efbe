// What every answer has, whatever kind it is: done, refused, a file, a page, a stream, or half of one.
import { request as httpRequest } from 'node:http'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { useApi } from '../support/api.ts'
import type { Client } from '../support/api.ts'
import { readEvents } from '../support/event-reader.ts'

const api = useApi({ requestsPerMinute: 400 })

function checkHeaders(headers: Headers, what: string): void {
  const policy = headers.get('content-security-policy') ?? ''
  expect(policy, what).toContain("default-src 'self'")
  expect(policy, what).toContain("frame-ancestors 'none'")
  expect(policy, what).toContain("object-src 'none'")
  expect(policy, what).not.toMatch(/script-src[^;]*unsafe|unsafe-eval|\*/)
  expect(headers.get('x-content-type-options'), what).toBe('nosniff')
  expect(headers.get('x-frame-options'), what).toBe('DENY')
  expect(headers.get('referrer-policy'), what).toBe('no-referrer')
  expect(headers.get('strict-transport-security'), what).toMatch(/max-age=\d{7,}/)
  expect(headers.get('cache-control'), what).toContain('no-store')
  expect(headers.get('x-request-id'), what).toMatch(/^[\w-]{8,}$/)
  expect(headers.get('x-powered-by'), what).toBeNull()
  expect(headers.get('server'), what).toBeNull()
  expect(headers.get('access-control-allow-origin'), what).toBeNull()
}

describe('every answer', () => {
  it('has the headers that protect a browser, from health to a problem', async () => {
    const paths = ['/healthz', '/readyz', '/metrics', '/nothing', '/api', '/api/docs', '/api/docs/problems', '/api/v1']
    const files = ['/api/docs/swagger-ui.css', '/api/docs/reference.js', '/api/v1/openapi.json', '/api/v1/me']
    for (const path of [...paths, ...files, '/api/v1/subscribers/%E0%A4%A', '/..%2f..%2fetc/passwd', '/%00']) {
      const response = await fetch(`${api.url}${path}`)
      checkHeaders(response.headers, path)
      expect(response.status, path).toBeLessThan(500)
      const text = await response.text()
      if (response.status >= 400) {
        expect(response.headers.get('content-type'), path).toContain('application/problem+json')
        expect(JSON.parse(text), path).toMatchObject({ request_id: response.headers.get('x-request-id') })
      }
      expect(text, path).not.toMatch(/node_modules|\/src\/|<pre>/)
    }
  })

  it('of a signed-in caller has them too: lists, files, deeds, refusals', async () => {
    const admin = await api.as('administrator')
    const asked: [string, string, unknown?][] = [
      ['GET', '/subscribers'],
      ['GET', '/subscribers/999999'],
      ['GET', '/reports/growth/file?format=csv'],
      ['GET', '/reports/growth/file?format=xlsx'],
      ['POST', '/plans', { name: 'Home', down_bps: '50M', up_bps: '20M', validity: 30, price: '1.00' }],
      ['POST', '/plans', { name: 'Home', down_bps: '50M', up_bps: '20M', validity: 30, price: '1.00' }],
      ['POST', '/plans', { colour: 'red' }],
      ['POST', '/subscribers', { username: '', plan: 1 }],
      ['DELETE', '/settings'],
      ['PUT', '/settings/zone', { value: 'Mars' }],
    ]
    const statuses: number[] = []
    for (const [method, path, body] of asked) {
      const init =
        body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
      const response = await admin.send(method, path, init)
      checkHeaders(response.headers, `${method} ${path}`)
      statuses.push(response.status)
      await response.arrayBuffer()
    }
    expect(statuses).toEqual([200, 404, 200, 200, 201, 409, 400, 422, 405, 422])
  })

  it('that is a stream has them before its first event', async () => {
    const admin = await api.as('administrator')
    const response = await admin.send('GET', '/events')
    checkHeaders(response.headers, 'events')
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    await response.body!.cancel()
  })

  it('has an id of its own, and never one that a caller made up', async () => {
    const ids = new Set<string | null>()
    for (let at = 0; at < 5; at += 1) {
      const response = await fetch(`${api.url}/healthz`, { headers: { 'x-request-id': 'mine"}\n'.trim() } })
      ids.add(response.headers.get('x-request-id'))
    }
    expect(ids.size).toBe(5)
    expect([...ids].join()).not.toContain('mine')
  })
})

describe('a body', () => {
  const send = (client: Client, body: RequestInit['body'], type: string, more: Record<string, string> = {}) =>
    client.send('POST', '/groups', { body, headers: { 'content-type': type, ...more } })
  const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code

  it('is refused in words where it is no JSON, of another type, packed, or too large', async () => {
    const admin = await api.as('administrator')
    for (const text of ['{', '{"name":}', 'null', '[]', '"x"', '12', '{"name":"a"} {"name":"b"}', '\uFEFF{']) {
      const response = await send(admin, text, 'application/json')
      expect([text, response.status]).toEqual([text, 400])
      expect(await codeOf(response)).toBe('invalid-request')
    }
    const form = await send(admin, 'name=x', 'application/x-www-form-urlencoded')
    expect([form.status, await codeOf(form)]).toEqual([415, 'wrong-content-type'])
    const large = await send(admin, JSON.stringify({ name: 'x'.repeat(3_000_000) }), 'application/json')
    expect([large.status, await codeOf(large)]).toEqual([413, 'too-large'])
    for (const [encoding, status] of [
      ['zstd', 400],
      ['compress', 415],
      ['gzip', 400],
      ['identity, gzip', 415],
    ] as const) {
      const packed = await send(admin, '{"name":"x"}', 'application/json', { 'content-encoding': encoding })
      expect([encoding, packed.status]).toEqual([encoding, status])
      await packed.arrayBuffer()
    }
    const bomb = await send(admin, gzipSync(Buffer.alloc(50_000_000, 0x20)), 'application/json', {
      'content-encoding': 'gzip',
    })
    expect([bomb.status, await codeOf(bomb)]).toEqual([413, 'too-large'])
  })

  it('cannot change what objects are made of', async () => {
    const admin = await api.as('administrator')
    for (const text of [
      '{"name":"x","__proto__":{"permissions":["*"]}}',
      '{"name":"x","constructor":{"prototype":{}}}',
    ]) {
      const response = await send(admin, text, 'application/json')
      expect([text, response.status]).toEqual([text, 400])
      await response.arrayBuffer()
    }
    expect(({} as Record<string, unknown>).permissions).toBeUndefined()
  })

  it('that ends early leaves nothing behind', async () => {
    const admin = await api.as('administrator')
    const before = (await admin.get('/groups')).body
    const url = new URL(`${api.url}/api/v1/groups`)
    const broken = httpRequest(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': 500 },
    })
    const closed = Promise.withResolvers<void>()
    broken.on('error', () => undefined).on('close', () => closed.resolve())
    broken.write('{"name":"half"')
    broken.destroy()
    await closed.promise
    expect((await admin.get('/groups')).body).toEqual(before)
  })
})

describe('who asks too much', () => {
  it('is told when to come back, as a problem with the same headers, and harms no other', async () => {
    const eager = await api.as('viewer')
    const calm = await api.as('viewer')
    const answers = await Promise.all(Array.from({ length: 420 }, () => eager.send('GET', '/me')))
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.length).toBeLessThan(30)
    checkHeaders(refused[0]!.headers, 'too many')
    expect(Number(refused[0]!.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await refused[0]!.json()).toMatchObject({ code: 'too-many-requests', status: 429 })
    expect((await calm.get('/me')).status).toBe(200)
    const stream = await readEvents(await api.as('administrator'))
    expect(stream.status).toBe(200)
    await stream.close()
  })
})
