// `gatehouse demo`: the whole service over its own Postgres, with emulated NASes that dial in and account until Ctrl-C, and
// their ledger compared with the database every few seconds. All of it lies in one folder and on loopback addresses.

import * as path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ownDictionary } from '../aaa/own-dictionary.ts'
import { systemClock } from '../clock.ts'
import { readConfig } from '../config.ts'
import type { Config } from '../config.ts'
import { createKysely, createPool } from '../db/pool.ts'
import type { Pool } from '../db/pool.ts'
import type { Database, Db } from '../db/schema.ts'
import { openKeyring } from '../domain/data-key.ts'
import { checkInteger } from '../domain/field.ts'
import { createLogger } from '../log.ts'
import { compareSessions } from '../simulator/compare.ts'
import { createLedger } from '../simulator/ledger.ts'
import type { Ledger } from '../simulator/ledger.ts'
import { createNas } from '../simulator/nas.ts'
import type { NasOptions } from '../simulator/nas-options.ts'
import type { SimulatedNas } from '../simulator/nas.ts'
import { createRandom } from '../simulator/random.ts'
import type { Random } from '../simulator/random.ts'
import { hangUpAll, playRound } from '../simulator/rounds.ts'
import type { Line, RoundsSummary } from '../simulator/rounds.ts'
import { startService } from '../supervisor.ts'
import type { Service } from '../supervisor.ts'
import { brokenNas, demoNases, demoTrial } from './demo-data.ts'
import type { DemoNas } from './demo-data.ts'
import { createDemoIsp } from './demo-isp.ts'
import { makeDemoOperator } from './demo-operator.ts'
import type { DemoLogin } from './demo-operator.ts'
import { drawScreen, formatIntroduction, formatSessions, formatStatus } from './demo-screen.ts'
import type { DemoState, DemoView } from './demo-screen.ts'
import { makeDemoSubscribers } from './demo-subscribers.ts'
import { freeTcpPort, freeUdpPort } from './free-port.ts'
import { readSessionRows } from './ledger-rows.ts'
import { printLine } from './output.ts'
import { CommandFailedError } from './run.ts'

type DemoOptions = { seconds?: string; json?: true }

const roundSeconds = 2
/** In each round one line of so many reports: from one report of a session to the next it is as many rounds. */
const turns = 5
/** The share of those who are refused that try again when it is their turn. */
const tryAgain = 0.01
/** The share that hangs up and dials again in each round. */
const churn = 0.005
/** A network as it is: now and then something is lost, doubled or late. */
const faults = { loss: 0.005, duplicate: 0.005, reorder: 0.01 }
const hangUpMs = 3_000

/**
 * Plays until Ctrl-C, or for `seconds`; then everything has ended, Postgres too. Throws CommandFailedError where the time was
 * bounded and nobody came online or the database differs at its end.
 */
export async function demo(options: DemoOptions): Promise<void> {
  const seconds = options.seconds === undefined ? undefined : checkInteger('seconds', options.seconds, 1, 86_400)
  const config = await demoConfig(readConfig())
  const aborter = new AbortController()
  const end = (): void => aborter.abort()
  // They stay: a second Ctrl-C must not cut the orderly end short.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end)
  if (options.json !== true) printLine('starting Postgres and the service …')
  const service = await startService(config, createLogger({ level: config.logLevel, name: 'demo' }), systemClock)
  const timer = seconds === undefined ? undefined : setTimeout(end, seconds * 1000)
  try {
    await service.whole
    const { differences, dials } = await play(config, service, options, aborter.signal)
    if (seconds === undefined) return
    if (differences > 0) throw new CommandFailedError('the database differs from the ledger of the emulated NASes')
    if (dials.online === undefined) throw new CommandFailedError('nobody came online')
  } finally {
    clearTimeout(timer)
    await service.close()
  }
}

