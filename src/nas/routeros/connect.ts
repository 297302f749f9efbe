// Opens the connection to a router, plain or over TLS, and says whom we speak with before one octet is sent: a self-signed
// certificate is believed by its pin alone, and nothing is believed without a pin or a CA.
import { createHash, timingSafeEqual } from 'node:crypto'
import * as net from 'node:net'
import * as tls from 'node:tls'
import { RouterError } from './router-error.ts'
import type { Trust } from './transport.ts'

export type ConnectOptions = {
  readonly host: string
  readonly port: number
  /** Undefined: plain TCP. */
  readonly trust: Trust | undefined
  readonly timeoutMs: number
  /** What the connection is for, for the sentence of the error. */
  readonly path?: string | undefined
}

/** A connection to a router whose certificate is the right one. The caller adds its own listeners in the same tick. */
export function connectToRouter(options: ConnectOptions): Promise<net.Socket> {
  const { host, port, trust, path } = options
  const place = placeOf(host, port)
  const pin = trust !== undefined && 'sha256' in trust ? readPin(trust.sha256, place) : undefined
  return new Promise((resolve, reject) => {
    const socket = begin(options, place)
    const timer = setTimeout(() => {
      fail(new RouterError('timeout', `${place} took no connection within ${options.timeoutMs} ms`, { path }))
    }, options.timeoutMs)
    // Stays after the promise is settled: an error event without a listener would end the process.
    socket.on('error', (cause: Error) => {
      // Under a pin no certificate is authorized, and that alone says nothing.
      const doubt = trust !== undefined && 'ca' in trust ? (socket as tls.TLSSocket).authorizationError : undefined
      fail(doubt == null ? explain(cause, place, path) : distrust(cause, place, path))
    })
    socket.once('close', () => fail(new RouterError('closed', `${place} closed the connection at once`, { path })))
    socket.once(trust === undefined ? 'connect' : 'secureConnect', () => {
      const stranger = pin === undefined ? undefined : checkPin(socket as tls.TLSSocket, pin)
      if (stranger !== undefined) return fail(new RouterError('certificate', `${place} ${stranger}`, { path }))
      clearTimeout(timer)
      socket.setNoDelay(true)
      resolve(socket)
    })

    function fail(error: RouterError): void {
      clearTimeout(timer)
      socket.destroy()
      reject(error)
    }
  })
}

/** Node throws at once for a port or a CA that is none; that too shall be an error of the router's. */
function begin({ host, port, trust, path }: ConnectOptions, place: string): net.Socket {
  try {
    return trust === undefined ? net.connect({ host, port }) : tls.connect(tlsOptions(host, port, trust))
  } catch (error) {
    const cause = error as NodeJS.ErrnoException
    throw cause.code?.startsWith('ERR_SOCKET') === true ? explain(cause, place, path) : distrust(cause, place, path)
  }
}

/** How a router is called in sentences. */
export function placeOf(host: string, port: number): string {
  return `the router at ${net.isIPv6(host) ? `[${host}]` : host}:${port}`
}

/** What a broken connection is called, whoever of the two backends meets it. */
export function explain(cause: Error, place: string, path: string | undefined): RouterError {
  const code = (cause as NodeJS.ErrnoException).code ?? cause.message
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) {
    return new RouterError('protocol', `${place} does not speak TLS as it should: ${code}`, { path, cause })
  }
  return new RouterError('closed', `the connection to ${place} broke: ${code}`, { path, cause })
}

function distrust(cause: Error, place: string, path: string | undefined): RouterError {
  const code = (cause as NodeJS.ErrnoException).code ?? cause.message
  return new RouterError('certificate', `${place} shows a certificate that is not trusted: ${code}`, { path, cause })
}

function tlsOptions(host: string, port: number, trust: Trust): tls.ConnectionOptions {
  // The pin is compared in `secureConnect`, before anything is written; whose name the certificate bears says nothing then.
  if ('sha256' in trust) return { host, port, rejectUnauthorized: false }
  const name = trust.serverName ?? host
  return {
    host,
    port,
    ca: trust.ca,
    // RFC 6066 §3: an address is not sent as a server name, but the certificate must still be for it.
    ...(net.isIP(name) === 0 && { servername: name }),
    checkServerIdentity: (_, certificate) => tls.checkServerIdentity(name, certificate),
  }
}

function readPin(text: string, place: string): Buffer {
  const hex = text.replaceAll(/[:\s]/g, '')
  if (/^[0-9a-f]{64}$/i.test(hex)) return Buffer.from(hex, 'hex')
  throw new RouterError('certificate', `the pin for ${place} is not a SHA-256 fingerprint of 64 hex digits`)
}

/** What is wrong with the certificate shown; undefined where it is the pinned one. */
function checkPin(socket: tls.TLSSocket, pin: Buffer): string | undefined {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return 'shows no certificate'
  const seen = createHash('sha256').update(certificate.raw).digest()
  return timingSafeEqual(seen, pin)
    ? undefined
    : `shows another certificate than the pinned one: ${seen.toString('hex')}`
}
