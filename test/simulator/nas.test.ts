import { afterEach, describe, expect, it } from 'vitest'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { codes } from '../../src/radius/codes.ts'
import { ntPasswordHash, verifyMsChap2 } from '../../src/radius/ms-chap.ts'
import { compareSessions, possibleTotals } from '../../src/simulator/compare.ts'
import { createLedger } from '../../src/simulator/ledger.ts'
import type { LedgerEntry } from '../../src/simulator/ledger.ts'
import type { NasOptions } from '../../src/simulator/nas-options.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import type { Dial } from '../../src/simulator/nas-session.ts'
import { agree, makeDial, makeNas, online, scriptServer } from './server.ts'
import type { Script, ScriptedServer, Seen } from './server.ts'

const opened: { close(): void }[] = []
afterEach(() => {
  for (const one of opened.splice(0)) one.close()
})

async function setUp(options: Partial<NasOptions> = {}, script: Script = agree) {
  const server = await scriptServer(script)
  const entries: LedgerEntry[] = []
  const ledger = createLedger((entry) => entries.push(entry))
  const nas = await makeNas(server, { ledger, ...options })
  opened.push(server, nas)
  return { server, nas, ledger, entries }
}

const accept =
  (attributes: readonly NamedAttribute[]): Script =>
  (seen, index) => ({ ...agree(seen, index)!, ...(seen.packet.code === codes.accessRequest && { attributes }) })

function isAccess({ packet }: Seen): boolean {
  return packet.code === codes.accessRequest
}

function statuses(server: ScriptedServer): unknown[] {
  return server.named('Acct-Status-Type').filter((value) => value !== undefined)
}

describe('dialling in', () => {
  it('signs first on a MikroTik and not at all on an accel-ppp', async () => {
    for (const [vendor, first] of [
      ['mikrotik', 'Message-Authenticator'],
      ['accel-ppp', 'User-Name'],
    ] as const) {
      const { server, nas } = await setUp({ vendor })
      await (
        await online(nas)
      ).started
      expect(server.seen[0]?.attributes[0]?.name).toBe(first)
      expect(server.named('User-Password')[0]).toBe('made up')
      expect(server.seen[0]?.from.address).toBe('127.0.0.11')
    }
  })

  it('applies what was granted and repeats every Class in accounting', async () => {
    const { server, nas } = await setUp(
      {},
      accept([
        { name: 'Framed-IP-Address', value: '100.64.0.9' },
        { name: 'Mikrotik-Rate-Limit', value: '20M/50M' },
        { name: 'Session-Timeout', value: 3600 },
        { name: 'Acct-Interim-Interval', value: 300 },
        { name: 'Class', value: Buffer.from('one') },
        { name: 'Class', value: Buffer.from('two') },
      ]),
    )
    const { session, started } = await online(nas)
    expect(await started).toBe(true)
    expect(session).toMatchObject({ framedIp: '100.64.0.9', acctSessionId: '81d00000' })
    expect(session.grant).toMatchObject({ rateLimit: '20M/50M', sessionTimeout: 3600, interimInterval: 300 })
    const start = server.seen[1]!.attributes
    expect(start.filter(({ name }) => name === 'Class').map(({ value }) => String(value))).toEqual(['one', 'two'])
    expect(start.find(({ name }) => name === 'Framed-IP-Address')?.value).toBe('100.64.0.9')
  })

  it.each([undefined, '255.255.255.254', '127.0.0.1'])('chooses an address itself for %s', async (address) => {
    const attributes = address === undefined ? [] : [{ name: 'Framed-IP-Address', value: address }]
    const { nas } = await setUp({}, accept(attributes))
    const { session, started } = await online(nas)
    await started
    expect(session.framedIp).toBe('10.11.0.2')
  })

  it('shows a reject with its message', async () => {
    const attributes = [{ name: 'Reply-Message', value: 'Login failed' }]
    const { nas, entries } = await setUp({}, () => ({ code: codes.accessReject, attributes }))
    expect(await nas.dial(makeDial())).toEqual({ kind: 'rejected', message: 'Login failed', msChapError: undefined })
    expect(nas.sessions()).toEqual([])
    expect(entries.at(-1)).toMatchObject({ kind: 'access', outcome: 'rejected', username: 'mina.orchard' })
  })

  it('accepts a server that proves itself by MS-CHAPv2, and no other', async () => {
    const proveWith =
      (password: string): Script =>
      (seen, index) => {
        const value = (name: string): Buffer => seen.attributes.find((one) => one.name === name)?.value as Buffer
        if (!isAccess(seen)) return agree(seen, index)
        const attempt = { challenge: value('MS-CHAP-Challenge'), response: value('MS-CHAP2-Response') }
        const userName = Buffer.from('mina.orchard')
        const proof = verifyMsChap2({ ...attempt, userName, ntHash: ntPasswordHash('made up') })
        if (proof.kind !== 'match') return { code: codes.accessReject }
        const success = Buffer.from(proof.success)
        if (password !== 'made up') success[5] = 0x5a
        return { code: codes.accessAccept, attributes: [{ name: 'MS-CHAP2-Success', value: success }] }
      }
    const dial = makeDial({ method: 'mschapv2' })
    const honest = await setUp({}, proveWith('made up'))
    await (
      await online(honest.nas, dial)
    ).started
    const forged = await setUp({}, proveWith('unknown'))
    expect(await forged.nas.dial(dial)).toEqual({ kind: 'wrong-proof' })
    const silent = await setUp()
    expect(await silent.nas.dial(dial)).toEqual({ kind: 'wrong-proof' })
    expect(silent.nas.sessions()).toEqual([])
  })

  it('sends the same octets three times, then gives up', async () => {
    const { server, nas } = await setUp({ timers: { timeoutMs: 20, tries: 3 } }, () => undefined)
    expect(await nas.dial(makeDial())).toEqual({ kind: 'timeout' })
    await server.until(3)
    expect(server.seen).toHaveLength(3)
    expect(server.seen[1]!.octets.equals(server.seen[0]!.octets)).toBe(true)
    expect(nas.counts()).toMatchObject({ requests: 1, sent: 3, resent: 2, timeouts: 1, accepted: 0 })
  })

  it('does not hear a reply with a wrong authenticator', async () => {
    const forge: Script = () => ({ code: codes.accessAccept, tamper: (reply) => (reply[4]! ^= 1) })
    const { nas } = await setUp({ timers: { timeoutMs: 250, tries: 2 } }, forge)
    expect(await nas.dial(makeDial())).toEqual({ kind: 'timeout' })
    expect(nas.counts()).toMatchObject({ badReplies: 2, accepted: 0 })
  })
})

