import { describe, expect, it } from 'vitest'
import type { Finding } from '../../../src/nas/doctor/finding.ts'
import { judgePackets } from '../../../src/nas/doctor/judge-packets.ts'
import { mendsFor } from '../../../src/nas/doctor/mends.ts'
import { testNas } from '../../support/access.ts'
import { ago, nasFacts, noon, tally } from '../../support/nas-facts.ts'

const mends = mendsFor({
  vendor: 'mikrotik',
  server: '198.51.100.1',
  authPort: 1812,
  acctPort: 1813,
  own: '192.0.2.1',
  coaPort: 3799,
  askedIntervalS: 300,
  identifier: 'bng-1',
})
const judge = (...changes: Parameters<typeof nasFacts>): Finding[] => judgePackets(nasFacts(...changes), mends)
const wrong = (...changes: Parameters<typeof nasFacts>): Finding[] =>
  judge(...changes).filter(({ severity }) => severity !== 'ok')
const nobody = {
  source: undefined,
  access: { accepts: 0, lastAcceptAt: undefined, accountableAcceptAt: undefined },
  sessions: { lastRecordAt: undefined },
} as const

describe('the packets of a NAS', () => {
  it('that is healthy: each thing that was looked at is told once, and all of it is fine', () => {
    const codes = judge().map(({ code }) => code)
    expect(wrong()).toEqual([])
    expect(codes).toEqual(['wrong-secret', 'unknown-source', 'shared-client', 'unsigned', 'patience', 'clock'])
  })

  it('that was never heard: that, and nothing that nobody can know', () => {
    const found = judge({ ...nobody, client: { messageAuthenticatorSeen: false } })
    expect(found.map(({ code, severity }) => [code, severity])).toEqual([
      ['never-heard', 'fault'],
      ['unknown-source', 'ok'],
      ['shared-client', 'ok'],
      ['patience', 'ok'],
    ])
  })
})

describe('a wrong secret', () => {
  it.each(['bad-authenticator', 'bad-message-authenticator'] as const)('by %s', (kind) => {
    expect(wrong({ tallies: [tally(kind, { count: 7 })] })).toMatchObject([
      {
        code: 'wrong-secret',
        severity: 'fault',
        mend: '/radius set [find address=198.51.100.1] secret="SECRET-NOT-SHOWN"',
        evidence: { packets: 7, sources: '192.0.2.1', last_at: noon.toISOString() },
      },
    ])
  })

  it('is over when right packets have come later, which within one minute cannot be told', () => {
    expect(wrong({ tallies: [tally('bad-authenticator', { lastAt: ago(3) })] })).toEqual([])
    expect(wrong({ tallies: [tally('bad-authenticator', { lastAt: ago(1.5) })] })).toHaveLength(1)
  })

  it('of another address behind a wide client is of another device', () => {
    const client = { prefix: '192.0.2.0/24', onlyHost: false }
    const tallies = [tally('bad-authenticator', { source: '192.0.2.7' })]
    expect(wrong({ client, tallies })).toMatchObject([{ code: 'neighbour-secret', severity: 'warning' }])
    expect(judge({ client, tallies })[0]).toMatchObject({ code: 'wrong-secret', severity: 'ok' })
    // As long as nobody knows where this one is, it may be itself.
    expect(wrong({ client, tallies, ...nobody })).toMatchObject([{ code: 'wrong-secret', severity: 'fault' }])
  })

  it('of another client is not its business', () => {
    expect(wrong({ tallies: [tally('bad-authenticator', { clientId: 2n })] })).toEqual([])
  })

  it('is suspected where all passwords of several names are wrong and nothing is signed', () => {
    const access = { accepts: 0, lastAcceptAt: undefined, wrongPasswords: 9, wrongPasswordNames: 3 }
    const client = { messageAuthenticatorSeen: false }
    const sessions = { lastRecordAt: undefined }
    expect(wrong({ access, client, sessions })).toMatchObject([{ code: 'wrong-secret', severity: 'warning' }])
    expect(wrong({ access: { ...access, wrongPasswordNames: 2 }, client, sessions })).toEqual([])
    expect(wrong({ access, sessions })).toEqual([])
    expect(wrong({ access: { ...access, accepts: 1 }, client, sessions })).toEqual([])
  })
})

