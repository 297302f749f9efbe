// A router that is not there: RouterOS's API protocol plain and over TLS, and REST over TLS, on real sockets over one set of planted
// tables, with the misbehaviour that a test asks for. It shares no code with src/nas/routeros: a mistake there is not made twice.
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpsServer } from 'node:https'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { makeCertificate } from './certificate.ts'
import { serveApi } from './fake-router-api.ts'
import { serveRest } from './fake-router-rest.ts'

export type FakeRow = Record<string, string>

/**
 * `empty`: rows are kept back; `close`: the connection ends in the middle of the answer; `garbage`: what no such protocol knows;
 * `endless`: an answer without end; `fatal`: `!fatal`, over REST a 503 without JSON; `refuse`: not enough permissions.
 */
export type Behaviour =
  | 'answer'
  | 'silent'
  | 'empty'
  | 'close'
  | 'garbage'
  | 'endless'
  | 'fatal'
  | 'refuse'
  | 'unheard-of'

export type RouterState = {
  readonly user: string
  readonly password: string
  readonly tables: Map<string, FakeRow[]>
  /** Menus of a single row, which REST answers as an object. */
  readonly single: Set<string>
  /** Asked at every command, such as `/ppp/active/print`, before it is carried out: may change the tables too. */
  on: (command: string) => Behaviour
  /** Every command that came, in order. */
  readonly seen: string[]
  /** Before 6.43: a challenge that is hashed with the password. */
  oldLogin: boolean
  /** RouterOS 7.18 says `!empty` where no row comes. */
  saysEmpty: boolean
  /** Every octet of an answer by itself. */
  splitsOctets: boolean
  /** How many connections were taken. */
  connections: number
}

export type FakeRouter = RouterState & {
  readonly host: string
  readonly apiPort: number
  readonly apiTlsPort: number
  readonly restPort: number
  /** PEM, for the name `router.test`; its SHA-256 as RouterOS and browsers show it. */
  readonly certificate: string
  readonly fingerprint: string
  /** Ends all connections, as a reboot does; new ones are taken. */
  dropConnections(): void
  /** Settles when the client has let go of every connection. */
  untilAlone(): Promise<void>
  close(): Promise<void>
}

const singleMenus = ['/system/identity', '/system/resource', '/system/clock', '/radius/incoming', '/ppp/aaa']

/** Listens on three free ports of 127.0.0.1. */
export async function startFakeRouter(tables: Record<string, FakeRow[]> = {}): Promise<FakeRouter> {
  const { certificate, key } = makeCertificate('router.test')
  const state: RouterState = {
    user: 'gatehouse',
    password: 'a pässword = with : signs',
    tables: new Map(Object.entries(tables)),
    single: new Set(singleMenus),
    on: () => 'answer',
    seen: [],
    oldLogin: false,
    saysEmpty: true,
    splitsOctets: false,
    connections: 0,
  }
  const sockets = new Set<Socket>()
  const tlsOptions = { cert: certificate, key }
  const servers: Server[] = [
    createServer((socket) => serveApi(state, socket)),
    createTlsServer(tlsOptions, (socket) => serveApi(state, socket)),
    createHttpsServer(tlsOptions, (request, response) => serveRest(state, request, response)),
  ]
  for (const server of servers) {
    server.on('connection', (socket: Socket) => {
      state.connections += 1
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => sockets.delete(socket))
    })
    // A client that does not like our certificate ends the handshake.
    server.on('tlsClientError', () => undefined)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  const [apiPort, apiTlsPort, restPort] = servers.map((server) => (server.address() as AddressInfo).port)
  const dropConnections = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return Object.assign(state, {
    host: '127.0.0.1',
    apiPort: apiPort!,
    apiTlsPort: apiTlsPort!,
    restPort: restPort!,
    certificate,
    fingerprint: new X509Certificate(certificate).fingerprint256,
    dropConnections,
    async untilAlone() {
      for (const socket of sockets) await once(socket, 'close')
    },
    async close() {
      dropConnections()
      await Promise.all(servers.map(async (server) => new Promise((resolve) => server.close(resolve))))
    },
  })
}

/** Rows of a menu whose properties are exactly these. */
export function selectRows(state: RouterState, path: string, query: Record<string, string>): FakeRow[] {
  const rows = state.tables.get(path) ?? []
  return rows.filter((row) => Object.entries(query).every(([name, value]) => row[name] === value))
}

/** What `monitor` of a menu shows. */
export function figuresOf(state: RouterState, path: string): FakeRow {
  return state.tables.get(`${path}/monitor`)?.[0] ?? {}
}

/** Whether a row of that id was there to be removed. */
export function removeRow(state: RouterState, path: string, id: string): boolean {
  const rows = state.tables.get(path) ?? []
  const at = rows.findIndex((row) => row['.id'] === id)
  if (at !== -1) rows.splice(at, 1)
  return at !== -1
}
