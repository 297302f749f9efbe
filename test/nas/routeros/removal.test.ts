// Ending sessions on a router whose tables change under our hands: ids are used again, clients dial again, rows stay.
import { describe, expect, it } from 'vitest'
import { createRouterControl } from '../../../src/nas/routeros/control.ts'
import type { FakeRow } from '../../support/fake-router.ts'
import { backends, failure, routerWith } from './backends.ts'

const ppp = '/ppp/active'
const leases = '/ip/dhcp-server/lease'
const hotspot = '/ip/hotspot/active'

const annas: FakeRow = { '.id': '*1', name: 'anna', 'caller-id': 'AA:BB:CC:00:00:01', 'session-id': '0x81000001' }
const bens: FakeRow = { '.id': '*2', name: 'ben', 'caller-id': 'AA:BB:CC:00:00:02', 'session-id': '0x81000002' }
const anna = { name: 'anna', sessionId: '81000001' }

it('looks itself whose rows they are, should a router answer more than it was asked', async () => {
  const removed: string[] = []
  const rows = [{ ...annas, name: 'anne' }, { ...annas, '.id': '*7' }, bens]
  const control = createRouterControl({
    print: async () => rows.filter((row) => !removed.includes(row['.id']!)),
    monitor: async () => [],
    remove: async (_, id) => void removed.push(id),
    close: () => undefined,
  })
  expect(await control.removePpp(anna)).toEqual({ kind: 'removed' })
  expect(await control.removePpp({ name: 'ann', callerId: 'AA:BB:CC:00:00:01' })).toEqual({ kind: 'not-there' })
  expect(removed).toEqual(['*7'])
})

