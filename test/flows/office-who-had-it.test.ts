// "Who had this address then?" The police ask, with a case number; the address has gone from one subscriber to another since,
// and the same one is in use in a VPN of a business too. Real RADIUS, the API, and the archive a month later.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { extendChain } from '../../src/domain/audit/chain.ts'
import { verifyChain } from '../../src/domain/audit/verify-chain.ts'
import { archiveSessions } from '../../src/domain/session-archive.ts'
import type { NasSession } from '../../src/simulator/nas-session.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { insertRow } from '../support/access.ts'
import { useApi } from '../support/api.ts'
import type { Client } from '../support/api.ts'
import { openIsp } from '../support/isp.ts'
import type { Isp } from '../support/isp.ts'

const api = useApi()
const start = Math.floor(Date.now() / 1000) * 1000
const at = (hours: number) => new Date(start + hours * 3_600_000)
const address = '198.51.100.9'
/** Of a modem with patience: nothing here hangs on how busy the machine is. */
const timers = { timeoutMs: 5_000, tries: 2 }
const caseNumber = 'AZ 12 Js 345/26'
let isp: Isp
let [bng, vpn]: SimulatedNas[] = []
let support: Client
const ids: Record<string, bigint> = {}
let asked = 0

const online = async (nas: SimulatedNas, username: string): Promise<NasSession> => {
  const outcome = await nas.dial(isp.dial(username, { mac: macs[username]!, stack: 'dual' }))
  if (outcome.kind !== 'online') throw new Error(`${username} was not let in: ${outcome.kind}`)
  expect(await outcome.started).toBe(true)
  return outcome.session
}
const macs: Record<string, string> = {
  anna: 'd4:ca:6d:00:00:01',
  berta: 'd4:ca:6d:00:00:02',
  carla: 'd4:ca:6d:00:00:03',
  dora: 'd4:ca:6d:00:00:04',
}
/** Time passes; whoever sat at the desk has gone home, and another has signed in. */
const moveTo = async (hours: number): Promise<void> => {
  api.clock.set(at(hours))
  support = await api.as('support')
}
/** Lets hours pass on the network and ends the session. */
const end = async (nas: SimulatedNas, session: NasSession, hours: number): Promise<void> => {
  await moveTo(hours)
  nas.pass(session, 3_600)
  expect(await nas.stop(session, 'User-Request')).toBe(true)
}
type Holder = Record<string, unknown> & { source: string; username: string }
const ask = async (body: Record<string, unknown>, client = support): Promise<Holder[]> => {
  asked += 1
  const question = { address, reason: 'asked by the public prosecutor', case_number: caseNumber, ...body }
  const answer = await client.post('/addresses/holders', question)
  expect(answer).toMatchObject({ status: 200 })
  return answer.body.holders as Holder[]
}
/** Of the sessions; what is static holds now and has no past. */
const then = async (body: Record<string, unknown>) =>
  (await ask(body))
    .filter(({ source }) => source !== 'static')
    .map(({ username, space }) => `${username} ${String(space)}`)

beforeAll(async () => {
  await moveTo(0)
  isp = await openIsp({ url: api.databaseUrl, pool: api.pool }, { clock: api.clock, keyFile: api.keyFile })
  bng = await isp.nas('bng-1', '127.0.0.131', { clock: api.clock, timers })
  vpn = await isp.nas('vpn-1', '127.0.1.131', { clock: api.clock, timers })
  const space = await insertRow(api.pool, 'address_space', { name: 'vpn of a business' })
  const group = await insertRow(api.pool, 'nas_group', { name: 'vpn', address_space_id: space })
  await api.pool.query(`update nas set nas_group_id = $1 where name = 'vpn-1'`, [group])
  await api.pool.query(`update radius_client set nas_group_id = $1 where name = 'vpn-1'`, [group])
  await isp.service.refresh()
  await isp.plan()
  for (const username of Object.keys(macs))
    ids[username] = await isp.subscriber(username, { fullName: `Person ${username}` })
})
afterAll(() => isp.close())

