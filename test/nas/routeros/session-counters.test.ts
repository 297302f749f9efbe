// The counters of one session, over each way to a router: whose they are, and what is not believed.
import { describe, expect, it } from 'vitest'
import { createRouterControl } from '../../../src/nas/routeros/control.ts'
import type { FakeRouter, FakeRow } from '../../support/fake-router.ts'
import { backends, failure, rest, routerWith } from './backends.ts'

const mac = 'D4:CA:6D:01:02:03'
const otherMac = 'D4:CA:6D:01:02:04'
const anna: FakeRow = {
  '.id': '*8000001',
  name: 'anna',
  service: 'pppoe',
  'caller-id': mac,
  'session-id': '0x8130000A',
  uptime: '1h2m3s',
}
const port: FakeRow = { '.id': '*F1', name: '<pppoe-anna>', 'rx-byte': '1000', 'tx-byte': '9223372036854775807' }
const target = { name: 'anna', sessionId: '8130000a', callerId: mac }

async function open(tables: Record<string, FakeRow[]>, backend = rest) {
  const router: FakeRouter = await routerWith(structuredClone(tables))
  return { router, control: createRouterControl(backend.open(router)) }
}
const ppp = (...rows: FakeRow[]) => ({ '/ppp/active': rows, '/interface': [port] })

describe.each(backends)('over $name', (backend) => {
  it('are those of the interface of a PPP session, its session time read after them', async () => {
    const { router, control } = await open(ppp(anna), backend)
    expect(await control.pppCounters(target)).toEqual({
      sessionTimeS: 3_723,
      inputOctets: 1_000n,
      outputOctets: 9_223_372_036_854_775_807n,
    })
    expect(router.seen.filter((command) => command !== '/login')).toEqual([
      '/ppp/active/print',
      '/interface/print',
      '/ppp/active/print',
    ])
  })

  it('are those of the row of a hotspot session', async () => {
    const row = { '.id': '*1', user: 'guest', address: '10.5.0.9', 'mac-address': mac, uptime: '5m' }
    const counts = { 'bytes-in': '77', 'bytes-out': '88' }
    const { control } = await open({ '/ip/hotspot/active': [{ ...row, ...counts }] }, backend)
    const found = await control.hotspotCounters({ address: '10.5.0.9', mac: mac.toLowerCase() })
    expect(found).toEqual({ sessionTimeS: 300, inputOctets: 77n, outputOctets: 88n })
    expect(await control.hotspotCounters({ address: '10.5.0.9', mac: otherMac })).toBeUndefined()
    expect(await control.hotspotCounters({ address: '10.5.0.8', mac })).toBeUndefined()
  })
})

describe('of a name with two sessions', () => {
  const second = { ...anna, '.id': '*8000002', 'caller-id': otherMac, 'session-id': '0x8130000B', uptime: '10s' }
  const secondPort = { '.id': '*F2', name: '<pppoe-anna-1>', 'rx-byte': '5', 'tx-byte': '6' }
  const servers = [
    { '.id': '*F1', name: '<pppoe-anna>', user: 'anna', 'remote-address': mac },
    { '.id': '*F2', name: '<pppoe-anna-1>', user: 'anna', 'remote-address': otherMac },
  ]
  const both = {
    '/ppp/active': [anna, second],
    '/interface': [port, secondPort],
    '/interface/pppoe-server': servers,
  }

  it('the MAC tells whose interface it is', async () => {
    const { control } = await open(both)
    expect(await control.pppCounters(target)).toMatchObject({ inputOctets: 1_000n })
    const other = { name: 'anna', sessionId: '8130000b' }
    expect(await control.pppCounters(other)).toEqual({ sessionTimeS: 10, inputOctets: 5n, outputOctets: 6n })
  })

  it('the second one that has stayed alone keeps its interface', async () => {
    const { control } = await open({ ...both, '/ppp/active': [second], '/interface': [secondPort] })
    expect(await control.pppCounters({ name: 'anna', callerId: otherMac })).toMatchObject({ outputOctets: 6n })
  })

  it('nothing is told where the MAC has two of them, or a name that somebody chose', async () => {
    const twice = servers.map((row) => ({ ...row, 'remote-address': mac }))
    const one = await open({ ...both, '/interface/pppoe-server': twice })
    expect(await one.control.pppCounters(target)).toBeUndefined()
    const named = [{ ...port, name: 'to-anna' }]
    const bound = [{ ...servers[0]!, name: 'to-anna' }]
    const other = await open({ ...ppp(anna), '/interface': named, '/interface/pppoe-server': bound })
    expect(await other.control.pppCounters(target)).toBeUndefined()
  })
})

describe('nothing is told', () => {
  it.each([
    ['of who is not there', { '/ppp/active': [] }],
    ['of who dialled again', ppp({ ...anna, 'session-id': '0x8130000F' })],
    ['where the interface says no octets', { ...ppp(anna), '/interface': [{ '.id': '*F1', name: '<pppoe-anna>' }] }],
    ['where the session says no time', ppp({ ...anna, uptime: 'soon' })],
    [
      'where the interface is another kind of session’s',
      { ...ppp({ ...anna, service: 'l2tp' }), '/interface/pppoe-server': [] },
    ],
  ])('%s', async (_, tables) => {
    const { control } = await open(tables)
    expect(await control.pppCounters(target)).toBeUndefined()
  })

  it('where another session has taken its place while it was read', async () => {
    const { router, control } = await open(ppp(anna))
    router.on = (command) => {
      if (command === '/interface/print') {
        router.tables.set('/ppp/active', [{ ...anna, '.id': '*8000009', uptime: '1s' }])
      }
      return 'answer'
    }
    expect(await control.pppCounters(target)).toBeUndefined()
  })

  it('and an error of the router is one', async () => {
    const { router, control } = await open(ppp(anna))
    router.on = (command) => (command === '/interface/print' ? 'refuse' : 'answer')
    expect((await failure(control.pppCounters(target))).message).toMatch(/not enough permissions/)
  })
})