describe('accounting', () => {
  it('counts the traffic of the time that passes, and says so in Interim and Stop', async () => {
    const { server, nas, ledger } = await setUp()
    const { session, started } = await online(nas)
    await started
    expect(nas.pass(session, 300)).toBe(false)
    const { inputOctets } = session.counters
    expect(await nas.interim(session)).toBe(true)
    nas.pass(session, 60)
    expect(await nas.stop(session, 'Lost-Carrier')).toBe(true)
    expect(statuses(server)).toEqual(['Start', 'Interim-Update', 'Stop'])
    expect(server.named('Acct-Session-Time').slice(1)).toEqual([undefined, 300, 360])
    expect(server.named('Acct-Input-Octets')[2]).toBe(Number(inputOctets % 2n ** 32n))
    expect(server.named('Acct-Terminate-Cause')[3]).toBe('Lost-Carrier')
    const { counters } = session
    const { nases } = ledger.state
    expect(possibleTotals(nases.get('bng-1')!.sessions.get(0)!)).toEqual([
      { sessionTime: 360n, inputOctets: counters.inputOctets, outputOctets: counters.outputOctets },
    ])
    expect(await nas.stop(session, 'Lost-Carrier')).toBe(false)
    expect(nas.sessions()).toEqual([])
  })

  it('stands still at its Session-Timeout', async () => {
    const { nas } = await setUp({}, accept([{ name: 'Session-Timeout', value: 100 }]))
    const { session, started } = await online(nas)
    await started
    expect(nas.pass(session, 99)).toBe(false)
    expect(nas.pass(session, 99)).toBe(true)
    expect(session.sessionTime).toBe(100)
    const { counters } = session
    nas.pass(session, 10)
    expect(session.counters).toEqual(counters)
  })

  it('is sent anew by a MikroTik: other identifier and authenticator, a later Acct-Delay-Time, the same event', async () => {
    let now = 1_700_000_000_000
    const clock = { now: () => new Date(now), monotonicMs: () => now }
    // Time passes with every send.
    const ledger = createLedger((entry) => (now += entry.kind === 'sent' ? 1_500 : 0))
    const { server, nas } = await setUp({ clock, ledger, timers: { timeoutMs: 150, tries: 3 } }, (seen, index) =>
      isAccess(seen) ? agree(seen, index) : undefined,
    )
    const { started } = await online(nas)
    expect(await started).toBe(false)
    await server.until(4)
    const [first, second, third] = server.seen.slice(1)
    expect(second!.packet.identifier).not.toBe(first!.packet.identifier)
    expect(second!.packet.authenticator.equals(first!.packet.authenticator)).toBe(false)
    expect(third).toBeDefined()
    expect(server.named('Acct-Delay-Time').slice(1)).toEqual([0, 1, 3])
    expect(new Set(server.named('Event-Timestamp').slice(1)).size).toBe(1)
    const withoutDelay = ({ attributes }: Seen): unknown[] =>
      attributes.filter(({ name }) => name !== 'Acct-Delay-Time')
    expect(withoutDelay(second!)).toEqual(withoutDelay(first!))
  })

  it('is sent as the same octets by an accel-ppp', async () => {
    const { server, nas } = await setUp({ vendor: 'accel-ppp', timers: { timeoutMs: 150, tries: 2 } }, (seen, index) =>
      isAccess(seen) ? agree(seen, index) : undefined,
    )
    expect(await (await online(nas)).started).toBe(false)
    await server.until(3)
    expect(server.seen).toHaveLength(3)
    expect(server.seen[2]!.octets.equals(server.seen[1]!.octets)).toBe(true)
  })

  it('writes every send and answer with its digest into the ledger', async () => {
    const { nas, entries, server } = await setUp()
    await (
      await online(nas)
    ).started
    const sent = entries.find((entry) => entry.kind === 'sent')
    expect(sent).toMatchObject({ nas: 'bng-1', session: 0, record: 0, status: 'start', attempt: 0, copies: 1 })
    expect(sent?.digest).toBe(server.seen[1]!.packet.authenticator.toString('hex'))
    expect(entries.map(({ kind }) => kind)).toEqual(['nas', 'access', 'session', 'sent', 'answered'])
    expect(entries.at(-1)).toMatchObject({ session: 0, record: 0, heard: true })
  })

  it('keeps 32-bit octets on a NAS without Gigawords, and the truth in the ledger', async () => {
    const { server, nas, ledger } = await setUp({ gigawords: false })
    const { session, started } = await online(nas, makeDial({ downBps: 10_000_000_000, upBps: 10_000_000_000 }))
    await started
    nas.pass(session, 86_400)
    await nas.interim(session)
    const truth = possibleTotals(ledger.state.nases.get('bng-1')!.sessions.get(0)!)[0]!.outputOctets
    expect(truth > 2n ** 32n).toBe(true)
    expect(server.named('Acct-Output-Octets')[2]).toBe(Number(truth % 2n ** 32n))
    expect(server.named('Acct-Output-Gigawords')[2]).toBeUndefined()
  })

  it('begins a new segment when its counters are reset', async () => {
    const { nas, ledger } = await setUp()
    const { session, started } = await online(nas)
    await started
    nas.pass(session, 300)
    await nas.interim(session)
    const before = session.counters.inputOctets
    nas.resetCounters(session)
    nas.pass(session, 1)
    await nas.interim(session)
    const recorded = ledger.state.nases.get('bng-1')!.sessions.get(0)!
    expect(recorded.segments).toHaveLength(2)
    expect(possibleTotals(recorded)[0]?.inputOctets).toBe(before + session.counters.inputOctets)
  })
})

