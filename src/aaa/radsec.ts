// RADIUS over TLS in the service: its files are read and watched here, so that a certificate that was renewed is in use within
// a minute without a restart; whoever is turned away is said in the log with what an operator needs to let him in, and alarms tell
// of certificates that are about to end (certificates.ts).
import { readFile, stat } from 'node:fs/promises'
import { createLimiter, type Logger } from '../log.ts'
import type { Clock } from '../clock.ts'
import type { Pool } from '../db/pool.ts'
import type { Metrics } from '../metrics.ts'
import type { Client } from '../nas/registry.ts'
import {
  startRadsecServer,
  type RadsecKeys,
  type RadsecServerOptions,
  type RadsecStranger,
} from '../radius/radsec-server.ts'
import { endOfPem, watchCertificates, type CertificateWatch, type SeenCertificate } from './certificates.ts'

const lookForKeysMs = 60_000
const oncePerMs = 60_000

/** Where it listens, and its files in PEM. */
export type RadsecConfig = {
  readonly port: number
  readonly certificate: string
  readonly key: string
  /** Whose word on DNS names counts; undefined: clients are known by fingerprint only. */
  readonly ca: string | undefined
}

type Options = Pick<RadsecServerOptions<Client>, 'addresses' | 'reusePort' | 'findClient' | 'handle' | 'counters'> & {
  radsec: RadsecConfig
  /** What alarms about its certificate name. */
  host: string
  pool: Pool
  metrics: Metrics
  clock: Clock
  /** The same of the event loop itself. Default: that clock's. */
  loopNow?(): number
  log: Logger
  /** How often the files are looked at. Default: once a minute. */
  lookForKeysMs?: number
}

export type Radsec = { readonly port: number; close(how: { drainMs: number }): Promise<void> }

/** Listens. Throws where a file cannot be read, is of no use, or the port is taken. */
export async function startRadsec(options: Options): Promise<Radsec> {
  const { radsec, host, clock, log } = options
  let certificates: CertificateWatch | undefined
  let keys = await readKeys(radsec)
  const server = await startRadsecServer<Client>({
    ...options,
    port: radsec.port,
    keys,
    now: () => clock.monotonicMs(),
    today: () => clock.now(),
    onConnected: () => void certificates?.look(),
    onStranger: sayStrangers(log, clock),
    onError: (error) => log.error({ error }, 'a request over TLS failed by a fault of ours'),
  })
  const seen = (): SeenCertificate[] => [
    { kind: 'radsec-certificate', subject: host, until: endOfPem(keys.certificate) },
    ...server
      .peers()
      .map(({ client, until }) => ({ kind: 'radsec-client-certificate', subject: client, until }) as const),
  ]
  certificates = watchCertificates({ ...options, seen })
  const stop = await watchKeys(options, (found) => {
    server.setKeys(found)
    keys = found
    void certificates?.look()
  })
  return {
    port: server.port,
    close(how) {
      stop()
      certificates?.close()
      return server.close(how)
    },
  }
}

async function readKeys({ certificate, key, ca }: RadsecConfig): Promise<RadsecKeys> {
  const [cert, secretKey, authority] = await Promise.all([
    readFile(certificate),
    readFile(key),
    ca === undefined ? undefined : readFile(ca),
  ])
  return { certificate: cert, key: secretKey, ca: authority }
}

/** What is there stays in use where the files are of no use for a moment: a renewal writes them one after another. */
async function watchKeys({ radsec, log, ...options }: Options, use: (keys: RadsecKeys) => void): Promise<() => void> {
  const files = [radsec.certificate, radsec.key, ...(radsec.ca === undefined ? [] : [radsec.ca])]
  const stamp = async (): Promise<string> =>
    (await Promise.all(files.map((file) => stat(file)))).map(({ mtimeMs, ino }) => `${mtimeMs}/${ino}`).join(' ')
  let used = await stamp()
  const look = async (): Promise<void> => {
    try {
      const found = await stamp()
      if (found === used) return
      use(await readKeys(radsec))
      used = found
      log.info({}, 'the RadSec certificate was read again')
    } catch (error) {
      log.error({ error }, 'the RadSec certificate cannot be read again: the one before stays in use')
    }
  }
  const timer = setInterval(() => void look(), options.lookForKeysMs ?? lookForKeysMs)
  return () => clearInterval(timer)
}

const advice: Record<RadsecStranger['reason'], string> = {
  'no-certificate': 'a RadSec connection showed no certificate: the NAS needs one',
  'unknown-certificate':
    'a RadSec certificate belongs to no client: gatehouse client set NAME --radsec-fingerprint, or --radsec-name where our CA signed it',
  'out-of-time': 'a RadSec certificate is out of time: renew it on the NAS',
  'too-many': 'a RadSec connection was refused: there are too many of its client, or too many unfinished ones',
  handshake: 'a RadSec handshake failed',
}

function sayStrangers(log: Logger, clock: Clock): (stranger: RadsecStranger) => void {
  const limited = createLimiter({ perMs: oncePerMs, clock })
  return ({ address, reason, identity, detail }) => {
    // By reason and not by address: forged or many addresses must not fill the log.
    const suppressed = limited(reason)
    if (suppressed === undefined) return
    const { fingerprint, names } = identity ?? { fingerprint: undefined, names: undefined }
    log.warn({ address, fingerprint, names, detail, suppressed }, advice[reason])
  }
}
