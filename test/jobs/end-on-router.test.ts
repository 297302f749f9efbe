import { describe, expect, it } from 'vitest'
import type { Nas } from '../../src/domain/nas.ts'
import { endOnRouter } from '../../src/jobs/end-on-router.ts'
import type { FakeRow } from '../support/fake-router.ts'
import { noon, useOffice } from '../support/operator.ts'
import { closeRoutersAfterEach, giveAccess, makeNas, makeRouter, nasWithRouter } from '../support/routers.ts'

const office = useOffice()
closeRoutersAfterEach()

type Session = Parameters<typeof endOnRouter>[1]
const mac = 'aa:bb:cc:00:00:01'
const facts = { mac, circuitId: undefined, remoteId: undefined, duid: undefined, interface: undefined }
const anna: Session = {
  accountType: 'pppoe',
  acctSessionId: '8130000a',
  username: 'anna',
  framedIp: '100.64.0.1',
  facts,
}
const ipoe: Session = { ...anna, accountType: 'ipoe', acctSessionId: '1a2b', username: mac }
const ppp = (id: string, changes: FakeRow = {}): FakeRow => ({
  '.id': id,
  name: 'anna',
  'caller-id': 'AA:BB:CC:00:00:01',
  'session-id': '0x8130000A',
  ...changes,
})
const lease = (id: string, changes: FakeRow = {}): FakeRow => ({
  '.id': id,
  address: '100.64.0.1',
  'mac-address': 'AA:BB:CC:00:00:01',
  dynamic: 'true',
  status: 'bound',
  ...changes,
})
const end = (nas: Nas, session = anna) =>
  endOnRouter({ pool: office.pool, keyring: office.keyring }, session, nas, noon)
const idsOf = (rows: FakeRow[] | undefined) => rows?.map((row) => row['.id'])

describe('a PPP session', () => {
  it('is removed, and that of others stays', async () => {
    const { nas, router } = await nasWithRouter(office, {
      '/ppp/active': [ppp('*1'), ppp('*2', { name: 'ben', 'session-id': '0x8130000B' })],
    })
    expect(await end(nas)).toEqual({ kind: 'removed' })
    expect(idsOf(router.tables.get('/ppp/active'))).toEqual(['*2'])
  })

  it('that was dialled anew meanwhile is another one, and stays', async () => {
    const { nas, router } = await nasWithRouter(office, { '/ppp/active': [ppp('*1', { 'session-id': '0x8130000B' })] })
    expect(await end(nas)).toEqual({ kind: 'not-there' })
    expect(idsOf(router.tables.get('/ppp/active'))).toEqual(['*1'])
  })

  it('is found under the name that was typed, in capitals and with a realm', async () => {
    const { nas, router } = await nasWithRouter(office, {
      '/ppp/active': [ppp('*1', { name: 'Anna@Isp.example' }), ppp('*2', { name: 'anna', 'session-id': '0x9' })],
    })
    expect(await end(nas)).toEqual({ kind: 'removed' })
    expect(idsOf(router.tables.get('/ppp/active'))).toEqual(['*2'])
  })

  it('without an id is found though the NAS sent its name in other letters than the router lists', async () => {
    const row = ppp('*1', { name: 'ANNA@isp.example' })
    delete row['session-id']
    const { nas, router } = await nasWithRouter(office, { '/ppp/active': [row] })
    expect(await end(nas, { ...anna, username: 'Anna@Isp.example' })).toEqual({ kind: 'removed' })
    expect(router.tables.get('/ppp/active')).toEqual([])
  })

  it('without an id on the router is told by its caller', async () => {
    const rows = [ppp('*1', { name: 'Anna' }), ppp('*2', { name: 'Anna', 'caller-id': 'AA:BB:CC:00:00:09' })]
    for (const row of rows) delete row['session-id']
    const { nas, router } = await nasWithRouter(office, { '/ppp/active': rows })
    expect(await end(nas)).toEqual({ kind: 'removed' })
    expect(idsOf(router.tables.get('/ppp/active'))).toEqual(['*2'])
  })

  it('that the router does not let go of is told as still there', async () => {
    const { nas, router } = await nasWithRouter(office, { '/ppp/active': [ppp('*1')] })
    router.on = (command) => {
      if (command === '/ppp/active/remove') router.tables.set('/ppp/active', [ppp('*1'), ppp('*1')])
      return 'answer'
    }
    expect(await end(nas)).toEqual({ kind: 'still-there' })
  })
})

