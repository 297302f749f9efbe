// The Admin API on a real socket and a real database, and callers of every role who are signed in already.

import type { RequestHandler } from 'express'
import { afterAll, beforeAll } from 'vitest'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestClock, type TestClock } from '../../src/clock.ts'
import { createKysely, createPool, type Pool } from '../../src/db/pool.ts'
import type { Database, Db } from '../../src/db/schema.ts'
import { ownAuthor, type Author } from '../../src/domain/author.ts'
import type { Keyring } from '../../src/domain/data-key.ts'
import { absoluteMs, bearerHash, makeBearer } from '../../src/domain/operator/caller.ts'
import type { BuiltInRole } from '../../src/domain/operator/permission.ts'
import { createApp } from '../../src/http/app.ts'
import { ownHeader, sessionCookie } from '../../src/http/auth.ts'
import type { Services } from '../../src/http/context.ts'
import { startHttpServer, type HttpServer } from '../../src/http/server.ts'
import { createAttributeCheck } from '../../src/cli/attribute-check.ts'
import { jobs } from '../../src/jobs/list.ts'
import { createLogger } from '../../src/log.ts'
import { useDatabase } from './database.ts'
import { openTestKeyring } from './keyring.ts'
import { noon } from './operator.ts'

/** An answer; `body` is the JSON, or the text where it is none. */
export type Answer = { status: number; headers: Headers; body: Record<string, unknown>; text: string }

