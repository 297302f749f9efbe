// `npm run bench -- office`: what the office's largest pieces of work take at a million subscribers, and what logins feel meanwhile:
// exports as CSV and XLSX, an import, a bulk block by a filter and its undo. Over HTTP against `serve`, as an operator's program.

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { loginSubscribers, openCrowd } from './crowd.ts'
import type { Undo } from './crowd.ts'
import { serveGatehouse } from './gatehouse.ts'
import type { ProbeSeen } from './login-probe.ts'
import { blockByFilter, exportFile, importFile, jobsDone, openOfficeApi, undoBulk } from './office-api.ts'
import type { OfficeApi } from './office-api.ts'
import { readOptions } from './options.ts'
import { commandLine, cpuSeconds, descendants, residentMiB } from './process.ts'

const loginsPerSecond = 500
const imported = 100_000
const works = ['quiet', 'csv', 'xlsx', 'import', 'block', 'undo'] as const

type Office = OfficeApi & { probe: ChildProcess; adminPid: number; postgresPid: number }

/** Runs it and prints a line for each piece of work. `undo` takes what must be ended when it is interrupted. */
export async function benchOffice(undo: Undo): Promise<void> {
  // `work`: of `works`, in their order; `undo` needs `block`, `block` needs `import`.
  const {
    subscribers,
    work: wanted,
    keep,
  } = readOptions({ subscribers: 1_000_000, work: works.join(','), keep: String })
  const office = await open(subscribers, keep, undo)
  const chosen = wanted.split(',')
  let blocked: string | undefined
  const run: Record<(typeof works)[number], () => Promise<unknown>> = {
    quiet: () => sleep(20_000),
    csv: () => exportFile(office, 'csv'),
    xlsx: () => exportFile(office, 'xlsx'),
    import: () => importFile(office, imported),
    block: async () => {
      const outcome = await blockByFilter(office)
      blocked = String(outcome.id)
      return outcome.counts
    },
    undo: async () => (await undoBulk(office, blocked)).counts,
  }
  for (const work of works) if (chosen.includes(work)) await measured(office, work, run[work])
}

/** Everything that is needed, running. */
async function open(count: number, keep: string | undefined, undo: Undo): Promise<Office> {
  const crowd = await openCrowd(count, keep, undo)
  const server = await serveGatehouse(crowd)
  undo.push(() => server.close())
  const orders = [crowd.authPort, crowd.secret, loginsPerSecond, loginSubscribers].map(String)
  const probe = fork(fileURLToPath(new URL('login-probe.ts', import.meta.url)), orders)
  undo.push(() => Promise.resolve(probe.disconnect()))
  const adminPid = descendants(server.pid).find((pid) => commandLine(pid).includes('admin-process'))!
  await jobsDone(crowd.pool)
  return { ...(await openOfficeApi(crowd)), adminPid, probe, postgresPid: crowd.postgresPid }
}

/** Does a piece of work and tells how long it took, the largest memory of the admin process, and what logins felt. */
async function measured(office: Office, name: string, work: () => Promise<unknown>): Promise<void> {
  await felt(office.probe)
  let peak = 0
  const watch = setInterval(() => (peak = Math.max(peak, residentMiB(office.adminPid))), 100)
  const cpu = () => [cpuSeconds(office.adminPid), cpuSeconds(office.postgresPid)] as const
  const [admin, postgres] = cpu()
  const begun = performance.now()
  const result = await work()
  const seconds = (performance.now() - begun) / 1_000
  clearInterval(watch)
  const seen = await felt(office.probe)
  const [adminEnd, postgresEnd] = cpu()
  const spent = `CPU ${(adminEnd - admin).toFixed(1)} s here, ${(postgresEnd - postgres).toFixed(1)} s Postgres`
  const logins = `${seen.sent} logins, ${seen.accepted} accepted, p50 ${seen.p50.toFixed(1)} p99 ${seen.p99.toFixed(1)} worst ${seen.worst.toFixed(0)} ms`
  const outcome = result === undefined ? '' : ` ${JSON.stringify(result)}`
  process.stdout.write(`${name}: ${seconds.toFixed(1)} s, ${peak.toFixed(0)} MiB, ${spent}; ${logins};${outcome}\n`)
}

async function felt(probe: ChildProcess): Promise<ProbeSeen> {
  probe.send('mark')
  const [seen] = (await once(probe, 'message')) as [ProbeSeen]
  return seen
}
