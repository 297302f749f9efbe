// What lies between a NAS and the service: loss, delay, damage, silence one way, addresses that change, small packets. By UDP
// fault proxies on real sockets; the figures are printed.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { useDatabase } from '../support/database.ts'
import { openIsp, sessionRows, type Isp, type NasInput } from '../support/isp.ts'
import { inWindow, lineMac } from '../support/many-lines.ts'
import { startTestService, type TestService } from '../support/service.ts'
import { startUdpFaultProxy, type Direction, type UdpFaultProxy, type UdpFaults } from '../support/udp-fault-proxy.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)
const database = useDatabase()
const subscribers = 500
let isp: Isp
const opened: UdpFaultProxy[] = []

beforeAll(async () => {
  isp = await openIsp(database)
  await isp.plan({ sessionLimit: 1 })
  const all = Array.from({ length: subscribers }, (_, at) => at)
  await inWindow(all, 8, (at) => isp.subscriber(`sub${at}`))
}, 120_000)
afterAll(async () => {
  await isp.close()
  for (const proxy of opened) proxy.close()
})

type Path = { nas: SimulatedNas; auth: UdpFaultProxy; acct: UdpFaultProxy; both: (faults: Partial<UdpFaults>) => void }

/** A NAS that reaches the service by way of two proxies. */
async function pathOf(
  identifier: string,
  address: string,
  input: NasInput = {},
  tap?: (direction: Direction, octets: Buffer) => void,
): Promise<Path> {
  const through = async (port: number): Promise<UdpFaultProxy> => {
    const target = { address: '127.0.0.1', port }
    const proxy = await startUdpFaultProxy({ seed: identifier, target, ...(tap && { tap }) })
    opened.push(proxy)
    return proxy
  }
  const [auth, acct] = [await through(isp.service.authPort), await through(isp.service.acctPort)]
  const server = { address: '127.0.0.1', authPort: auth.port, acctPort: acct.port }
  const nas = await isp.nas(identifier, address, { server, ...input })
  const both = (faults: Partial<UdpFaults>): void => {
    auth.set('both', faults)
    acct.set('both', faults)
  }
  return { nas, auth, acct, both }
}

const dialOf = (at: number) => isp.dial(`sub${at}`, { mac: lineMac(at) })

async function stopAll(nas: SimulatedNas): Promise<void> {
  await Promise.all(nas.sessions().map((session) => nas.stop(session, 'User-Request')))
  await nas.quiet()
}

it('F32: a fifth of all datagrams is lost in each direction: modems come through, each with one session', async () => {
  const { nas, both } = await pathOf('F32', '127.0.90.1', { timers: { timeoutMs: 100, tries: 4 } })
  both({ loss: 0.2 })
  let dials = 0
  let first = 0
  const all = Array.from({ length: subscribers }, (_, at) => at)
  const online = await inWindow(all, 32, async (at) => {
    // A modem whose dial-in failed dials once more.
    for (const attempt of [0, 1]) {
      dials += 1
      const outcome = await nas.dial(dialOf(at))
      expect(outcome.kind).not.toBe('rejected')
      if (outcome.kind !== 'online') continue
      if (attempt === 0) first += 1
      return outcome.session
    }
    return undefined
  })
  const came = online.filter((session) => session !== undefined).length
  say(
    `F32: ${((100 * first) / subscribers).toFixed(1)} % with four tries, ${((100 * came) / subscribers).toFixed(1)} % with a second dial-in (${dials} dial-ins)`,
  )
  // Four tries of which each fails with 1 - 0.8² leave 1.7 % by chance alone.
  expect(first / subscribers).toBeGreaterThanOrEqual(0.96)
  expect(came / subscribers).toBeGreaterThanOrEqual(0.99)
  await nas.quiet()
  both({ loss: 0 })
  await stopAll(nas)
  expect(await isp.differences()).toEqual([])
}, 300_000)

