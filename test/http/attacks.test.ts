// What attackers try on the door of the API, by the ids of the attack matrix (docs/reliability.md). What concerns one noun is
// tested with that noun.
import { request } from 'node:http'
import { describe, expect, it } from 'vitest'
import { createApp } from '../../src/http/app.ts'
import { ownHeader } from '../../src/http/auth.ts'
import { startHttpServer } from '../../src/http/server.ts'
import { useApi } from '../support/api.ts'

const api = useApi()
const json = { 'content-type': 'application/json' }
const group = (name: string) => ({ name })

/** The status line and headers of a request that fetch would not send. */
function raw(path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number
    headers: Record<string, unknown>
    body: string
  }>()
  const target = new URL(api.url)
  const sent = request(
    { host: target.hostname, port: target.port, path, method: options.method ?? 'GET', headers: options.headers ?? {} },
    (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }))
    },
  )
  sent.on('error', reject)
  sent.end(options.body)
  return promise
}

describe('W07 names that reach into JavaScript', () => {
  it.each([
    '{"__proto__":{"admin":true},"name":"x"}',
    '{"constructor":{"prototype":{"a":1}}}',
    '{"name":{"__proto__":1}}',
  ])('%s is refused and leaves objects clean', async (body) => {
    const admin = await api.as('administrator')
    expect((await admin.send('POST', '/nas-groups', { body, headers: json })).status).toBe(400)
    expect(({} as Record<string, unknown>).admin).toBeUndefined()
  })

  it('in a query too', async () => {
    const admin = await api.as('administrator')
    expect((await admin.get('/messages?__proto__=1')).status).toBe(400)
    expect((await admin.get('/messages?constructor[prototype]=1')).status).toBe(400)
  })
})

describe('W08 values of another type', () => {
  it.each([[{ name: ['x'] }], [{ name: { $gt: '' } }], [{ name: null }], [{ name: 1 }], [[]], ['x'], [1]])(
    '%j is refused naming the field',
    async (body) => {
      const answer = await (await api.as('administrator')).post('/nas-groups', body)
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid-request'])
    },
  )

  it.each([
    '/messages?limit[]=1',
    '/messages?limit=1&limit=2',
    '/messages?limit=1e3',
    '/messages?limit=-1',
    '/messages?limit=1e309',
  ])('%s is refused', async (path) => {
    expect((await (await api.as('administrator')).get(path)).status).toBe(400)
  })
})

describe('W11 a page of another origin', () => {
  const foreign = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ]
  it.each(foreign)('with %j changes nothing', async (headers) => {
    const admin = await api.as('administrator')
    const answer = await admin.post('/nas-groups', group('forged'), headers)
    expect([answer.status, answer.body.code]).toEqual([403, 'foreign-origin'])
    expect(await api.db.selectFrom('nas_group').select('id').where('name', '=', 'forged').execute()).toEqual([])
  })

  it('a form without our header changes nothing', async () => {
    const cookie = await cookieOf('administrator')
    const form = await raw('/api/v1/nas-groups', {
      method: 'POST',
      headers: { cookie, ...json, host: new URL(api.url).host },
      body: '{"name":"forged2"}',
    })
    expect(form.status).toBe(403)
    const asForm = { cookie, 'content-type': 'application/x-www-form-urlencoded', [ownHeader]: '1' }
    expect((await raw('/api/v1/nas-groups', { method: 'POST', headers: asForm, body: 'name=forged3' })).status).toBe(
      415,
    )
  })
})

describe('W12, W13, W44 headers of every answer', () => {
  it('admit no other origin, no frame, no script from elsewhere, no cache', async () => {
    const admin = await api.as('administrator')
    for (const path of ['/me', '/nothing', '/nas-groups']) {
      const { headers } = await admin.get(path, { origin: 'https://evil.example' })
      expect(headers.get('access-control-allow-origin')).toBeNull()
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      const policy = headers.get('content-security-policy')!
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toMatch(/script-src[^;]*unsafe|\*/)
    }
  })
})

describe('W24 too many requests', () => {
  it('are told when to come again, each caller on its own', async () => {
    const app = createApp({
      ready: () => Promise.resolve('ready'),
      metrics: () => Promise.resolve(''),
      trustedProxies: [],
      services: api.services,
      requestsPerMinute: 3,
    })
    const server = await startHttpServer(app, {
      address: '127.0.0.1',
      port: 0,
      tls: undefined,
      onCertificateError: () => undefined,
    })
    try {
      const ask = async (cookie: string) => fetch(`${server.url}/api/v1/me`, { headers: { cookie } })
      const [one, other] = [await cookieOf('support'), await cookieOf('support')]
      for (let at = 0; at < 3; at += 1) expect((await ask(one)).status).toBe(200)
      const refused = await ask(one)
      expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([429, true])
      expect((await ask(other)).status).toBe(200)
      // Somebody else with every request, as far as anybody can say: the address has a limit too.
      const statuses: number[] = []
      for (let at = 0; at < 30; at += 1) statuses.push((await ask(`__Host-gatehouse=${'x'.repeat(40)}${at}`)).status)
      expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0)
    } finally {
      await server.close()
    }
  })
})

