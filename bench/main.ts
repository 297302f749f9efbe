// `npm run bench`: FreeRADIUS and Gatehouse in turns on one Postgres, by the method of README.md beside this file. Prints one
// table and writes every run to results/. Takes minutes; never run by the tests.

import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { freeTcpPort, freeUdpPort } from '../src/cli/free-port.ts'
import { startEmbeddedPostgres } from '../src/db/embedded.ts'
import { makeSecret } from '../src/domain/secret.ts'
import { provideTools } from '../test/support/tools.ts'
import type { Undo } from './crowd.ts'
import { benchEnforce } from './enforce.ts'
import { freeradiusVersion, startFreeradius } from './freeradius.ts'
import { startGatehouse } from './gatehouse.ts'
import type { Gatehouse } from './gatehouse.ts'
import { works } from './generator-orders.ts'
import type { Work } from './generator-orders.ts'
import { benchGrowth } from './growth.ts'
import { benchList } from './list.ts'
import { measure, summarise } from './measure.ts'
import type { Run, Summary } from './measure.ts'
import { benchMemory } from './memory.ts'
import { benchOffice } from './office.ts'
import { benchPanel } from './panel.ts'
import { peakMemoryMiB } from './process.ts'
import type { Server } from './process.ts'
import { benchSnapshot } from './snapshot.ts'
import { benchSteady } from './steady.ts'
import { benchStorm } from './storm.ts'
import { table } from './table.ts'

const usage = `npm run bench -- [--rounds 3] [--seconds 5] [--window 64] [--subscribers 100000]
  [--work ${works.join(',')}] [--tuned] [--shipped] [--only gatehouse|freeradius]
npm run bench -- list [--subscribers 1000000] [--rounds 3] [--keep FOLDER]
npm run bench -- office [--subscribers 1000000] [--work quiet,csv,xlsx,import,block,undo] [--keep FOLDER]
npm run bench -- panel [--subscribers 1000000] [--rounds 20] [--rows 20000] [--keep FOLDER]
npm run bench -- enforce [--small]
npm run bench -- snapshot [--subscribers 200000] [--keep FOLDER]
npm run bench -- steady [--subscribers 1000000] [--minutes 10] [--per-second N] [--lines 100000] [--keep FOLDER]
npm run bench -- storm [--subscribers 50000] [--window 1024]
npm run bench -- memory [--subscribers 1000000] [--sessions 100000] [--minutes 10] [--per-second 2000] [--keep FOLDER]
npm run bench -- growth [--few 10000] [--many 1000000] [--sessions 2000000] [--rounds 5] [--seconds 5] [--window 64] [--keep FOLDER]
`
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
/** What is compiled at run time must have been. */
const warmupSeconds = 5
const stormSubscribers = 20_000

type Options = {
  rounds: number
  seconds: number
  window: number
  subscribers: number
  works: Work[]
  tuned: boolean
  shipped: boolean
  only: string | undefined
}

const undo: Undo = []
process.once('SIGINT', () => void end(130))
process.once('SIGTERM', () => void end(143))
/** Measurements of their own, by the first word. */
const others: Record<string, (undo: Undo) => Promise<void>> = {
  list: benchList,
  office: benchOffice,
  panel: benchPanel,
  enforce: benchEnforce,
  snapshot: benchSnapshot,
  steady: benchSteady,
  storm: benchStorm,
  memory: benchMemory,
  growth: benchGrowth,
}
await (others[process.argv[2] ?? ''] ?? main)(undo).then(
  () => end(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return end(1)
  },
)

async function main(): Promise<void> {
  const options = readOptions()
  await provideTools('freeradius')
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gatehouse-bench-'))
  undo.push(() => fs.promises.rm(folder, { recursive: true, force: true }))
  const postgres = await startEmbeddedPostgres({ dataDirectory: path.join(folder, 'data'), durable: true, log: silent })
  undo.push(() => postgres.stop())

  const servers: Server[] = []
  const shared = { databaseUrl: postgres.url, secret: makeSecret(), subscribers: options.subscribers }
  if (options.only !== 'gatehouse') {
    const ports = { authPort: await freeUdpPort(0), acctPort: await freeUdpPort(0) }
    const place = { folder: path.join(folder, 'freeradius'), tuned: options.tuned, shipped: options.shipped }
    servers.push(await started(startFreeradius({ ...shared, ...ports, ...place })))
  }
  if (options.only !== 'freeradius') {
    const ports = { authPort: await freeUdpPort(0), acctPort: await freeUdpPort(0), httpPort: await freeTcpPort(0) }
    servers.push(await started(startGatehouse({ ...shared, ...ports, folder: path.join(folder, 'gatehouse') })))
  }
  const runs = await rounds(options, servers, { pid: () => postgres.pid, secret: shared.secret, folder })
  report(options, servers, runs)
}

