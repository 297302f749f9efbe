// `gatehouse simulate`: emulated NASes that dial in and account, and the comparison of their ledger with the database.

import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { parse } from 'csv-parse/sync'
import { ownDictionary } from '../aaa/own-dictionary.ts'
import { systemClock } from '../clock.ts'
import { readConfig } from '../config.ts'
import { checkChoice, checkInteger, FieldError } from '../domain/field.ts'
import { compareSessions } from '../simulator/compare.ts'
import type { Difference } from '../simulator/compare.ts'
import type { CoaBehaviour } from '../simulator/coa.ts'
import { dialMethods } from '../simulator/credentials.ts'
import type { DialMethod } from '../simulator/credentials.ts'
import { openLedgerFile, readLedgerFile } from '../simulator/ledger-file.ts'
import { createLedger } from '../simulator/ledger.ts'
import type { Ledger } from '../simulator/ledger.ts'
import type { Dial } from '../simulator/nas-session.ts'
import { createNas } from '../simulator/nas.ts'
import type { SimulatedNas } from '../simulator/nas.ts'
import { makeLines, playRounds } from '../simulator/rounds.ts'
import type { RoundsSummary } from '../simulator/rounds.ts'
import { accessKinds, simulatedVendors } from '../simulator/shape.ts'
import { shapeOf, UnknownShapeError } from '../simulator/shapes.ts'
import { withConfiguredDatabase } from './database.ts'
import { readSessionRows } from './ledger-rows.ts'
import { printFacts, printJson, printLine, printTable } from './output.ts'
import { CommandFailedError } from './run.ts'
import { readSecret } from './secret-input.ts'

type RunOptions = {
  nas: string[]
  vendor: string
  access?: string
  identifier?: string
  server: string
  authPort?: string
  acctPort?: string
  secretStdin?: true
  passwordStdin?: true
  subscribers?: string
  usernamePrefix?: string
  count: string
  method: string
  rounds: string
  seconds: string
  pace?: string
  seed: string
  churn: string
  loss: string
  duplicate: string
  reorder: string
  renewal: string
  rebootAt?: string
  boot: string
  failAt?: string
  accountingOn?: true
  stayOnline?: true
  coaPort?: string
  coa: string
  ledger?: string
  json?: true
}

/** Adds the commands. */
export function addSimulateCommand(program: Command): void {
  const simulate = program.command('simulate').description('emulated NASes, and their ledger against the database')
  const run = simulate
    .command('run', { isDefault: true })
    .description('dial in, renew, account and hang up as NASes of several vendors would')
    .requiredOption('--nas <address...>', 'loopback addresses, one NAS on each, such as 127.0.0.11')
    .option('--vendor <vendor>', simulatedVendors.join(', '), 'mikrotik')
    .option('--access <kind>', 'pppoe or ipoe (as the vendor does, PPPoE first)')
    .option('--identifier <text>', 'NAS-Identifier; with several NASes each adds its address (vendor and address)')
    .option('--secret-stdin', 'the shared secret is the first line of standard input')
    .option('--password-stdin', 'the password of all subscribers is the next line of standard input')
    .option('--subscribers <file>', 'CSV with the columns username and password, and mac if there is one')
    .option('--username-prefix <text>', 'in place of a file: subscribers PREFIX1, PREFIX2 …')
    .option('--count <number>', 'how many of them', '10')
    .option('--method <method>', `${dialMethods.join(', ')} or mixed`, 'mixed')
    .option('--json')
  addPlayOptions(run)
  run.action(runAction)
  simulate
    .command('compare')
    .description('compare a ledger with the database, to the byte')
    .requiredOption('--ledger <file>')
    .option('--json')
    .action(compareAction)
}

