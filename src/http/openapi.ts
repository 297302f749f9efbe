// The OpenAPI 3.1 document of the API, made of the table of routes, and the reference page that shows it without any help from
// elsewhere: ISPs' management networks have no internet.

import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Router } from 'express'
import { z } from 'zod'
import { createDocument } from 'zod-openapi'
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi'
import { permissions } from '../domain/operator/permission.ts'
import { problems } from './errors.ts'
import type { Route } from './route.ts'

const problem = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(problems) as [keyof typeof problems]),
    detail: z.string(),
    request_id: z.string(),
    errors: z.array(z.strictObject({ field: z.string(), reason: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' })

const problemAnswer = { description: 'A problem', content: { 'application/problem+json': { schema: problem } } }

/** The document. Paths as OpenAPI writes them: `/subscribers/{id}`. */
export function createOpenApi(routes: readonly Route[]): ReturnType<typeof createDocument> {
  const paths: ZodOpenApiPathsObject = {}
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method]: operation(route) }
  }
  return createDocument(
    {
      openapi: '3.1.0',
      info: {
        title: 'Gatehouse Admin API',
        version: '1',
        description:
          'Programs send `Authorization: Bearer <token>`. Changing calls may carry `Idempotency-Key`: sent again with the ' +
          'same key they are answered as the first time and done once. Lists are read page by page with `cursor`.',
      },
      servers: [{ url: '/api/v1' }],
      security: [{ token: [] }, { panel: [] }],
      paths,
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer' },
          panel: { type: 'apiKey', in: 'cookie', name: '__Host-gatehouse' },
          portal: { type: 'apiKey', in: 'cookie', name: '__Host-gatehouse-portal' },
        },
      },
    },
    { allowEmptySchema: { void: true, custom: true, bigint: true, date: true, transform: true, unknown: true } },
  )
}

function operation(route: Route): ZodOpenApiOperationObject {
  const status = route.status ?? (isNothing(route.answer) ? 204 : 200)
  return {
    operationId: operationId(route),
    summary: route.summary,
    description: whoMay(route),
    tags: [route.tag],
    ...(route.access === 'anybody' ? { security: [] } : {}),
    ...(route.access === 'portal' ? { security: [{ portal: [] }] } : {}),
    requestParams: {
      ...(isObject(route.params) ? { path: route.params } : {}),
      ...(isObject(route.query) ? { query: route.query } : {}),
    },
    ...requestBody(route),
    responses: { [status]: answerOf(route), default: problemAnswer },
  }
}

function answerOf(route: Route) {
  if (route.produces !== undefined) {
    const content = route.produces.map((type) => [type, { schema: { type: 'string' as const } }])
    return { description: route.summary, content: Object.fromEntries(content) as Record<string, object> }
  }
  if (isNothing(route.answer)) return { description: 'Done' }
  return { description: route.summary, content: { 'application/json': { schema: route.answer } } }
}

function requestBody(route: Route) {
  if (route.upload !== undefined) {
    const schema = { type: 'string' as const, format: 'binary' }
    const content = Object.fromEntries(route.upload.map((type) => [type, { schema }]))
    return { requestBody: { required: true, content } }
  }
  if (route.body === undefined) return {}
  return { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }
}

/** `GET /subscribers/:id/sessions` is `get_subscribers_id_sessions`. */
function operationId(route: Route): string {
  return `${route.method}${route.path.replaceAll(/[^A-Za-z0-9]+/g, '_')}`.replace(/_$/, '')
}

function whoMay(route: Route): string {
  const grave = route.grave === true ? ' A person must have proved who they are within the last five minutes.' : ''
  const personal = route.personal === true ? ' Not for API tokens.' : ''
  return `${accessSentence(route)}${grave}${personal}`
}

function accessSentence({ access }: Route): string {
  if (access === 'anybody') return 'For everybody.'
  if (access === 'portal') return 'For subscribers, by the sign-in of the portal.'
  if (access === 'signed-in') return 'For everybody who is signed in.'
  if (access === 'half-signed-in') return 'For everybody who has begun to sign in.'
  return `Needs \`${access}\`: ${permissions[access]}.`
}

function isObject(schema: z.ZodType | undefined): schema is z.ZodObject {
  return schema instanceof z.ZodObject
}

function isNothing(schema: z.ZodType): boolean {
  return schema instanceof z.ZodVoid
}

const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Gatehouse API</title><link rel="stylesheet" href="/api/docs/swagger-ui.css"></head>
<body><div id="reference"></div><script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/reference.js"></script></body>
</html>`

const script = `SwaggerUIBundle({ url: '/api/v1/openapi.json', dom_id: '#reference', deepLinking: true,
  requestInterceptor: (request) => { request.headers['X-Gatehouse'] = '1'; return request } })`

/** `/api/v1/openapi.json` and `/api/docs`. What the API can do is no secret; what it knows is. */
export function createReference(routes: readonly Route[]): Router {
  const files = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  // Made when somebody asks: a start, and every test, is without it 60 ms sooner.
  let document: string | undefined
  const router = Router({ strict: true, caseSensitive: true })
  router.get('/v1/openapi.json', (_request, response) => {
    document ??= JSON.stringify(createOpenApi(routes))
    response.type('application/json').send(document)
  })
  router.get('/docs', (_request, response) => {
    response.type('html').send(page)
  })
  router.get('/docs/reference.js', (_request, response) => {
    response.type('text/javascript').send(script)
  })
  router.get('/docs/problems', (_request, response) => {
    response.type('html').send(problemPage())
  })
  for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
    router.get(`/docs/${name}`, (_request, response) => {
      response.sendFile(join(files, name), { cacheControl: false })
    })
  }
  return router
}

/** Where the `type` of a problem leads. */
function problemPage(): string {
  const rows = Object.entries(problems).map(
    ([code, { status, title }]) => `<dt id="${code}">${status} ${code}</dt><dd>${title}.</dd>`,
  )
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Gatehouse problems</title></head>
<body><h1>Problems of the Gatehouse API</h1><dl>${rows.join('')}</dl></body></html>`
}