/** Its own folder, its own Postgres, loopback only, and free ports where the usual ones are taken. */
async function demoConfig(config: Config): Promise<Config> {
  const dataDirectory = path.join(config.dataDirectory, 'demo')
  return {
    ...config,
    databaseUrl: undefined,
    dataDirectory,
    keyFile: path.join(dataDirectory, 'gatehouse.key'),
    radiusAddresses: ['127.0.0.1'],
    authPort: await freeUdpPort(config.authPort),
    acctPort: await freeUdpPort(config.acctPort),
    httpAddress: '127.0.0.1',
    httpPort: await freeTcpPort(config.httpPort),
    tls: undefined,
    radsec: undefined,
    // The table is the output; what needs a person still shows.
    logLevel: config.logLevel === 'info' ? 'error' : config.logLevel,
  }
}

/** What the last comparison found, and how the dial-ins ended. */
type Played = { differences: number; dials: RoundsSummary['dials'] }

async function play(config: Config, service: Service, options: DemoOptions, signal: AbortSignal): Promise<Played> {
  const pool = createPool(service.databaseUrl, { name: 'gatehouse demo', max: 3 })
  const nases: SimulatedNas[] = []
  try {
    const db = createKysely<Database>(pool)
    const now = systemClock.now()
    const keyring = await openKeyring(pool, config.keyFile, now)
    await createDemoIsp(db, keyring, now)
    const operator = await makeDemoOperator(db, keyring, now)
    const ledger = createLedger()
    nases.push(...(await Promise.all(demoNases.map((nas) => startNas(nas, service, ledger)))))
    // Nothing that it says is believed: it has a ledger of its own, which nobody compares.
    const broken = await startNas({ ...brokenNas, secret: brokenNas.typedSecret }, service, createLedger())
    const lines = makeDemoLines(nases, broken)
    const screen = createScreen(viewOf(config, service, operator), options)
    return await playUntilAborted({ pool, db, ledger, nases, lines, screen, signal }).finally(() => broken.close())
  } finally {
    for (const nas of nases) nas.close()
    await pool.end()
  }
}

/** Everybody's, at the NAS of their village; a modem that nobody knows; and one behind the broken NAS. */
function makeDemoLines(nases: readonly SimulatedNas[], broken: SimulatedNas): DemoLine[] {
  const lines = makeDemoSubscribers()
    .filter(({ kind }) => kind !== 'never-there')
    .map(({ dial, kind, zone }): DemoLine => {
      const nas = nases[demoNases.findIndex((one) => one.zone === zone)]!
      return { nas, dial, session: undefined, isRefused: kind !== 'online', turns: 0 }
    })
  const { dial } = lines[0]!
  const stranger = { ...dial, username: 'new.cafe', password: 'not known yet', mac: '02:00:00:ca:fe:07' }
  return [
    ...lines,
    { nas: nases[0]!, dial: stranger, session: undefined, isRefused: true, turns: 0 },
    { nas: broken, dial: { ...stranger, username: 'quarry.office' }, session: undefined, isRefused: true, turns: 0 },
  ]
}

async function startNas(
  nas: DemoNas & { takesNoOrders?: true },
  service: Service,
  ledger: Ledger,
): Promise<SimulatedNas> {
  const { vendor, name, address, secret } = nas
  const { authPort, acctPort } = service
  const options: NasOptions = {
    vendor,
    identifier: name,
    localAddress: address,
    server: { address: '127.0.0.1', authPort, acctPort },
    secret,
    dictionary: ownDictionary(),
    seed: systemClock.now().getTime(),
    clock: systemClock,
    ledger,
    faults,
    ...(vendor === 'accel-ppp' && { timers: { timeoutMs: 1_000, tries: 3 } }),
  }
  const open = { ...options, coaPort: 3799 }
  // Another demonstration beside this one has the usual port: then orders are not for us.
  const made = nas.takesNoOrders
    ? await createNas(options)
    : await createNas(open).catch(() => createNas({ ...open, coaPort: 0 }))
  // It has just been switched on: sessions of an earlier run are over.
  await made.tell('Accounting-On')
  return made
}

