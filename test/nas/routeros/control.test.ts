import { describe, expect, it } from 'vitest'
import { createRouterControl } from '../../../src/nas/routeros/control.ts'
import type { FakeRow } from '../../support/fake-router.ts'
import { backends, failure, routerWith } from './backends.ts'

const tables: Record<string, FakeRow[]> = {
  '/ppp/active': [
    {
      '.id': '*8000001',
      name: 'anna',
      service: 'pppoe',
      'caller-id': 'AA:BB:CC:00:00:01',
      address: '100.64.0.1',
      uptime: '1d02:03:04',
      'session-id': '0x8130000A',
      radius: 'true',
    },
    { '.id': '*8000002', name: 'ben', 'caller-id': '192.0.2.7', uptime: '2w3d' },
  ],
  '/ip/dhcp-server/lease': [
    {
      '.id': '*1A',
      address: '100.64.1.1',
      'mac-address': 'AA:BB:CC:00:00:02',
      server: 'dhcp1',
      'host-name': 'fridge',
      status: 'bound',
      dynamic: 'true',
      radius: 'true',
      'expires-after': '9m30s',
    },
  ],
  '/ip/hotspot/active': [
    {
      '.id': '*B',
      user: 'room 12',
      address: '10.5.50.2',
      'mac-address': 'AA:BB:CC:00:00:03',
      server: 'hs',
      uptime: '5m',
      radius: 'true',
    },
  ],
  '/interface': [
    {
      '.id': '*1',
      name: 'ether1',
      type: 'ether',
      'mac-address': 'AA:BB:CC:00:00:04',
      running: 'true',
      disabled: 'false',
      comment: 'мост',
    },
  ],
  '/radius': [
    {
      '.id': '*1',
      address: '192.0.2.10',
      service: 'ppp,dhcp',
      timeout: '300ms',
      'authentication-port': '1812',
      'accounting-port': '1813',
      'require-message-auth': 'yes-for-request-resp',
      'src-address': '192.0.2.1',
      disabled: 'false',
      secret: 'never read',
    },
  ],
  '/radius/incoming': [{ accept: 'yes', port: '3799' }],
  '/ppp/aaa': [{ 'use-radius': 'yes', accounting: 'yes', 'interim-update': '5m' }],
  '/ip/dhcp-server': [
    {
      '.id': '*1',
      name: 'dhcp1',
      interface: 'bridge',
      'use-radius': 'accounting',
      'lease-time': '10m',
      'address-pool': 'static-only',
      disabled: 'false',
    },
  ],
  '/system/identity': [{ name: 'bng-north' }],
  '/system/resource': [{ version: '7.15.3 (stable)', 'board-name': 'CCR2116', uptime: '3w1d' }],
  '/system/clock': [{ date: '2026-11-22', time: '15:47:36', 'gmt-offset': '+02:00' }],
}

