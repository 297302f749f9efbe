// `npm test`: first what the tests need beyond npm packages (at most once: later runs ask no network), then vitest with the
// arguments given. Where the tools are not to be had their tests count as skipped; with CI set that fails the run.
// `npm test -- --postgres-15 test/domain` runs against Debian's PostgreSQL 15, the oldest that we support.

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { buildPanel } from '../../web/build/build.ts'
import { PackagesMissingError } from './debian-packages.ts'
import { hasMountNamespace, isInsistent, postgresPrograms, provideTools } from './tools.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const args = process.argv.slice(2).filter((arg) => arg !== '--postgres-15')
const onPostgres15 = args.length < process.argv.length - 2

// The browser tests look at what is served.
await buildPanel()
process.exitCode = (await toolsAreHere()) ? await runVitest(await environment()) : 1

async function toolsAreHere(): Promise<boolean> {
  try {
    await provideTools('clients')
    await provideTools('freeradius')
    await provideTools('radsecproxy')
    await provideTools('chromium')
    await provideTools('strace')
    await provideTools('postgres')
    if (!hasMountNamespace()) process.stderr.write('skipped: pam_radius (this user may not have a mount namespace)\n')
    return true
  } catch (error) {
    if (!(error instanceof PackagesMissingError)) throw error
    process.stderr.write(
      `${isInsistent() ? 'CI may skip nothing' : 'skipped: test/foreign, test/panel and what needs strace or PostgreSQL 15'}: ${error.message}\n`,
    )
    return !isInsistent()
  }
}

async function environment(): Promise<NodeJS.ProcessEnv> {
  if (!onPostgres15) return process.env
  return { ...process.env, GATEHOUSE_TEST_POSTGRES_BIN: await postgresPrograms() }
}

async function runVitest(env: NodeJS.ProcessEnv): Promise<number> {
  const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))
  const child = spawn(process.execPath, [vitest, 'run', ...args], { cwd: root, stdio: 'inherit', env })
  // Ctrl-C reaches vitest too: it ends its Postgres and its workers, and we wait for that.
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}
