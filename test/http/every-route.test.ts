// What holds of every route there is, generated from the route table: nobody gets in without a login; a role may what
// access-matrix.txt lists and nothing else; what belongs to another reseller is not there.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { builtInRoles, isPermission, isPermittedTo, permissionNames } from '../../src/domain/operator/permission.ts'
import type { Route } from '../../src/http/route.ts'
import { routes } from '../../src/http/route-table.ts'
import { useApi, type Client } from '../support/api.ts'
import { fillPath, makeOwned, nounOf, plainBodies, unowned, type Owned } from '../support/api-fixture.ts'
import { valuesOf } from '../support/sample.ts'

const api = useApi()
const nameOf = (route: Route): string => `${route.method.toUpperCase()} ${route.path}`
const named = routes.map((route) => [nameOf(route), route] as const)
const matrix = new Map(
  readFileSync(new URL('access-matrix.txt', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(/\s{2,}/))
    .map(([route, roles]) => [route!, roles!.split(' ')]),
)
/** A body of the right form, so that a refusal is about who asks. */
function bodyOf(route: Route): unknown {
  if (plainBodies[nameOf(route)] !== undefined) return plainBodies[nameOf(route)]
  return route.body === undefined ? undefined : fc.sample(valuesOf(route.body), { numRuns: 1, seed: 7 })[0]
}

async function call(client: Client, route: Route, path: string, body: unknown): Promise<Response> {
  const method = route.method.toUpperCase()
  if (route.upload !== undefined) {
    return client.send(method, path, { body: 'username\n', headers: { 'content-type': route.upload[0]! } })
  }
  if (body === undefined) return client.send(method, path)
  return client.send(method, path, { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
}

async function codeOf(response: Response): Promise<string | undefined> {
  if (response.status < 400) {
    await response.body?.cancel()
    return undefined
  }
  return ((await response.json()) as { code: string }).code
}

describe('without a login', () => {
  it.each(named.filter(([, route]) => route.access !== 'anybody'))('%s is refused', async (_name, route) => {
    const response = await call(api.anonymous(), route, fillPath(route.path, {}, '1'), bodyOf(route))
    expect(response.status).toBe(401)
    expect(await codeOf(response)).toBe('not-signed-in')
  })

  it('only these are open to everybody', () => {
    const open = named.filter(([, route]) => route.access === 'anybody').map(([name]) => name)
    expect(open.filter((name) => matrix.get(name)?.[0] !== 'everybody')).toEqual([])
  })
})

describe('the matrix of roles', () => {
  it('lists every route once and nothing else', () => {
    expect([...matrix.keys()].toSorted()).toEqual(named.map(([name]) => name).toSorted())
  })

  describe.each(builtInRoles)('%s', (role) => {
    let client: Client
    it.each(named)('%s', async (name, route) => {
      // A new one each time: some routes sign out who calls them.
      client = await api.as(role, role === 'reseller' ? { organisationId: await reseller() } : {})
      const code = await codeOf(await call(client, route, fillPath(route.path, {}, '999999999'), bodyOf(route)))
      const isAllowed = ['everybody', 'signed-in', role].some((word) => matrix.get(name)?.includes(word))
      if (matrix.get(name)?.includes('portal') === true) expect(code).toBe('not-signed-in')
      else if (isAllowed) expect(['forbidden', 'not-signed-in']).not.toContain(code)
      else expect(code).toBe('forbidden')
    })
  })
})

let resellerOrganisation: bigint | undefined
async function reseller(): Promise<bigint> {
  resellerOrganisation ??= await api.reseller('Matrix')
  return resellerOrganisation
}

describe('what belongs to another reseller', () => {
  let other: Client
  let owned: Owned
  beforeAll(async () => {
    // With every permission: only the scope stands in between.
    const role = await api.db
      .insertInto('role')
      .values({ name: 'everything', permissions: [...permissionNames] })
      .returning('id')
      .executeTakeFirstOrThrow()
    const [ownerId, otherId] = [await api.reseller('Owner'), await api.reseller('Other')]
    const owner = await api.as('reseller', { organisationId: ownerId, roleId: role.id })
    owned = await makeOwned(api, owner, ownerId)
    other = await api.as('reseller', { organisationId: otherId, roleId: role.id })
  })

  const takingIds = named.filter(
    ([, { path, access }]) =>
      path.includes('/:') &&
      !['anybody', 'portal'].includes(access) &&
      !unowned.includes(nounOf(path)) &&
      // What no reseller can be permitted is in the matrix above.
      (!isPermission(access) || isPermittedTo('reseller', access)),
  )

  it.each(takingIds)('%s is not there', async (_name, route) => {
    const ids = owned.get(nounOf(route.path))
    expect(ids, `${nounOf(route.path)} needs a line in test/support/api-fixture.ts`).toBeDefined()
    // A sample has the form of a body and may still be refused for what it says: then another is tried.
    for (const body of route.body === undefined
      ? [undefined]
      : fc.sample(valuesOf(route.body), { numRuns: 20, seed: 7 })) {
      const response = await call(other, route, fillPath(route.path, ids!, '1'), body)
      const code = await codeOf(response)
      if (code === 'invalid-request') continue
      expect([code, response.status, body]).toEqual(['not-found', 404, body])
      return
    }
    expect.fail('no sample of the body was well formed')
  })
})
