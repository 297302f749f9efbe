// The NAS doctor in tests: asked of a NAS by the name of its client, and router tables with nothing to find fault with.
import { expect } from 'vitest'
import { changeNasSettings } from '../../src/domain/nas-settings.ts'
import { diagnose, type DoctorContext } from '../../src/jobs/doctor.ts'
import type { Diagnosis, Finding } from '../../src/nas/doctor/finding.ts'
import type { FakeRow } from './fake-router.ts'
import type { Isp } from './isp.ts'

/** The only NAS behind a client. Orders to it wait not long. */
export async function nasBehind(isp: Isp, client: string): Promise<{ id: bigint; name: string }> {
  const { rows } = await isp.pool.query<{ id: bigint; name: string }>(
    'select nas.id, nas.name from nas join radius_client client on client.id = nas.client_id where client.name = $1',
    [client],
  )
  expect(rows).toHaveLength(1)
  await changeNasSettings(isp.db, rows[0]!.name, { coa_timeout_ms: 100, coa_tries: 2 })
  return rows[0]!
}

/** Writes what the service holds, and asks. */
export async function ask(isp: Isp, nasId: bigint, context: Partial<DoctorContext> = {}): Promise<Diagnosis> {
  await isp.service.flush()
  const radiusPorts = { auth: isp.service.authPort, acct: isp.service.acctPort }
  const given = { pool: isp.pool, keyring: isp.service.keyring, now: new Date(), radiusPorts, ...context }
  const diagnosis = await diagnose(given, nasId)
  if (diagnosis === undefined) throw new Error(`there is no NAS ${nasId}`)
  // What goes into a run is JSON, whatever is in it.
  return JSON.parse(JSON.stringify(diagnosis)) as Diagnosis
}

/** What is wrong, without what is fine. */
export function wrong({ findings }: Pick<Diagnosis, 'findings'>): Finding[] {
  return findings.filter(({ severity }) => severity !== 'ok')
}

/** The clock of a router as RouterOS 7.10 says it. */
export function clockRow(at: Date): FakeRow {
  const text = at.toISOString()
  return { date: text.slice(0, 10), time: text.slice(11, 19), 'gmt-offset': '+00:00' }
}

/** A router that asks `server`, of PPP and IPoE lines both, as it should. */
export function healthyTables(input: {
  server: string
  acctPort: number
  coaPort: number
  identity: string
  at: Date
}): Record<string, FakeRow[]> {
  const figures = { requests: '90', accepts: '80', rejects: '10', resends: '0', timeouts: '0', 'bad-replies': '0' }
  return {
    '/radius': [
      {
        '.id': '*1',
        address: input.server,
        service: 'ppp,dhcp,hotspot',
        timeout: '1s',
        'accounting-port': String(input.acctPort),
        'require-message-auth': 'yes-for-request-resp',
        'src-address': '0.0.0.0',
        disabled: 'false',
      },
    ],
    '/radius/monitor': [figures],
    '/radius/incoming': [{ accept: 'true', port: String(input.coaPort) }],
    '/ppp/aaa': [{ 'use-radius': 'true', accounting: 'true', 'interim-update': '5m' }],
    '/ip/dhcp-server': [
      {
        '.id': '*1',
        name: 'lines',
        interface: 'vlan100',
        'use-radius': 'yes',
        'add-arp': 'true',
        'lease-time': '10m',
        disabled: 'false',
      },
      { '.id': '*2', name: 'office', interface: 'bridge', 'use-radius': 'no', 'lease-time': '1d', disabled: 'false' },
    ],
    '/ip/hotspot/active': [],
    '/interface': [
      { '.id': '*1', name: 'ether1', type: 'ether' },
      { '.id': '*2', name: 'vlan100', type: 'vlan' },
      { '.id': '*3', name: 'bridge', type: 'bridge' },
    ],
    '/interface/vlan': [{ '.id': '*2', name: 'vlan100', arp: 'reply-only' }],
    '/interface/bridge': [{ '.id': '*3', name: 'bridge', arp: 'enabled' }],
    '/system/identity': [{ name: input.identity }],
    '/system/resource': [{ version: '7.15.3 (stable)', 'board-name': 'CCR2116', uptime: '3w1d' }],
    '/system/clock': [clockRow(input.at)],
  }
}
