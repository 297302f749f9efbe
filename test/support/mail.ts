// A mail server for tests: real SMTP on this machine, named in the settings of the ISP, and what it heard.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'
import type { SMTPServerOptions } from 'smtp-server'
import { writeMailServer } from '../../src/domain/message/mail-server.ts'
import type { MailServerInput } from '../../src/domain/message/mail-server.ts'
import type { Office } from './operator.ts'
import { noon } from './operator.ts'

export type HeardMail = { from: string; to: string[]; raw: string }
export type TestMailServer = {
  port: number
  heard: HeardMail[]
  /** Connections that were opened. */
  connections(): number
  close(): Promise<void>
}

/** Starts it and has the ISP send through it. */
export async function startMailServer(
  office: Pick<Office, 'db' | 'keyring'>,
  options: SMTPServerOptions = {},
  input: Partial<MailServerInput> = {},
): Promise<TestMailServer> {
  const heard: HeardMail[] = []
  let connections = 0
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onConnect(_session, done) {
      connections += 1
      done()
    },
    onData(stream, session, done) {
      const hear = async (): Promise<void> => {
        const raw = await text(stream)
        const { mailFrom, rcptTo } = session.envelope
        heard.push({ from: mailFrom === false ? '' : mailFrom.address, to: rcptTo.map(({ address }) => address), raw })
        done()
      }
      void hear()
    },
    ...options,
  })
  server.on('error', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  const { port } = server.server.address() as AddressInfo
  await nameMailServer(office, port, input)
  return {
    port,
    heard,
    connections: () => connections,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

/** Has the ISP send through what listens on the port of this machine. */
export function nameMailServer(
  office: Pick<Office, 'db' | 'keyring'>,
  port: number,
  input: Partial<MailServerInput> = {},
): Promise<void> {
  const server = {
    host: '127.0.0.1',
    port,
    security: 'none',
    sender: 'isp@example.net',
    username: null,
    password: null,
  }
  return writeMailServer(office.db, office.keyring, { ...server, ...input }, noon)
}

/** The text of a mail whose lines were encoded to fit 76 characters. */
export function decodeQuotedPrintable(encoded: string): string {
  const octets = encoded.replaceAll(/=\r?\n/g, '').replaceAll(/=([0-9A-F]{2})/g, (_match, hex: string) => {
    return String.fromCharCode(Number.parseInt(hex, 16))
  })
  return Buffer.from(octets, 'latin1').toString('utf8')
}
