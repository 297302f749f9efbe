import { once } from 'node:events'
import { createSocket } from 'node:dgram'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { HomeServersOptions, LiveHomeServer } from '../../src/aaa/home-servers.ts'
import { createProxy, firstAnswer } from '../../src/aaa/proxy.ts'
import type { Proxy } from '../../src/aaa/proxy.ts'
import { createLogger } from '../../src/log.ts'
import { createMetrics } from '../../src/metrics.ts'
import type { ExchangeOutcome } from '../../src/radius/client.ts'
import { codes } from '../../src/radius/codes.ts'
import { decodeAttributes, encodeAttributes } from '../../src/radius/attributes.ts'
import { createSecret, hashPacket } from '../../src/radius/authenticator.ts'
import { testNas } from '../support/access.ts'
import { chap, clientSecret, pap } from '../support/access-handler.ts'
import { dictionary } from '../support/dictionary.ts'
import { accessToForward, accountingToForward, homeSecret, realTime, startHomeServer } from '../support/home-server.ts'
import type { FakeHomeServer } from '../support/home-server.ts'
import { attribute, typesOf, valueOf } from '../support/radius.ts'
import { useOffice } from '../support/operator.ts'

const office = useOffice()
const open: { close(): unknown }[] = []
let metrics: ReturnType<typeof createMetrics>
let lines: string[]
let latched: string[]

beforeEach(() => {
  metrics = createMetrics()
  lines = []
  latched = []
})
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close()
})

async function home(changes: Partial<LiveHomeServer> = {}): Promise<FakeHomeServer> {
  const server = await startHomeServer(changes)
  open.push(server)
  return server
}

/** A proxy whose pool 1 are these servers. */
function proxyTo(servers: FakeHomeServer[], options: Partial<HomeServersOptions> = {}): Proxy {
  const proxy = createProxy({
    pools: () => new Map([[1n, servers.map((server) => server.row)]]),
    latch: (server) => latched.push(server.name),
    dictionary,
    keyring: office.keyring,
    clock: realTime(),
    log: createLogger({ level: 'info', stream: { write: (line) => lines.push(line) } }),
    metrics,
    probeMs: 20,
    pauseMs: 60_000,
    ...options,
  })
  open.push(proxy)
  return proxy
}

const patient = testNas({ patienceMs: 5_000 })
const login = () => accessToForward(pap('anna@partner.example', 'secret of anna'))
const start = () => accountingToForward([{ name: 'Acct-Status-Type', value: 1 }])
const nameOf = (response: Awaited<ReturnType<Proxy['forward']>>): string | undefined =>
  response && Buffer.from(response.attributes.subarray(2)).toString()

/** Makes a server sign its work: it answers with its name as Reply-Message. */
function signed(server: FakeHomeServer, code: 2 | 3 | 5 | 11 = codes.accessAccept): FakeHomeServer {
  server.answer = () => ({ code, attributes: attribute(18, server.row.name) })
  return server
}

async function counted(metric: 'dropped' | 'proxyTimeouts' | 'homeServersDead' | 'proxyRequests' | 'proxyAnswers') {
  const { values } = await metrics[metric].get()
  return values.filter((one) => one.value > 0).map((one) => [...Object.values(one.labels), one.value].join(' '))
}