describe('strangers near it', () => {
  it('are a fault where it is not heard itself, and have two mends where its client is one host', () => {
    const strangers = [tally('unknown-source', { clientId: null, source: '192.0.2.9', count: 5 })]
    expect(wrong({ strangers })).toMatchObject([
      {
        code: 'unknown-source',
        severity: 'warning',
        mend: '/radius set [find address=198.51.100.1] src-address=192.0.2.1, or here: gatehouse client add --name bng-1-2 --address 192.0.2.9',
      },
    ])
    const client = { onlyHost: false, prefix: '192.0.2.0/29' }
    expect(wrong({ strangers, client, ...nobody }).find(({ code }) => code === 'unknown-source')).toMatchObject({
      severity: 'fault',
      mend: 'gatehouse client add --name bng-1-2 --address 192.0.2.9',
    })
  })
})

describe('devices behind a client', () => {
  const move = (source: string, count: number) => tally('source-change', { clientId: null, source, count })

  it('that move once are one, and to and fro are several', () => {
    expect(wrong({ tallies: [move('192.0.2.2', 1)] })).toEqual([])
    expect(wrong({ tallies: [move('192.0.2.2', 1), move('192.0.2.1', 1)] })).toEqual([])
    expect(wrong({ tallies: [move('192.0.2.2', 2), move('192.0.2.1', 2)] })).toMatchObject([
      {
        code: 'shared-client',
        severity: 'fault',
        mend: 'each needs a name of its own: /system identity set name="bng-1-2"',
      },
    ])
  })

  it('that tell no name count as one where the client is wide', () => {
    const nas = testNas({ identifier: undefined })
    expect(wrong({ target: { nas }, client: { onlyHost: false } })).toMatchObject([
      { code: 'shared-client', severity: 'warning' },
    ])
    expect(wrong({ target: { nas } })).toEqual([])
  })

  it('that restart without a name are told by their alarm', () => {
    const alarms = [{ kind: 'unnamed-reboot', text: 'Accounting-On names none of the devices' }]
    expect(wrong({ alarms })).toMatchObject([
      { code: 'unnamed-reboot', severity: 'warning', sentence: 'Accounting-On names none of the devices' },
    ])
  })

  it('that are refused are told', () => {
    expect(wrong({ tallies: [tally('unknown-nas', { source: null })] })).toMatchObject([
      {
        code: 'unknown-device',
        severity: 'warning',
        mend: 'gatehouse nas add --client bng --name NAME --vendor mikrotik --identifier IDENTIFIER',
      },
    ])
  })
})

describe('signatures', () => {
  it.each(['unsigned', 'proxy-state-unsigned', 'eap-unsigned'] as const)(
    '%s requests that are dropped are a fault',
    (kind) => {
      expect(wrong({ tallies: [tally(kind)] })).toMatchObject([
        {
          code: 'unsigned',
          severity: 'fault',
          mend: '/radius set [find address=198.51.100.1] require-message-auth=yes-for-request-resp',
        },
      ])
    },
  )

  it('that are demanded are fine; that are seen, better demanded for good', () => {
    const of = (client: object) => judge({ client }).find(({ code }) => code === 'unsigned')
    expect(of({})).toMatchObject({
      severity: 'ok',
      mend: 'gatehouse client set bng --message-authenticator require',
    })
    expect(of({ messageAuthenticator: 'require' })).not.toHaveProperty('mend')
    expect(of({ messageAuthenticator: 'off' })).toMatchObject({ severity: 'warning' })
    expect(of({ messageAuthenticatorSeen: false })).toMatchObject({ severity: 'warning' })
  })
})

