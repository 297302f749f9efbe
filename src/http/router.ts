// Turns the table of routes into an express router. What every request goes through, in this order: who calls, may they, is
// what they say of the right form, one transaction with the answer kept for a second try, the answer.

import { randomUUID } from 'node:crypto'
import { Router } from 'express'
import type { Request, RequestHandler, Response } from 'express'
import type { z } from 'zod'
import type { Author } from '../domain/author.ts'
import { keepAnswer, requestFingerprint, takeKey } from '../domain/idempotency.ts'
import type { Caller } from '../domain/operator/caller.ts'
import { runInScope } from '../domain/scope.ts'
import { admit, findCaller } from './auth.ts'
import type { Context, Services } from './context.ts'
import { Problem } from './errors.ts'
import { checkJson, readJson } from './request-body.ts'
import type { Method, Route } from './route.ts'

export type RouterOptions = {
  services: Services
  routes: readonly Route[]
  /** Compares every answer with its schema: in tests, where a wrong answer is a failure and not a riddle for the caller. */
  checkAnswers?: boolean
}

const methods: readonly Method[] = ['get', 'post', 'put', 'patch', 'delete']

/** The router of the API, to be mounted at /api/v1. */
export function createRouter(options: RouterOptions): Router {
  const router = Router({ caseSensitive: true, strict: true })
  for (const route of options.routes) {
    const handlers = route.upload === undefined ? [requireJson, readJson] : [requireUpload(route.upload)]
    router[route.method](route.path, ...(route.method === 'get' ? [] : handlers), (request, response) =>
      serve(options, route, request, response),
    )
  }
  for (const path of new Set(options.routes.map((route) => route.path))) {
    const known = options.routes.filter((route) => route.path === path).map((route) => route.method)
    const allow = methods.filter((method) => known.includes(method)).map((method) => method.toUpperCase())
    router.all(path, () => {
      throw new Problem('method-not-allowed', undefined, { headers: { Allow: allow.join(', ') } })
    })
  }
  return router
}

async function serve(options: RouterOptions, route: Route, request: Request, response: Response): Promise<void> {
  const { services } = options
  const now = services.clock.now()
  // A browser may hold both cookies: who sits in the panel must not narrow or name what the portal does (W48).
  const caller = route.access === 'portal' ? undefined : await findCaller(services, request, now)
  const by = admit(route, caller, { request, requestId: requestIdOf(response), services }, now)
  if (route.upload === undefined) checkJson(request.body)
  const later: (() => void)[] = []
  const context: Context = {
    services,
    db: services.db,
    by,
    caller,
    ...parse(route, request),
    now,
    request,
    response,
    ifMatch: request.headers['if-match']?.replace(/^(W\/)?"(.*)"$/, '$2'),
    setVersion: (version) => response.set('ETag', `"${version}"`),
    afterCommit: (work) => later.push(work),
  }
  if (route.transaction === 'own') {
    await route.run(context)
    return
  }
  const answered = await answer(route, context, caller)
  for (const work of later) work()
  send(options, route, response, answered)
}

/** Every request has an id, in the answer, the log and the audit trail. */
export const giveRequestId: RequestHandler = (_request, response, next) => {
  response.set('X-Request-Id', randomUUID())
  next()
}

function requestIdOf(response: Response): string {
  return String(response.get('X-Request-Id'))
}

function parse(route: Route, request: Request): Pick<Context, 'params' | 'query' | 'body'> {
  return {
    params: parsePart(route.params, request.params),
    query: parsePart(route.query, { ...request.query }),
    body: route.body === undefined ? noBody(route, request) : route.body.parse(request.body),
  }
}

function parsePart(schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema !== undefined) return schema.parse(value)
  const [name] = Object.keys(value as object)
  if (name !== undefined) throw new Problem('invalid-request', `${name}: is not known here`)
  return {}
}

function noBody(route: Route, request: Request): undefined {
  if (route.upload !== undefined || request.body === undefined) return undefined
  if (Object.keys(request.body as object).length > 0) throw new Problem('invalid-request', 'no body is taken here')
  return undefined
}

type Answered = { kind: 'fresh'; value: unknown } | { kind: 'kept'; status: number; body: string }

async function answer(route: Route, context: Context, caller: Caller | undefined): Promise<Answered> {
  const { services, by } = context
  const writes = route.method !== 'get' && route.transaction !== 'none'
  const key = writes ? keyOf(context.request, by, caller) : undefined
  // Outside of a transaction there is no row level security: such a handler asks in its own.
  if (route.transaction === 'none') return { kind: 'fresh', value: await route.run(context) }
  const connections = route.transaction === 'long' ? services.longDb : services.db
  return runInScope(connections, by.scope, writes, async (db) => {
    if (key !== undefined) {
      const { method, originalUrl, body } = context.request
      const fingerprint = requestFingerprint(method, originalUrl, body)
      const taken = await takeKey(db, { ...key, fingerprint }, context.now)
      if (taken.kind === 'reused') throw new Problem('key-reused')
      if (taken.kind === 'answered') return { kind: 'kept', ...taken.answer }
    }
    const value = await route.run({ ...context, db })
    if (key !== undefined) {
      await keepAnswer(db, key, keptAnswer(route, value))
    }
    return { kind: 'fresh', value }
  })
}

function keptAnswer(route: Route, value: unknown): { status: number; body: string } {
  if (value === undefined || route.reveals === true) return { status: 204, body: '' }
  return { status: route.status ?? 200, body: JSON.stringify(value) }
}

function keyOf(request: Request, by: Author, caller: Caller | undefined): { caller: string; key: string } | undefined {
  const key = request.headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,128}$/.test(key)) {
    throw new Problem('invalid-request', 'Idempotency-Key: must have 1 to 128 printable characters')
  }
  if (caller === undefined) throw new Problem('invalid-request', 'Idempotency-Key: only for who is signed in')
  return { caller: `${by.kind} ${caller.operatorId}`, key }
}

function send(options: RouterOptions, route: Route, response: Response, answered: Answered): void {
  if (answered.kind === 'kept') {
    response.set('Idempotent-Replayed', 'true').status(answered.status)
    if (answered.body === '') response.end()
    else response.type('application/json').send(answered.body)
    return
  }
  const { value } = answered
  // As an error of its own: a broken answer is not the caller's request that has the wrong form.
  if (options.checkAnswers === true && !route.answer.safeParse(value).success)
    throw new TypeError(`${route.path}: wrong answer`)
  response.status(route.status ?? (value === undefined ? 204 : 200))
  if (value === undefined) response.end()
  else response.json(value)
}

const requireJson: RequestHandler = (request, _response, next) => {
  const hasBody =
    Number(request.headers['content-length'] ?? 0) > 0 || request.headers['transfer-encoding'] !== undefined
  if (hasBody && request.is('application/json') === false)
    throw new Problem('wrong-content-type', 'send application/json')
  next()
}

function requireUpload(types: readonly string[]): RequestHandler {
  return (request, _response, next) => {
    if (request.is([...types]) === false) throw new Problem('wrong-content-type', `send ${types.join(' or ')}`)
    next()
  }
}
