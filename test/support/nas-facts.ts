// What our books may know of a NAS, as values: a healthy MikroTik of a client with one address, unless told otherwise.
import type { NasFacts, Tally } from '../../src/domain/doctor/facts.ts'
import type { TallyKind } from '../../src/domain/doctor/tally.ts'
import { testNas } from './access.ts'

export const noon = new Date('2026-05-04T12:00:00.000Z')

/** So many minutes before noon. */
export const ago = (minutes: number): Date => new Date(noon.getTime() - minutes * 60_000)

/** Counted of the client itself, at its own address, at this moment. */
export function tally(kind: TallyKind, changes: Partial<Tally> = {}): Tally {
  return { kind, clientId: 1n, source: '192.0.2.1', count: 1, worst: null, lastAt: noon, ...changes }
}

type Changes = { [Name in keyof NasFacts]?: Partial<NasFacts[Name]> | undefined }

/** Members of members can be given alone. */
export function nasFacts(changes: Changes = {}): NasFacts {
  const healthy: NasFacts = {
    at: noon,
    target: {
      nas: testNas(),
      address: '192.0.2.1',
      port: 3799,
      secrets: [Buffer.from('a secret')],
      heardOn: '198.51.100.1',
      cannotChange: undefined,
    },
    client: {
      id: 1n,
      name: 'bng',
      prefix: '192.0.2.1/32',
      onlyHost: true,
      messageAuthenticator: 'auto',
      messageAuthenticatorSeen: true,
    },
    source: '192.0.2.1',
    tallies: [],
    strangers: [],
    p99Ms: { authentication: 20, accounting: 30 },
    access: {
      accepts: 10,
      lastAcceptAt: ago(5),
      accountableAcceptAt: ago(5),
      wrongPasswords: 0,
      wrongPasswordNames: 0,
    },
    sessions: {
      lastRecordAt: ago(1),
      askedIntervalS: 300,
      due: 10,
      withoutInterims: 0,
      measured: 10,
      irregular: 0,
      observedIntervalS: 300,
      accessKinds: ['pppoe'],
    },
    orders: { lastAnsweredAt: undefined, lastUnansweredAt: undefined, lastBadAnswerAt: undefined },
    alarms: [],
  }
  const isPlain = (value: unknown): value is object =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
  const merged = Object.entries(changes).map(([name, value]) => {
    const usual: unknown = healthy[name as keyof NasFacts]
    return [name, isPlain(value) && isPlain(usual) ? { ...usual, ...value } : value]
  })
  return { ...healthy, ...Object.fromEntries(merged) } as NasFacts
}
