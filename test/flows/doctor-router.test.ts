// The NAS doctor in the router: each setting that our work hangs on is planted wrong in a fake router, over both backends, and the
// command that mends it is named. A router that cannot be looked at is itself a finding and hides nothing of the rest.
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { ownAuthor } from '../../src/domain/author.ts'
import { setRouter } from '../../src/domain/nas-router.ts'
import { useDatabase } from '../support/database.ts'
import { ask, clockRow, healthyTables, nasBehind, wrong } from '../support/doctor.ts'
import { startFakeRouter, type FakeRouter, type FakeRow } from '../support/fake-router.ts'
import { openIsp, type Isp } from '../support/isp.ts'

const database = useDatabase()
const now = (): Date => new Date()
let isp: Isp
let id: bigint
let coaPort: number
let router: FakeRouter

beforeAll(async () => {
  isp = await openIsp(database)
  await isp.plan()
  const nas = await isp.nas('bng', '127.2.1.1', { coaPort: 0 })
  coaPort = nas.coaPort!
  for (const name of ['anna', 'ben']) {
    await isp.subscriber(name)
    const outcome = await nas.dial(isp.dial(name, { mac: `02:00:00:00:03:0${name.length}` }))
    if (outcome.kind !== 'online') throw new Error(outcome.kind)
    await outcome.started
  }
  const found = await nasBehind(isp, 'bng')
  id = found.id
  await isp.pool.query(`update nas set coa_port = $2, identifier = 'bng' where id = $1`, [id, coaPort])
  await isp.service.refresh()
  await vi.waitUntil(async () => {
    const seen = await isp.pool.query('select from radius_client where message_authenticator_seen_at is not null')
    return seen.rowCount === 1
  })
  // Both kinds of lines live there, whatever they came by.
  await isp.pool.query(`update subscriber set account_type = 'ipoe' where username = 'ben'`)
})
afterEach(() => router.close())
afterAll(() => isp.close())

type Tables = Record<string, FakeRow[]>

async function open(backend: 'api' | 'rest', plant: (tables: Tables) => void, changes: object = {}): Promise<void> {
  const server = '127.0.0.1'
  const tables = healthyTables({ server, acctPort: isp.service.acctPort, coaPort, identity: 'bng', at: now() })
  plant(tables)
  router = await startFakeRouter(tables)
  const { host, user: userName, password, fingerprint: pin } = router
  const port = backend === 'api' ? router.apiTlsPort : router.restPort
  const input = { name: 'bng', backend, host, port, userName, password, pin, timeoutMs: 20_000, ...changes }
  await setRouter(isp.db, input, ownAuthor('system', 'test', isp.service.keyring), now())
}

const row = (tables: Tables, menu: string): FakeRow => tables[menu]![0]!
const shifted = (seconds: number): FakeRow => clockRow(new Date(Date.now() + seconds * 1_000))