/** `isRefused`: as long as nobody mends it, dialling is in vain, and after the first time it is seldom tried. */
type DemoLine = Line & { readonly isRefused: boolean; turns: number }

type Stage = {
  pool: Pool
  db: Db
  ledger: Ledger
  nases: readonly SimulatedNas[]
  lines: readonly DemoLine[]
  screen: (state: DemoState) => void
  signal: AbortSignal
}

async function playUntilAborted(stage: Stage): Promise<Played> {
  const { lines, nases, signal } = stage
  const summary: RoundsSummary = { dials: {}, answered: 0, unanswered: 0 }
  const random = createRandom('demo')
  let began = performance.now()
  let seconds = roundSeconds
  for (let round = 0; !signal.aborted; round += 1) {
    const due = lines.filter((line, index) => index % turns === round % turns && isThere(line, random))
    await Promise.all(await playRound({ lines: due, seconds: seconds * turns, churn }, summary, random))
    // Compared while nothing is on its way, so that both sides speak of the same moment.
    await Promise.all(nases.map((nas) => nas.quiet()))
    await show(stage)
    await sleep(Math.max(0, began + roundSeconds * 1000 - performance.now()), undefined, { signal }).catch(
      () => undefined,
    )
    // A round that took longer leaves more time on the NASes.
    seconds = Math.max(1, Math.floor((performance.now() - began) / 1000))
    began += seconds * 1000
  }
  await Promise.race([hangUpAll(lines, summary), sleep(hangUpMs, undefined, { ref: false })])
  return { differences: await show(stage), dials: summary.dials }
}

function isThere(line: DemoLine, random: Random): boolean {
  const isOnline = line.session !== undefined && line.session.endedBy === undefined
  line.turns += 1
  return isOnline || !line.isRefused || line.turns === 1 || random.chance(tryAgain)
}

async function show({ pool, db, ledger, nases, screen }: Stage): Promise<number> {
  const { rows, listed } = await readSessionRows({ pool, db }, ledger.state, systemClock.now())
  const differences = compareSessions(ledger.state, rows).length
  const counts = nases.map((nas) => nas.counts())
  const sum = (name: 'online' | 'answered' | 'resent'): number => counts.reduce((total, one) => total + one[name], 0)
  const sessions = listed.filter(({ ended_at: endedAt }) => endedAt === null)
  screen({ sessions, online: sum('online'), answered: sum('answered'), resent: sum('resent'), differences })
  return differences
}

function viewOf(config: Config, service: Service, operator: DemoLogin): DemoView {
  const { username, password, client } = demoTrial
  const attributes = `User-Name=${username},User-Password=${password},Message-Authenticator=0x00`
  return {
    url: service.httpUrl,
    operator,
    dataDirectory: config.dataDirectory,
    login: { username, password },
    radclient: `echo '${attributes}' | radclient -x 127.0.0.1:${service.authPort} auth ${client.secret}`,
  }
}

function createScreen(view: DemoView, options: DemoOptions): (state: DemoState) => void {
  if (options.json) {
    return ({ sessions, ...counts }) => printLine(JSON.stringify({ ...counts, open: sessions.length, ...view }))
  }
  const introduction = formatIntroduction(view)
  const isTerminal = process.stdout.isTTY
  if (isTerminal) process.stdout.write('\u001b[2J')
  else for (const line of introduction) printLine(line)
  return (state) => {
    if (!isTerminal) return printLine(formatStatus(state))
    const { rows, columns } = process.stdout
    const head = [...introduction, formatStatus(state), 'Ctrl-C ends everything', '']
    const table = formatSessions(state.sessions, rows - head.length - 4, columns)
    process.stdout.write(drawScreen([...head, ...table]))
  }
}