function addPlayOptions(run: Command): void {
  run
    .option('--server <address>', 'where the server listens', '127.0.0.1')
    .option('--auth-port <port>', 'as configured for this machine')
    .option('--acct-port <port>')
    .option('--rounds <number>', 'how often everybody accounts', '5')
    .option('--seconds <seconds>', 'time that passes on the NASes in a round', '1')
    .option('--pace <milliseconds>', 'real time of a round (the same)')
    .option('--seed <seed>', 'same seed, same traffic and same losses', '1')
    .option('--churn <share>', 'share that hangs up and dials again in each round', '0.02')
    .option('--renewal <share>', 'IPoE: share of the leases that are renewed in each round', '0.5')
    .option('--loss <share>', 'share of datagrams lost, each way', '0')
    .option('--duplicate <share>', 'share doubled', '0')
    .option('--reorder <share>', 'share held back', '0')
    .option('--reboot-at <round>', 'all NASes lose power before this round')
    .option('--boot <milliseconds>', 'how long they take to come back', '3500')
    .option('--fail-at <round>', 'the first NAS dies before this round, and its lines dial in at the others')
    .option('--accounting-on', 'they send Accounting-On when they are back')
    .option('--stay-online', 'do not hang up at the end')
    .option('--coa-port <port>', 'take CoA and Disconnect orders there')
    .option('--coa <behaviour>', 'obey, ignore (acknowledge only), silence, or an Error-Cause such as 506', 'obey')
    .option('--ledger <file>', 'write what was meant, sent and answered')
}

async function runAction(options: RunOptions): Promise<void> {
  const { secret, dials } = await readCredentials(options)
  const file = options.ledger === undefined ? undefined : openLedgerFile(options.ledger)
  const nases: SimulatedNas[] = []
  const aborter = new AbortController()
  const abort = (): void => aborter.abort()
  process.once('SIGINT', abort).once('SIGTERM', abort)
  try {
    const ledger = createLedger(file?.write)
    for (const address of options.nas) nases.push(await startNas(options, { address, secret, ledger }))
    const lines = makeLines(nases, dials)
    const summary = await playRounds({ lines, ...readRounds(options), signal: aborter.signal })
    printSummary(options, nases, summary)
  } finally {
    process.off('SIGINT', abort).off('SIGTERM', abort)
    for (const nas of nases) nas.close()
    await file?.close()
  }
}

function startNas(
  options: RunOptions,
  about: { address: string; secret: string; ledger: Ledger },
): Promise<SimulatedNas> {
  const { address, secret, ledger } = about
  const config = readConfig()
  const vendor = checkChoice('vendor', options.vendor, simulatedVendors)
  const access = readAccess(options)
  const prefix = options.identifier ?? vendor
  const behaviour = readBehaviour(options.coa)
  return createNas({
    vendor,
    ...(access && { access }),
    identifier: options.identifier !== undefined && options.nas.length === 1 ? prefix : `${prefix}-${address}`,
    localAddress: address,
    server: {
      address: options.server,
      authPort: port('auth-port', options.authPort) ?? config.authPort,
      acctPort: port('acct-port', options.acctPort) ?? config.acctPort,
    },
    secret,
    dictionary: ownDictionary(),
    seed: options.seed,
    clock: systemClock,
    ledger,
    faults: {
      loss: share('loss', options.loss),
      duplicate: share('duplicate', options.duplicate),
      reorder: share('reorder', options.reorder),
    },
    ...(options.coaPort !== undefined && { coaPort: checkInteger('coa-port', options.coaPort, 0, 65_535) }),
    onOrder: () => behaviour,
  })
}

function readRounds(options: RunOptions) {
  const seconds = checkInteger('seconds', options.seconds, 1, 86_400)
  return {
    seed: options.seed,
    rounds: checkInteger('rounds', options.rounds, 1, 1_000_000),
    seconds,
    paceMs: checkInteger('pace', options.pace ?? seconds * 1000, 0, 86_400_000),
    churn: share('churn', options.churn),
    // A PPPoE session asks once.
    renewal: isIpoe(options) ? share('renewal', options.renewal) : 0,
    ...(options.rebootAt !== undefined && { rebootAt: checkInteger('reboot-at', options.rebootAt, 1, 1_000_000) }),
    bootMs: checkInteger('boot', options.boot, 0, 3_600_000),
    ...(options.failAt !== undefined && { failAt: checkInteger('fail-at', options.failAt, 1, 1_000_000) }),
    tell: options.accountingOn ?? false,
    stayOnline: options.stayOnline ?? false,
  }
}

function readAccess({ access }: RunOptions) {
  return access === undefined ? undefined : checkChoice('access', access, accessKinds)
}

function isIpoe(options: RunOptions): boolean {
  const vendor = checkChoice('vendor', options.vendor, simulatedVendors)
  try {
    return shapeOf(vendor, readAccess(options)).identity !== undefined
  } catch (error) {
    throw error instanceof UnknownShapeError ? new FieldError('access', error.message) : error
  }
}

