// What a NAS does with lines of other kinds than one PPPoE session per name.
import { afterEach, describe, expect, it } from 'vitest'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { codes } from '../../src/radius/codes.ts'
import { compareSessions, possibleTotals } from '../../src/simulator/compare.ts'
import { createLedger } from '../../src/simulator/ledger.ts'
import type { LedgerEntry } from '../../src/simulator/ledger.ts'
import type { NasOptions } from '../../src/simulator/nas-options.ts'
import { agree, makeDial, makeNas, online, scriptServer } from './server.ts'
import type { Script } from './server.ts'

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

/** Accepts with these attributes, a new Class each time. */
function accept(...attributes: NamedAttribute[]): Script {
  return (seen, index) => {
    const isAccess = seen.packet.code === codes.accessRequest
    const Class = { name: 'Class', value: Buffer.from(`class ${index}`) }
    return { ...agree(seen, index)!, ...(isAccess && { attributes: [...attributes, Class] }) }
  }
}

describe('a lease', () => {
  const framedIp = { name: 'Framed-IP-Address', value: '100.64.0.9' }

  it('is renewed with the address that it has, in the same session and without another Start', async () => {
    const { server, nas, entries } = await setUp({ access: 'ipoe' }, accept(framedIp))
    const { session, started } = await online(nas)
    await started
    expect(await nas.renew(session)).toMatchObject({ kind: 'renewed', grant: { framedIp: '100.64.0.9' } })
    expect(await nas.interim(session)).toBe(true)
    expect(server.named('Framed-IP-Address')).toEqual([undefined, '100.64.0.9', '100.64.0.9', '100.64.0.9'])
    expect(new Set(server.named('Acct-Session-Id'))).toEqual(new Set([session.acctSessionId]))
    expect(server.named('Acct-Status-Type')).toEqual([undefined, 'Start', undefined, 'Interim-Update'])
    // Accounting goes on with the Class of the newest accept.
    expect(String(server.named('Class')[3])).toBe('class 2')
    expect(entries.filter(({ kind }) => kind === 'access').map((one) => 'outcome' in one && one.outcome)).toEqual([
      'accepted',
      'renewed',
    ])
  })

  it('may be refused at a renewal, or not answered, and asks no more when it has ended', async () => {
    const script: Script = (seen, index) => (index < 2 ? agree(seen, index) : { code: codes.accessReject })
    const { server, nas } = await setUp({ access: 'ipoe' }, script)
    const { session, started } = await online(nas)
    await started
    expect(await nas.renew(session)).toMatchObject({ kind: 'rejected' })
    await nas.reboot({ tell: false })
    expect(await nas.renew(session)).toEqual({ kind: 'timeout' })
    expect(server.seen).toHaveLength(3)
  })

  it('is known in the ledger by the name that the NAS made up', async () => {
    const { ledger, nas } = await setUp({ vendor: 'juniper', interface: 'ae0' })
    await (
      await online(nas, makeDial({ place: { cVlan: 139 } }))
    ).started
    expect(ledger.state.nases.get('bng-1')!.sessions.get(0)!.username).toBe('d4ca.6d00.0001-ae0:139')
  })
})

describe('addresses', () => {
  it.each([
    ['v4', '10.11.0.2', undefined, undefined],
    ['v6', undefined, '2001:db8:b:2::/64', '2001:db8:800b:2::/64'],
    ['dual', '10.11.0.2', '2001:db8:b:2::/64', '2001:db8:800b:2::/64'],
  ] as const)('of a session %s come from the pools of the NAS', async (stack, v4, prefix, delegated) => {
    const { nas, ledger } = await setUp()
    const { session, started } = await online(nas, makeDial({ stack }))
    await started
    expect([session.framedIp, session.framedIpv6Prefix, session.delegatedIpv6Prefix]).toEqual([v4, prefix, delegated])
    const lines = [...ledger.state.lines.keys()]
    expect(lines).toEqual([`d4:ca:6d:00:00:01/${stack === 'dual' ? '' : stack}`])
  })

  it('are those that were granted', async () => {
    const granted = [
      { name: 'Framed-IPv6-Prefix', value: '2001:db8:77::/64' },
      { name: 'Delegated-IPv6-Prefix', value: '2001:db8:7700::/56' },
    ]
    const { server, nas } = await setUp({}, accept(...granted))
    await (
      await online(nas, makeDial({ stack: 'dual', multiSessionId: 'm7' }))
    ).started
    expect(server.named('Framed-IPv6-Prefix')[1]).toBe('2001:db8:77::/64')
    expect(server.named('Delegated-IPv6-Prefix')[1]).toBe('2001:db8:7700::/56')
    expect(server.named('Acct-Multi-Session-Id')[1]).toBe('m7')
  })
})