describe.each(backends)('$name reads', (backend) => {
  const open = async (planted = tables) => createRouterControl(backend.open(await routerWith(structuredClone(planted))))

  it('the figures of a server of /radius, once, and no other', async () => {
    const figures = {
      requests: '90',
      accepts: '70',
      rejects: '5',
      timeouts: '3',
      'bad-replies': '2',
      'last-request-rtt': '10ms',
    }
    const control = await open({ ...tables, '/radius/monitor': [figures] })
    expect(await control.radiusFigures('*1')).toEqual({
      requests: 90,
      accepts: 70,
      rejects: 5,
      resends: undefined,
      timeouts: 3,
      badReplies: 2,
      lastRequestMs: 10,
    })
    expect((await failure(control.radiusFigures('*9'))).message).toMatch(/no such item/)
  })

  it('how interfaces of a kind answer ARP', async () => {
    const control = await open({
      '/interface/vlan': [
        { '.id': '*2', name: 'vlan7', arp: 'reply-only' },
        { '.id': '*3', name: 'vlan8' },
      ],
    })
    expect(await control.arpModes('vlan')).toEqual([
      { name: 'vlan7', arp: 'reply-only' },
      { name: 'vlan8', arp: undefined },
    ])
  })

  it('sessions, leases and the hotspot', async () => {
    const control = await open()
    expect(await control.activePpp()).toEqual([
      {
        id: '*8000001',
        name: 'anna',
        service: 'pppoe',
        callerId: 'aa:bb:cc:00:00:01',
        address: '100.64.0.1',
        sessionId: '8130000a',
        uptimeSeconds: 93_784,
        radius: true,
      },
      expect.objectContaining({ name: 'ben', callerId: '192.0.2.7', sessionId: undefined, uptimeSeconds: 1_468_800 }),
    ])
    expect(await control.leases()).toEqual([
      expect.objectContaining({
        address: '100.64.1.1',
        mac: 'aa:bb:cc:00:00:02',
        hostName: 'fridge',
        dynamic: true,
        radius: true,
        expiresAfterSeconds: 570,
      }),
    ])
    expect(await control.hotspot()).toEqual([
      {
        id: '*B',
        user: 'room 12',
        address: '10.5.50.2',
        mac: 'aa:bb:cc:00:00:03',
        server: 'hs',
        uptimeSeconds: 300,
        radius: true,
      },
    ])
  })

  it('how the router is set up', async () => {
    const control = await open()
    expect(await control.interfaces()).toEqual([
      {
        id: '*1',
        name: 'ether1',
        type: 'ether',
        mac: 'aa:bb:cc:00:00:04',
        running: true,
        disabled: false,
        comment: 'мост',
      },
    ])
    const [server] = await control.radius()
    expect(server).toEqual({
      id: '*1',
      address: '192.0.2.10',
      services: ['ppp', 'dhcp'],
      timeoutMs: 300,
      authenticationPort: 1812,
      accountingPort: 1813,
      requireMessageAuth: 'yes-for-request-resp',
      sourceAddress: '192.0.2.1',
      disabled: false,
      comment: undefined,
    })
    expect(await control.radiusIncoming()).toEqual({ accept: true, port: 3799 })
    expect(await control.pppAaa()).toEqual({ useRadius: true, accounting: true, interimUpdateSeconds: 300 })
    expect(await control.dhcpServers()).toEqual([
      {
        id: '*1',
        name: 'dhcp1',
        interface: 'bridge',
        useRadius: 'accounting',
        leaseSeconds: 600,
        addressPool: 'static-only',
        addsArp: undefined,
        disabled: false,
      },
    ])
  })

  it('who the router is, and what time it has', async () => {
    const control = await open()
    expect(await control.identity()).toBe('bng-north')
    expect(await control.version()).toEqual({
      text: '7.15.3 (stable)',
      major: 7,
      minor: 15,
      patch: 3,
      board: 'CCR2116',
      uptimeSeconds: 1_900_800,
    })
    expect(await control.clock()).toEqual(new Date('2026-11-22T13:47:36Z'))
  })

  it('nothing of empty tables', async () => {
    const control = await open({ '/ppp/active': [], '/radius': [], '/radius/incoming': [] })
    expect(await control.activePpp()).toEqual([])
    expect(await control.radius()).toEqual([])
    expect(await failure(control.radiusIncoming())).toMatchObject({ kind: 'protocol', path: '/radius/incoming' })
  })

  it('what it cannot understand as an error, not as a wrong value', async () => {
    const control = await open({
      '/system/clock': [{ date: 'today', time: 'now' }],
      '/system/resource': [{ version: 'latest' }],
      '/system/identity': [{ nick: 'x' }],
      '/ppp/active': [{ name: 'no id' }],
    })
    expect((await failure(control.clock())).message).toContain('clock cannot be read: today now')
    expect((await failure(control.version())).message).toContain('version cannot be read: latest')
    expect((await failure(control.identity())).message).toContain('it says none')
    expect((await failure(control.activePpp())).message).toContain('has no .id')
  })
})