describe('an address that goes from one subscriber to another', () => {
  it('is first that of anna, who is online with it for two hours', async () => {
    const given = await support.post(`/subscribers/${ids.anna}/set-address`, {
      addresses: [address, '2001:db8:77::/48'],
    })
    expect(given).toMatchObject({ status: 200 })
    const session = await online(bng!, 'anna')
    expect(session.framedIp).toBe(address)
    await end(bng!, session, 2)
  })

  it('cannot be given to berta while it is anna’s, and is hers afterwards', async () => {
    await moveTo(3)
    const taken = await support.post(`/subscribers/${ids.berta}/set-address`, { addresses: [address] })
    expect(taken.status).toBe(409)
    expect((await support.post(`/subscribers/${ids.anna}/release-address`)).status).toBe(200)
    expect((await support.post(`/subscribers/${ids.berta}/set-address`, { addresses: [address] })).status).toBe(200)
    const session = await online(bng!, 'berta')
    expect(session.framedIp).toBe(address)
    await end(bng!, session, 5)
  })

  it('is told by the instant: anna, nobody, berta, nobody', async () => {
    await moveTo(6)
    expect(await then({ at: at(1).toISOString() })).toEqual(['anna default'])
    expect(await then({ at: at(2.5).toISOString() })).toEqual([])
    expect(await then({ at: at(4).toISOString() })).toEqual(['berta default'])
    expect(await then({ at: at(5.5).toISOString() })).toEqual([])
    expect(await then({ at: at(-1).toISOString() })).toEqual([])
    // A server in another zone writes the same instant in its own time.
    const elsewhere = new Date(at(1).getTime() + 5.5 * 3_600_000).toISOString().replace('Z', '+05:30')
    expect(await then({ at: elsewhere })).toEqual(['anna default'])
  })

  it('is found by an IPv6 address inside the prefix that was delegated then', async () => {
    const [holder, ...more] = await ask({ address: '2001:db8:77:beef::1', at: at(1).toISOString() })
    expect(holder).toMatchObject({ username: 'anna', held: '2001:db8:77::/48', exact: false, nas: 'bng-1' })
    expect(more).toEqual([])
    expect(await ask({ address: '2001:db8:78::1', at: at(1).toISOString() })).toEqual([])
  })
})

describe('an address that is in two spaces at once', () => {
  it('has two holders, each with its space, and one where the space is named', async () => {
    const [carla, dora] = [await online(bng!, 'carla'), await online(vpn!, 'dora')]
    // Both routers number their pools alike; carla is the third on hers.
    const shared = { address: dora.framedIp, at: at(6).toISOString() }
    await api.pool.query('update session set framed_ip = $1 where username = $2', [dora.framedIp, 'carla'])
    expect(carla.endedBy).toBeUndefined()
    expect((await then(shared)).toSorted()).toEqual(['carla default', 'dora vpn of a business'])
    expect(await then({ ...shared, space: 'vpn of a business' })).toEqual(['dora vpn of a business'])
    expect(await then({ ...shared, space: 'default' })).toEqual(['carla default'])
    await end(bng!, carla, 7)
    await end(vpn!, dora, 7)
  })
})

describe('months later', () => {
  it('the archive gives the same answer', async () => {
    await moveTo(24 * 60)
    expect(await archiveSessions(api.pool, at(24 * 60))).toBe(4)
    const holders = await ask({ at: at(1).toISOString() })
    expect(holders.filter(({ source }) => source === 'archive')).toMatchObject([
      {
        username: 'anna',
        mac: macs.anna,
        nas: 'bng-1',
        started_at: at(0).toISOString(),
        ended_at: at(2).toISOString(),
      },
    ])
    expect(await then({ at: at(4).toISOString() })).toEqual(['berta default'])
  })

  it('a person who was purged is told by no name any more, nor does the trail hold one', async () => {
    const owner = await api.as('super-administrator')
    const purged = await owner.post(`/subscribers/${ids.anna}/purge`)
    expect(purged).toMatchObject({ status: 200 })
    const holders = await ask({ at: at(1).toISOString() })
    const text = JSON.stringify(holders.filter(({ source }) => source === 'archive'))
    expect(text).not.toContain('anna')
    const trail = await owner.get(`/audit?noun=subscriber&row_id=${ids.anna}`)
    expect(trail.text).not.toMatch(/Person anna|198\.51\.100\.9|2001:db8:77/)
    expect((trail.body.items as { personal: string }[]).map(({ personal }) => personal)).toContain('removed')
    // Of berta all is as it was.
    const other = await owner.get(`/audit?noun=subscriber&row_id=${ids.berta}&action=subscriber.set-address`)
    expect(other.text).toContain(address)
  })
})

describe('who watches the watchers', () => {
  it('every question stands in the log with its case and how many answers it got, and support cannot read it', async () => {
    expect((await support.get('/disclosures')).status).toBe(403)
    const path = `/disclosures?limit=500&case_number=${encodeURIComponent(caseNumber)}`
    const administrator = await api.as('administrator')
    const items = (await administrator.get(path)).body.items as {
      sought: string
      answers: number
      author_name: string
    }[]
    expect(items).toHaveLength(asked)
    expect(items[0]!.author_name).toBe(support.email)
    expect(items.filter(({ sought }) => sought === '2001:db8:78::1')).toMatchObject([{ answers: 0 }])
    const entries = (await administrator.get('/audit?action=address.disclose&limit=500')).body.items as unknown[]
    expect(entries).toHaveLength(asked)
  })

  it('nobody takes a question back: the log refuses it, and the chain is whole, purge and all', async () => {
    for (const statement of [
      'delete from disclosure',
      `update disclosure set reason = 'none'`,
      'truncate disclosure',
    ]) {
      await expect(api.pool.query(statement)).rejects.toThrow('is appended to and never changed')
    }
    while ((await extendChain(api.db, api.clock.now())).isMore);
    expect(await verifyChain(api.db, undefined)).toMatchObject({ faults: [], waiting: 0 })
  })
})
