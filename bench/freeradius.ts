// The server beside which Gatehouse is measured: FreeRADIUS of Debian's package, unpacked privately, on high ports of loopback.
// Its modules, queries and schema are the package's own; the site is the default one without what needs no SQL (EAP, files,
// detail, realms), so it does less per request than as installed. In several variants, each a process of its own on one database.

import { execFileSync, spawn } from 'node:child_process'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { Client } from 'pg'
import { needTools } from '../test/support/tools.ts'
import type { Tools } from '../test/support/tools.ts'
import { benchmarkLine, benchmarkLines, benchmarkSubscriber } from './subscribers.ts'
import { stopProcess, waitForRadius } from './process.ts'
import type { Server } from './process.ts'

export type FreeradiusOptions = {
  /** For its configuration and log. */
  folder: string
  /** Of a superuser; the database `radius` is made beside it. */
  databaseUrl: string
  authPort: number
  acctPort: number
  secret: string
  subscribers: number
}

/**
 * `stock`: 16 threads and 16 connections, without its row in radpostauth. `tuned`: no group look-ups and 4 threads. `shipped`: as
 * Debian ships the site where SQL is on: a row in radpostauth for each login, a detail file beside SQL accounting. `users`: no
 * database at all, subscribers in the users file, which it holds in memory; logins only.
 */
export const variants = ['stock', 'tuned', 'shipped', 'users'] as const
export type Variant = (typeof variants)[number]

const databaseName = 'radius'

/** What `freeradius -v` calls itself, such as `3.2.1`. */
export function freeradiusVersion(): string {
  const tools = needTools('freeradius')
  const env = { ...process.env, ...tools.env }
  const said = execFileSync(tools.file('usr/sbin/freeradius'), ['-v', '-d', '/nowhere'], { encoding: 'utf8', env })
  return /Version (\S+?),?\s/.exec(said)?.[1] ?? 'of unknown version'
}

/** Starts a variant on its loaded database. Throws with its own words when it does not answer within 20 s. */
export async function startFreeradius(options: FreeradiusOptions, variant: Variant): Promise<Server> {
  const tools = needTools('freeradius')
  const configuration = writeConfiguration(tools, options, variant)
  const child = spawn(
    tools.file('usr/sbin/freeradius'),
    [
      '-f',
      '-d',
      configuration,
      '-D',
      tools.file('usr/share/freeradius'),
      '-l',
      path.join(options.folder, 'radius.log'),
    ],
    { env: { ...process.env, ...tools.env }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const said: string[] = []
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()))
  const server = {
    name: freeradiusName(variant),
    pid: child.pid ?? -1,
    authPort: options.authPort,
    acctPort: options.acctPort,
    replySigned: false,
    memoryPids: () => [child.pid ?? -1],
    close: () => stopProcess(child),
  }
  try {
    await waitForRadius({ port: options.authPort, secret: options.secret, gone: child })
  } catch (cause) {
    await server.close()
    throw new Error(`FreeRADIUS does not answer: ${said.join('').slice(-2_000)}`, { cause })
  }
  return server
}

/** How a variant is called in a table. */
export function freeradiusName(variant: Variant): string {
  return `FreeRADIUS, ${variant}`
}

function writeConfiguration(tools: Tools, options: FreeradiusOptions, variant: Variant): string {
  const stock = tools.file('etc/freeradius/3.0')
  const folder = path.join(options.folder, 'raddb')
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  fs.writeFileSync(path.join(folder, 'dictionary'), '')
  const store = variant === 'users' ? usersModule(folder) : sqlModule(stock, options.databaseUrl, variant === 'tuned')
  fs.writeFileSync(path.join(folder, 'store'), store, { mode: 0o600 })
  if (variant === 'users') fs.writeFileSync(path.join(folder, 'users'), usersFile(options.subscribers), { mode: 0o600 })
  const text = radiusdConfiguration(tools, { stock, folder, variant }, options)
  fs.writeFileSync(path.join(folder, 'radiusd.conf'), text, { mode: 0o600 })
  return folder
}

/** The package's own files module, without what it has for accounting and proxies. */
function usersModule(folder: string): string {
  return `files {\n	usersfile = ${folder}/users\n}\n`
}

/** Every subscriber with what its plan replies. */
function usersFile(count: number): string {
  const reply = groupReply.map(([name, value]) => `${name} := "${value}"`).join(', ')
  const people = Array.from({ length: count }, (_, at) => {
    const { username, password } = benchmarkSubscriber(at)
    return `${username} Cleartext-Password := "${password}"\n	${reply}\n`
  })
  const lines = linesOf(count).map((mac) => `${mac} Auth-Type := Accept\n	${reply}\n`)
  return [...people, ...lines].join('')
}

const groupReply = [
  ['Mikrotik-Rate-Limit', '20M/50M'],
  ['Acct-Interim-Interval', '300'],
  ['Framed-Pool', 'pool'],
]

/** RouterOS' DHCP server names a line by its MAC, with nothing to prove. */
function linesOf(subscribers: number): string[] {
  return Array.from({ length: Math.min(subscribers, benchmarkLines) }, (_, at) => benchmarkLine(at).mac)
}

