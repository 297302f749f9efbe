// Who sends a request, and whether a page of ours meant it: cookies, tokens, origins, and what a half-signed-in caller may.

import type { Request } from 'express'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ownAuthor } from '../../src/domain/author.ts'
import { absoluteMs, idleMs, proofMs } from '../../src/domain/operator/caller.ts'
import type { Caller } from '../../src/domain/operator/caller.ts'
import { permissionNames } from '../../src/domain/operator/permission.ts'
import type { Permission } from '../../src/domain/operator/permission.ts'
import { everything } from '../../src/domain/scope.ts'
import { addressOf, admit, readCookie, requireOwnPage, requireProof } from '../../src/http/auth.ts'
import { Problem } from '../../src/http/errors.ts'
import type { Access, Route } from '../../src/http/route.ts'
import { routes } from '../../src/http/route-table.ts'
import type { Services } from '../../src/http/context.ts'
import { countedAddress } from '../../src/domain/operator/guess.ts'
import { hours, noon, useOffice } from '../support/operator.ts'

const office = useOffice()

/** What of a request is looked at. */
const request = (headers: Record<string, string>, more: { method?: string; ip?: string } = {}): Request =>
  ({ method: 'POST', headers, ...more }) as unknown as Request

const codeOf = (work: () => unknown): string => {
  try {
    work()
    return 'fine'
  } catch (error) {
    return error instanceof Problem ? error.code : String(error)
  }
}

describe('a cookie', () => {
  it.each([
    ['a=1; b=2', 'b', '2'],
    ['a=1;b=2', 'b', '2'],
    ['ab=1', 'b', undefined],
    ['b', 'b', undefined],
    ['b=', 'b', ''],
    ['b=x=y', 'b', 'x=y'],
    ['b=1; b=2', 'b', '1'],
    ['', 'b', undefined],
  ])('in %j named %s is %j', (header, name, value) => {
    expect(readCookie(request({ cookie: header }), name)).toBe(value)
  })

  it('is found among any others, by its whole name', () => {
    const name = fc.stringMatching(/^[A-Za-z_-]{1,12}$/)
    const value = fc.stringMatching(/^[\w-]{0,20}$/)
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 8 }), name, value, (others, wanted, content) => {
        const rest = others.filter(([other]) => other !== wanted)
        const cookie = [...rest, [wanted, content]].map((pair) => pair.join('=')).join('; ')
        expect(readCookie(request({ cookie }), wanted)).toBe(content)
      }),
    )
  })
})

describe('a page', () => {
  const own = { 'x-gatehouse': '1', host: 'panel.example.net' }
  it.each<[Record<string, string>, string]>([
    [{ ...own }, 'fine'],
    [{ ...own, origin: 'https://panel.example.net', 'sec-fetch-site': 'same-origin' }, 'fine'],
    [{ ...own, 'sec-fetch-site': 'none' }, 'fine'],
    [{ host: 'panel.example.net', origin: 'https://panel.example.net' }, 'foreign-origin'],
    [{ ...own, origin: 'https://panel.example.net.evil.example' }, 'foreign-origin'],
    [{ ...own, origin: 'https://evil.example/panel.example.net' }, 'foreign-origin'],
    [{ ...own, origin: 'https://panel.example.net:8443' }, 'foreign-origin'],
    [{ ...own, origin: 'null' }, 'foreign-origin'],
    [{ ...own, origin: '' }, 'foreign-origin'],
    [{ ...own, 'sec-fetch-site': 'same-site' }, 'foreign-origin'],
    [{ ...own, 'sec-fetch-site': 'cross-site' }, 'foreign-origin'],
    [{ ...own, 'sec-fetch-site': 'SAME-ORIGIN' }, 'foreign-origin'],
  ])('with %j is %s', (headers, code) => {
    expect(codeOf(() => requireOwnPage(request(headers)))).toBe(code)
    // What changes nothing may come from anywhere: the browser shows the answer to nobody else.
    for (const method of ['GET', 'HEAD'])
      expect(codeOf(() => requireOwnPage(request(headers, { method })))).toBe('fine')
    for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      expect(codeOf(() => requireOwnPage(request(headers, { method })))).toBe(code)
    }
  })
})

describe('an address', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8::1', '2001:db8::1'],
  ])('%s is kept as %s', (ip, address) => {
    expect(addressOf(request({}, { ip }))).toBe(address)
  })

  it('of one line is counted as one, of two lines as two', () => {
    const group = fc.nat(0xffff).map((value) => value.toString(16))
    fc.assert(
      fc.property(
        fc.array(group, { minLength: 8, maxLength: 8 }),
        fc.array(group, { minLength: 4, maxLength: 4 }),
        (a, b) => {
          const here = countedAddress(a.join(':'))
          expect(countedAddress([...a.slice(0, 4), ...b].join(':'))).toBe(here)
          const other = [...a.slice(0, 3), ((Number.parseInt(a[3]!, 16) + 1) % 0x1_0000).toString(16), ...a.slice(4)]
          expect(countedAddress(other.join(':'))).not.toBe(here)
        },
      ),
    )
  })
})

