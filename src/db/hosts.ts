// Several hosts in one connection URL (postgres://role:password@a:5432,b:5432/database): the one that takes writes is found, kept,
// and looked for again when connections to it fail or it only reads. node-postgres knows one host; libpq would do this by
// target_session_attrs=read-write. Which host that is, and that there is never more than one, is the work of Patroni or its like.

import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import type { ClientConfig } from 'pg'
import { isUnavailable, sqlState } from './errors.ts'

/** One server of several: `url` is that of the whole with this host alone. */
export type Host = { readonly name: string; readonly url: string }

/** No host takes writes at this moment. To callers the same as a database that is away. */
export class NoWritableHostError extends Error {
  override readonly name = 'NoWritableHostError'
  readonly code = 'EHOSTUNREACH'
}

/** A connection was broken off because the database is written elsewhere now. What was in flight has an unknown outcome. */
export class HostMovedError extends Error {
  override readonly name = 'HostMovedError'
  readonly code = 'ECONNRESET'
}

/** So long a host may take to say whether it takes writes. */
const askMs = 2_000
/** When one has said yes, the others may still say so within this time: after a fail-over the old one may be back. */
const graceMs = 250

// The user's part ends at the last @ of the authority, as in every URL.
const form = /^(postgres(?:ql)?:\/\/(?:[^/?#]*@)?)([^/?#@]*)([/?#].*)?$/

/** The hosts that a connection URL names, in its order; one for most. Throws TypeError where one of them is no host. */
export function hostsOf(url: string): Host[] {
  const [, lead = '', names = '', rest = ''] = form.exec(url) ?? []
  const hosts = names.split(',').map((name) => ({ name, url: `${lead}${name}${rest}` }))
  if (hosts.length < 2) return [{ name: names, url }]
  for (const { name, url: single } of hosts) {
    if (name === '' || name.startsWith(':') || !URL.canParse(single)) throw new TypeError(`${name || "''"} is no host`)
  }
  return hosts
}

export type HostFinder = {
  /** The host that takes writes: as known, else all are asked. Rejects with NoWritableHostError. */
  find(): Promise<Host>
  /** It did not serve: whoever wants a connection next asks all of them. */
  doubt(host: Host): void
  /** Tells where the database is written when that has become another host. Returns what ends that. */
  onMove(listener: (host: Host) => void): () => void
}

/** Makes a finder that knows nothing yet. */
export function createHostFinder(hosts: readonly Host[]): HostFinder {
  const listeners = new Set<(host: Host) => void>()
  let known: Host | undefined
  let last: Host | undefined
  let looking: Promise<Host> | undefined
  const look = async (): Promise<Host> => {
    const found = await findWritable(hosts, last)
    known = found
    const moved = last !== undefined && last !== found
    last = found
    if (moved) for (const listener of listeners) listener(found)
    return found
  }
  return {
    find() {
      if (known !== undefined) return Promise.resolve(known)
      looking ??= look().finally(() => (looking = undefined))
      return looking
    },
    doubt(host) {
      if (known === host) known = undefined
    },
    onMove(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

type Writable = { readonly host: Host; readonly timeline: string }

/** Asks all at once. Of several that write, as an old primary that is back does, the one on the later timeline. */
async function findWritable(hosts: readonly Host[], last: Host | undefined): Promise<Host> {
  const found: Writable[] = []
  const asked = hosts.map(async (host) => void found.push(await askHost(host)))
  try {
    await Promise.any(asked)
  } catch (error) {
    const reasons = error instanceof AggregateError ? (error.errors as unknown[]) : [error]
    const said = hosts.map(({ name }, at) => `${name}: ${String((reasons[at] as Error | undefined)?.message)}`)
    throw new NoWritableHostError(`no host of the database takes writes (${said.join('; ')})`, { cause: error })
  }
  const over = new AbortController()
  await Promise.race([Promise.allSettled(asked), sleep(graceMs, undefined, { signal: over.signal })])
  over.abort()
  const latest = found.map(({ timeline }) => timeline).reduce((one, other) => (other > one ? other : one))
  const candidates = found.filter(({ timeline }) => timeline === latest).map(({ host }) => host)
  return candidates.find((host) => host === last) ?? hosts.find((host) => candidates.includes(host))!
}

// The timeline as eight hexadecimal digits: what is written now, where pg_control_checkpoint() may be a promotion behind.
const question = `select current_setting('transaction_read_only') = 'on' as reads,
  case when not pg_is_in_recovery() then substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) end as timeline`

/** Rejects where it cannot be asked in time, or does not take writes. */
async function askHost(host: Host): Promise<Writable> {
  const client = new Client({
    connectionString: host.url,
    application_name: 'gatehouse-hosts',
    connectionTimeoutMillis: askMs,
    query_timeout: askMs,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ reads: boolean; timeline: string | null }>(question)
    const [{ reads, timeline } = { reads: true, timeline: null }] = rows
    if (reads || timeline === null) throw new Error('it only reads')
    return { host, timeline }
  } finally {
    client.end().catch(() => undefined)
    // One that hangs would keep us waiting for the end of the connection.
    streamOf(client).destroySoon()
  }
}

type Connected = (error: Error | null, client?: Client) => void

/** What of a client of pg is ours to look at, which its types leave out. */
type Inside = {
  host: string
  port: number
  readonly processID: number
  readonly connection: {
    readonly stream: Socket
    on(event: 'parameterStatus', listener: (said: { parameterName: string; parameterValue: string }) => void): void
    on(event: 'errorMessage', listener: (said: { code?: string }) => void): void
  }
}

function inside(client: object): Inside {
  return client as Inside
}

/** The socket of a client of pg. */
export function streamOf(client: object): Socket {
  return inside(client).connection.stream
}

/** The process of Postgres that serves a client of pg. */
export function backendOf(client: object): number {
  return inside(client).processID
}

const readers = new Set(['in_hot_standby', 'default_transaction_read_only'])

/** A class for pools: each new connection goes where the finder says, and is broken off when the database is written elsewhere. */
export function clientAt(finder: HostFinder): new (config?: ClientConfig) => Client {
  return class extends Client {
    /** Why it was broken off. */
    #left: Error | undefined

    override connect(): Promise<Client>
    override connect(callback: Connected): void
    override connect(callback?: Connected): Promise<Client> | void {
      if (callback === undefined) {
        return new Promise((resolve, reject) => this.connect((error) => (error ? reject(error) : resolve(this))))
      }
      finder.find().then((host) => this.#connectTo(host, callback), callback)
    }

    #connectTo(host: Host, callback: Connected): void {
      // The pool has given up meanwhile; a socket that was destroyed would connect all the same.
      if (streamOf(this).destroyed) return callback(new Error('timeout expired'))
      const { hostname, port } = new URL(host.url)
      Object.assign(inside(this), { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || 5432) })
      this.#watch(host)
      super.connect((error: Error | null) => {
        // All that a standby says at the start comes at once: it is connected before the end of its socket is heard.
        const failure = error ?? this.#left ?? null
        if (isUnavailable(failure)) finder.doubt(host)
        callback(failure, this)
      })
    }

    /** Only a standby, and what it says of itself, costs anything here: what is well passes by unseen. */
    #watch(host: Host): void {
      const { connection } = inside(this)
      const leave = (error: Error): void => {
        this.#left = error
        streamOf(this).destroy(error)
      }
      // Said at the start of every connection (PostgreSQL 14 and later) and when it changes.
      connection.on('parameterStatus', ({ parameterName, parameterValue }) => {
        if (parameterValue !== 'on' || !readers.has(parameterName)) return
        finder.doubt(host)
        leave(new NoWritableHostError(`${host.name} only reads`))
      })
      connection.on('errorMessage', ({ code }) => {
        if (code !== sqlState.readOnlyTransaction) return
        finder.doubt(host)
        // The statement first hears its own error.
        setImmediate(() => leave(new HostMovedError(`${host.name} only reads`)))
      })
      const forget = finder.onMove((now) => {
        if (now !== host) leave(new HostMovedError(`the database is written at ${now.name} now`))
      })
      this.once('end', forget)
    }
  }
}

/** By URL: all pools of a process know what one of them has found. */
const finders = new Map<string, HostFinder>()

/** Where the pools of this URL connect to: options for pg. */
export function connectionOf(url: string): Pick<ClientConfig, 'connectionString'> & { Client?: typeof Client } {
  const hosts = hostsOf(url)
  if (hosts.length === 1) return { connectionString: url }
  const finder = finders.get(url) ?? createHostFinder(hosts)
  finders.set(url, finder)
  return { connectionString: hosts[0]!.url, Client: clientAt(finder) as typeof Client }
}