/** What is planted, the finding, its severity, and the command (or how it begins). */
const planted: [string, (tables: Tables) => void, string, 'fault' | 'warning', string][] = [
  [
    'no row with us',
    (tables) => (row(tables, '/radius').address = '192.0.2.99'),
    'router-radius-row',
    'fault',
    '/radius add service=ppp,dhcp,hotspot address=127.0.0.1 ',
  ],
  [
    'a row that is disabled',
    (tables) => (row(tables, '/radius').disabled = 'true'),
    'router-radius-row',
    'fault',
    '/radius set [find address=127.0.0.1] disabled=no',
  ],
  [
    'two rows with us',
    (tables) => void tables['/radius']!.push({ ...row(tables, '/radius'), '.id': '*2' }),
    'router-radius-rows',
    'warning',
    '/radius remove [:pick [find address=127.0.0.1] 1 100]',
  ],
  [
    'a service that is missing',
    (tables) => (row(tables, '/radius').service = 'login,ppp'),
    'router-services',
    'fault',
    '/radius set [find address=127.0.0.1] service=login,ppp,dhcp',
  ],
  [
    'hotspot sessions whose service is missing',
    (tables) => {
      row(tables, '/radius').service = 'ppp,dhcp'
      tables['/ip/hotspot/active'] = [{ '.id': '*1', user: 'room', radius: 'true' }]
    },
    'router-services',
    'fault',
    '/radius set [find address=127.0.0.1] service=ppp,dhcp,hotspot',
  ],
  [
    'a timeout of 300 ms',
    (tables) => (row(tables, '/radius').timeout = '300ms'),
    'router-timeout',
    'warning',
    '/radius set [find address=127.0.0.1] timeout=1s',
  ],
  [
    'answers that need not be signed',
    (tables) => (row(tables, '/radius')['require-message-auth'] = 'no'),
    'router-message-auth',
    'warning',
    '/radius set [find address=127.0.0.1] require-message-auth=yes-for-request-resp',
  ],
  [
    'another accounting port',
    (tables) => (row(tables, '/radius')['accounting-port'] = '1646'),
    'router-accounting-port',
    'fault',
    '/radius set [find address=127.0.0.1] accounting-port=',
  ],
  [
    'another source address',
    (tables) => (row(tables, '/radius')['src-address'] = '10.0.0.1'),
    'router-source-address',
    'fault',
    '/radius set [find address=127.0.0.1] src-address=127.2.1.1',
  ],
  [
    'answers that it takes for badly signed',
    (tables) => Object.assign(row(tables, '/radius/monitor'), { accepts: '0', rejects: '0', 'bad-replies': '9' }),
    'router-bad-replies',
    'fault',
    '/radius set [find address=127.0.0.1] secret="SECRET-NOT-SHOWN"',
  ],
  [
    'answers that it took for badly signed once',
    (tables) => Object.assign(row(tables, '/radius/monitor'), { 'bad-replies': '9' }),
    'router-bad-replies',
    'warning',
    '/radius reset-counters',
  ],
  [
    'no orders taken',
    (tables) => (row(tables, '/radius/incoming').accept = 'false'),
    'router-incoming',
    'fault',
    '/radius incoming set accept=yes port=',
  ],
  [
    'orders taken at another port',
    (tables) => (row(tables, '/radius/incoming').port = '1700'),
    'router-incoming',
    'fault',
    '/radius incoming set accept=yes port=',
  ],
  [
    'PPP that asks nobody',
    (tables) => (row(tables, '/ppp/aaa')['use-radius'] = 'no'),
    'router-ppp-aaa',
    'fault',
    '/ppp aaa set use-radius=yes accounting=yes interim-update=',
  ],
  [
    'PPP without accounting',
    (tables) => (row(tables, '/ppp/aaa').accounting = 'no'),
    'router-ppp-aaa',
    'fault',
    '/ppp aaa set use-radius=yes accounting=yes interim-update=',
  ],
  [
    'PPP that reports too seldom',
    (tables) => (row(tables, '/ppp/aaa')['interim-update'] = '1h'),
    'router-ppp-interim',
    'warning',
    '/ppp aaa set use-radius=yes accounting=yes interim-update=',
  ],
  [
    'DHCP servers that ask nobody',
    (tables) => (row(tables, '/ip/dhcp-server')['use-radius'] = 'no'),
    'router-dhcp',
    'fault',
    '/ip dhcp-server set [find name="lines"] use-radius=yes; ',
  ],
  [
    'a lease that is long',
    (tables) => (row(tables, '/ip/dhcp-server')['lease-time'] = '1d'),
    'router-lease-time',
    'warning',
    '/ip dhcp-server set [find name="lines"] lease-time=',
  ],
  [
    'an interface that talks to every address',
    (tables) => (row(tables, '/interface/vlan').arp = 'enabled'),
    'router-arp',
    'warning',
    '/interface vlan set [find name="vlan100"] arp=reply-only',
  ],
  [
    'the same, of a server that writes no ARP entries: they come first',
    (tables) => {
      row(tables, '/interface/vlan').arp = 'enabled'
      row(tables, '/ip/dhcp-server')['add-arp'] = 'no'
    },
    'router-arp',
    'warning',
    '/ip dhcp-server set [find name="lines"] add-arp=yes; /interface vlan set [find name="vlan100"] arp=reply-only',
  ],
  [
    'a closed interface without entries',
    (tables) => (row(tables, '/ip/dhcp-server')['add-arp'] = 'no'),
    'router-arp',
    'fault',
    '/ip dhcp-server set [find name="lines"] add-arp=yes',
  ],
  [
    'another identity',
    (tables) => (row(tables, '/system/identity').name = 'MikroTik'),
    'router-identity',
    'fault',
    '/system identity set name="bng"',
  ],
  [
    'a clock two minutes behind',
    (tables) => (tables['/system/clock'] = [shifted(-120)]),
    'router-clock',
    'warning',
    '/system ntp client set enabled=yes servers=pool.ntp.org',
  ],
  [
    'a clock ten minutes ahead',
    (tables) => (tables['/system/clock'] = [shifted(600)]),
    'router-clock',
    'fault',
    '/system ntp client set enabled=yes servers=pool.ntp.org',
  ],
  [
    'a release that does not sign',
    (tables) => (row(tables, '/system/resource').version = '7.14.2 (stable)'),
    'router-version',
    'warning',
    '/system package update install',
  ],
]

