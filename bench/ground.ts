// What a measurement stands on: a folder, a Postgres of its own with default durability, free ports and a secret.

import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { freeTcpPort, freeUdpPort } from '../src/cli/free-port.ts'
import { startEmbeddedPostgres } from '../src/db/embedded.ts'
import { makeSecret } from '../src/domain/secret.ts'
import type { Undo } from './crowd.ts'
import type { GatehouseOptions } from './gatehouse.ts'

/** `folder`: of everything; `serve` has one of its own in it. */
export type Ground = Omit<GatehouseOptions, 'subscribers'> & { postgresPid: number }

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** Starts Postgres in `keep`, or in a folder that is removed at the end. `undo` takes what must be ended. */
export async function openGround(keep: string | undefined, undo: Undo): Promise<Ground> {
  const folder = keep ?? fs.mkdtempSync(path.join(os.tmpdir(), 'gatehouse-bench-'))
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (keep === undefined) undo.push(() => fs.promises.rm(folder, { recursive: true, force: true }))
  const postgres = await startEmbeddedPostgres({ dataDirectory: path.join(folder, 'data'), durable: true, log: silent })
  undo.push(() => postgres.stop())
  return {
    folder,
    databaseUrl: postgres.url,
    postgresPid: postgres.pid,
    authPort: await freeUdpPort(0),
    acctPort: await freeUdpPort(0),
    httpPort: await freeTcpPort(0),
    secret: keptSecret(path.join(folder, 'secret')),
  }
}

function keptSecret(file: string): string {
  if (!fs.existsSync(file)) fs.writeFileSync(file, makeSecret(), { mode: 0o600 })
  return fs.readFileSync(file, 'utf8')
}