describe('a reboot', () => {
  it('loses all sessions without a Stop and begins its session ids again', async () => {
    const { server, nas, ledger } = await setUp()
    const first = await online(nas)
    await first.started
    await nas.reboot({ tell: false })
    expect(statuses(server)).toEqual(['Start'])
    expect(nas.sessions()).toEqual([])
    const second = await online(nas)
    await second.started
    expect(second.session.acctSessionId).toBe(first.session.acctSessionId)
    const [lost, live] = [...ledger.state.nases.get('bng-1')!.sessions.values()]
    expect(lost).toMatchObject({ lost: 'silently', superseded: true, stop: 'no' })
    expect(live).toMatchObject({ lost: 'no', superseded: false })
  })

  it('tells of itself by Accounting-On where it is asked to', async () => {
    const { server, nas, ledger } = await setUp({ vendor: 'accel-ppp' })
    await (
      await online(nas)
    ).started
    await nas.reboot({ tell: true })
    expect(statuses(server)).toEqual(['Start', 'Accounting-On'])
    expect(ledger.state.nases.get('bng-1')!.sessions.get(0)!.lost).toBe('told')
  })

  it('forgets a dial-in that it interrupts', async () => {
    const { nas } = await setUp({}, () => undefined)
    const dialling = nas.dial(makeDial())
    await nas.reboot({ tell: false })
    expect(await dialling).toEqual({ kind: 'timeout' })
    expect(nas.sessions()).toEqual([])
  })
})

