// What every request goes through, on routes made for it: one transaction or none of it, the answer kept for a second try, what
// waits for the commit, versions, and methods.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import express from 'express'
import { z } from 'zod'
import { ConflictError } from '../../src/domain/field.ts'
import { openPanelSession } from '../../src/domain/operator/panel-session.ts'
import { requireVersion } from '../../src/domain/operator/row-version.ts'
import { writeAudit } from '../../src/domain/audit/audit.ts'
import type { Context } from '../../src/http/context.ts'
import { problemOf, problems } from '../../src/http/errors.ts'
import { route } from '../../src/http/route.ts'
import { createRouter, giveRequestId } from '../../src/http/router.ts'
import { startHttpServer, type HttpServer } from '../../src/http/server.ts'
import { useApi } from '../support/api.ts'
import type { Client } from '../support/api.ts'

const api = useApi()
/** What was done behind a commit. */
const done: string[] = []
/** Whether `db` of the handler was a transaction. */
const modes: boolean[] = []
let server: HttpServer | undefined

const common = { tag: 'Test', summary: 'For the test' }
const wordOf = z.strictObject({ word: z.string() })

/** Writes a row that can be counted, and says what it would do after the commit. */
async function leave({ db, by, now, body, afterCommit }: Context): Promise<string> {
  const text = (body as { word: string }).word
  await writeAudit(db, { action: `test.${text}`, noun: 'test', rowId: null }, by, now)
  afterCommit(() => done.push(text))
  modes.push(db.isTransaction)
  return text
}

const routes = [
  route({
    ...common,
    method: 'post',
    path: '/fine',
    access: 'signed-in',
    body: wordOf,
    answer: wordOf,
    status: 201,
    run: async (context) => ({ word: await leave(context) }),
  }),
  route({
    ...common,
    method: 'post',
    path: '/breaks',
    access: 'signed-in',
    body: wordOf,
    answer: wordOf,
    run: async (context) => {
      await leave(context)
      throw new ConflictError('word', 'is one too many')
    },
  }),
  route({
    ...common,
    method: 'post',
    path: '/bug',
    access: 'signed-in',
    body: wordOf,
    answer: wordOf,
    run: async (context) => {
      await leave(context)
      throw new TypeError('x of undefined at /secret/path.ts')
    },
  }),
  route({
    ...common,
    method: 'post',
    path: '/lies',
    access: 'signed-in',
    body: wordOf,
    answer: wordOf,
    run: async (context) => {
      await leave(context)
      return { word: 1 } as unknown as { word: string }
    },
  }),
  route({
    ...common,
    method: 'post',
    path: '/alone',
    access: 'signed-in',
    body: wordOf,
    answer: wordOf,
    transaction: 'none',
    run: async (context) => ({ word: await leave(context) }),
  }),
  route({
    ...common,
    method: 'get',
    path: '/own',
    access: 'signed-in',
    answer: z.void(),
    transaction: 'own',
    run: async ({ db, response }) => {
      modes.push(db.isTransaction)
      response.status(200).type('text/csv').send('a,b\n')
    },
  }),
  route({
    ...common,
    method: 'get',
    path: '/row',
    access: 'signed-in',
    answer: wordOf,
    run: async ({ db, setVersion }) => {
      modes.push(db.isTransaction)
      setVersion('v1')
      return { word: 'read' }
    },
  }),
  route({
    ...common,
    method: 'patch',
    path: '/row',
    access: 'signed-in',
    answer: wordOf,
    run: async ({ ifMatch }) => {
      requireVersion(ifMatch, 'v1')
      return { word: String(ifMatch) }
    },
  }),
]

beforeAll(async () => {
  const app = express()
  app.set('query parser', 'simple')
  app.set('etag', false)
  app.use(giveRequestId)
  app.use('/api/v1', createRouter({ services: api.services, routes, checkAnswers: true }))
  app.use(((error: unknown, _request, response, _next) => {
    const { code, headers, message } = problemOf(error)
    response.set(headers).status(problems[code].status).json({ code, detail: message })
  }) as express.ErrorRequestHandler)
  const listen = { address: '127.0.0.1', port: 0, tls: undefined, onCertificateError: () => undefined }
  server = await startHttpServer(app, listen)
})
afterAll(() => server?.close())
beforeEach(() => {
  done.length = 0
  modes.length = 0
})

