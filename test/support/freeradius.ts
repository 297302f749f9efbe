// FreeRADIUS as a neighbour: a home server with subscribers of its own, or a proxy in front of us. Debian's package with its own
// modules, on free high ports of loopback, all files in the test's folder; what it saw it writes to a file, a line a request.

import { spawn } from 'node:child_process'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { stopProcess, waitForRadius } from '../../bench/process.ts'
import { freeUdpPort } from '../../src/cli/free-port.ts'
import { needTools } from './tools.ts'

export type FreeradiusOptions = {
  /** For its configuration and its files; empty. */
  readonly folder: string
  /** Of those who ask it. */
  readonly secret: string
  /** Usernames and their passwords; ignored by a proxy. */
  readonly subscribers?: Readonly<Record<string, string>>
  /** Forwards everything to this server. */
  readonly proxyTo?: { readonly authPort: number; readonly acctPort: number; readonly secret: string }
  /** Where it listens; free ports are found where none are told. */
  readonly ports?: Ports
}

export type Ports = { readonly authPort: number; readonly acctPort: number }

export type Freeradius = Ports & {
  readonly pid: number
  /** What came so far: `auth anna 0x01 0x02`, `acct Start anna s1 0x01`. */
  seen(): string[]
  close(): Promise<void>
}

/** Starts it and waits until both ports answer Status-Server. Throws with its own words where they do not. */
export async function startFreeradius(options: FreeradiusOptions): Promise<Freeradius> {
  const ports = options.ports ?? { authPort: await freeUdpPort(0), acctPort: await freeUdpPort(0) }
  const tools = needTools('freeradius')
  fs.mkdirSync(options.folder, { recursive: true, mode: 0o700 })
  fs.writeFileSync(path.join(options.folder, 'dictionary'), '')
  fs.writeFileSync(path.join(options.folder, 'radiusd.conf'), configuration(options, ports), { mode: 0o600 })
  const log = path.join(options.folder, 'radius.log')
  const child = spawn(
    tools.file('usr/sbin/freeradius'),
    ['-f', '-d', options.folder, '-D', tools.file('usr/share/freeradius'), '-l', log],
    { env: { ...process.env, ...tools.env }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => said.push(String(chunk)))
  try {
    for (const port of [ports.authPort, ports.acctPort]) {
      await waitForRadius({ port, secret: options.secret, gone: child })
    }
  } catch (cause) {
    await stopProcess(child)
    const logged = fs.existsSync(log) ? fs.readFileSync(log, 'utf8') : ''
    throw new Error(`FreeRADIUS does not answer: ${said.join('')}${logged}`.slice(0, 4_000), { cause })
  }
  const seen = path.join(options.folder, 'seen')
  return {
    ...ports,
    pid: child.pid ?? -1,
    seen: () => (fs.existsSync(seen) ? fs.readFileSync(seen, 'utf8').trimEnd().split('\n') : []),
    close: () => stopProcess(child),
  }
}

function configuration(options: FreeradiusOptions, ports: Ports): string {
  const tools = needTools('freeradius')
  const stock = tools.file('etc/freeradius/3.0')
  const { folder, proxyTo } = options
  const listen = (type: string, port: number): string =>
    `	listen {\n		type = ${type}\n		ipaddr = 127.0.0.1\n		port = ${port}\n	}\n`
  return `
prefix = /usr
localstatedir = ${folder}
logdir = ${folder}
raddbdir = ${folder}
confdir = ${stock}
modconfdir = ${stock}/mods-config
run_dir = ${folder}
libdir = ${tools.file('usr/lib/freeradius')}
name = freeradius
max_request_time = 30
cleanup_delay = 0
max_requests = 4096
hostname_lookups = no
log {
	destination = files
	file = ${folder}/radius.log
}
security {
	max_attributes = 200
	reject_delay = 0
	status_server = yes
}
proxy_requests = ${proxyTo === undefined ? 'no' : 'yes'}
${proxyTo === undefined ? '' : proxyConfiguration(proxyTo)}
thread pool {
	start_servers = 2
	max_servers = 2
	min_spare_servers = 2
	max_spare_servers = 2
	max_requests_per_server = 0
	auto_limit_acct = no
}
client neighbour {
	ipaddr = 127.0.0.1
	secret = "${options.secret}"
	require_message_authenticator = no
}
modules {
${['always', 'pap', 'chap', 'mschap', 'expr'].map((name) => `	$INCLUDE ${stock}/mods-available/${name}`).join('\n')}
	linelog seen {
		filename = ${folder}/seen
		permissions = 0600
		format = "acct %{Acct-Status-Type} %{User-Name} %{Acct-Session-Id} %{Proxy-State[*]}"
	}
	linelog seen_auth {
		filename = ${folder}/seen
		permissions = 0600
		format = "auth %{User-Name} %{Proxy-State[*]}"
	}
}
server default {
${listen('auth', ports.authPort)}${listen('acct', ports.acctPort)}	authorize {
		seen_auth
${proxyTo === undefined ? subscribers(options.subscribers ?? {}) : '		update control {\n			Proxy-To-Realm := "behind"\n		}\n'}	}
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
${proxyTo === undefined ? '' : '		update control {\n			Proxy-To-Realm := "behind"\n		}\n'}		ok
	}
	accounting {
		seen
		ok
	}
}
`
}

function subscribers(list: Readonly<Record<string, string>>): string {
  const rows = Object.entries(list).map(
    ([name, password]) => `		if (&User-Name == "${name}") {
			update control {
				Cleartext-Password := "${password}"
			}
			update reply {
				Reply-Message := "from the home server"
				Class := 0x686f6d65
				Framed-IP-Address := 10.7.7.7
			}
		}
`,
  )
  return `${rows.join('')}		chap\n		mschap\n		pap\n`
}

function proxyConfiguration({ authPort, acctPort, secret }: NonNullable<FreeradiusOptions['proxyTo']>): string {
  const server = (type: string, port: number): string => `home_server behind_${type} {
	type = ${type}
	ipaddr = 127.0.0.1
	port = ${port}
	secret = "${secret}"
	response_window = 1
	zombie_period = 40
	status_check = status-server
	check_interval = 6
	check_timeout = 1
	num_answers_to_alive = 3
}
home_server_pool behind_${type} {
	type = fail-over
	home_server = behind_${type}
}
`
  return `proxy server {
	default_fallback = no
}
${server('auth', authPort)}${server('acct', acctPort)}realm behind {
	auth_pool = behind_auth
	acct_pool = behind_acct
	nostrip
}
`
}