it('F33: everything is late by up to three seconds, doubled and out of order: sessions and octets are exact', async () => {
  const { nas, both } = await pathOf('F33', '127.0.90.2', {
    vendor: 'accel-ppp',
    timers: { timeoutMs: 5_000, tries: 4 },
  })
  const lines = Array.from({ length: 60 }, (_, at) => at)
  const dialled = await inWindow(lines, 16, async (at) => {
    const outcome = await nas.dial(dialOf(at))
    if (outcome.kind !== 'online') throw new Error(outcome.kind)
    await outcome.started
    return outcome.session
  })
  // From here on nobody waits for an answer before the next record.
  await isp.pool.query(`update nas set created_at = created_at - interval '30 days'`)
  both({ delayMs: [0, 3_000], duplicate: 0.3 })
  const records = dialled.flatMap((session) => {
    const interims = Array.from({ length: 3 }, () => {
      nas.pass(session, 60)
      return nas.interim(session)
    })
    nas.pass(session, 60)
    return [...interims, nas.stop(session, 'User-Request')]
  })
  // Starts that come after what they began.
  const late = await inWindow(
    Array.from({ length: 40 }, (_, at) => 100 + at),
    40,
    (at) => nas.dial(dialOf(at)),
  )
  for (const outcome of late) {
    if (outcome.kind !== 'online') continue
    nas.pass(outcome.session, 60)
    records.push(nas.stop(outcome.session, 'User-Request'))
  }
  const answered = (await Promise.all(records)).filter(Boolean).length
  await nas.quiet()
  await Promise.all(opened.map((proxy) => proxy.landed()))
  both({ delayMs: [0, 0], duplicate: 0 })
  say(
    `F33: ${answered} of ${records.length} records answered, ${late.filter(({ kind }) => kind === 'online').length} sessions of which Start and Stop raced`,
  )
  expect(await isp.differences()).toEqual([])
}, 120_000)

it('F34: answers are lost for a second: the same octets are sent again, and there is one session', async () => {
  const replies: Buffer[] = []
  const requests: Buffer[] = []
  const tap = (direction: Direction, octets: Buffer): void => {
    if (octets[0] === 1) requests.push(octets)
    if (octets[0] === 2 && direction === 'toClient') replies.push(octets)
  }
  const { nas, auth } = await pathOf('F34', '127.0.90.3', { timers: { timeoutMs: 250, tries: 10 } }, tap)
  auth.set('toClient', { blackhole: true })
  const dialling = nas.dial(dialOf(200))
  await expect.poll(() => replies.length, { timeout: 5_000 }).toBeGreaterThanOrEqual(3)
  auth.heal()
  const outcome = await dialling
  expect(outcome.kind).toBe('online')
  await nas.quiet()
  say(`F34: ${requests.length} copies of the request, ${replies.length} of the answer, all alike`)
  expect(new Set(requests.map((octets) => octets.toString('hex'))).size).toBe(1)
  expect(new Set(replies.map((octets) => octets.toString('hex'))).size).toBe(1)
  const { rows } = await isp.pool.query(
    `select count(*)::integer as n from session where username = 'sub200' and ended_at is null`,
  )
  expect(rows).toEqual([{ n: 1 }])
  await stopAll(nas)
}, 60_000)

