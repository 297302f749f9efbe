// The run `counters` over a real socket: what it reads, records and tells, and of what it says why nothing was recorded.
import { beforeEach, describe, expect, it } from 'vitest'
import type { Nas } from '../../src/domain/nas.ts'
import { addSubscriber } from '../../src/domain/subscriber.ts'
import { readCounters } from '../../src/jobs/read-counters.ts'
import { RouterError } from '../../src/nas/routeros/router-error.ts'
import { silentLog } from '../support/database.ts'
import type { FakeRow } from '../support/fake-router.ts'
import { makePlan, noon, rowsOf, useOffice } from '../support/operator.ts'
import { addressOf, bookSession, macOf, pppRow } from '../support/router-books.ts'
import { closeRoutersAfterEach, makeNas, nasWithRouter } from '../support/routers.ts'

const office = useOffice()
closeRoutersAfterEach()
let subscriberId: bigint
let made = 0

beforeEach(async () => {
  await office.pool.query('delete from session')
  made += 1
  await makePlan(office, { name: `Home ${made}` })
  const input = { username: `person${made}`, plan: `Home ${made}` }
  subscriberId = (await addSubscriber(office.db, input, office.author, noon)).id
})

const run = (nas: Nas, params: object, signal = new AbortController().signal) =>
  readCounters(
    {
      pool: office.pool,
      db: office.db,
      keyring: office.keyring,
      now: noon,
      log: silentLog as never,
      signal,
    },
    { nasId: nas.id, params },
  )
const port = (n: number, up: number, down: number): FakeRow => ({
  '.id': '*F1',
  name: `<pppoe-line${n}>`,
  'rx-byte': String(up),
  'tx-byte': String(down),
})
const counted = async (id: bigint) => {
  const [row] = await rowsOf(office, 'select input_octets as up, output_octets as down from session where id = $1', [
    id,
  ])
  return row
}

describe('the counters of a session', () => {
  it('are recorded in the direction asked for, and the result says whose they are', async () => {
    const { nas } = await nasWithRouter(office, { '/ppp/active': [pppRow(1)], '/interface': [port(1, 500, 7_000)] })
    const id = await bookSession(office, nas, 1, { subscriberId })
    expect(await run(nas, { session_id: String(id), way: 'up' })).toEqual({
      personIds: [subscriberId],
      result: {
        session_id: Number(id),
        outcome: 'recorded',
        charged_octets: '500',
        session_time_s: 3_600,
        input_octets: '500',
        output_octets: '7000',
      },
    })
    expect(await counted(id)).toEqual({ up: 500n, down: 0n })
    expect(await run(nas, { session_id: String(id), way: 'down' })).toMatchObject({
      result: { charged_octets: '7000' },
    })
    expect(await counted(id)).toEqual({ up: 500n, down: 7_000n })
  })

  it('are found by the name as the NAS sends it', async () => {
    const row = pppRow(2, { name: 'Line2@isp' })
    const interfaces = [{ ...port(2, 0, 10), name: '<pppoe-Line2@isp>' }]
    const { nas } = await nasWithRouter(office, { '/ppp/active': [row], '/interface': interfaces })
    const id = await bookSession(office, nas, 2, { subscriberId })
    await office.pool.query(`update session set sent_username = 'Line2@isp' where id = $1`, [id])
    expect(await run(nas, { session_id: String(id) })).toMatchObject({ result: { outcome: 'recorded' } })
  })

  it('of who came through the hotspot are in its list', async () => {
    const row = { '.id': '*1', user: 'T-1', address: addressOf(3), 'mac-address': macOf(3), uptime: '1h' }
    const hotspot = [{ ...row, 'bytes-in': '1', 'bytes-out': '20' }]
    const { nas } = await nasWithRouter(office, { '/ip/hotspot/active': hotspot })
    const id = await bookSession(office, nas, 3, { subscriberId })
    expect(await run(nas, { session_id: String(id) })).toMatchObject({ result: { charged_octets: '20' } })
  })

  it('are not there of a session that its router does not have, nor of one that has ended', async () => {
    const { nas, router } = await nasWithRouter(office)
    const id = await bookSession(office, nas, 4, { subscriberId })
    expect(await run(nas, { session_id: String(id) })).toEqual({
      personIds: [subscriberId],
      result: {
        session_id: Number(id),
        outcome: 'set-aside',
        reason: 'it is not on the router, or cannot be told from another session',
      },
    })
    // A router of the 6.x line may lack the hotspot altogether.
    router.tables.delete('/ip/hotspot/active')
    expect(await run(nas, { session_id: String(id) })).toMatchObject({ result: { outcome: 'set-aside' } })
    const over = await bookSession(office, nas, 5, { subscriberId, endedAt: noon })
    const ended = { session_id: Number(over), outcome: 'set-aside', reason: 'it has ended' }
    expect(await run(nas, { session_id: String(over) })).toEqual({ result: ended })
  })

  it('that are in doubt are told and not recorded', async () => {
    const young = pppRow(6, { uptime: '10m' })
    const { nas } = await nasWithRouter(office, { '/ppp/active': [young], '/interface': [port(6, 1, 2)] })
    const id = await bookSession(office, nas, 6, { subscriberId })
    expect(await run(nas, { session_id: String(id) })).toMatchObject({
      result: { outcome: 'set-aside', reason: 'on the router it began at another time', session_time_s: 600 },
    })
    expect(await counted(id)).toEqual({ up: 0n, down: 0n })
  })

  it('fail the run where the router cannot be read, is no MikroTik, or the process ends', async () => {
    const { nas, router } = await nasWithRouter(office, { '/ppp/active': [pppRow(7)], '/interface': [port(7, 1, 2)] })
    const id = await bookSession(office, nas, 7, { subscriberId })
    const params = { session_id: String(id) }
    const ends = new AbortController()
    router.on = (command) => {
      if (command === '/interface/print') setTimeout(() => ends.abort(), 500)
      return 'answer'
    }
    await expect(run(nas, params, ends.signal)).rejects.toThrow(/the process ends|closed by us/)
    router.on = () => 'refuse'
    await expect(run(nas, params)).rejects.toThrow(RouterError)
    await expect(run(await makeNas(office, 'juniper'), params)).rejects.toThrow(/no MikroTik/)
    expect(await counted(id)).toEqual({ up: 0n, down: 0n })
  })
})
