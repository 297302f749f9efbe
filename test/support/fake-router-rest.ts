// The REST side of the fake router: basic authentication, GET and DELETE below /rest, errors in JSON, and planted misbehaviour.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { figuresOf, removeRow, selectRows, type FakeRow, type RouterState } from './fake-router.ts'

export function serveRest(state: RouterState, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'https://router.test')
  const path = decodeURIComponent(url.pathname).replace(/^\/rest/, '')
  const [, menu = '', id = ''] = request.method === 'DELETE' ? (/^(.*)\/([^/]+)$/.exec(path) ?? []) : [path, path]
  const command = request.method === 'DELETE' ? `${menu}/remove` : request.method === 'POST' ? menu : `${menu}/print`
  state.seen.push(command)
  const login = `Basic ${Buffer.from(`${state.user}:${state.password}`).toString('base64')}`
  if (request.headers.authorization !== login) return fail(response, 401, 'Unauthorized')
  switch (state.on(command)) {
    case 'silent':
      return
    case 'empty':
      return void response.end('[]')
    case 'close':
      response.writeHead(200, { 'content-length': 1000 })
      response.write('[{".id":"*1"', () => response.socket?.destroySoon())
      return
    case 'garbage':
      return void response.end('<html>It works!</html>')
    case 'endless':
      return endless(response)
    case 'fatal':
      response.statusCode = 503
      return void response.end('Service Unavailable')
    case 'refuse':
      return fail(response, 500, 'Internal Server Error', 'not enough permissions (9)')
    case 'unheard-of':
      response.setHeader('x-news', 'from a later release')
      break
    case 'answer':
  }
  if (request.method === 'DELETE') {
    if (!removeRow(state, menu, id)) return fail(response, 404, 'Not Found', 'no such item')
    response.statusCode = 204
    return void response.end()
  }
  if (request.method === 'POST') return void monitor(state, request, response, menu)
  if (!state.tables.has(menu)) return fail(response, 400, 'Bad Request', 'no such command or directory')
  say(state, response, menu, selectRows(state, menu, Object.fromEntries(url.searchParams)))
}

/** A command with its arguments as JSON; the only one here is `monitor`. */
async function monitor(
  state: RouterState,
  request: IncomingMessage,
  response: ServerResponse,
  command: string,
): Promise<void> {
  const path = command.replace(/\/monitor$/, '')
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  const told = JSON.parse(Buffer.concat(chunks).toString()) as { numbers?: string; once?: string }
  if (path === command || !state.tables.has(command)) return fail(response, 400, 'Bad Request', 'no such command')
  if (told.once === undefined) return
  const known = selectRows(state, path, { '.id': told.numbers ?? '' }).length > 0
  if (!known) return fail(response, 404, 'Not Found', 'no such item')
  response.end(JSON.stringify([figuresOf(state, path)]))
}

function say(state: RouterState, response: ServerResponse, menu: string, rows: FakeRow[]): void {
  const body = Buffer.from(JSON.stringify(state.single.has(menu) ? (rows[0] ?? []) : rows))
  response.setHeader('content-type', 'application/json')
  if (state.splitsOctets) for (const octet of body) response.write(Buffer.from([octet]))
  else response.write(body)
  response.end()
}

function fail(response: ServerResponse, status: number, message: string, detail?: string): void {
  response.statusCode = status
  response.end(JSON.stringify({ error: status, message, ...(detail !== undefined && { detail }) }))
}

function endless(response: ServerResponse): void {
  if (response.socket?.destroyed !== false) return
  response.write(' '.repeat(1000), () => setImmediate(endless, response))
}