describe('who may call', () => {
  const routeOf = (access: Access, more: Partial<Route> = {}) => ({ access, method: 'post', ...more }) as Route
  const caller = (changes: Partial<Caller> = {}): Caller => ({
    kind: 'session',
    id: 1n,
    operatorId: 2n,
    email: 'anna@example.net',
    name: 'Anna',
    role: 'viewer',
    organisationId: 1n,
    organisationKind: 'isp',
    state: 'full',
    permissions: new Set<Permission>(['nas.read']),
    scope: everything,
    provedAt: noon,
    viewedBy: undefined,
    ...changes,
  })
  const services = () => ({ keyring: office.keyring }) as unknown as Services
  const ask = (route: Route, who: Caller | undefined, now = noon) =>
    codeOf(() =>
      admit(route, who, { request: request({}, { ip: '192.0.2.1' }), requestId: 'r', services: services() }, now),
    )

  it.each<[Partial<Caller>, Access, string]>([
    [{ state: 'password' }, 'nas.read', 'second-factor-needed'],
    [{ state: 'password' }, 'signed-in', 'second-factor-needed'],
    [{ state: 'password' }, 'half-signed-in', 'fine'],
    [{ state: 'password' }, 'anybody', 'fine'],
    [{ state: 'change' }, 'nas.read', 'password-change-needed'],
    [{ state: 'change' }, 'signed-in', 'password-change-needed'],
    [{ state: 'change' }, 'half-signed-in', 'fine'],
    [{}, 'nas.edit', 'forbidden'],
    [{}, 'nas.read', 'fine'],
    [{ permissions: new Set() }, 'signed-in', 'fine'],
  ])('%j at %s: %s', (changes, access, code) => {
    expect(ask(routeOf(access), caller(changes))).toBe(code)
  })

  it('is nobody where nobody is signed in, but for what is open', () => {
    for (const access of [...permissionNames, 'signed-in', 'half-signed-in'] as const) {
      expect(ask(routeOf(access), undefined)).toBe('not-signed-in')
    }
    expect(ask(routeOf('anybody'), undefined)).toBe('fine')
    const context = { request: request({}, { ip: '192.0.2.1' }), requestId: 'r', services: services() }
    const author = admit(routeOf('anybody'), undefined, context, noon)
    expect([author.kind, author.operatorId, author.permissions.size]).toEqual(['anonymous', null, 0])
  })

  it('has exactly what is permitted, for any permissions and every route of the table', () => {
    fc.assert(
      fc.property(fc.subarray([...permissionNames]), fc.constantFrom(...routes), (permissions, route) => {
        const isOpen = ['anybody', 'portal', 'signed-in', 'half-signed-in'].includes(route.access)
        const may = isOpen || permissions.some((permission) => permission === route.access)
        expect(ask(route, caller({ permissions: new Set(permissions) }))).toBe(may ? 'fine' : 'forbidden')
      }),
      { numRuns: 300 },
    )
  })

  it('changes nothing through another’s eyes, whatever route asks for a permission', () => {
    const viewed = caller({ permissions: new Set(permissionNames), viewedBy: 'boss@example.net' })
    const open = ['anybody', 'portal', 'signed-in', 'half-signed-in']
    for (const route of routes.filter((one) => !open.includes(one.access))) {
      const code = ask(route, viewed)
      expect([route.method, route.path, code]).toEqual([
        route.method,
        route.path,
        route.method === 'get' ? 'fine' : 'forbidden',
      ])
    }
  })

  it('proves who they are for what is grave, within five minutes to the millisecond; a program cannot and need not', () => {
    const grave = routeOf('nas.read', { grave: true })
    const at = (ms: number) => new Date(noon.getTime() + ms)
    expect(ask(grave, caller(), at(proofMs))).toBe('fine')
    expect(ask(grave, caller(), at(proofMs + 1))).toBe('recent-proof-needed')
    expect(codeOf(() => requireProof(caller({ provedAt: undefined }), noon))).toBe('recent-proof-needed')
    expect(ask(grave, caller({ kind: 'token' }), hours(100))).toBe('fine')
    expect(ask(routeOf('nas.read', { personal: true }), caller({ kind: 'token' }))).toBe('forbidden')
  })

  it('is written down with address, request and whose eyes they were', () => {
    const who = caller({ viewedBy: 'boss@example.net' })
    const context = { request: request({}, { ip: '::ffff:192.0.2.1' }), requestId: 'r-7', services: services() }
    const author = admit(routeOf('nas.read', { method: 'get' }), who, context, noon)
    const named = { kind: 'operator', name: 'anna@example.net', viewedBy: 'boss@example.net' }
    expect(author).toMatchObject({ ...named, operatorId: 2n, address: '192.0.2.1', requestId: 'r-7' })
    const own = ownAuthor('system', 'test', office.keyring)
    expect(Object.keys(author).toSorted()).toEqual(Object.keys(own).toSorted())
  })

  it('is asked again sooner than their session ends', () => {
    expect(proofMs).toBeLessThan(idleMs)
    expect(idleMs).toBeLessThan(absoluteMs)
  })
})