describe('services on a session', () => {
  it('are counted beside it under ids of their own, and stop before it does', async () => {
    const { server, nas, ledger } = await setUp({ vendor: 'juniper' })
    const { session, started } = await online(nas)
    await started
    await nas.startService(session, 'iptv').started
    const voice = nas.startService(session, 'voice')
    await voice.started
    nas.pass(voice.session, 60)
    await nas.stop(voice.session, 'User-Request')
    expect(await nas.stop(session, 'Lost-Carrier')).toBe(true)
    const stops = server.seen.filter(({ attributes }) => attributes.some(({ value }) => value === 'Stop'))
    const id = (attributes: readonly NamedAttribute[]) =>
      attributes.find(({ name }) => name === 'Acct-Session-Id')?.value
    expect(stops.map(({ attributes }) => id(attributes))).toEqual(['4000:2', '4000:1', '4000'])
    expect([...ledger.state.nases.get('bng-1')!.sessions.values()].map(({ service }) => service)).toEqual([
      undefined,
      'iptv',
      'voice',
    ])
    expect(ledger.state.lines.size).toBe(1)
  })
})

describe('a session of another server', () => {
  it('is under way without having asked: no Start, and counters that are no longer zero', async () => {
    const { server, nas, ledger } = await setUp()
    const session = nas.inherit(makeDial(), 7200)
    const before = session.counters
    expect(await nas.interim(session)).toBe(true)
    nas.pass(session, 300)
    await nas.stop(session, 'User-Request')
    expect(server.named('Acct-Status-Type')).toEqual(['Interim-Update', 'Stop'])
    expect(server.named('Acct-Session-Time')).toEqual([7200, 7500])
    expect(possibleTotals(ledger.state.nases.get('bng-1')!.sessions.get(0)!)).toEqual([
      {
        sessionTime: 7500n,
        inputOctets: session.counters.inputOctets - before.inputOctets,
        outputOctets: session.counters.outputOctets - before.outputOctets,
      },
    ])
  })
})

describe('a boot', () => {
  it('takes as long as it is told to before the NAS speaks again', async () => {
    const { server, nas } = await setUp()
    const before = performance.now()
    await nas.reboot({ tell: true, bootMs: 60 })
    expect(performance.now() - before).toBeGreaterThanOrEqual(59)
    expect(server.named('Acct-Status-Type')).toEqual(['Accounting-On'])
  })
})

describe('a NAS that dies', () => {
  it('says nothing more, and its sessions may be open or not', async () => {
    const { server, nas, ledger } = await setUp()
    const { session, started } = await online(nas)
    await started
    nas.die()
    expect(await nas.dial(makeDial())).toEqual({ kind: 'timeout' })
    expect(await nas.stop(session, 'User-Request')).toBe(false)
    expect(server.named('Acct-Status-Type')).toEqual([undefined, 'Start'])
    expect(ledger.state.nases.get('bng-1')!.sessions.get(0)!.lost).toBe('silently')
    expect(compareSessions(ledger.state, [])).toMatchObject([{ kind: 'missing' }])
  })
})

describe('a NAS behind a NAT', () => {
  it('calls itself by an address that its packets do not come from', async () => {
    const { server, nas, ledger } = await setUp({ nasAddress: '192.168.88.1' })
    await (
      await online(nas)
    ).started
    expect(server.named('NAS-IP-Address')[0]).toBe('192.168.88.1')
    expect(server.seen[0]!.from.address).toBe('127.0.0.11')
    expect(ledger.state.nases.get('bng-1')!.address).toBe('127.0.0.11')
  })

  it('may send an Accounting-On that names nobody: nobody is told to have lost anything', async () => {
    const { server, nas, entries } = await setUp()
    await (
      await online(nas)
    ).started
    expect(await nas.tell('Accounting-On', { unnamed: true })).toBe(true)
    expect(server.named('NAS-Identifier').at(-1)).toBeUndefined()
    expect(server.named('NAS-IP-Address').at(-1)).toBeUndefined()
    expect(server.named('Acct-Status-Type').at(-1)).toBe('Accounting-On')
    expect(entries.filter(({ kind }) => kind === 'device')).toEqual([])
  })
})