describe('a forwarded Access-Request', () => {
  it('is asked of the home server with its password hidden anew, and its answer handed back', async () => {
    const server = signed(await home())
    const response = await proxyTo([server]).forward(login(), patient, 1n)
    expect(response?.code).toBe(codes.accessAccept)
    expect(nameOf(response)).toBe(server.row.name)
    const [asked] = server.requests
    const list = decodeAttributes(dictionary, asked!, { secret: homeSecret, authenticator: asked!.authenticator })
    expect(list.map((one) => one.name)).toEqual([
      'Message-Authenticator',
      'User-Name',
      'User-Password',
      'Calling-Station-Id',
      'Proxy-State',
    ])
    expect(list[1]!.value).toBe('anna@partner.example')
    expect(String(list[2]!.value)).toBe('secret of anna')
    expect(await counted('proxyRequests')).toEqual([`${server.row.name} authentication 1`])
    expect(await counted('proxyAnswers')).toEqual([`${server.row.name} Access-Accept 1`])
  })

  it.each([codes.accessReject, codes.accessChallenge] as const)('may be answered with code %i', async (code) => {
    const server = signed(await home(), code)
    expect(await proxyTo([server]).forward(login(), patient, 1n)).toMatchObject({ code })
  })

  it('by CHAP carries the challenge that it had', async () => {
    const server = await home()
    const request = accessToForward(chap('anna', 'secret of anna'))
    await proxyTo([server]).forward(request, patient, 1n)
    expect(valueOf(server.requests[0]!, 60)).toEqual(request.packet.authenticator)
  })

  it('gets keys of the answer hidden for its NAS', async () => {
    const server = await home()
    server.answer = ({ packet: { authenticator } }) => ({
      code: codes.accessAccept,
      attributes: encodeAttributes(dictionary, [{ name: 'MS-MPPE-Send-Key', value: Buffer.alloc(16, 7) }], {
        secret: homeSecret,
        authenticator,
      }),
    })
    const request = login()
    const response = await proxyTo([server]).forward(request, patient, 1n)
    const hidden = Buffer.from(response!.attributes)
    const reply = { ...request.packet, octets: Buffer.concat([Buffer.alloc(20), hidden]), offsets: [20] }
    const { authenticator } = request.packet
    expect(decodeAttributes(dictionary, reply, { secret: clientSecret, authenticator })).toEqual([
      { name: 'MS-MPPE-Send-Key', value: Buffer.alloc(16, 7) },
    ])
  })

  it('that we forwarded before is dropped, counted and told', async () => {
    const servers = [await home(), await home()]
    const proxy = proxyTo(servers)
    await proxy.forward(login(), patient, 1n)
    const ours = valueOf(servers[0]!.requests[0]!, 33)!
    const circle = accessToForward([...pap('anna', 'x'), { name: 'Proxy-State', value: ours }])
    expect(await proxy.forward(circle, patient, 1n)).toBeUndefined()
    expect(servers.flatMap((server) => server.requests)).toHaveLength(1)
    expect(await counted('dropped')).toEqual(['bng-1 proxy-loop 1'])
    expect(lines.join()).toContain('two servers forward to each other')
    const foreign = accessToForward([...pap('anna', 'x'), { name: 'Proxy-State', value: Buffer.alloc(18, 71) }])
    expect(await proxy.forward(foreign, patient, 1n)).toMatchObject({ code: codes.accessAccept })
    expect(typesOf(servers[0]!.requests[1]!)).toEqual([80, 1, 2, 31, 33, 33])
  })

  it('to a pool without servers gets silence', async () => {
    expect(await proxyTo([]).forward(login(), patient, 1n)).toBeUndefined()
    expect(await counted('dropped')).toEqual(['bng-1 proxy-unreachable 1'])
  })

  it('whose packet would be too long gets silence, and the server is not blamed', async () => {
    const server = await home()
    const proxy = proxyTo([server])
    const classes = Array.from({ length: 16 }, () => ({ name: 'Class', value: Buffer.alloc(250) }))
    const long = accessToForward([...classes, { name: 'Reply-Message', value: 'x'.repeat(30) }])
    expect(await proxy.forward(long, patient, 1n)).toBeUndefined()
    expect(await counted('homeServersDead')).toEqual([])
    expect(await proxy.forward(login(), patient, 1n)).toMatchObject({ code: codes.accessAccept })
  })
})

