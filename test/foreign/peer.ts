// What the tests with foreign programs share: a running RADIUS service with one client on loopback, one plan and one
// subscriber, and the programs run with their input and read back as text.

import { spawn } from 'node:child_process'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import type { RadsecConfig } from '../../src/aaa/radsec.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import type { VendorName } from '../../src/domain/nas.ts'
import { createKysely } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { addClient } from '../../src/domain/client.ts'
import { addPlan } from '../../src/domain/plan.ts'
import { addSubscriber } from '../../src/domain/subscriber.ts'
import { useDatabase } from '../support/database.ts'
import { startTestService } from '../support/service.ts'
import type { TestService } from '../support/service.ts'
import { needTools } from '../support/tools.ts'
import type { Tools } from '../support/tools.ts'

export const secret = 'a-secret-that-only-tests-know'
export const username = 'anna.keller'
export const password = 'correct horse battery'

export type Peer = { readonly service: TestService; readonly pool: ReturnType<typeof useDatabase>['pool'] }

/** A service for the test file that calls this, closed after its tests. */
export function usePeer(
  options: { settings?: Record<string, unknown>; vendor?: VendorName; radsec?: RadsecConfig } = {},
): Peer {
  const database = useDatabase()
  let service: TestService | undefined
  beforeAll(async () => {
    service = await startTestService(database, {
      settings: options.settings ?? {},
      ...(options.radsec && { radsec: options.radsec }),
    })
    const db = createKysely<Database>(database.pool)
    const now = new Date()
    const { keyring } = service
    await addClient(
      db,
      keyring,
      { name: 'bng', address: '127.0.0.1', vendor: options.vendor ?? 'mikrotik', secret },
      now,
    )
    await addPlan(db, { name: 'home', down: '50M', up: '20M', days: 30, pool: 'pppoe' }, () => undefined, now)
    await addSubscriber(db, { username, password, plan: 'home' }, ownAuthor('system', 'test', keyring), now)
    await service.refresh()
  })
  afterAll(() => service?.close())
  return {
    get service() {
      if (service === undefined) throw new Error('the service exists only while tests and hooks run')
      return service
    },
    get pool() {
      return database.pool
    },
  }
}

export type ProgramResult = { code: number | null; output: string }

/** Runs a program to its end, at most 20 s; its two outputs come as one text. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { input?: string; env?: Record<string, string>; cwd?: string } = {},
): Promise<ProgramResult> {
  const child = spawn(program, args, {
    env: { ...process.env, ...options.env },
    timeout: 20_000,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  const parts: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => parts.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => parts.push(chunk))
  // It may have ended before it read all.
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.input ?? '')
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { code, output: Buffer.concat(parts).toString() }
}

/** radclient with one packet, given as lines `Name = value`. It signs and verifies by its own code. */
export function radclient(port: number, command: string, lines: readonly string[]): Promise<ProgramResult> {
  const tools = needTools('clients')
  const args = ['-x', '-D', dictionaries(tools), '-t', '4', '-r', '1', `127.0.0.1:${port}`, command, secret]
  return runProgram(tools.file('usr/bin/radclient'), args, { input: `${lines.join('\n')}\n`, env: tools.env })
}

/** The dictionaries of the package, for programs that would look for them where the package is installed. */
export function dictionaries(tools: Tools): string {
  return tools.file('usr/share/freeradius')
}

/** A folder for the files of one test file, removed after its tests. */
export function useFolder(): { file(name: string, text: string, mode?: number): string; readonly path: string } {
  let folder = ''
  beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gatehouse-foreign-'))
  })
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))
  return {
    get path() {
      return folder
    },
    file(name, text, mode = 0o600) {
      const whole = path.join(folder, name)
      fs.mkdirSync(path.dirname(whole), { recursive: true })
      fs.writeFileSync(whole, text, { mode })
      return whole
    },
  }
}