export type Client = {
  operatorId: bigint
  email: string
  /** What it sends of itself, for requests by other means; empty for nobody. */
  cookie: string
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  put(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  patch(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  delete(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  /** Anything, with the caller's cookie and header; paths below /api/v1. */
  send(
    method: string,
    path: string,
    init?: { body?: RequestInit['body']; headers?: Record<string, string> },
  ): Promise<Response>
}

export type ClientOptions = {
  /** Default: the ISP. */
  organisationId?: bigint
  teamId?: bigint
  /** When it last proved who it is; default now. */
  provedAt?: Date
  /** In place of a built-in role. */
  roleId?: bigint
}

export type TestApi = {
  readonly url: string
  readonly databaseUrl: string
  readonly pool: Pool
  readonly db: Db
  readonly keyring: Keyring
  /** For a RADIUS service on the same database. */
  readonly keyFile: string
  /** Stands at noon until moved. */
  readonly clock: TestClock
  readonly services: Services
  /** The author of deeds done in the test itself. */
  readonly author: Author
  /** A new operator of the role, signed in. */
  as(role: BuiltInRole, options?: ClientOptions): Promise<Client>
  /** Nobody. */
  anonymous(): Client
  /** A reseller organisation. */
  reseller(name: string): Promise<bigint>
}

let made = 0

type ApiOptions = {
  requestsPerMinute?: number
  /** In place of one that stands at noon. */
  clock?: TestClock
  /** The panel's files, where they are served too. */
  panel?: () => Promise<RequestHandler | undefined>
}

/** Starts the API before the tests of the file, ends it after them. */
export function useApi(options: ApiOptions = {}): TestApi {
  const database = useDatabase()
  const clock = options.clock ?? createTestClock(noon)
  let keys: Awaited<ReturnType<typeof openTestKeyring>> | undefined
  let server: HttpServer | undefined
  let services: Services | undefined
  let httpPool: Pool | undefined
  let longPool: Pool | undefined
  let db: Db | undefined
  const fileDirectory = mkdtempSync(join(tmpdir(), 'gatehouse-files-'))

  beforeAll(async () => {
    keys = await openTestKeyring(database.pool)
    db = createKysely<Database>(database.pool)
    // As the admin process does it; `api.pool` is the owner of the tables.
    const role = 'gatehouse_service'
    httpPool = createPool(database.url, { name: 'gatehouse test http', max: 5, queryTimeoutMs: 20_000, role })
    longPool = createPool(database.url, { name: 'gatehouse test long', max: 3, statementTimeoutMs: 0, role })
    services = {
      db: createKysely<Database>(httpPool),
      pool: httpPool,
      longPool,
      longDb: createKysely<Database>(longPool),
      keyring: keys.keyring,
      clock,
      log: createLogger({ level: 'silent', name: 'test' }),
      checkAttribute: createAttributeCheck(),
      fileDirectory,
      jobs,
    }
    const app = createApp({
      ready: () => Promise.resolve('ready'),
      metrics: () => Promise.resolve(''),
      trustedProxies: [],
      services,
      panel: await options.panel?.(),
      requestsPerMinute: options.requestsPerMinute ?? 1_000_000,
      checkAnswers: true,
    })
    server = await startHttpServer(app, {
      address: '127.0.0.1',
      port: 0,
      tls: undefined,
      onCertificateError: () => undefined,
    })
  })
  afterAll(async () => {
    await server?.close()
    await Promise.all([httpPool?.end(), longPool?.end()])
    keys?.remove()
    rmSync(fileDirectory, { recursive: true, force: true })
  })

  return {
    get url() {
      return server!.url
    },
    get databaseUrl() {
      return database.url
    },
    get pool() {
      return database.pool
    },
    get db() {
      return db!
    },
    get keyring() {
      return keys!.keyring
    },
    get keyFile() {
      return keys!.keyFile
    },
    clock,
    get services() {
      return services!
    },
    get author() {
      return ownAuthor('system', 'test', keys!.keyring)
    },
    async as(role, input = {}) {
      const operator = await signIn(services!.db, role, input, clock.now())
      const cookie = `${sessionCookie}=${operator.bearer}`
      return { ...clientOf(() => server!.url, { cookie }), ...operator, cookie }
    },
    anonymous: () => ({ ...clientOf(() => server!.url, {}), operatorId: 0n, email: '', cookie: '' }),
    async reseller(name) {
      const { id } = await services!.db
        .insertInto('organisation')
        .values({ kind: 'reseller', name, parent_id: 1n })
        .returning('id')
        .executeTakeFirstOrThrow()
      return id
    },
  }
}

/** Makes an operator of the role, signed in; `bearer` is what its session cookie holds. */
export async function signIn(
  db: Db,
  role: BuiltInRole,
  input: ClientOptions,
  now: Date,
): Promise<{ operatorId: bigint; email: string; bearer: string }> {
  made += 1
  const email = `${role}-${made}@example.net`
  const roleId =
    input.roleId ?? (await db.selectFrom('role').select('id').where('name', '=', role).executeTakeFirstOrThrow()).id
  const organisationId =
    input.organisationId ??
    (await db.selectFrom('organisation').select('id').where('kind', '=', 'isp').executeTakeFirstOrThrow()).id
  const operator = await db
    .insertInto('operator')
    .values({
      organisation_id: organisationId,
      role_id: roleId,
      team_id: input.teamId ?? null,
      name: `${role} ${made}`,
      email,
      created_at: now,
      updated_at: now,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  const bearer = makeBearer()
  await db
    .insertInto('panel_session')
    .values({
      token_hash: bearerHash(bearer),
      operator_id: operator.id,
      state: 'full',
      created_at: now,
      last_seen_at: now,
      proved_at: input.provedAt ?? now,
      ends_at: new Date(now.getTime() + absoluteMs),
    })
    .execute()
  return { operatorId: operator.id, email, bearer }
}

/** Requests with these credentials. */
export function clientOf(
  url: () => string,
  credentials: Record<string, string>,
): Omit<Client, 'operatorId' | 'email' | 'cookie'> {
  const send: Client['send'] = (method, path, init = {}) =>
    fetch(`${url()}/api/v1${path}`, {
      method,
      headers: { [ownHeader]: '1', ...credentials, ...init.headers },
      ...(init.body === undefined ? {} : { body: init.body, duplex: 'half' }),
    })
  const json =
    (method: string) =>
    async (path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> => {
      const init =
        body === undefined
          ? { headers }
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } }
      return answerOf(await send(method, path, init))
    }
  return {
    get: (path, headers = {}) => json('GET')(path, undefined, headers),
    post: json('POST'),
    put: json('PUT'),
    patch: json('PATCH'),
    delete: json('DELETE'),
    send,
  }
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  const body = (isJson && text !== '' ? JSON.parse(text) : {}) as Record<string, unknown>
  return { status: response.status, headers: response.headers, body, text }
}
