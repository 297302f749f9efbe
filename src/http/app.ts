// The HTTP side: for now liveness, readiness and metrics. The Admin API and the panel join here.
import express, { type Express, type Request } from 'express'
import helmet from 'helmet'

export type HttpOptions = {
  /** Whether logins can be served at this moment. */
  ready(): Promise<boolean>
  /** All processes' metrics in the text format of Prometheus. */
  metrics(): Promise<string>
  /** Addresses of proxies whose X-Forwarded-For is believed. */
  trustedProxies: readonly string[]
}

/** Builds the express application. Answers hold no versions, paths or stacks. */
export function createApp(options: HttpOptions): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('trust proxy', [...options.trustedProxies])
  app.use(helmet())
  app.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })

  app.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' })
  })
  app.get('/readyz', async (_request, response) => {
    const ready = await options.ready()
    response.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not ready' })
  })
  app.get('/metrics', async (request, response) => {
    // Metrics name NASes and clients: for this machine only, never through a proxy (W49).
    if (!isLocal(request)) response.status(403).json({ status: 'metrics are served to this machine only' })
    else response.type('text/plain; version=0.0.4').send(await options.metrics())
  })
  app.use((_request, response) => {
    response.status(404).json({ status: 'not found' })
  })
  app.use(failed)
  return app
}

function isLocal(request: Request): boolean {
  const address = request.socket.remoteAddress ?? ''
  const loopback = address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.')
  return loopback && request.headers['x-forwarded-for'] === undefined
}

// Express knows an error handler by its four parameters.
function failed(
  _error: unknown,
  _request: express.Request,
  response: express.Response,
  next: express.NextFunction,
): void {
  if (response.headersSent) next(_error)
  else response.status(500).json({ status: 'internal error' })
}
