// The listening socket: plain http on loopback or behind a named proxy, else TLS with the certificate reloaded on change.
import { readFileSync, statSync } from 'node:fs'
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

const lookForCertificateMs = 10_000

export type HttpServer = { url: string; close(): Promise<void> }

type Options = {
  address: string
  port: number
  tls: { certificate: string; key: string } | undefined
  onCertificateError(error: unknown): void
}

/** Listens; resolves when the port is open. Throws the socket's error, or the certificate's. */
export async function startHttpServer(listener: RequestListener, options: Options): Promise<HttpServer> {
  const { server, stop } = options.tls === undefined ? plain(listener) : secure(listener, options.tls, options)
  // A slow or silent peer may hold a connection only so long (W25); all but files has less (app.ts).
  server.headersTimeout = 10_000
  server.requestTimeout = 900_000
  server.listen(options.port, options.address)
  await once(server, 'listening')
  const { address, port, family } = server.address() as AddressInfo
  const host = family === 'IPv6' ? `[${address}]` : address
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://${host}:${port}`,
    async close() {
      stop()
      server.closeIdleConnections()
      const closed = once(server, 'close')
      server.close()
      const hurry = setTimeout(() => server.closeAllConnections(), 2_000)
      await closed
      clearTimeout(hurry)
    },
  }
}

function plain(listener: RequestListener): { server: Server; stop(): void } {
  return { server: createHttpServer(listener), stop: () => undefined }
}

function secure(
  listener: RequestListener,
  files: { certificate: string; key: string },
  options: Options,
): { server: TlsServer; stop(): void } {
  const read = () => ({ cert: readFileSync(files.certificate), key: readFileSync(files.key) })
  const stamp = (): number => statSync(files.certificate).mtimeMs + statSync(files.key).mtimeMs
  const server = createTlsServer({ ...read(), minVersion: 'TLSv1.2' }, listener)
  let loaded = stamp()
  const timer = setInterval(() => {
    try {
      const found = stamp()
      if (found === loaded) return
      server.setSecureContext({ ...read(), minVersion: 'TLSv1.2' })
      loaded = found
    } catch (error) {
      // Half-written files: the old certificate stays in use until both fit.
      options.onCertificateError(error)
    }
  }, lookForCertificateMs)
  return { server, stop: () => clearInterval(timer) }
}