it('F35: one bit of every datagram is turned: nothing is accepted, everything is counted', async () => {
  const { nas, both, auth, acct } = await pathOf('F35', '127.0.90.4', { timers: { timeoutMs: 60, tries: 10 } })
  const session = await (async () => {
    const outcome = await nas.dial(dialOf(210))
    if (outcome.kind !== 'online') throw new Error(outcome.kind)
    await outcome.started
    return outcome.session
  })()
  await isp.pool.query(`update nas set created_at = created_at - interval '30 days'`)
  const sentBefore = nas.counts().sent
  auth.set('toServer', { corrupt: 1 })
  acct.set('toServer', { corrupt: 1 })
  const outcomes = await Promise.all(Array.from({ length: 30 }, (_, at) => nas.dial(dialOf(220 + at))))
  nas.pass(session, 60)
  const recorded = await nas.interim(session)
  const sent = nas.counts().sent - sentBefore
  say(
    `F35: ${sent} damaged datagrams, ${auth.counts.toClient.arrived + acct.counts.toClient.arrived} answers since the beginning`,
  )
  expect(outcomes.filter(({ kind }) => kind !== 'timeout')).toEqual([])
  expect(recorded).toBe(false)
  expect(sent).toBe(310)
  // Damaged answers: the NAS takes none of them, and the service has accounted once.
  both({ corrupt: 0 })
  acct.set('toClient', { corrupt: 1 })
  expect(await nas.interim(session)).toBe(false)
  both({ corrupt: 0 })
  await stopAll(nas)
  expect(await isp.differences()).toEqual([])
}, 60_000)

it('F36: the way back is silent: the NAS goes to the second server, and the login is one session', async () => {
  const { nas: first, auth } = await pathOf('F36', '127.0.90.5', { timers: { timeoutMs: 100, tries: 3 } })
  const second: TestService = await startTestService(database, { keyFile: isp.service.keyFile })
  await second.refresh()
  // The same device, when it speaks to its second server.
  const server = { address: '127.0.0.1', authPort: second.authPort, acctPort: second.acctPort }
  const other = await isp.nas('F36', '127.0.90.5', { behind: true, server })
  auth.set('toClient', { blackhole: true })
  for (let at = 300; at < 330; at += 1) {
    expect((await first.dial(dialOf(at))).kind).toBe('timeout')
    const outcome = await other.dial(dialOf(at))
    expect(outcome.kind).toBe('online')
    if (outcome.kind === 'online') await outcome.started
  }
  const open = (await sessionRows(isp.pool)).filter(({ nas, endedAt }) => nas === 'F36' && endedAt === undefined)
  expect(open.length).toBe(30)
  expect(new Set(open.map(({ framedIp }) => framedIp)).size).toBe(30)
  await stopAll(other)
  await second.close()
}, 60_000)

it('F37: ports and addresses of a NAS change in mid-session: each session stays one row', async () => {
  await isp.client('F37', '127.0.91.0/24', {})
  const { nas, auth, acct } = await pathOf('F37', '127.0.91.1', { behind: true })
  const sessions = await inWindow([400, 401, 402, 403, 404], 5, async (at) => {
    const outcome = await nas.dial(dialOf(at))
    if (outcome.kind !== 'online') throw new Error(outcome.kind)
    await outcome.started
    return outcome.session
  })
  await isp.pool.query(`update nas set created_at = created_at - interval '30 days'`)
  for (const address of [undefined, '127.0.91.2', '127.0.91.3', undefined]) {
    auth.rebind(address)
    acct.rebind(address)
    for (const session of sessions) {
      nas.pass(session, 60)
      expect(await nas.interim(session)).toBe(true)
    }
  }
  await stopAll(nas)
  expect((await sessionRows(isp.pool)).filter(({ nas: name }) => name === 'F37').length).toBe(5)
  expect(await isp.differences()).toEqual([])
}, 60_000)

it('F38: packets beyond an MTU of 576 arrive in fragments, and those beyond 4096 octets are dropped', async () => {
  const script = new URL('../support/small-mtu.ts', import.meta.url).pathname
  const { stdout } = await promisify(execFile)('unshare', [
    '--net',
    'sh',
    '-c',
    'ip link set lo mtu 576 up && exec "$0" "$1"',
    process.execPath,
    script,
  ])
  say(`F38: ${stdout.trim()}`)
  const { fragments, ...answers } = JSON.parse(stdout) as { fragments: number }
  expect(answers).toEqual({ small: 'answered', fragmented: 'answered', largest: 'answered', tooLong: 'silence' })
  expect(fragments).toBeGreaterThan(20)
}, 60_000)
