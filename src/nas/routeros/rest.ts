// RouterOS REST (7.1 and later, www-ssl) as a transport: one TLS connection per request, checked against the pin or CA before
// the request with its password is written (connect.ts). One time limit for all of a request.
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { connectToRouter, explain, placeOf } from './connect.ts'
import { RouterError } from './router-error.ts'
import {
  defaultMaximumAnswer,
  type RouterAccount,
  type RouterRow,
  type RouterTransport,
  type Trust,
} from './transport.ts'

/** There is no REST in the clear here: the password goes with every request. */
export type RestAccount = RouterAccount & { readonly trust: Trust }

type Answer = { readonly status: number; readonly body: string }

/** A router over REST. Holds no connection between requests. */
export function createRestTransport(account: RestAccount): RouterTransport {
  const ended = new AbortController()
  const ask = async (method: Request['method'], path: string, target: string, body?: string): Promise<string> => {
    const answer = await send(account, { method, path, target, body, ended: ended.signal })
    refuse(answer, account, path)
    return answer.body
  }
  return {
    async print(path, query = {}) {
      const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
      return readRows(await ask('GET', path, pairs.length === 0 ? path : `${path}?${pairs.join('&')}`), account, path)
    },
    async monitor(path, id) {
      const command = `${path}/monitor`
      return readRows(await ask('POST', command, command, JSON.stringify({ numbers: id, once: '' })), account, command)
    },
    async remove(path, id) {
      await ask('DELETE', path, `${path}/${encodeURIComponent(id)}`)
    },
    close: () => ended.abort(),
  }
}

type Request = {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  target: string
  /** JSON. */
  body: string | undefined
  ended: AbortSignal
}

async function send(account: RestAccount, { method, path, target, body, ended }: Request): Promise<Answer> {
  const { host, port, timeoutMs, trust } = account
  const place = placeOf(host, port)
  const closedByUs = new RouterError('closed', `the connection to ${place} was closed by us`, { path })
  if (ended.aborted) throw closedByUs
  const limit = AbortSignal.timeout(timeoutMs)
  const signal = AbortSignal.any([limit, ended])
  const tooLate = new RouterError('timeout', `${place} did not answer ${path} within ${timeoutMs} ms`, { path })
  const socket = await connectToRouter({ host, port, trust, timeoutMs, path })
  try {
    signal.throwIfAborted()
    return await exchange(socket, account, { method, path, target, body, signal })
  } catch (error) {
    if (ended.aborted) throw closedByUs
    if (limit.aborted) throw tooLate
    if (!(error instanceof RouterError)) throw explain(error as Error, place, path)
    throw new RouterError(error.kind, `${place}: ${error.message}`, { path, cause: error })
  } finally {
    socket.destroy()
  }
}

function exchange(
  socket: Socket,
  account: RestAccount,
  { method, target, body, signal }: Omit<Request, 'ended'> & { signal: AbortSignal },
): Promise<Answer> {
  const credentials = Buffer.from(`${account.user}:${account.password}`, 'utf8').toString('base64')
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      createConnection: () => socket,
      host: account.host,
      port: account.port,
      method,
      path: `/rest${target}`,
      headers: {
        authorization: `Basic ${credentials}`,
        accept: 'application/json',
        connection: 'close',
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      },
      signal,
    })
    request.on('error', reject)
    request.once('response', (response) => {
      readBody(response, account.maximumAnswer ?? defaultMaximumAnswer).then(
        (answer) => resolve({ status: response.statusCode ?? 0, body: answer }),
        reject,
      )
    })
    request.end(body)
  })
}

async function readBody(response: IncomingMessage, maximum: number): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maximum) throw new RouterError('protocol', `the answer is longer than ${maximum} octets`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Throws for every answer that is not a success, with the router's own words where it has some. */
function refuse({ status, body }: Answer, account: RestAccount, path: string): void {
  if (status >= 200 && status < 300) return
  const place = placeOf(account.host, account.port)
  if (status === 401) {
    throw new RouterError('refused-login', `${place} refused the login of ${account.user}`, { path })
  }
  const told = parse(body)
  const words = isRecord(told) ? [told.message, told.detail].filter((word) => typeof word === 'string') : []
  const reason = words.length === 0 ? 'no reason' : words.join(': ')
  throw new RouterError('http', `${place} refused ${path} with status ${status}: ${reason}`, { path })
}

/** A menu of one row, such as /system/identity, is answered as an object instead of a list. */
function readRows(body: string, account: RestAccount, path: string): RouterRow[] {
  const parsed = parse(body)
  const list: unknown[] = Array.isArray(parsed) ? parsed : [parsed]
  if (list.every(isRecord)) return list.map(readRow)
  const sentence = `${placeOf(account.host, account.port)} answered ${path} with what is no list of rows`
  throw new RouterError('protocol', sentence, { path })
}

function readRow(row: Record<string, unknown>): RouterRow {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, asText(value)]))
}

/** All values are text; should a release send numbers or truths one day, they read the same. */
function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
