// The server beside which Gatehouse is measured: FreeRADIUS of Debian's package, unpacked privately, on high ports of loopback.
// Its modules, queries and schema are the package's own; the site is the default one without what needs no SQL (EAP, files,
// detail, realms), so it does less per request than as installed.

import { execFileSync, spawn } from 'node:child_process'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { Client } from 'pg'
import { needTools } from '../test/support/tools.ts'
import type { Tools } from '../test/support/tools.ts'
import { benchmarkSubscriber } from './subscribers.ts'
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
  /** `tuned`: no group look-ups and 4 threads, by performance.md's other column. */
  tuned?: boolean
  /** As Debian ships the site where SQL is on: a row in radpostauth for each login, a detail file beside SQL accounting. */
  shipped?: boolean
}

const databaseName = 'radius'

/** What `freeradius -v` calls itself, such as `3.2.1`. */
export function freeradiusVersion(): string {
  const tools = needTools('freeradius')
  const env = { ...process.env, ...tools.env }
  const said = execFileSync(tools.file('usr/sbin/freeradius'), ['-v', '-d', '/nowhere'], { encoding: 'utf8', env })
  return /Version (\S+?),?\s/.exec(said)?.[1] ?? 'of unknown version'
}

/** Loads its database and starts it. Throws with its own words when it does not answer within 10 s. */
export async function startFreeradius(options: FreeradiusOptions): Promise<Server> {
  const tools = needTools('freeradius')
  const database = new URL(`/${databaseName}`, options.databaseUrl)
  await loadDatabase(tools, options, database.href)
  const configuration = writeConfiguration(tools, options, database)
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
    name: `FreeRADIUS${options.tuned === true ? ', tuned' : ''}${options.shipped === true ? ', shipped' : ''}`,
    pid: child.pid ?? -1,
    authPort: options.authPort,
    acctPort: options.acctPort,
    replySigned: false,
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

function writeConfiguration(tools: Tools, options: FreeradiusOptions, database: URL): string {
  const stock = tools.file('etc/freeradius/3.0')
  const folder = path.join(options.folder, 'raddb')
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  fs.writeFileSync(path.join(folder, 'dictionary'), '')
  fs.writeFileSync(path.join(folder, 'sql'), sqlModule(stock, database, options.tuned === true), { mode: 0o600 })
  const text = radiusdConfiguration(tools, stock, folder, options)
  fs.writeFileSync(path.join(folder, 'radiusd.conf'), text, { mode: 0o600 })
  return folder
}

/** The package's own sql module, told which database and how many connections. */
function sqlModule(stock: string, database: URL, tuned: boolean): string {
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

function radiusdConfiguration(tools: Tools, stock: string, folder: string, options: FreeradiusOptions): string {
  const threads = options.tuned === true ? 4 : 16
  const shipped = (text: string): string => (options.shipped === true ? text : '')
  const used = options.shipped === true ? [...modules, ...shippedModules] : modules
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
	$INCLUDE ${folder}/sql
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
		sql
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
${shipped('		detail\n		unix\n')}		sql
${shipped('		exec\n')}		attr_filter.accounting_response
	}
${shipped('	post-auth {\n		sql\n		exec\n	}\n')}}
`
}

async function loadDatabase(tools: Tools, options: FreeradiusOptions, url: string): Promise<void> {
  const schema = tools.file('etc/freeradius/3.0/mods-config/sql/main/postgresql/schema.sql')
  await withClient(options.databaseUrl, async (client) => {
    await client.query(`drop database if exists ${databaseName} with (force)`)
    await client.query(`create database ${databaseName}`)
  })
  const numbers = Array.from({ length: options.subscribers }, (_, at) => benchmarkSubscriber(at))
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
      `insert into radusergroup (username, groupname, priority) select name, 'plan', 1 from unnest($1::text[]) as t (name)`,
      [names],
    )
    await client.query(
      `insert into radgroupreply (groupname, attribute, op, value) values
         ('plan', 'Mikrotik-Rate-Limit', ':=', '20M/50M'), ('plan', 'Acct-Interim-Interval', ':=', '300'),
         ('plan', 'Framed-Pool', ':=', 'pool')`,
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
