// The application of the benches over a crowd: the API and the panel on a real socket, and who is signed in there.

import * as path from 'node:path'
import { createAttributeCheck } from '../src/cli/attribute-check.ts'
import { systemClock } from '../src/clock.ts'
import { createKysely, createPool } from '../src/db/pool.ts'
import type { Pool } from '../src/db/pool.ts'
import type { Database } from '../src/db/schema.ts'
import { openKeyring } from '../src/domain/data-key.ts'
import { bearerHash, makeBearer } from '../src/domain/operator/caller.ts'
import { createApp } from '../src/http/app.ts'
import { sessionCookie } from '../src/http/auth.ts'
import { builtPanel, createPanel } from '../src/http/panel.ts'
import { startHttpServer } from '../src/http/server.ts'
import { createLogger } from '../src/log.ts'
import type { Crowd, Undo } from './crowd.ts'

/** Cookies as a request carries them. */
export type Api = { url: string; cookies: { staff: string; reseller: string } }

/** The application as it is served, and two who are signed in: of the ISP, and of a reseller. */
export async function startApi({ url, folder, pool }: Crowd, now: Date, undo: Undo): Promise<Api> {
  const served = createPool(url, { name: 'bench http', statementTimeoutMs: 5_000 })
  undo.push(() => served.end())
  const db = createKysely<Database>(served)
  const services = {
    db,
    pool: served,
    longPool: served,
    longDb: db,
    keyring: await openKeyring(pool, path.join(folder, 'gatehouse.key'), now),
    clock: systemClock,
    log: createLogger({ level: 'silent', name: 'bench' }),
    checkAttribute: createAttributeCheck(),
    fileDirectory: folder,
    jobs: [],
  }
  const app = createApp({
    ready: () => Promise.resolve('ready'),
    metrics: () => Promise.resolve(''),
    trustedProxies: [],
    services,
    panel: await createPanel(builtPanel),
    requestsPerMinute: 10_000_000,
  })
  const server = await startHttpServer(app, {
    address: '127.0.0.1',
    port: 0,
    tls: undefined,
    onCertificateError: () => undefined,
  })
  undo.push(() => server.close())
  const cookies = {
    staff: await signIn(pool, 'administrator', 'isp', now),
    reseller: await signIn(pool, 'reseller', 'reseller', now),
  }
  return { url: server.url, cookies }
}

async function signIn(pool: Pool, role: string, kind: string, now: Date): Promise<string> {
  const bearer = makeBearer()
  await pool.query(
    `with made as (
       insert into operator (organisation_id, role_id, name, email, created_at, updated_at)
       select max(organisation.id), (select id from role where name = $1), $1, $1 || '@' || $3 || '.test', $4, $4
       from organisation where kind = $2 returning id
     )
     insert into panel_session (token_hash, operator_id, state, created_at, last_seen_at, proved_at, ends_at)
     select $5, made.id, 'full', $4, $4, $4, $4::timestamptz + interval '11 hours' from made`,
    [role, kind, process.pid, now, bearerHash(bearer)],
  )
  return `${sessionCookie}=${bearer}`
}