describe('Message-Authenticator of answers (CVE-2024-3596)', () => {
  /** A server that answers Access-Requests unsigned: by hand, for ours always signs. */
  async function unsignedServer(changes: Partial<LiveHomeServer>): Promise<FakeHomeServer> {
    const server = await home(changes)
    const socket = createSocket('udp4')
    socket.on('message', (request, from) => {
      const reply = Buffer.from([2, request[1]!, 0, 20, ...Buffer.alloc(16)])
      hashPacket(reply, request.subarray(4, 20), homeSecret, reply, 4)
      if (request[0] === 1) socket.send(reply, from.port, from.address)
    })
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    open.push(socket)
    return { ...server, row: { ...server.row, authPort: socket.address().port } }
  }

  it.each([
    ['off', false, true],
    ['auto', false, true],
    ['auto', true, false],
    ['require', false, false],
  ] as const)('policy %s, seen %s: an unsigned one counts: %s', async (policy, seen, counts) => {
    const server = await unsignedServer({ messageAuthenticator: policy, messageAuthenticatorSeen: seen })
    const response = await proxyTo([server]).forward(login(), patient, 1n)
    expect(response?.code).toBe(counts ? codes.accessAccept : undefined)
    expect(lines.join().includes('answers of a home server do not verify')).toBe(!counts)
  })

  it('is asked for from the first signed answer on, and the latch is written', async () => {
    const server = await home()
    const rows = [server]
    const proxy = proxyTo(rows)
    await proxy.forward(login(), patient, 1n)
    expect(latched).toEqual([server.row.name])
    await proxy.forward(start(), patient, 1n)
    expect(latched).toHaveLength(1)
    rows[0] = { ...server, row: { ...server.row, messageAuthenticatorSeen: true } }
    await proxy.forward(login(), patient, 1n)
    expect(latched).toHaveLength(1)
  })

  it('of a server with another secret than ours is told with its mend', async () => {
    const server = await home({ secret: createSecret('not the one it has') })
    // Unsigned by its lights it would drop ours: Status-Server and requests are silence.
    expect(await proxyTo([server]).forward(login(), patient, 1n)).toBeUndefined()
    expect(await counted('proxyTimeouts')).toEqual([`${server.row.name} authentication 1`])
  })
})

describe('fail-over', () => {
  it('goes on to the next server while the NAS waits, and comes back when the first answers Status-Server', async () => {
    const first = signed(await home())
    const second = signed(await home())
    first.answer = () => undefined
    first.status = false
    const proxy = proxyTo([first, second])
    expect(nameOf(await proxy.forward(login(), patient, 1n))).toBe(second.row.name)
    expect(await counted('homeServersDead')).toEqual([`${first.row.name} authentication 1`])
    // Dead: nobody waits for it any more.
    expect(nameOf(await proxy.forward(login(), patient, 1n))).toBe(second.row.name)
    expect(first.requests).toHaveLength(1)
    await vi.waitFor(() => expect(first.statusAsked).toBeGreaterThan(1))

    first.status = true
    signed(first)
    await vi.waitFor(async () => expect(await counted('homeServersDead')).toEqual([]))
    expect(nameOf(await proxy.forward(login(), patient, 1n))).toBe(first.row.name)
    expect(lines.join()).toContain('a home server answers again')
  })

  it('of one port leaves the other alone', async () => {
    const first = await home()
    const second = await home()
    first.status = false
    first.answer = ({ local }) =>
      local.kind === 'accounting' ? undefined : { code: codes.accessAccept, attributes: Buffer.alloc(0) }
    const proxy = proxyTo([first, second])
    expect(await proxy.forward(start(), patient, 1n)).toMatchObject({ code: codes.accountingResponse })
    expect(await counted('homeServersDead')).toEqual([`${first.row.name} accounting 1`])
    await proxy.forward(login(), patient, 1n)
    expect(first.requests.map((packet) => packet.code)).toEqual([4, 1])
  })

  it('does not take a server for dead that answered others meanwhile', async () => {
    const server = await home()
    server.answer = ({ packet }) =>
      valueOf(packet, 1)?.toString() === 'ignored'
        ? undefined
        : { code: codes.accessAccept, attributes: Buffer.alloc(0) }
    const proxy = proxyTo([server])
    const ignored = proxy.forward(accessToForward(pap('ignored', 'x')), patient, 1n)
    await proxy.forward(login(), patient, 1n)
    expect(await ignored).toBeUndefined()
    expect(await counted('homeServersDead')).toEqual([])
    expect(await counted('dropped')).toEqual(['bng-1 proxy-timeout 1'])
  })

  it('with all of them dead is silence at once, never a reject', async () => {
    const servers = [await home(), await home()]
    for (const server of servers) {
      server.answer = () => undefined
      server.status = false
    }
    const proxy = proxyTo(servers)
    expect(await proxy.forward(login(), patient, 1n)).toBeUndefined()
    expect(await proxy.forward(login(), patient, 1n)).toBeUndefined()
    expect(servers.map((server) => server.requests.length)).toEqual([1, 1])
    expect(await counted('dropped')).toEqual(['bng-1 proxy-timeout 1', 'bng-1 proxy-unreachable 1'])
  })

  it('tries a server that knows no Status-Server with one request after a pause', async () => {
    const server = signed(await home())
    server.answer = () => undefined
    server.status = false
    const proxy = proxyTo([server], { pauseMs: 300 })
    await proxy.forward(login(), patient, 1n)
    expect(await proxy.forward(login(), patient, 1n)).toBeUndefined()
    expect(server.requests).toHaveLength(1)
    signed(server)
    await vi.waitFor(async () => expect(nameOf(await proxy.forward(login(), patient, 1n))).toBe(server.row.name))
    expect(await counted('homeServersDead')).toEqual([])
  })

  it('hurries an Access-Request on where the NAS has little time, and the first that answers is heard', async () => {
    const first = await home({ timeoutMs: 5_000 })
    const second = signed(await home())
    first.answer = () => undefined
    const impatient = testNas({ patienceMs: 600 })
    expect(nameOf(await proxyTo([first, second]).forward(login(), impatient, 1n))).toBe(second.row.name)
    expect(await counted('homeServersDead')).toEqual([])
  })

  it('does not hurry the rest of a conversation, nor accounting: another server knows nothing of it', async () => {
    const first = await home({ timeoutMs: 5_000 })
    const second = await home()
    first.answer = () => undefined
    const impatient = testNas({ patienceMs: 200 })
    const proxy = proxyTo([first, second])
    const rest = accessToForward([...pap('anna', 'x'), { name: 'State', value: Buffer.from('begun') }])
    expect(await Promise.all([proxy.forward(rest, impatient, 1n), proxy.forward(start(), impatient, 1n)])).toEqual([
      undefined,
      undefined,
    ])
    expect(second.requests).toEqual([])
  })

  it('begins anew with a server that was moved or removed', async () => {
    const first = await home()
    first.answer = () => undefined
    first.status = false
    const rows = [first]
    const proxy = proxyTo(rows)
    await proxy.forward(login(), patient, 1n)
    expect(await counted('homeServersDead')).toHaveLength(1)
    const moved = signed(await home({ id: first.row.id, name: first.row.name }))
    rows[0] = moved
    expect(nameOf(await proxy.forward(login(), patient, 1n))).toBe(moved.row.name)
    await vi.waitFor(async () => expect(await counted('homeServersDead')).toEqual([]))
  })
})

