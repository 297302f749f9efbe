// Every route, as every role, with bodies of the right form and with hostile ones: never a 5xx (a wrong answer of ours is one,
// because answers are compared with their schemas), every refusal a problem, every change in the audit trail.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtInRoles, type BuiltInRole } from '../../src/domain/operator/permission.ts'
import type { Route } from '../../src/http/route.ts'
import { routes } from '../../src/http/route-table.ts'
import { useApi, type Client } from '../support/api.ts'
import { fillPath } from '../support/api-fixture.ts'
import { hostileValues, valuesOf } from '../support/sample.ts'
import { seed } from '../support/seed.ts'

const api = useApi()
const clients = new Map<string, Client>()

/** A signed-in client of the role; anew where an earlier call signed it out. */
async function clientOf(role: BuiltInRole): Promise<Client> {
  const known = clients.get(role)
  if (known !== undefined && (await known.get('/me')).status === 200) return known
  const organisation = role === 'reseller' ? { organisationId: await resellerId() } : {}
  const made = await api.as(role, organisation)
  clients.set(role, made)
  return made
}

let reseller: bigint | undefined
let files = 0
async function resellerId(): Promise<bigint> {
  reseller ??= await api.reseller('Fuzz')
  return reseller
}

type Call = { path: string; body: unknown; query: string }

function callsOf(route: Route, count: number): fc.Arbitrary<Call[]> {
  const ids = fc.constantFrom('1', '2', '3', '999999999', 'x', '-1', '%00', '9007199254740993')
  const bodies =
    route.body === undefined
      ? fc.constant(undefined)
      : fc.oneof({ weight: 2, arbitrary: valuesOf(route.body) }, { weight: 1, arbitrary: hostileValues })
  const queries =
    route.query === undefined
      ? fc.constant({})
      : fc.oneof({ weight: 3, arbitrary: valuesOf(route.query) }, { weight: 1, arbitrary: hostileQuery })
  const call = fc.record({ id: ids, body: bodies, query: queries }).map(({ id, body, query }) => ({
    path: fillPath(route.path, {}, id),
    body,
    query: new URLSearchParams(
      Object.fromEntries(
        Object.entries(query as Record<string, unknown>).map(([name, value]) => [name, textOf(value)]),
      ),
    ).toString(),
  }))
  return fc.array(call, { minLength: count, maxLength: count })
}

const hostileQuery = fc.dictionary(fc.constantFrom('limit', 'cursor', 'sort', '__proto__', 'a[]', 'q'), fc.string())

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.toWellFormed() : (JSON.stringify(value) ?? '')
}

async function send(client: Client, route: Route, call: Call): Promise<Response> {
  const path = call.query === '' ? call.path : `${call.path}?${call.query}`
  const method = route.method.toUpperCase()
  if (route.upload !== undefined) {
    return client.send(method, path, {
      // Each file another: the same file with the same options is the same import, which changes nothing.
      body: textOf(call.body ?? `username\nx${(files += 1)}`),
      headers: { 'content-type': route.upload[0]! },
    })
  }
  const body = call.body === undefined || method === 'GET' ? undefined : JSON.stringify(call.body)
  return client.send(method, path, body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } })
}

/** Nothing but problems is refused; what streams is cut off after its head. */
async function judge(response: Response, route: Route, role: string, call: Call): Promise<void> {
  const told = `${role} ${route.method} ${call.path}?${call.query} ${JSON.stringify(call.body)?.slice(0, 300)} (seed ${seed})`
  if (response.status >= 400) {
    expect(response.headers.get('content-type'), told).toContain('application/problem+json')
    const body = (await response.json()) as Record<string, unknown>
    expect(response.status, `${told}: ${String(body.detail)}`).toBeLessThan(500)
    expect(body, told).toMatchObject({ code: expect.any(String), request_id: expect.any(String) })
    return
  }
  if (route.transaction === 'own') await response.body?.cancel()
  else await response.arrayBuffer()
  // An edit that changes nothing leaves nothing to tell.
  if (['get', 'patch', 'put'].includes(route.method) || route.changesNothing === true) return
  const { rows } = await api.pool.query('select 1 from audit_entry where request_id = $1 limit 1', [
    response.headers.get('x-request-id'),
  ])
  expect(rows, `${told} changed something without an audit entry`).toHaveLength(1)
}

describe('no call makes the API fail', () => {
  it.each(routes.map((route) => [`${route.method.toUpperCase()} ${route.path}`, route] as const))(
    '%s',
    async (_name, route) => {
      for (const role of builtInRoles) {
        const [calls] = fc.sample(callsOf(route, 2), { numRuns: 1, seed: seed + builtInRoles.indexOf(role) })
        expect(calls).toHaveLength(2)
        for (const call of calls!) {
          const client = await clientOf(role)
          await judge(await send(client, route, call), route, role, call)
        }
      }
    },
  )

  it('leaves JavaScript as it was', () => {
    expect(Object.keys(Object.prototype)).toEqual([])
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })
})
