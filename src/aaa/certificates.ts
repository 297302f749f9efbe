// Certificates that are about to end: our own, by the process that has the file, and those that NASes show over RadSec. Looked at
// every hour; said in the log and raised as an alarm 30, 7 and 1 days before the end and at it, cleared when a later one is in use.
import { X509Certificate } from 'node:crypto'
import { createLimiter, type Logger } from '../log.ts'
import type { Clock } from '../clock.ts'
import { createKysely, type Pool } from '../db/pool.ts'
import type { Database } from '../db/schema.ts'
import { clearAlarm, raiseAlarm } from '../domain/alarm.ts'
import type { Metrics } from '../metrics.ts'
import { createLook } from './look.ts'

export type SeenCertificate = {
  /** Of which files or peers; it is the kind of the alarm. */
  readonly kind: 'radsec-certificate' | 'radsec-client-certificate' | 'panel-certificate'
  /** The host of ours, or the client. Of several certificates of one subject the one that ends first counts. */
  readonly subject: string
  readonly until: Date
}

export type CertificateWatch = {
  /** Looks now; never rejects: what cannot be written waits for the next look. */
  look(): Promise<void>
  /** An alarm that is being written is not waited for: Postgres may be away. */
  close(): void
}

type Options = {
  /** All that are in use now. */
  seen(): readonly SeenCertificate[]
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Pick<Metrics, 'alarms' | 'certificateEnd'>
  /** Default: an hour. */
  readonly everyMs?: number
}

const everyMs = 60 * 60_000
const tellMs = 60 * 60_000
const dayMs = 24 * 60 * 60_000
const stages = [0, 1, 7, 30] as const
/** At most so many days are left; undefined: more than all of them. */
export type EndStage = (typeof stages)[number] | undefined

/** How near the end is. */
export function endStage(until: Date, now: Date): EndStage {
  return stages.find((days) => until.getTime() - now.getTime() <= days * dayMs)
}

/** When the first of the certificates in a PEM file ends: one that ends takes those it vouches for with it. Throws without one. */
export function endOfPem(pem: Buffer | string): Date {
  const blocks = String(pem).match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [String(pem)]
  return new Date(Math.min(...blocks.map((block) => Date.parse(new X509Certificate(block).validTo))))
}

/** Looks at once and then by itself, until it is closed. */
export function watchCertificates({ seen, pool, clock, log, metrics, ...options }: Options): CertificateWatch {
  const db = createKysely<Database>(pool)
  const mayTell = createLimiter({ perMs: tellMs, clock })
  const said = new Map<string, EndStage>()
  const written = new Map<string, EndStage>()

  const write = async (certificate: SeenCertificate, stage: EndStage): Promise<void> => {
    const { kind, subject } = certificate
    if (stage === undefined) await clearAlarm(db, { kind, subject }, clock.now())
    else await raiseAlarm(pool, { kind, subject, text: textOf(certificate, stage) }, clock.now())
  }
  const see = async (certificate: SeenCertificate): Promise<void> => {
    const { kind, subject, until } = certificate
    const key = `${kind} ${subject}`
    const stage = endStage(until, clock.now())
    metrics.certificateEnd.labels(kind, subject).set(until.getTime() / 1_000)
    if (!said.has(key) || said.get(key) !== stage) say(log, certificate, stage)
    if (stage !== undefined && said.get(key) !== stage) metrics.alarms.labels(kind).inc()
    said.set(key, stage)
    // The first time also where all is well: a process before this one may have raised an alarm.
    if (written.has(key) && written.get(key) === stage) return
    await write(certificate, stage)
    written.set(key, stage)
  }
  const safely = async (work: () => void | Promise<void>, message: string): Promise<void> => {
    try {
      await work()
    } catch (error) {
      if (mayTell(message) !== undefined) log.warn({ error }, message)
    }
  }
  const look = createLook(async () => {
    let found: readonly SeenCertificate[] = []
    await safely(() => void (found = earliest(seen())), 'a certificate cannot be read to see when it ends')
    metrics.certificateEnd.reset()
    for (const one of found) await safely(() => see(one), 'an alarm about a certificate could not be written yet')
  })
  void look.join()
  const timer = setInterval(() => void look.join(), options.everyMs ?? everyMs)
  timer.unref()
  return {
    look: look.anew,
    close: () => clearInterval(timer),
  }
}

function earliest(certificates: readonly SeenCertificate[]): SeenCertificate[] {
  const first = new Map<string, SeenCertificate>()
  for (const one of certificates) {
    const key = `${one.kind} ${one.subject}`
    const other = first.get(key)
    if (other === undefined || one.until < other.until) first.set(key, one)
  }
  return [...first.values()]
}

function say(log: Logger, { kind, subject, until }: SeenCertificate, stage: EndStage): void {
  const fields = { kind, subject, until }
  if (stage === undefined) log.info(fields, 'a certificate is in use')
  else if (stage === 30) log.warn(fields, 'a certificate ends within 30 days: renew it')
  else
    log.error(
      fields,
      stage === 0 ? 'a certificate has ended: renew it now' : 'a certificate ends within days: renew it now',
    )
}

const owners: Record<SeenCertificate['kind'], { what: string; mend: string }> = {
  'radsec-certificate': {
    what: 'the certificate of RadSec',
    mend: 'put a new one in its place, it is read within a minute; then NASes that check it go on',
  },
  'radsec-client-certificate': {
    what: 'the certificate that a NAS of this client shows over RadSec',
    mend: 'renew it on the NAS; where the client is known by a fingerprint, set the new one',
  },
  'panel-certificate': {
    what: 'the certificate of the panel and the API',
    mend: 'put a new one in its place, it is read by itself',
  },
}

function textOf({ kind, until }: SeenCertificate, stage: EndStage): string {
  const { what, mend } = owners[kind]
  return `${what} ${stage === 0 ? 'ended' : 'ends'} on ${until.toISOString().slice(0, 10)}: ${mend}`
}
