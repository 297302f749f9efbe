// What only REST has: a menu of one row as an object, values that are not text, and paths with signs in them.
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import { X509Certificate } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createRestTransport } from '../../../src/nas/routeros/rest.ts'
import { makeCertificate } from '../../support/certificate.ts'
import { failure, rest, routerWith } from './backends.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

/** A REST service that answers everything with this, and remembers what it was asked. */
async function answering(status: number, body: string) {
  const { certificate, key } = makeCertificate('router.test')
  const asked: string[] = []
  const server = createServer({ cert: certificate, key }, (request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.statusCode = status
    response.end(body)
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const transport = createRestTransport({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    user: 'a',
    password: 'b',
    timeoutMs: 20_000,
    trust: { sha256: new X509Certificate(certificate).fingerprint256 },
  })
  return { transport, asked }
}

it('a menu of one row is an object, and one row for us', async () => {
  const router = await routerWith({ '/system/identity': [{ name: 'bng' }] })
  expect(await rest.open(router).print('/system/identity')).toEqual([{ name: 'bng' }])
})

it('values that are not text read the same', async () => {
  const { transport } = await answering(200, '[{".id":"*1","port":3799,"accept":true}]')
  expect(await transport.print('/radius/incoming')).toEqual([{ '.id': '*1', port: '3799', accept: 'true' }])
})

it('a property of a strange name is a property like others', async () => {
  const { transport } = await answering(200, '[{"__proto__":"x"}]')
  const [row] = await transport.print('/interface')
  expect(Object.entries(row!)).toEqual([['__proto__', 'x']])
})

it('paths and questions are escaped', async () => {
  const { transport, asked } = await answering(200, '[]')
  await transport.print('/ppp/active', { name: 'a b&c=d/é' })
  await transport.remove('/ppp/active', '*1/../x?')
  expect(asked).toEqual(['GET /rest/ppp/active?name=a%20b%26c%3Dd%2F%C3%A9', 'DELETE /rest/ppp/active/*1%2F..%2Fx%3F'])
})

describe('answers', () => {
  it.each(['', 'null', '"text"', '[1]', '[[]]', '[{"a":1}', '7'])('%s is no list of rows', async (body) => {
    const { transport } = await answering(200, body)
    const error = await failure(transport.print('/interface'))
    expect(error).toMatchObject({ kind: 'protocol', path: '/interface' })
  })

  it.each<[number, string, string]>([
    [400, '{"error":400,"message":"Bad Request","detail":"unknown parameter"}', 'Bad Request: unknown parameter'],
    [404, '{"error":404,"message":"Not Found"}', 'Not Found'],
    [302, '', 'no reason'],
    [500, '[]', 'no reason'],
  ])('of status %i are told', async (status, body, reason) => {
    const { transport } = await answering(status, body)
    const error = await failure(transport.print('/interface'))
    expect(error).toMatchObject({ kind: 'http', path: '/interface' })
    expect(error.message).toContain(`refused /interface with status ${status}: ${reason}`)
  })
})
