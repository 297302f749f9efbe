// The environment, read once at the start and nowhere else. Only what must be known before the database can be asked:
// sockets, files and start. Policy lies in the table `setting`. All bad variables are named at once, without secrets.

import * as path from 'node:path'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'

/** One or more variables are wrong. The message names each on a line of its own. The process ends with exit code 2. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`the configuration is wrong:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

const port = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a port from 1 to 65535')
  .transform(Number)
  .refine((value) => value >= 1 && value <= 65_535, 'must be a port from 1 to 65535')
const address = z.string().refine(isAddress, 'must be one IPv4 or IPv6 address')
const addresses = z
  .string()
  .transform(splitList)
  .refine((list) => list.length > 0 && list.every(isAddress), 'must be addresses, separated by commas')
const networks = z
  .string()
  .transform(splitList)
  .refine((list) => list.length > 0 && list.every(isNetwork), 'must be addresses or networks (10.0.0.0/8), by commas')
const file = z.string().transform((value) => path.resolve(value))

const environment = z.object({
  DATABASE_URL: z
    .string()
    .refine(isPostgresUrl, 'must be a URL like postgres://role:password@host:5432/database, several hosts by commas')
    .optional(),
  GATEHOUSE_DATA_DIR: file.default(() => path.resolve('.data')),
  GATEHOUSE_KEY_FILE: file.optional(),
  GATEHOUSE_STATE_DIR: file.optional(),
  GATEHOUSE_RADIUS_ADDRESSES: addresses.optional(),
  GATEHOUSE_AUTH_PORT: port.default(1812),
  GATEHOUSE_ACCT_PORT: port.default(1813),
  GATEHOUSE_RADSEC_PORT: port.default(2083),
  GATEHOUSE_RADSEC_CERT: file.optional(),
  GATEHOUSE_RADSEC_KEY: file.optional(),
  GATEHOUSE_RADSEC_CA: file.optional(),
  GATEHOUSE_HTTP_ADDRESS: address.default('127.0.0.1'),
  GATEHOUSE_HTTP_PORT: port.default(8080),
  GATEHOUSE_TLS_CERT: file.optional(),
  GATEHOUSE_TLS_KEY: file.optional(),
  GATEHOUSE_TRUSTED_PROXIES: networks.optional(),
  GATEHOUSE_RADIUS_WORKERS: z
    .string()
    .regex(/^\d{1,2}$/, 'must be a number from 1 to 64')
    .transform(Number)
    .refine((value) => value >= 1 && value <= 64, 'must be a number from 1 to 64')
    .default(1),
  GATEHOUSE_LAST_KNOWN: z
    .enum(['subscribers', 'nothing'], { error: 'must be subscribers or nothing' })
    .default('subscribers'),
  GATEHOUSE_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      error: 'must be trace, debug, info, warn, error, fatal or silent',
    })
    .default('info'),
  /** Tests only: see fail-points.ts. */
  GATEHOUSE_FAIL_POINTS: z.string().optional(),
  NODE_ENV: z.string().optional(),
})

/** What the process needs to know before it can ask the database. Paths are absolute. */
export type Config = ReturnType<typeof toConfig>

/** Reads the environment; an empty variable counts as unset. Throws ConfigError that names everything wrong at once. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = environment.safeParse(given)
  const problems = [
    ...unknownVariables(given),
    ...(parsed.error?.issues ?? []).map((issue) => `${issue.path.join('.')} ${issue.message}`),
    ...brokenRules(given),
  ]
  if (parsed.data === undefined || problems.length > 0) throw new ConfigError(problems)
  return toConfig(parsed.data)
}

/**
 * The environment of our child processes: ours, and one arena for the C library's allocator. It would make one for each of
 * Node's threads, and the 64 KiB that every datagram is received into would leave holes in all of them (80 MB measured).
 */
export function childEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return { MALLOC_ARENA_MAX: '1', ...env }
}

function toConfig(env: z.infer<typeof environment>) {
  const { GATEHOUSE_TLS_CERT: cert, GATEHOUSE_TLS_KEY: key } = env
  return {
    /** Undefined: our own Postgres in the data directory. */
    databaseUrl: env.DATABASE_URL,
    dataDirectory: env.GATEHOUSE_DATA_DIR,
    /** In the data directory, but not in the folder of the database's files: the two must not share a backup. */
    keyFile: env.GATEHOUSE_KEY_FILE ?? path.join(env.GATEHOUSE_DATA_DIR, 'gatehouse.key'),
    /** What an instance keeps for the time when Postgres is away: its snapshot and its journal. On a disk of this machine. */
    stateDirectory: env.GATEHOUSE_STATE_DIR ?? path.join(env.GATEHOUSE_DATA_DIR, 'state'),
    /** Undefined: one socket per local address. */
    radiusAddresses: env.GATEHOUSE_RADIUS_ADDRESSES,
    authPort: env.GATEHOUSE_AUTH_PORT,
    acctPort: env.GATEHOUSE_ACCT_PORT,
    /** Undefined: RADIUS over UDP only. */
    radsec: radsecOf(env),
    httpAddress: env.GATEHOUSE_HTTP_ADDRESS,
    httpPort: env.GATEHOUSE_HTTP_PORT,
    tls: cert === undefined || key === undefined ? undefined : { certificate: cert, key },
    trustedProxies: env.GATEHOUSE_TRUSTED_PROXIES ?? [],
    radiusWorkers: env.GATEHOUSE_RADIUS_WORKERS,
    /** What a RADIUS process knows by itself while Postgres is away. */
    lastKnown: env.GATEHOUSE_LAST_KNOWN,
    logLevel: env.GATEHOUSE_LOG_LEVEL,
    failPoints: env.GATEHOUSE_FAIL_POINTS,
  }
}