describe.each(backends)('$name', (backend) => {
  async function setUp(menu: string, rows: FakeRow[]) {
    const router = await routerWith({ [menu]: structuredClone(rows) })
    const control = createRouterControl(backend.open(router))
    return { router, control, idsLeft: () => router.tables.get(menu)!.map((row) => row['.id']) }
  }

  it.each([
    ['session id', anna],
    ['session id as the router writes it', { name: 'anna', sessionId: '0x81000001' }],
    ['caller', { name: 'anna', callerId: 'aabb.cc00.0001' }],
    ['session id, whatever the caller', { ...anna, callerId: '00:00:00:00:00:00' }],
  ])('removes a session by name and %s', async (_, target) => {
    const { control, idsLeft } = await setUp(ppp, [annas, bens])
    expect(await control.removePpp(target)).toEqual({ kind: 'removed' })
    expect(idsLeft()).toEqual(['*2'])
  })

  it.each([
    ['another name', { name: 'Anna', sessionId: '81000001' }],
    ['another session id', { name: 'anna', sessionId: '81000002' }],
    ['another session id of the same caller', { name: 'anna', sessionId: '81000009', callerId: 'aa:bb:cc:00:00:01' }],
    ['another caller', { name: 'anna', callerId: 'aa:bb:cc:00:00:02' }],
  ])('leaves %s alone', async (_, target) => {
    const { router, control, idsLeft } = await setUp(ppp, [annas, bens])
    expect(await control.removePpp(target)).toEqual({ kind: 'not-there' })
    expect(idsLeft()).toEqual(['*1', '*2'])
    expect(router.seen).not.toContain(`${ppp}/remove`)
  })

  it('asks the caller where the router shows no session id, and removes nothing without one', async () => {
    const { 'session-id': _, ...row } = annas
    const { control, idsLeft } = await setUp(ppp, [row])
    expect(await control.removePpp(anna)).toEqual({ kind: 'not-there' })
    expect(await control.removePpp({ ...anna, callerId: 'aa:bb:cc:00:00:01' })).toEqual({ kind: 'removed' })
    expect(idsLeft()).toEqual([])
  })

  it('does not remove another session that has got the id which was read earlier', async () => {
    const { router, control, idsLeft } = await setUp(ppp, [annas])
    const [seen] = await control.activePpp()
    router.tables.set(ppp, [{ ...bens, '.id': '*1' }])
    expect(await control.removePpp({ name: seen!.name, sessionId: seen!.sessionId! })).toEqual({ kind: 'not-there' })
    expect(idsLeft()).toEqual(['*1'])
  })

  it('does not take another session under the same id for the one removed', async () => {
    const { router, control, idsLeft } = await setUp(ppp, [annas])
    let removals = 0
    let prints = 0
    router.on = (command) => {
      if (command === `${ppp}/remove`) removals += 1
      if (command === `${ppp}/print`) prints += 1
      if (prints === 2) router.tables.set(ppp, [{ ...bens, '.id': '*1', name: 'anna' }])
      return 'answer'
    }
    expect(await control.removePpp(anna)).toEqual({ kind: 'removed' })
    expect({ removals, left: idsLeft() }).toEqual({ removals: 1, left: ['*1'] })
  })

  it('reads again before each of several: an id that changed hands meanwhile is left alone', async () => {
    const second = { ...annas, '.id': '*5', 'session-id': '0x81000005' }
    const { router, control, idsLeft } = await setUp(ppp, [annas, second])
    router.on = (command) => {
      // With the first session the second one ends by itself, and its id goes to somebody else.
      if (command === `${ppp}/remove`) router.tables.set(ppp, [annas, { ...bens, '.id': '*5' }])
      return 'answer'
    }
    expect(await control.removePpp({ name: 'anna', callerId: 'AA:BB:CC:00:00:01' })).toEqual({ kind: 'removed' })
    expect(idsLeft()).toEqual(['*5'])
    expect(router.seen.filter((command) => command === `${ppp}/remove`)).toHaveLength(1)
  })

  it('removes all that were meant', async () => {
    const { control, idsLeft } = await setUp(ppp, [annas, { ...annas, '.id': '*5', 'session-id': '0x81000005' }, bens])
    expect(await control.removePpp({ name: 'anna', callerId: 'AA:BB:CC:00:00:01' })).toEqual({ kind: 'removed' })
    expect(idsLeft()).toEqual(['*2'])
  })

  it('does not throw out again who dials again at once', async () => {
    const { router, control, idsLeft } = await setUp(ppp, [annas])
    router.on = (command) => {
      const again = { ...annas, '.id': '*9', 'session-id': '0x81000009' }
      if (command === `${ppp}/remove`) router.tables.set(ppp, [annas, again])
      return 'answer'
    }
    expect(await control.removePpp({ name: 'anna', callerId: 'AA:BB:CC:00:00:01' })).toEqual({ kind: 'removed' })
    expect(idsLeft()).toEqual(['*9'])
  })

  it('says when the session ended by itself in between', async () => {
    const { router, control } = await setUp(ppp, [annas])
    router.on = (command) => {
      if (command === `${ppp}/remove`) router.tables.set(ppp, [])
      return 'answer'
    }
    expect(await control.removePpp(anna)).toEqual({ kind: 'not-there' })
  })

  it('says when the session is still there', async () => {
    const { router, control } = await setUp(ppp, [annas])
    router.on = (command) => {
      // The router says yes and keeps the row.
      if (command === `${ppp}/remove`) router.tables.set(ppp, [annas, annas])
      return 'answer'
    }
    expect(await control.removePpp(anna)).toEqual({ kind: 'still-there' })
    expect(router.seen.filter((command) => command === `${ppp}/remove`)).toHaveLength(1)
  })

  it('does not call it removed where the router refuses', async () => {
    const { router, control, idsLeft } = await setUp(ppp, [annas])
    router.on = (command) => (command === `${ppp}/remove` ? 'refuse' : 'answer')
    expect((await failure(control.removePpp(anna))).message).toContain('not enough permissions')
    expect(idsLeft()).toEqual(['*1'])
  })

  it('removes leases of that address and MAC, and none that somebody configured', async () => {
    const dynamic = { '.id': '*1', address: '100.64.1.1', 'mac-address': 'AA:BB:CC:00:00:01', dynamic: 'true' }
    const fixed = { '.id': '*2', address: '100.64.1.2', 'mac-address': 'AA:BB:CC:00:00:02', dynamic: 'false' }
    const { control, idsLeft } = await setUp(leases, [dynamic, fixed])
    const mac = 'aabb.cc00.0001'
    expect(await control.removeLease({ address: '100.64.1.1', mac: 'aa:bb:cc:00:00:02' })).toEqual({
      kind: 'not-there',
    })
    expect(await control.removeLease({ address: '100.64.1.1', mac })).toEqual({ kind: 'removed' })
    expect(await control.removeLease({ address: '100.64.1.1', mac })).toEqual({ kind: 'not-there' })
    const answer = await control.removeLease({ address: '100.64.1.2', mac: 'aa:bb:cc:00:00:02' })
    expect(answer).toEqual({ kind: 'still-there' })
    expect(idsLeft()).toEqual(['*2'])
  })

  it('removes hotspot sessions of that user, address and MAC', async () => {
    const row = { '.id': '*1', user: 'guest', address: '10.5.50.2', 'mac-address': 'AA:BB:CC:00:00:01' }
    const other = { '.id': '*2', user: 'guest', address: '10.5.50.3', 'mac-address': 'AA:BB:CC:00:00:02' }
    const { control, idsLeft } = await setUp(hotspot, [row, other])
    const target = { user: 'guest', address: '10.5.50.2', mac: 'AA-BB-CC-00-00-01' }
    expect(await control.removeHotspot({ ...target, address: '10.5.50.3' })).toEqual({ kind: 'not-there' })
    expect(await control.removeHotspot(target)).toEqual({ kind: 'removed' })
    expect(idsLeft()).toEqual(['*2'])
  })
})
