// Certificates that are about to end: when that is said, what stands as an alarm, and when it is over.
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { endOfPem, endStage, watchCertificates, type SeenCertificate } from '../../src/aaa/certificates.ts'
import { createTestClock, type TestClock } from '../../src/clock.ts'
import type { Pool } from '../../src/db/pool.ts'
import { listAlarms } from '../../src/domain/alarm.ts'
import { createLogger } from '../../src/log.ts'
import { createMetrics } from '../../src/metrics.ts'
import { makeAuthority, makeCertificate } from '../support/certificate.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

type Line = { level: string; msg: string; [field: string]: unknown }
function keptLog() {
  const lines: Line[] = []
  const stream = { write: (line: string) => void lines.push(JSON.parse(line) as Line) }
  return { lines, log: createLogger({ level: 'info', stream }) }
}

const dayMs = 24 * 60 * 60_000
const start = new Date('2026-06-01T12:00:00Z')
const daysOn = (days: number): Date => new Date(start.getTime() + days * dayMs)

describe('how near the end is', () => {
  it.each([
    [31, undefined],
    [30.001, undefined],
    [30, 30],
    [7.5, 30],
    [7, 7],
    [1.1, 7],
    [1, 1],
    [0.01, 1],
    [0, 0],
    [-400, 0],
  ])('with %d days left is the stage %s', (days, stage) => {
    expect(endStage(daysOn(days), start)).toBe(stage)
  })

  it('never comes further away with time', () => {
    const days = fc.double({ min: -50, max: 50, noNaN: true })
    fc.assert(
      fc.property(days, days, (left, passed) => {
        const [first, later] = [0, Math.abs(passed)].map((at) => endStage(daysOn(left), daysOn(at)) ?? 1_000)
        expect(later).toBeLessThanOrEqual(first!)
      }),
    )
  })

  it('is that of the first one to end in a file with a chain', () => {
    const authority = makeAuthority('an authority')
    const early = makeCertificate('early', { issuer: authority, until: '270131' }).certificate
    const late = makeCertificate('late', { issuer: authority }).certificate
    expect(endOfPem(late)).toEqual(new Date('2049-01-01T00:00:00Z'))
    for (const pem of [late + early, early + late, Buffer.from(`a note\n${early}`)]) {
      expect(endOfPem(pem)).toEqual(new Date('2027-01-31T00:00:00Z'))
    }
    expect(() => endOfPem('nothing')).toThrow(/PEM|start line|asn1/i)
  })
})