function radsecOf(env: z.infer<typeof environment>) {
  const { GATEHOUSE_RADSEC_CERT: certificate, GATEHOUSE_RADSEC_KEY: key, GATEHOUSE_RADSEC_CA: ca } = env
  return certificate && key ? { port: env.GATEHOUSE_RADSEC_PORT, certificate, key, ca } : undefined
}

/** A misspelt variable would otherwise be a default that nobody wanted. */
function unknownVariables(given: Record<string, unknown>): string[] {
  const known = new Set(Object.keys(environment.shape))
  return Object.keys(given)
    .filter((name) => name.startsWith('GATEHOUSE_') && !name.startsWith('GATEHOUSE_TEST_') && !known.has(name))
    .map((name) => `${name} is not a variable of Gatehouse`)
}

function brokenRules(given: Record<string, string | undefined>): string[] {
  const problems: string[] = []
  const [cert, key] = [given.GATEHOUSE_TLS_CERT, given.GATEHOUSE_TLS_KEY]
  if ((cert === undefined) !== (key === undefined)) {
    problems.push('GATEHOUSE_TLS_CERT and GATEHOUSE_TLS_KEY must be set together')
  }
  if ((given.GATEHOUSE_RADSEC_CERT === undefined) !== (given.GATEHOUSE_RADSEC_KEY === undefined)) {
    problems.push('GATEHOUSE_RADSEC_CERT and GATEHOUSE_RADSEC_KEY must be set together')
  }
  if (given.GATEHOUSE_RADSEC_CERT === undefined && (given.GATEHOUSE_RADSEC_CA ?? given.GATEHOUSE_RADSEC_PORT)) {
    problems.push('GATEHOUSE_RADSEC_PORT and GATEHOUSE_RADSEC_CA need GATEHOUSE_RADSEC_CERT and GATEHOUSE_RADSEC_KEY')
  }
  const http = given.GATEHOUSE_HTTP_ADDRESS
  const protectedHttp = cert !== undefined || given.GATEHOUSE_TRUSTED_PROXIES !== undefined
  if (http !== undefined && isAddress(http) && !isLoopback(http) && !protectedHttp) {
    const mend = 'set GATEHOUSE_TLS_CERT and GATEHOUSE_TLS_KEY, or name the proxy in front in GATEHOUSE_TRUSTED_PROXIES'
    problems.push(`GATEHOUSE_HTTP_ADDRESS ${http} would show passwords in plain http beyond this machine: ${mend}`)
  }
  const [auth, acct] = [Number(given.GATEHOUSE_AUTH_PORT ?? 1812), Number(given.GATEHOUSE_ACCT_PORT ?? 1813)]
  if (auth === acct) problems.push('GATEHOUSE_AUTH_PORT and GATEHOUSE_ACCT_PORT must differ')
  if (given.GATEHOUSE_FAIL_POINTS !== undefined && given.NODE_ENV !== 'test') {
    problems.push('GATEHOUSE_FAIL_POINTS is for tests only (NODE_ENV=test)')
  }
  return problems
}

function splitList(value: string): string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** ipaddr.js also takes the old forms (10.1, 0x7f.1): those are more often a slip than meant. */
function isAddress(value: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(value) || ipaddr.IPv6.isValid(value)
}

function isNetwork(value: string): boolean {
  const [network = '', length, ...rest] = value.split('/')
  if (!isAddress(network) || rest.length > 0) return false
  return length === undefined || ipaddr.isValidCIDR(value)
}

function isLoopback(value: string): boolean {
  return ipaddr.process(value).range() === 'loopback'
}

/** One host, or several by commas, of which the one that takes writes is found (src/db/hosts.ts). */
function isPostgresUrl(value: string): boolean {
  const parts = /^(postgres(?:ql)?:\/\/(?:[^/?#]*@)?)([^/?#@]*)([/?#].*)?$/.exec(value)
  if (parts === null) return false
  const [, lead = '', hosts = '', rest = ''] = parts
  const names = hosts.split(',')
  return names.every((name) => (name !== '' || names.length === 1) && URL.canParse(lead + name + rest))
}