async function started<S extends Server>(starting: Promise<S>): Promise<S> {
  const server = await starting
  undo.push(() => server.close())
  process.stdout.write(`${server.name} answers\n`)
  return server
}

/** Every work in every round, the two servers side by side and in turned order each time. */
async function rounds(
  options: Options,
  servers: Server[],
  { pid, secret, folder }: { pid: () => number; secret: string; folder: string },
): Promise<Run[]> {
  const runs: Run[] = []
  const { seconds, window } = options
  for (let round = 0; round < options.rounds; round++) {
    for (const [at, work] of options.works.entries()) {
      const order = (round + at) % 2 === 0 ? servers : servers.toReversed()
      for (const server of order) {
        const subscribers = work === 'storm' ? Math.min(stormSubscribers, options.subscribers) : options.subscribers
        const orders = { work, secret, window, seconds, subscribers, warmupSeconds, run: runs.length + 1 }
        const run = await measure(server, pid(), orders, round, folder)
        runs.push(run)
        const faults = `${run.lost} lost, ${run.wrong} wrong, ${run.retransmissions} sent again`
        process.stdout.write(`${round + 1} ${work} ${server.name}: ${Math.round(run.rate)}/s, ${faults}\n`)
        // What the run before left to write is not the next one's.
        await sleep(1_000)
      }
    }
  }
  return runs
}

function report(options: Options, servers: readonly Server[], runs: readonly Run[]): void {
  const names: [string, string] = [servers[0]?.name ?? '', servers.at(-1)?.name ?? '']
  const summaries = options.works.map((work) => summarise(work, runs, names))
  process.stdout.write(`\n${machine(options)}\n${table(summaries, names)}\n`)
  const ours = servers.find((server): server is Gatehouse => 'radiusPids' in server)
  const memory = ours?.radiusPids().map((pid) => Math.round(peakMemoryMiB(pid))) ?? []
  if (ours !== undefined) {
    const imported = `${options.subscribers} subscribers imported in ${ours.importSeconds.toFixed(1)} s`
    process.stdout.write(`${imported}; RADIUS process at most ${memory.join(', ')} MiB\n`)
  }
  writeResults({ machine: machine(options), memory, importSeconds: ours?.importSeconds, summaries, runs })
}

function machine(options: Options): string {
  const cpus = os.cpus()
  const load = os.loadavg()[0]?.toFixed(1)
  const cores = `${cpus.length} × ${cpus[0]?.model ?? 'unknown'}, load ${load}`
  const versions = `Node ${process.version}, FreeRADIUS ${freeradiusVersion()}`
  const method = `${options.rounds} rounds of ${options.seconds} s, window ${options.window}, ${options.subscribers} subscribers`
  return `${cores}; ${versions}; ${method}`
}

function writeResults(results: { summaries: readonly Summary[] } & Record<string, unknown>): void {
  const folder = fileURLToPath(new URL('./results/', import.meta.url))
  fs.mkdirSync(folder, { recursive: true })
  const at = new Date().toISOString()
  const file = path.join(folder, `${at.replace(/[:.]/g, '-')}.json`)
  fs.writeFileSync(file, `${JSON.stringify({ at, ...results }, undefined, 2)}\n`)
  process.stdout.write(`every run: ${path.relative(process.cwd(), file)}\n`)
}

function readOptions(): Options {
  const text = { type: 'string' as const }
  const { values } = parseArgs({
    options: {
      rounds: text,
      seconds: text,
      window: text,
      subscribers: text,
      work: text,
      only: text,
      tuned: { type: 'boolean' },
      shipped: { type: 'boolean' },
    },
  })
  const chosen = values.work?.split(',') ?? works
  const known = works.filter((work) => chosen.includes(work))
  const number = (value: string | undefined, fallback: number): number => Number(value ?? fallback)
  const options = {
    rounds: number(values.rounds, 3),
    seconds: number(values.seconds, 5),
    window: number(values.window, 64),
    subscribers: number(values.subscribers, 100_000),
    works: known,
    tuned: values.tuned ?? false,
    shipped: values.shipped ?? false,
    only: values.only,
  }
  const numbers = [options.rounds, options.seconds, options.window, options.subscribers]
  if (known.length < chosen.length || numbers.some((one) => !(one > 0))) throw new Error(usage)
  return options
}

async function end(code: number): Promise<void> {
  for (const step of undo.splice(0).toReversed()) await step()
  process.exitCode = code
}