/** The client's cookie at the test's own routes. */
async function at(client: Client, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const cookie = await cookieOf(client)
  const response = await fetch(`${server!.url}/api/v1${path}`, {
    method,
    headers: {
      'x-gatehouse': '1',
      cookie,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const json = (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, unknown>
  return { status: response.status, headers: response.headers, text, body: json }
}

/** `api.as` keeps the cookie to itself: a second session of the same operator, whose id is known. */
async function cookieOf(client: Client): Promise<string> {
  const peer = { address: null, userAgent: null }
  const opened = await openPanelSession(api.db, { operatorId: client.operatorId, state: 'full', peer }, api.clock.now())
  return `__Host-gatehouse=${opened.bearer}`
}

const written = async (text: string): Promise<number> => {
  const rows = await api.db.selectFrom('audit_entry').select('id').where('action', '=', `test.${text}`).execute()
  return rows.length
}

describe('a request that changes something', () => {
  it('is one transaction; what waits for the commit is done once', async () => {
    const answer = await at(await api.as('viewer'), 'POST', '/fine', { word: 'whole' })
    expect([answer.status, answer.body]).toEqual([201, { word: 'whole' }])
    expect([await written('whole'), done, modes]).toEqual([1, ['whole'], [true]])
  })

  it.each([
    ['/breaks', 409, 'conflict'],
    ['/bug', 500, 'internal'],
  ])('leaves nothing of itself behind where it fails at %s, and does nothing after', async (path, status, code) => {
    const text = `half${path.slice(1)}`
    const answer = await at(await api.as('viewer'), 'POST', path, { word: text })
    expect([answer.status, answer.body['code']]).toEqual([status, code])
    expect(answer.text).not.toContain('secret')
    expect([await written(text), done]).toEqual([0, []])
  })

  it('leaves nothing behind under row level security either', async () => {
    const organisationId = await api.reseller('Router Net')
    const client = await api.as('reseller', { organisationId })
    expect((await at(client, 'POST', '/breaks', { word: 'fenced' })).status).toBe(409)
    expect([await written('fenced'), done]).toEqual([0, []])
    expect((await at(client, 'POST', '/fine', { word: 'fenced' })).status).toBe(201)
    expect([await written('fenced'), done]).toEqual([1, ['fenced']])
  })

  it('whose answer is not of its schema is told as our failure', async () => {
    const answer = await at(await api.as('viewer'), 'POST', '/lies', { word: 'lie' })
    expect([answer.status, answer.body['code']]).toEqual([500, 'internal'])
  })

  it('that waits for something slow is outside of any transaction', async () => {
    const answer = await at(await api.as('viewer'), 'POST', '/alone', { word: 'alone' })
    expect([answer.status, modes, done]).toEqual([200, [false], ['alone']])
  })
})

describe('the same request again', () => {
  it('has the first one’s status and answer, and does nothing after its commit', async () => {
    const client = await api.as('viewer')
    const key = { 'idempotency-key': 'router-1' }
    const first = await at(client, 'POST', '/fine', { word: 'again' }, key)
    const second = await at(client, 'POST', '/fine', { word: 'again' }, key)
    expect([second.status, second.body]).toEqual([first.status, first.body])
    expect([first.headers.get('idempotent-replayed'), second.headers.get('idempotent-replayed')]).toEqual([
      null,
      'true',
    ])
    expect([await written('again'), done]).toEqual([1, ['again']])
  })

  it('with another body, or at another path, is refused', async () => {
    const client = await api.as('viewer')
    const key = { 'idempotency-key': 'router-2' }
    await at(client, 'POST', '/fine', { word: 'one' }, key)
    const other = await at(client, 'POST', '/fine', { word: 'two' }, key)
    expect([other.status, other.body['code']]).toEqual([422, 'key-reused'])
    expect((await at(client, 'POST', '/breaks', { word: 'one' }, key)).body['code']).toBe('key-reused')
    expect(await written('two')).toBe(0)
  })

  it('is new where the first one failed: the key was not used up', async () => {
    const client = await api.as('viewer')
    const key = { 'idempotency-key': 'router-3' }
    expect((await at(client, 'POST', '/bug', { word: 'third' }, key)).status).toBe(500)
    expect((await at(client, 'POST', '/fine', { word: 'third' }, key)).status).toBe(201)
    expect([await written('third'), done]).toEqual([1, ['third']])
  })

  it('by forty at once is one deed and forty equal answers', async () => {
    const client = await api.as('viewer')
    const key = { 'idempotency-key': 'router-4' }
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => at(client, 'POST', '/fine', { word: 'crowd' }, key)),
    )
    expect(new Set(answers.map((answer) => `${answer.status} ${answer.text}`))).toEqual(
      new Set(['201 {"word":"crowd"}']),
    )
    expect([await written('crowd'), done]).toEqual([1, ['crowd']])
  })

  it.each(['', 'with space', 'ü', 'x'.repeat(129)])('has a key of printable characters, not %j', async (key) => {
    const headers = { 'idempotency-key': Buffer.from(key).toString('latin1') }
    const answer = await at(await api.as('viewer'), 'POST', '/fine', { word: 'keyed' }, headers)
    expect([answer.status, answer.body['code']]).toEqual([400, 'invalid-request'])
    expect(await written('keyed')).toBe(0)
  })
})

describe('a request that only asks', () => {
  it('needs no transaction where the whole ISP is seen, and is in one where a fence stands', async () => {
    await at(await api.as('viewer'), 'GET', '/row')
    const organisationId = await api.reseller('Reading Net')
    await at(await api.as('reseller', { organisationId }), 'GET', '/row')
    expect(modes).toEqual([false, true])
  })

  it('may write its own answer', async () => {
    const answer = await at(await api.as('viewer'), 'GET', '/own')
    expect([answer.status, answer.text, modes]).toEqual([200, 'a,b\n', [false]])
    expect(answer.headers.get('content-type')).toContain('text/csv')
  })

  it('can be asked by HEAD: all headers and no body', async () => {
    const answer = await at(await api.as('viewer'), 'HEAD', '/row')
    expect([answer.status, answer.text, answer.headers.get('etag')]).toEqual([200, '', '"v1"'])
  })
})

describe('If-Match', () => {
  it.each([
    ['"v1"', 200, 'v1'],
    ['W/"v1"', 200, 'v1'],
    ['v1', 200, 'v1'],
    ['*', 200, '*'],
    ['"v2"', 412, undefined],
    ['', 412, undefined],
    ['"v1', 412, undefined],
  ])('%j is answered with %i', async (ifMatch, status, word) => {
    const answer = await at(await api.as('viewer'), 'PATCH', '/row', undefined, { 'if-match': ifMatch })
    expect([answer.status, answer.body['word']]).toEqual([status, word])
  })

  it('left out asks for nothing', async () => {
    expect((await at(await api.as('viewer'), 'PATCH', '/row')).body).toEqual({ word: 'undefined' })
  })
})

describe('a request of the wrong form', () => {
  it.each([
    ['POST', '/fine', { word: 'form', more: 1 }, 400],
    ['POST', '/fine', {}, 400],
    ['POST', '/fine', undefined, 400],
    ['POST', '/fine?word=form', { word: 'form' }, 400],
    ['PATCH', '/row', { word: 'form' }, 400],
    ['PATCH', '/row', {}, 200],
    ['GET', '/row?cursor=x', undefined, 400],
    ['PUT', '/row', { word: 'form' }, 405],
    ['DELETE', '/fine', undefined, 405],
    ['HEAD', '/fine', undefined, 405],
    ['GET', '/Row', undefined, 404],
    ['GET', '/row/', undefined, 404],
  ])('%s %s with %j is answered with %i', async (method, path, body, status) => {
    expect((await at(await api.as('viewer'), method, path, body)).status).toBe(status)
    expect(await written('form')).toBe(0)
  })

  it('says which methods there are', async () => {
    const answer = await at(await api.as('viewer'), 'DELETE', '/row')
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, PATCH'])
  })

  it('in another type than JSON is not read', async () => {
    const headers = { 'content-type': 'text/plain' }
    const answer = await at(await api.as('viewer'), 'POST', '/fine', '{"word":"plain"}', headers)
    expect([answer.status, answer.body['code']]).toEqual([415, 'wrong-content-type'])
  })
})