describe('a hotspot session', () => {
  const row = { '.id': '*B', user: 'Anna', address: '100.64.0.1', 'mac-address': 'AA:BB:CC:00:00:01' }

  it('is removed by address and MAC, whatever the name is there', async () => {
    const other = { ...row, '.id': '*C', address: '100.64.0.2' }
    const { nas, router } = await nasWithRouter(office, { '/ip/hotspot/active': [other, row] })
    expect(await end(nas)).toEqual({ kind: 'removed' })
    expect(idsOf(router.tables.get('/ip/hotspot/active'))).toEqual(['*C'])
  })

  it('is not there on a router that has no hotspot, or where its address is not known', async () => {
    const { nas, router } = await nasWithRouter(office)
    router.tables.delete('/ip/hotspot/active')
    expect(await end(nas)).toEqual({ kind: 'not-there' })
    expect(await end(nas, { ...anna, framedIp: undefined })).toEqual({ kind: 'not-there' })
  })
})

describe('an IPoE line', () => {
  it('loses its lease, and the lease of another device on the address stays', async () => {
    const tables = { '/ip/dhcp-server/lease': [lease('*1'), lease('*2', { 'mac-address': 'AA:BB:CC:00:00:02' })] }
    const { nas, router } = await nasWithRouter(office, tables)
    expect(await end(nas, ipoe)).toEqual({ kind: 'removed' })
    expect(idsOf(router.tables.get('/ip/dhcp-server/lease'))).toEqual(['*2'])
  })

  it('with a lease that somebody configured keeps it', async () => {
    const { nas } = await nasWithRouter(office, { '/ip/dhcp-server/lease': [lease('*1', { dynamic: 'false' })] })
    expect(await end(nas, ipoe)).toEqual({ kind: 'still-there' })
  })

  it('of which address or MAC is not known cannot be told from others', async () => {
    const { nas } = await nasWithRouter(office)
    const failed = { kind: 'failed', detail: expect.stringContaining('cannot be told from others') }
    expect(await end(nas, { ...ipoe, framedIp: undefined })).toEqual(failed)
    expect(await end(nas, { ...ipoe, facts: { ...facts, mac: undefined } })).toEqual(failed)
  })
})

describe('what cannot be done', () => {
  it('is nothing where there is no access, and nothing on what is no MikroTik', async () => {
    expect(await end(await makeNas(office))).toEqual({ kind: 'none' })
    const other = await makeNas(office, 'accel-ppp')
    await giveAccess(office, other, await makeRouter())
    expect(await end(other)).toEqual({ kind: 'none' })
  })

  it.each(['close', 'garbage', 'fatal', 'refuse'] as const)(
    'is told in a sentence where the router answers: %s',
    async (behaviour) => {
      const { nas, router } = await nasWithRouter(office, { '/ppp/active': [ppp('*1')] })
      router.on = () => behaviour
      expect(await end(nas)).toEqual({ kind: 'failed', detail: expect.stringContaining('the router') })
      expect(await end(nas, ipoe)).toEqual({ kind: 'failed', detail: expect.stringContaining('the router') })
    },
  )

  it('is told where the login is refused, nobody answers in time, or the password cannot be opened', async () => {
    const { nas, router } = await nasWithRouter(office)
    await giveAccess(office, nas, router, { password: 'wrong' })
    expect(await end(nas)).toMatchObject({ kind: 'failed', detail: expect.stringContaining('refused the login') })
    await giveAccess(office, nas, router, { timeoutMs: 100 })
    router.on = () => 'silent'
    expect(await end(nas)).toMatchObject({ kind: 'failed', detail: expect.stringContaining('within 100 ms') })
    await office.pool.query(`update nas_router set password = '\\x00' where nas_id = $1`, [nas.id])
    expect(await end(nas)).toMatchObject({ kind: 'failed', detail: expect.stringContaining('cannot be opened') })
  })

  it('lets errors that are no router’s through', async () => {
    const nas = await makeNas(office)
    const closed = { ...office, pool: undefined as never, keyring: office.keyring }
    await expect(endOnRouter(closed, anna, nas, noon)).rejects.toThrow(TypeError)
  })
})
