// The three ways to a router that the tests go: the API in the clear, the API over TLS, and REST.
import { afterEach } from 'vitest'
import { createApiTransport } from '../../../src/nas/routeros/api.ts'
import { createRestTransport } from '../../../src/nas/routeros/rest.ts'
import { RouterError } from '../../../src/nas/routeros/router-error.ts'
import type { RouterAccount, RouterTransport, Trust } from '../../../src/nas/routeros/transport.ts'
import { startFakeRouter, type FakeRouter, type FakeRow } from '../../support/fake-router.ts'

export type Changes = Partial<RouterAccount> & { trust?: Trust }
export type Backend = { name: string; open(router: FakeRouter, changes?: Changes): RouterTransport }

const opened: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close()
})

/** Long, for what must not time out on a slow machine. */
const patience = 20_000

function accountOf(router: FakeRouter, port: number, changes: Changes) {
  const { host, user, password } = router
  return { host, port, user, password, timeoutMs: patience, trust: { sha256: router.fingerprint }, ...changes }
}

function keep(transport: RouterTransport): RouterTransport {
  opened.push(transport)
  return transport
}

export const plainApi: Backend = {
  name: 'API',
  open: (router, changes = {}) =>
    keep(createApiTransport({ ...accountOf(router, router.apiPort, changes), trust: undefined })),
}
export const tlsApi: Backend = {
  name: 'API over TLS',
  open: (router, changes = {}) => keep(createApiTransport(accountOf(router, router.apiTlsPort, changes))),
}
export const rest: Backend = {
  name: 'REST',
  open: (router, changes = {}) => keep(createRestTransport(accountOf(router, router.restPort, changes))),
}
export const backends: Backend[] = [plainApi, tlsApi, rest]

/** A fake router that is closed after the test. */
export async function routerWith(tables: Record<string, FakeRow[]> = {}): Promise<FakeRouter> {
  const router = await startFakeRouter(tables)
  opened.push(router)
  return router
}

/** The RouterError of what must fail; anything else fails the test. */
export async function failure(work: Promise<unknown>): Promise<RouterError> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (outcome instanceof RouterError) return outcome
  throw new Error('not the error of a router', { cause: outcome })
}
