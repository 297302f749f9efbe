// One Postgres for the run and one migrated template in it. Our own, fast and not durable (in memory where there is room: a database
// for each file is a thousand files to write and to remove), unless these name another:
//   GATEHOUSE_TEST_DATABASE_URL   a server on which the role may create databases
//   GATEHOUSE_TEST_POSTGRES_BIN   the folder of other programs (Debian's /usr/lib/postgresql/15/bin)
// What a killed run left behind is stopped and removed by the next one.

import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from '../../src/db/embedded.ts'
import { clusterName } from '../../src/db/embedded/cluster.ts'
import { processExists } from '../../src/db/embedded/holders.ts'
import { findRunning, stopServer } from '../../src/db/embedded/process.ts'
import { migrate } from '../../src/db/migrate.ts'
import { runAsAdministrator, silentLog } from './database.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where databases may be made and dropped, and the name of the migrated one to copy. */
    testServer: { url: string; template: string } | { failure: string }
  }
}

const prefix = `gatehouse-test-${createHash('sha256')
  .update(import.meta.dirname)
  .digest('hex')
  .slice(0, 8)}-`

/** A file system in memory, where there is one. The server and its log take about two gigabytes of it. */
const memoryFolder = '/dev/shm'
const wantedOctets = 6 * 2 ** 30
const folders = [os.tmpdir(), memoryFolder]

/** Called by vitest before the first and after the last test. A failure is told only to tests that want a database. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const undo: (() => Promise<unknown>)[] = []
  try {
    await removeLeftovers()
    const url = process.env.GATEHOUSE_TEST_DATABASE_URL ?? (await startServer(undo))
    const template = `gatehouse_test_${process.pid}_template`
    await runAsAdministrator(url, `create database ${template}`)
    undo.unshift(() => runAsAdministrator(url, `drop database if exists ${template} with (force)`))
    await migrate(new URL(`/${template}`, url).href)
    project.provide('testServer', { url, template })
  } catch (error) {
    project.provide('testServer', { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
  return async () => {
    for (const step of undo) await step()
  }
}

async function startServer(undo: (() => Promise<unknown>)[]): Promise<string> {
  const dataDirectory = path.join(hasRoomInMemory() ? memoryFolder : os.tmpdir(), `${prefix}${process.pid}`)
  fs.mkdirSync(dataDirectory)
  // Open to the server's user whatever the umask: programs before Postgres 16 cannot be started inside a closed folder.
  fs.chmodSync(dataDirectory, 0o711)
  undo.unshift(() => fs.promises.rm(dataDirectory, { recursive: true, force: true }))
  const binaries = process.env.GATEHOUSE_TEST_POSTGRES_BIN
  const server = await startEmbeddedPostgres({
    dataDirectory,
    durable: false,
    log: silentLog,
    ...(binaries === undefined ? {} : { binaries }),
  })
  undo.unshift(() => server.stop())
  return server.url
}

/** Room for the files, and memory beside them: what lies there is taken from the tests. */
function hasRoomInMemory(): boolean {
  if (process.platform !== 'linux' || !fs.existsSync(memoryFolder)) return false
  const { bavail, bsize } = fs.statfsSync(memoryFolder)
  return bavail * bsize >= wantedOctets && os.freemem() >= wantedOctets
}

async function removeLeftovers(): Promise<void> {
  for (const folder of folders.filter((name) => fs.existsSync(name))) {
    for (const name of fs.readdirSync(folder)) {
      if (!name.startsWith(prefix)) continue
      const pid = Number(name.slice(prefix.length))
      if (pid !== process.pid && processExists(pid)) continue
      await removeRun(path.join(folder, name)).catch(() => undefined) // that of another user, who will do it
    }
  }
}

async function removeRun(directory: string): Promise<void> {
  const root = path.join(directory, 'postgres')
  const running = findRunning(root)
  if (running !== undefined) await stopServer(running.pid, clusterName(root))
  fs.rmSync(directory, { recursive: true, force: true })
}