describe.each(['api', 'rest'] as const)('over %s', (backend) => {
  it('a router that is set up as it should be has neither fault nor warning', async () => {
    await open(backend, () => undefined)
    const diagnosis = await ask(isp, id)
    expect(wrong(diagnosis)).toEqual([])
    expect(diagnosis.notSeen).toEqual([])
    expect(diagnosis.findings.filter(({ code }) => code.startsWith('router-'))).not.toEqual([])
    // It looks and changes nothing.
    const read = /^\/login$|\/(print|monitor)$/
    expect(router.seen.filter((command) => !read.test(command))).toEqual([])
    await router.untilAlone()
  })

  it.each(planted)('%s', async (_, plant, code, severity, mend) => {
    await open(backend, plant)
    const [finding, ...more] = wrong(await ask(isp, id))
    expect(more).toEqual([])
    expect(finding).toMatchObject({ code, severity })
    expect(finding?.mend?.startsWith(mend)).toBe(true)
  })

  it('bad replies that rise while it is watched, whatever was good before', async () => {
    await open(backend, () => undefined)
    router.on = (command) => {
      const figures = router.tables.get('/radius/monitor')![0]!
      if (command === '/radius/monitor') figures['bad-replies'] = String(Number(figures['bad-replies']) + 1)
      return 'answer'
    }
    expect(wrong(await ask(isp, id))).toMatchObject([{ code: 'router-bad-replies', severity: 'fault' }])
  })

  it('a menu that is closed to us is told, and the others are judged', async () => {
    await open(backend, (tables) => (row(tables, '/system/identity').name = 'MikroTik'))
    router.on = (command) => (command === '/radius/incoming/print' ? 'refuse' : 'answer')
    const found = wrong(await ask(isp, id))
    expect(found).toMatchObject([{ code: 'router-identity' }, { code: 'router-part', severity: 'warning' }])
    expect(found[1]?.sentence).toMatch(/^\/radius\/incoming cannot be read: .*not enough permissions/)
  })

  it.each<[string, object, (of: FakeRouter) => void, string]>([
    ['that is silent', { timeoutMs: 200 }, (of) => (of.on = () => 'silent'), 'timeout'],
    ['that breaks off', {}, (of) => (of.on = () => 'close'), 'closed'],
    ['with another password', { password: 'forgotten' }, () => undefined, 'refused-login'],
    ['with another certificate', { pin: '00'.repeat(32) }, () => undefined, 'certificate'],
  ])('a router %s is a fault, and hides nothing of our books', async (_, changes, misbehave, kind) => {
    await open(backend, () => undefined, changes)
    misbehave(router)
    await isp.pool.query(`update radius_client set message_authenticator = 'off'`)
    const diagnosis = await ask(isp, id)
    await isp.pool.query(`update radius_client set message_authenticator = 'auto'`)
    expect(wrong(diagnosis)).toMatchObject([
      { code: 'router-unreachable', severity: 'fault', evidence: { kind } },
      { code: 'unsigned', severity: 'warning' },
    ])
    expect(diagnosis.notSeen).toMatchObject([{ what: 'how the router itself is set up' }])
    expect(JSON.stringify(diagnosis)).not.toContain('forgotten')
  })
})