/** The package's own sql module, told which database and how many connections. */
function sqlModule(stock: string, databaseUrl: string, tuned: boolean): string {
  const database = new URL(databaseUrl)
  const settings = `
	server = "${database.hostname}"
	port = ${database.port}
	login = "${database.username}"
	password = "${decodeURIComponent(database.password)}"
	read_groups = ${tuned ? 'no' : 'yes'}
	read_profiles = ${tuned ? 'no' : 'yes'}
`
  return fs
    .readFileSync(path.join(stock, 'mods-available/sql'), 'utf8')
    .replace(/^\s*dialect = .*$/m, '\tdialect = "postgresql"')
    .replace(/^\s*driver = .*$/m, '\tdriver = "rlm_sql_${dialect}"')
    .replace(/^\s*radius_db = .*$/m, `\tradius_db = "${databaseName}"\n${settings}`)
}

const modules = ['always', 'preprocess', 'chap', 'mschap', 'pap', 'expiration', 'logintime', 'expr', 'attr_filter']
/** What the shipped site does besides. */
const shippedModules = ['detail', 'unix', 'exec']

type Place = { stock: string; folder: string; variant: Variant }

function radiusdConfiguration(tools: Tools, { stock, folder, variant }: Place, options: FreeradiusOptions): string {
  const threads = variant === 'tuned' ? 4 : 16
  const shipped = (text: string): string => (variant === 'shipped' ? text : '')
  const used = variant === 'shipped' ? [...modules, ...shippedModules] : modules
  const store = variant === 'users' ? 'files' : 'sql'
  const listen = (type: string, port: number): string =>
    `	listen {\n		type = ${type}\n		ipaddr = 127.0.0.1\n		port = ${port}\n		recv_buff = 4194304\n	}\n`
  return `
prefix = /usr
localstatedir = ${options.folder}
logdir = ${options.folder}
radacctdir = ${options.folder}
raddbdir = ${folder}
confdir = ${stock}
modconfdir = ${stock}/mods-config
run_dir = ${options.folder}
libdir = ${tools.file('usr/lib/freeradius')}
name = freeradius
max_request_time = 30
cleanup_delay = 5
max_requests = 65536
hostname_lookups = no
log {
	destination = files
	file = ${options.folder}/radius.log
	auth = no
}
security {
	max_attributes = 200
	reject_delay = 1
	status_server = yes
}
proxy_requests = no
thread pool {
	start_servers = ${threads}
	max_servers = ${threads}
	min_spare_servers = ${threads}
	max_spare_servers = ${threads}
	max_requests_per_server = 0
	auto_limit_acct = no
}
client bench {
	ipaddr = 127.0.0.1
	secret = ${options.secret}
	require_message_authenticator = no
}
modules {
${used.map((name) => `	$INCLUDE ${stock}/mods-available/${name}`).join('\n')}
	$INCLUDE ${folder}/store
}
policy {
	$INCLUDE ${stock}/policy.d/filter
	$INCLUDE ${stock}/policy.d/accounting
}
server default {
${listen('auth', options.authPort)}${listen('acct', options.acctPort)}	authorize {
		filter_username
		preprocess
		chap
		mschap
		${store}
		expiration
		logintime
		pap
	}
	authenticate {
		Auth-Type PAP {
			pap
		}
		Auth-Type CHAP {
			chap
		}
		Auth-Type MS-CHAP {
			mschap
		}
	}
	preacct {
		preprocess
		acct_unique
	}
	accounting {
${shipped('		detail\n		unix\n')}${variant === 'users' ? '' : '		sql\n'}${shipped('		exec\n')}		attr_filter.accounting_response
	}
${shipped('	post-auth {\n		sql\n		exec\n	}\n')}}
`
}

/** Makes the database of all variants in place of what was there. */
export async function loadFreeradius(options: Pick<FreeradiusOptions, 'databaseUrl' | 'subscribers'>): Promise<void> {
  const schema = needTools('freeradius').file('etc/freeradius/3.0/mods-config/sql/main/postgresql/schema.sql')
  await withClient(options.databaseUrl, async (client) => {
    await client.query(`drop database if exists ${databaseName} with (force)`)
    await client.query(`create database ${databaseName}`)
  })
  const numbers = Array.from({ length: options.subscribers }, (_, at) => benchmarkSubscriber(at))
  const url = new URL(`/${databaseName}`, options.databaseUrl).href
  const lines = linesOf(options.subscribers)
  await withClient(url, async (client) => {
    await client.query(fs.readFileSync(schema, 'utf8'))
    const names = numbers.map((one) => one.username)
    const passwords = numbers.map((one) => one.password)
    await client.query(
      `insert into radcheck (username, attribute, op, value)
       select name, 'Cleartext-Password', ':=', password from unnest($1::text[], $2::text[]) as t (name, password)`,
      [names, passwords],
    )
    await client.query(
      `insert into radcheck (username, attribute, op, value) select mac, 'Auth-Type', ':=', 'Accept' from unnest($1::text[]) as t (mac)`,
      [lines],
    )
    await client.query(
      `insert into radusergroup (username, groupname, priority) select name, 'plan', 1 from unnest($1::text[]) as t (name)`,
      [[...names, ...lines]],
    )
    await client.query(
      `insert into radgroupreply (groupname, attribute, op, value)
       select 'plan', name, ':=', value from unnest($1::text[], $2::text[]) as t (name, value)`,
      [groupReply.map(([name]) => name), groupReply.map(([, value]) => value)],
    )
    await client.query('analyze')
  })
}

async function withClient(url: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