describe('a bad network', () => {
  const faults = { loss: 0.25, duplicate: 0.2, reorder: 0.3, holdMs: 15 }
  const dials = Array.from({ length: 12 }, (_, index): Dial =>
    makeDial({ username: `line-${index}`, mac: `d4:ca:6d:00:01:${index.toString(16).padStart(2, '0')}` }),
  )

  async function play(seed: string): Promise<{ sent: unknown[]; server: ScriptedServer; nas: SimulatedNas }> {
    const { server, nas, entries, ledger } = await setUp({ seed, faults, timers: { timeoutMs: 200, tries: 5 } })
    const outcomes = await Promise.all(dials.map((dial) => nas.dial(dial)))
    for (const outcome of outcomes) {
      if (outcome.kind !== 'online') continue
      nas.pass(outcome.session, 300)
      void nas.interim(outcome.session)
      nas.pass(outcome.session, 300)
      void nas.stop(outcome.session, 'User-Request')
    }
    await nas.quiet()
    const sent = entries.flatMap((entry) =>
      entry.kind === 'sent' && entry.attempt === 0 ? [`${entry.session}/${entry.record}/${entry.copies}`] : [],
    )
    // What a server that keeps the newest record of each session would have.
    expect(compareSessions(ledger.state, rowsFrom(server, nas))).toEqual([])
    return { sent: sent.toSorted(), server, nas }
  }

  it('loses, doubles and reorders, and the ledger still knows what may have arrived', async () => {
    const { server, nas } = await play('one')
    expect(nas.counts().resent).toBeGreaterThan(0)
    const interims = server.seen.findIndex(({ attributes }) => attributes.some(({ value }) => value === 'Stop'))
    expect(
      server.seen.slice(interims).some(({ attributes }) => attributes.some(({ value }) => value === 'Start')),
    ).toBe(true)
  })

  it('treats the same packets the same way in every run of a seed', async () => {
    const [one, again, other] = [await play('one'), await play('one'), await play('other')]
    expect(one.sent).toEqual(again.sent)
    expect(one.sent).not.toEqual(other.sent)
  })
})

// A second, naive server: one row per session, at its newest record.
function rowsFrom(server: ScriptedServer, nas: SimulatedNas) {
  const rows = new Map<
    string,
    { ended: boolean; time: number; input: bigint; output: bigint; username: string; ip: string }
  >()
  for (const { attributes } of server.seen) {
    const value = new Map(attributes.map((one) => [one.name, one.value]))
    const status = value.get('Acct-Status-Type')
    if (status === undefined) continue
    const id = String(value.get('Acct-Session-Id'))
    const time = Number(value.get('Acct-Session-Time') ?? 0)
    const octets = (way: string): bigint =>
      BigInt(Number(value.get(`Acct-${way}-Gigawords`) ?? 0)) * 2n ** 32n +
      BigInt(Number(value.get(`Acct-${way}-Octets`) ?? 0))
    const before = rows.get(id)
    const ended = status === 'Stop' || before?.ended === true
    const newest =
      before !== undefined && before.time >= time ? before : { time, input: octets('Input'), output: octets('Output') }
    const username = String(value.get('User-Name'))
    rows.set(id, { ...newest, ended, username, ip: String(value.get('Framed-IP-Address')) })
  }
  return [...rows].map(([acctSessionId, row]) => ({
    nas: nas.facts.identifier,
    acctSessionId,
    epoch: 0,
    username: row.username,
    framedIp: row.ip,
    startedAt: new Date(),
    endedAt: row.ended ? new Date() : undefined,
    endedBy: row.ended ? 'stop' : undefined,
    sessionTime: BigInt(row.time),
    inputOctets: row.input,
    outputOctets: row.output,
  }))
}

describe('many sessions at once', () => {
  it('opens more source ports when 256 requests wait on one', async () => {
    const { server, nas } = await setUp()
    const dials = Array.from({ length: 300 }, (_, index) =>
      nas.dial(
        makeDial({
          mac: `d4:ca:6d:00:${(index >> 8).toString(16).padStart(2, '0')}:${(index & 255).toString(16).padStart(2, '0')}`,
        }),
      ),
    )
    const outcomes = await Promise.all(dials)
    expect(outcomes.filter(({ kind }) => kind === 'online')).toHaveLength(300)
    await nas.quiet()
    expect(new Set(server.seen.map(({ from }) => from.port)).size).toBeGreaterThan(1)
    expect(nas.counts()).toMatchObject({ online: 300, timeouts: 0, badReplies: 0 })
  })

  it('ends all that waits when it is closed', async () => {
    const { nas } = await setUp({}, () => undefined)
    const dialling = nas.dial(makeDial())
    nas.close()
    expect(await dialling).toEqual({ kind: 'timeout' })
    expect(await nas.dial(makeDial())).toEqual({ kind: 'timeout' })
  })
})