describe('a forwarded Accounting-Request', () => {
  it('is answered only when the home server answered', async () => {
    const server = await home()
    const proxy = proxyTo([server])
    expect(await proxy.forward(start(), patient, 1n)).toEqual({
      code: codes.accountingResponse,
      attributes: Buffer.alloc(0),
      homeServer: server.row.name,
    })
    server.answer = () => undefined
    expect(await proxy.forward(start(), patient, 1n)).toBeUndefined()
    // Unsigned: FreeRADIUS up to 3.2.1 checks Message-Authenticator wrongly there.
    expect(typesOf(server.requests[0]!)).toEqual([40, 33])
  })
})

describe('the first answer of several', () => {
  const targets = ['a', 'b', 'c'].map((name) => ({ server: { name } as LiveHomeServer })) as never[]
  const lost: ExchangeOutcome = { kind: 'timeout', tries: 1, badReplies: 0 }
  const reply = { kind: 'reply' } as ExchangeOutcome

  it('is that of the last where the others failed, and undefined where all did', async () => {
    const asked: string[] = []
    const ask = (last: ExchangeOutcome) => async (target: { server: { name: string } }) => {
      asked.push(target.server.name)
      return target.server.name === 'c' ? last : lost
    }
    const how = { waitMs: 5_000, hurried: false }
    expect(await firstAnswer(targets, ask(reply), how)).toMatchObject({ target: { server: { name: 'c' } } })
    expect(await firstAnswer(targets, ask(lost), how)).toBeUndefined()
    expect(asked).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
  })

  it('asks nobody else once it has one or its time is over', async () => {
    const waiting = Promise.withResolvers<ExchangeOutcome>()
    const asked: string[] = []
    const ask = (target: { server: { name: string } }) => {
      asked.push(target.server.name)
      return waiting.promise
    }
    expect(await firstAnswer(targets, ask, { waitMs: 10, hurried: false })).toBeUndefined()
    waiting.resolve(lost)
    await waiting.promise
    expect(asked).toEqual(['a'])
  })
})
