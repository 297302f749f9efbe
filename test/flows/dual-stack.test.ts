// A line with IPv4 and IPv6: two sessions of one line, or one session with both. It counts once, whichever way its NAS does it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Dial, NasSession } from '../../src/simulator/nas-session.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { useDatabase } from '../support/database.ts'
import { openIsp, type Isp } from '../support/isp.ts'
import { lineMac } from '../support/many-lines.ts'

const database = useDatabase()
let isp: Isp
let mx: SimulatedNas
let bras: SimulatedNas

beforeAll(async () => {
  isp = await openIsp(database)
  await isp.plan({ sessionLimit: 1 })
  mx = await isp.nas('mx', '127.0.0.35', { vendor: 'juniper', interface: 'ae0' })
  bras = await isp.nas('bras', '127.0.0.36')
  await isp.line('legs', { mac: `${lineMac(1)},${lineMac(2)}` })
  await isp.line('both', { mac: lineMac(3) })
  await isp.subscriber('bundle')
})
afterAll(() => isp.close())

async function online(nas: SimulatedNas, dial: Dial): Promise<NasSession> {
  const outcome = await nas.dial(dial)
  if (outcome.kind !== 'online') throw new Error(`${dial.username}: ${JSON.stringify(outcome)}`)
  expect(await outcome.started).toBe(true)
  nas.pass(outcome.session, 300)
  expect(await nas.interim(outcome.session)).toBe(true)
  return outcome.session
}

function leg(stack: 'v4' | 'v6', mac = lineMac(1)): Dial {
  return { username: 'legs', password: '', method: 'pap', mac, stack }
}

async function sessionsOf(username: string): Promise<unknown[]> {
  const { rows } = await isp.pool.query<{ leg: string | null; ended_by: string | null }>(
    `select s.leg, s.ended_by from session s join subscriber on subscriber.id = s.subscriber_id
     where subscriber.username = $1 order by s.id`,
    [username],
  )
  return rows.map((row) => [row.leg, row.ended_by ?? 'open'])
}

describe('a limit of one session', () => {
  it('lets the v4 and the v6 leg of a line be online together, and refuses another line', async () => {
    await online(mx, leg('v4'))
    const v6 = await online(mx, leg('v6'))
    expect(await sessionsOf('legs')).toEqual([
      ['v4', 'open'],
      ['v6', 'open'],
    ])
    expect(await mx.dial(leg('v4', lineMac(2)))).toMatchObject({
      kind: 'rejected',
      message: 'You are logged in too often',
    })
    // One leg begins anew: it replaces its own predecessor, and leaves the other one alone.
    await online(mx, leg('v6'))
    expect(await sessionsOf('legs')).toEqual([
      ['v4', 'open'],
      ['v6', 'replaced'],
      ['v6', 'open'],
    ])
    expect(v6.delegatedIpv6Prefix).toBeDefined()
    expect(await isp.differences()).toEqual([])
  })

  it('counts a session with both families once', async () => {
    const session = await online(mx, { username: 'both', password: '', method: 'pap', mac: lineMac(3), stack: 'dual' })
    const { rows } = await isp.pool.query(
      `select host(framed_ip) as v4, framed_ipv6_prefix::text as v6, delegated_ipv6_prefix::text as pd from session
       where subscriber_id = (select id from subscriber where username = 'both')`,
    )
    const { framedIp, framedIpv6Prefix, delegatedIpv6Prefix } = session
    expect(rows).toEqual([{ v4: framedIp, v6: framedIpv6Prefix, pd: delegatedIpv6Prefix }])
    expect(await sessionsOf('both')).toEqual([[null, 'open']])
  })

  it('lets the links of a bundle be online together', async () => {
    const bundle = isp.dial('bundle', { mac: lineMac(4), multiSessionId: 'bundle-7' })
    await online(bras, bundle)
    await online(bras, bundle)
    expect((await sessionsOf('bundle')).map((row) => (row as string[])[1])).toEqual(['open', 'open'])
    expect(await bras.dial({ ...bundle, mac: lineMac(5) })).toMatchObject({ kind: 'rejected' })
  })
})