describe('the watch', () => {
  let clock: TestClock
  let seen: SeenCertificate[]
  let fails: boolean
  const open: { close(): void }[] = []
  beforeEach(async () => {
    clock = createTestClock(start)
    seen = []
    fails = false
    await database.pool.query('delete from alarm')
  })
  afterEach(() => {
    for (const one of open.splice(0)) one.close()
  })

  const own = (until: Date): SeenCertificate => ({ kind: 'radsec-certificate', subject: 'a host', until })
  const ofClient = (subject: string, until: Date): SeenCertificate => ({
    kind: 'radsec-client-certificate',
    subject,
    until,
  })
  /** Postgres that can be away; nothing else of it is different. */
  const pool = (): Pool =>
    new Proxy(database.pool, {
      get(target, name) {
        if (fails && (name === 'query' || name === 'connect')) return () => Promise.reject(new Error('away'))
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })

  function watch() {
    const { log, lines } = keptLog()
    const metrics = createMetrics()
    const one = watchCertificates({ seen: () => seen, pool: pool(), clock, log, metrics })
    open.push(one)
    const raised = async () => (await metrics.alarms.get()).values.map(({ labels, value }) => [labels.kind, value])
    const ends = async () =>
      (await metrics.certificateEnd.get()).values.map(({ labels, value }) => [labels.subject, value])
    return { ...one, lines, raised, ends }
  }
  const standing = async () =>
    (await listAlarms(database.pool))
      .map(({ kind, subject, text }) => `${kind} ${subject}: ${text.split(':')[0]}`)
      .toSorted()
  const messages = (lines: Line[]) => lines.map(({ level, msg }) => `${level} ${msg}`)

  it('S15: says at the start until when ours is good, and raises nothing', async () => {
    seen = [own(daysOn(90))]
    const { look, lines, raised, ends } = watch()
    await look()
    await look()
    expect(messages(lines)).toEqual(['info a certificate is in use'])
    expect(lines[0]).toMatchObject({ kind: 'radsec-certificate', subject: 'a host', until: daysOn(90).toISOString() })
    expect([await standing(), await raised()]).toEqual([[], []])
    expect(await ends()).toEqual([['a host', daysOn(90).getTime() / 1_000]])
  })

  it('S15: raises an alarm 30, 7 and 1 days before the end and at it, once each, however often it looks', async () => {
    seen = [own(daysOn(40))]
    const { look, lines, raised } = watch()
    const levels: unknown[] = []
    for (let day = 0; day <= 45; day++) {
      for (let hour = 0; hour < 3; hour++) {
        await look()
        clock.advance(dayMs / 3)
      }
      levels.push(...lines.splice(0).map(({ level }) => [day, level]))
    }
    expect(levels).toEqual([
      [0, 'info'],
      [10, 'warn'],
      [33, 'error'],
      [39, 'error'],
      [40, 'error'],
    ])
    expect(await raised()).toEqual([['radsec-certificate', 4]])
    expect(await standing()).toEqual(['radsec-certificate a host: the certificate of RadSec ended on 2026-07-11'])
    expect((await listAlarms(database.pool))[0]).toMatchObject({ count: 4n, firstAt: daysOn(10) })
  })

  it('S15: ends the alarm when a later one is in use, also one that an earlier process raised', async () => {
    seen = [own(daysOn(3)), ofClient('bng-1', daysOn(20))]
    const first = watch()
    await first.look()
    expect(await standing()).toEqual([
      'radsec-certificate a host: the certificate of RadSec ends on 2026-06-04',
      'radsec-client-certificate bng-1: the certificate that a NAS of this client shows over RadSec ends on 2026-06-21',
    ])
    seen = [own(daysOn(300)), ofClient('bng-1', daysOn(20))]
    await first.look()
    expect(await standing()).toHaveLength(1)
    first.close()
    seen = [own(daysOn(300)), ofClient('bng-1', daysOn(200))]
    await watch().look()
    expect(await standing()).toEqual([])
  })

  it('S15: of several connections of a client the certificate that ends first counts, and each client by itself', async () => {
    seen = [ofClient('bng-1', daysOn(200)), ofClient('bng-1', daysOn(5)), ofClient('bng-2', daysOn(200))]
    const { look, ends } = watch()
    await look()
    expect((await standing()).map((one) => one.split(':')[0])).toEqual(['radsec-client-certificate bng-1'])
    seen = [ofClient('bng-2', daysOn(200))]
    await look()
    // Who is not connected is not looked at: what was raised stands.
    expect(await standing()).toHaveLength(1)
    expect(await ends()).toEqual([['bng-2', daysOn(200).getTime() / 1_000]])
  })

  it('S15: an alarm that a person cleared comes again only when the end is nearer', async () => {
    seen = [own(daysOn(20))]
    const { look } = watch()
    await look()
    await database.pool.query('update alarm set cleared_at = now()')
    clock.advance(5 * dayMs)
    await look()
    expect(await standing()).toEqual([])
    clock.advance(10 * dayMs)
    await look()
    expect(await standing()).toHaveLength(1)
  })

  it('S15: what cannot be written without Postgres is said at once, and raised when it is back', async () => {
    seen = [own(daysOn(20))]
    fails = true
    const { look, lines, raised } = watch()
    await look()
    await look()
    expect(messages(lines)).toEqual([
      'warn a certificate ends within 30 days: renew it',
      'warn an alarm about a certificate could not be written yet',
    ])
    fails = false
    await look()
    expect(await standing()).toHaveLength(1)
    expect(await raised()).toEqual([['radsec-certificate', 1]])
  })

  it('lives on where a certificate cannot be read', async () => {
    const { log, lines } = keptLog()
    const seenNow = (): SeenCertificate[] => {
      if (seen.length === 0) throw new Error('no such file')
      return seen
    }
    const one = watchCertificates({ seen: seenNow, pool: pool(), clock, log, metrics: createMetrics() })
    open.push(one)
    await one.look()
    seen = [own(daysOn(20))]
    await one.look()
    expect(messages(lines)[0]).toBe('warn a certificate cannot be read to see when it ends')
    expect(await standing()).toHaveLength(1)
  })
})