// Both secrets come on standard input, a line each, in this order.
async function readCredentials(options: RunOptions): Promise<{ secret: string; dials: Dial[] }> {
  if (options.secretStdin !== true) {
    throw new FieldError('secret-stdin', 'is needed: the shared secret comes from standard input')
  }
  const [secret = '', password] = (await readSecret('secret, and password on the next line')).split(/\r?\n/)
  if (options.subscribers !== undefined) return { secret, dials: readDials(options, options.subscribers) }
  if (options.usernamePrefix === undefined) {
    throw new FieldError('username-prefix', 'or --subscribers is needed: somebody must dial in')
  }
  if (!isIpoe(options) && (options.passwordStdin !== true || password === undefined)) {
    throw new FieldError('password-stdin', 'is needed with --username-prefix: the password is the second line')
  }
  const count = checkInteger('count', options.count, 1, 1_000_000)
  const dials = Array.from({ length: count }, (_, index) => ({
    username: `${options.usernamePrefix}${index + 1}`,
    password: password ?? '',
    mac: makeMac(index),
    method: methodOf(options.method, index),
  }))
  return { secret, dials }
}

function readDials(options: RunOptions, path: string): Dial[] {
  const rows = parse<Record<string, string>>(readFileSync(path), { columns: true, bom: true, skip_empty_lines: true })
  return rows.map(({ username, password, mac }, index) => {
    if (!username || (!password && !isIpoe(options))) {
      throw new FieldError('subscribers', `row ${index + 1} of ${path} lacks username or password`)
    }
    return { username, password: password ?? '', mac: mac || makeMac(index), method: methodOf(options.method, index) }
  })
}

function methodOf(method: string, index: number): DialMethod {
  return checkChoice('method', method === 'mixed' ? dialMethods[index % dialMethods.length]! : method, dialMethods)
}

/** A locally administered MAC for the subscriber with this number. */
export function makeMac(index: number): string {
  const hex = index.toString(16).padStart(8, '0')
  return `02:5a:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}:${hex.slice(6)}`
}

function readBehaviour(text: string): CoaBehaviour {
  if (/^\d{3}$/.test(text)) return { refuse: Number(text) }
  return checkChoice('coa', text, ['obey', 'ignore', 'silence'] as const)
}

function port(field: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : checkInteger(field, text, 1, 65_535)
}

function share(field: string, text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= 1)) throw new FieldError(field, 'must be a number from 0 to 1')
  return value
}

function printSummary(options: RunOptions, nases: readonly SimulatedNas[], summary: RoundsSummary): void {
  const counts = nases.map((nas) => ({ nas: nas.facts.identifier, ...nas.counts() }))
  if (options.json) {
    printJson({ ...summary, nases: counts })
    return
  }
  const dials = Object.entries(summary.dials).map(([kind, count]) => `${count} ${kind}`)
  printFacts([
    ['dial-ins', dials.join(', ') || 'none'],
    ['records answered', summary.answered],
    ['records not answered', summary.unanswered],
  ])
  printTable(
    ['NAS', 'ONLINE', 'SENT', 'RESENT', 'ANSWERED', 'TIMEOUTS', 'BAD REPLIES', 'UNSIGNED REPLIES'],
    counts.map((one) => [
      one.nas,
      one.online,
      one.sent,
      one.resent,
      one.answered,
      one.timeouts,
      one.badReplies,
      one.unsignedReplies,
    ]),
    'no NAS',
  )
}

async function compareAction(options: { ledger: string; json?: true }): Promise<void> {
  const state = await readLedgerFile(options.ledger).catch((error: unknown) => {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw isMissing ? new FieldError('ledger', `there is no file ${options.ledger}`) : error
  })
  const { rows } = await withConfiguredDatabase((place) => readSessionRows(place, state, place.now))
  const differences = compareSessions(state, rows)
  if (options.json) printJson({ differences: differences.length, list: differences })
  else printDifferences(differences)
  if (differences.length > 0) throw new CommandFailedError('the database differs from the ledger')
}

/** `0 differences`, or how many and which. */
function printDifferences(differences: readonly Difference[]): void {
  printLine(differenceCount(differences.length))
  if (differences.length === 0) return
  printTable(
    ['DIFFERENCE', 'NAS', 'SESSION', 'USERNAME', 'EXPECTED', 'FOUND'],
    differences.map((one) => [one.kind, one.nas, one.acctSessionId, one.username, one.expected, one.found]),
    '',
  )
}

/** The number in words: `0 differences`, `1 difference`. */
export function differenceCount(count: number): string {
  return count === 1 ? '1 difference' : `${count} differences`
}