describe('patience', () => {
  it.each([
    [450, 'ok'],
    [451, 'warning'],
    [900, 'warning'],
    [901, 'fault'],
  ])('of 900 ms with answers of %d ms is %s', (accounting, severity) => {
    const found = judge({ p99Ms: { authentication: 10, accounting } }).find(({ code }) => code === 'patience')
    expect(found).toMatchObject({ severity, evidence: { patience_ms: 900, p99_ms: accounting } })
  })

  it('names twice what the slowest answers took, in whole seconds', () => {
    expect(wrong({ p99Ms: { authentication: 1_600, accounting: undefined } })[0]?.mend).toBe(
      '/radius set [find address=198.51.100.1] timeout=4s; here: gatehouse nas set bng-1 patience_ms=4000',
    )
  })

  it('with many repeats is short, with few it is the network', () => {
    const counts = (repeats: number, requests: number) => ({
      tallies: [tally('duplicate', { count: repeats }), tally('request', { count: requests, source: null })],
    })
    expect(wrong(counts(51, 1_000))).toMatchObject([
      { code: 'repeats', severity: 'warning', evidence: { repeats: 51 } },
    ])
    expect(wrong(counts(50, 1_000))).toEqual([])
    expect(wrong(counts(19, 20))).toEqual([])
  })
})

describe('the clock', () => {
  const skewed = (worst: number, lastAt = noon) => ({
    tallies: [tally('clock-skew', { clientId: null, source: null, worst, lastAt })],
  })

  it.each([
    [59_000, []],
    [61_000, ['warning']],
    [-301_000, ['fault']],
  ])('%d ms off', (worst, expected) => {
    expect(wrong(skewed(worst)).map(({ severity }) => severity)).toEqual(expected)
  })

  it('says on which side, and is right again when later records are', () => {
    expect(wrong(skewed(-3_600_000))[0]?.sentence).toBe('its clock is 3600 s behind, by Event-Timestamp')
    expect(wrong(skewed(-3_600_000, ago(3)))).toEqual([])
  })

  it('that is not trusted is not looked at, which is said instead of that it is right', () => {
    const { nas } = nasFacts().target
    const target = { nas: { ...nas, settings: { ...nas.settings, trust_time: false } } }
    const found = judge({ ...skewed(-3_600_000), target }).filter(({ code }) => code === 'clock')
    expect(found).toMatchObject([{ severity: 'ok', sentence: expect.stringContaining('is not looked at') }])
  })
})

describe('mends', () => {
  const facts = {
    server: '198.51.100.1',
    authPort: 1812,
    acctPort: 1813,
    own: '192.0.2.1',
    coaPort: 1700,
    askedIntervalS: 600,
    identifier: undefined,
  }

  it('of accel-ppp are lines of its configuration', () => {
    const of = mendsFor({ vendor: 'accel-ppp', ...facts })
    expect(of.orders).toBe('[radius] dae-server=192.0.2.1:1700,SECRET-NOT-SHOWN')
    expect(of.interims).toBe('[radius] acct-interim-interval=600')
    expect(of.sign).toBe('[radius] blast-protection=1')
    expect(of.wait(2_100)).toBe('[radius] timeout=3')
    expect(of.name('hill')).toBe('[radius] nas-identifier=hill')
  })

  it('of others are words that name the numbers', () => {
    const of = mendsFor({ vendor: 'juniper', ...facts })
    expect(of.orders).toBe('let the NAS take CoA and Disconnect (RFC 5176) from 198.51.100.1 at UDP port 1700')
    expect(of.interims).toContain('600 s')
    expect(of.account).toContain('port 1813')
  })

  it('of RouterOS let nothing out of a name', () => {
    const of = mendsFor({ vendor: 'mikrotik', ...facts })
    expect(of.name('a"; /system reset')).toBe('/system identity set name="a\\22\\3B /system reset"')
  })
})
