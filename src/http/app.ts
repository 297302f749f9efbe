// The HTTP side put together: health and metrics, the API at /api/v1, and what every answer has: an id, strict security
// headers, no caching, and problems in one form. Answers hold no versions, paths or stacks.

import express, { type Express, type Request, type RequestHandler } from 'express'
import { rateLimit } from 'express-rate-limit'
import helmet from 'helmet'
import { addressOf, readCookie, sessionCookie } from './auth.ts'
import type { Services } from './context.ts'
import { Problem, problemOf, problems } from './errors.ts'
import { createReference } from './openapi.ts'
import { routes } from './route-table.ts'
import { createRouter, giveRequestId } from './router.ts'

/** Whether logins can be served at this moment; `degraded`: by what was last known, for Postgres is away. */
export type Readiness = 'ready' | 'degraded' | 'not ready'

export type HttpOptions = {
  ready(): Promise<Readiness>
  /** All processes' metrics in the text format of Prometheus. */
  metrics(): Promise<string>
  /** Addresses of proxies whose X-Forwarded-For is believed. */
  trustedProxies: readonly string[]
  services: Services
  /** The panel's files (panel.ts); undefined: it was not built. */
  panel?: RequestHandler | undefined
  /** Requests a minute of one caller (by token, panel session or address). Default 1,200. */
  requestsPerMinute?: number
  /** Tests only: every answer is compared with its schema. */
  checkAnswers?: boolean
}

/** Builds the express application. */
export function createApp(options: HttpOptions): Express {
  const { services } = options
  const app = express()
  app.disable('x-powered-by')
  app.set('trust proxy', [...options.trustedProxies])
  app.set('query parser', 'simple')
  // A version that no row has would only ever be refused as If-Match.
  app.set('etag', false)
  app.use(giveRequestId)
  app.use(limitTime)
  app.use(securityHeaders())
  app.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  addHealth(app, options)
  app.use('/api', limitRate(options, 'caller'), limitRate(options, 'address'))
  app.use('/api', createReference(routes))
  app.use('/api/v1', createRouter({ services, routes, checkAnswers: options.checkAnswers ?? false }))
  app.use('/api', notFound)
  if (options.panel !== undefined) app.use(options.panel)
  app.use(notFound)
  app.use(failed(services))
  return app
}

const notFound: RequestHandler = () => {
  throw new Problem('not-found')
}

/** A body of JSON comes at once or not at all; a file may take as long as its sender's line (server.ts). */
const bodyPatienceMs = 30_000
const fileTypes = [...new Set(routes.flatMap((route) => route.upload ?? []))]

const limitTime: RequestHandler = (request, _response, next) => {
  if (request.is(fileTypes) === false) {
    const timer = setTimeout(() => request.destroy(), bodyPatienceMs)
    request.once('end', () => clearTimeout(timer)).once('close', () => clearTimeout(timer))
  }
  next()
}

/** The panel's kit sets styles by attribute; scripts only from here, and no page may frame us. */
function securityHeaders() {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  })
}

function addHealth(app: Express, options: HttpOptions): void {
  app.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' })
  })
  app.get('/readyz', async (_request, response) => {
    const status = await options.ready()
    response.status(status === 'not ready' ? 503 : 200).json({ status })
  })
  app.get('/metrics', async (request, response) => {
    // Metrics name NASes and clients: for this machine only, never through a proxy (W49).
    if (!isLocal(request)) throw new Problem('forbidden', 'metrics are served to this machine only')
    response.type('text/plain; version=0.0.4').send(await options.metrics())
  })
}

/** So many callers may share an address: an office, or a proxy that is not named. */
const callersOfAnAddress = 10

/**
 * By who asks: an office behind one address must not starve itself (W24). And, with more room, by address: what claims to be
 * somebody is not yet proved here, and could be another each time.
 */
function limitRate(options: HttpOptions, by: 'caller' | 'address') {
  const limit = options.requestsPerMinute ?? 1_200
  const callerOf = (request: Request) => request.headers.authorization ?? readCookie(request, sessionCookie)
  return rateLimit({
    windowMs: 60_000,
    limit: by === 'caller' ? limit : limit * callersOfAnAddress,
    standardHeaders: by === 'caller' ? 'draft-7' : false,
    legacyHeaders: false,
    keyGenerator: (request) => (by === 'caller' ? callerOf(request) : undefined) ?? addressOf(request) ?? 'unknown',
    handler: (_request, response) => {
      throw new Problem('too-many-requests', undefined, {
        headers: { 'Retry-After': response.get('Retry-After') ?? '60' },
      })
    },
    validate: false,
  })
}

function isLocal(request: Request): boolean {
  const address = request.socket.remoteAddress ?? ''
  const loopback = address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.')
  return loopback && request.headers['x-forwarded-for'] === undefined
}

function failed(services: Services): express.ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (error: unknown, request, response, _next) => {
    const problem = problemOf(error)
    const requestId = response.get('X-Request-Id')
    if (problem.code === 'internal') {
      services.log.error(
        { error, request_id: requestId, method: request.method, path: request.path },
        'a request failed',
      )
    }
    // Half an answer is out: cutting the connection is the only way left to say that it is not whole.
    if (response.headersSent) {
      response.destroy()
      return
    }
    const { status, title } = problems[problem.code]
    response.set(problem.headers)
    response
      .status(status)
      .type('application/problem+json')
      .send(
        JSON.stringify({
          type: `/api/docs/problems#${problem.code}`,
          title,
          status,
          code: problem.code,
          detail: problem.message,
          request_id: requestId,
          ...(problem.errors.length === 0 ? {} : { errors: problem.errors }),
        }),
      )
  }
}