describe('W25 bodies that are too much', () => {
  it('are refused with 413 or 400', async () => {
    const admin = await api.as('administrator')
    const large = await admin.post('/nas-groups', group('x'.repeat(1_100_000)))
    expect([large.status, large.body.code]).toEqual([413, 'too-large'])
    const deep = await admin.send('POST', '/nas-groups', {
      body: `${'{"a":'.repeat(500)}1${'}'.repeat(500)}`,
      headers: json,
    })
    expect(deep.status).toBe(400)
    const many = Object.fromEntries(Array.from({ length: 30_000 }, (_, at) => [`k${at}`, 1]))
    expect((await admin.post('/nas-groups', many)).status).toBe(413)
    for (const body of ['{', 'nul', '"x', '']) {
      expect((await admin.send('POST', '/nas-groups', { body, headers: json })).status).toBe(400)
    }
  })

  it('headers beyond measure too', async () => {
    expect((await raw('/api/v1/me', { headers: { 'x-long': 'x'.repeat(40_000) } })).status).toBe(431)
  })
})

describe('W41 error bodies', () => {
  it('hold a code and an id, and nothing of the inside', async () => {
    const admin = await api.as('administrator')
    const answers = [
      await admin.get('/nothing'),
      await admin.post('/nas-groups', {}),
      await admin.get('/messages?cursor=zzz'),
    ]
    for (const { text, headers } of answers) {
      expect(text).not.toMatch(/\bat \w+ \(|node_modules|select |\/src\/|postgres|kysely|zod/i)
      expect((JSON.parse(text) as { request_id: string }).request_id).toBe(headers.get('x-request-id'))
    }
  })
})

describe('W42 other ways to write a path or a method', () => {
  it('do not get around the lock', async () => {
    const cookie = await cookieOf('viewer')
    const paths = [
      '//api/v1/settings',
      '/api/v1//settings',
      '/api/v1/SETTINGS',
      '/api/v1/settings/',
      '/api/v1/settings.',
      '/api/v1/%73ettings',
      '/api/v1/settings%2f',
      '/api/v1/../v1/settings',
    ]
    for (const path of paths) expect([403, 404]).toContain((await raw(path, { headers: { cookie } })).status)
    expect((await raw('/api/v1/settings', { method: 'HEAD', headers: { cookie } })).status).toBe(403)
    expect((await raw('/api/v1/settings', { method: 'HEAD' })).status).toBe(401)
    const override = { cookie, [ownHeader]: '1', 'x-http-method-override': 'DELETE' }
    expect((await raw('/api/v1/me', { method: 'POST', headers: override })).status).toBe(405)
    expect([404, 405]).toContain((await raw('/api/v1/me', { method: 'TRACE', headers: { cookie } })).status)
  })
})

describe('W43 X-Forwarded-For', () => {
  it('of nobody we trust is not believed', async () => {
    const admin = await api.as('administrator')
    await admin.post('/nas-groups', group('traced'), { 'x-forwarded-for': '203.0.113.99' })
    const { rows } = await api.pool.query<{ address: string }>(
      `select host(address) as address from audit_entry where action = 'nas-group.create' and after->>'name' = 'traced'`,
    )
    expect(rows).toEqual([{ address: '127.0.0.1' }])
  })
})

describe('the same request again', () => {
  it('with its key is done once and answered alike', async () => {
    const admin = await api.as('administrator')
    const key = { 'idempotency-key': 'one' }
    const first = await admin.post('/nas-groups', group('once'), key)
    const again = await admin.post('/nas-groups', group('once'), key)
    expect([again.status, again.text, again.headers.get('idempotent-replayed')]).toEqual([201, first.text, 'true'])
    const other = await admin.post('/nas-groups', group('twice'), key)
    expect([other.status, other.body.code]).toEqual([422, 'key-reused'])
  })

  it('from fifty hands at once has one effect', async () => {
    const admin = await api.as('administrator')
    const key = { 'idempotency-key': 'fifty' }
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => admin.post('/nas-groups', group('parallel'), key)),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === null)).toHaveLength(1)
    const { rows } = await api.pool.query(`select 1 from audit_entry where after->>'name' = 'parallel'`)
    expect(rows).toHaveLength(1)
  })

  it('is tried anew when the first was refused, and another caller has keys of its own', async () => {
    const [one, other] = [await api.as('administrator'), await api.as('administrator')]
    const key = { 'idempotency-key': 'mine' }
    expect((await one.post('/nas-groups', group('once'), key)).status).toBe(409)
    expect((await one.post('/nas-groups', group('of one'), key)).status).toBe(201)
    expect((await other.post('/nas-groups', group('of other'), key)).status).toBe(201)
  })

  it('shows a secret once only', async () => {
    const admin = await api.as('administrator')
    const key = { 'idempotency-key': 'secret' }
    const client = { name: 'idem', address: '192.0.2.77' }
    expect((await admin.post('/clients', client, key)).body.secret).toBeDefined()
    const again = await admin.post('/clients', client, key)
    expect([again.status, again.text]).toEqual([204, ''])
    const { rows } = await api.pool.query<{ body: string }>('select body from idempotency_key where key = $1', [
      'secret',
    ])
    expect(rows).toEqual([{ body: '' }])
  })
})

async function cookieOf(role: 'administrator' | 'support' | 'viewer'): Promise<string> {
  return (await api.as(role)).cookie
}
