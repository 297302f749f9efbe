// A change of plan reaches a live session on every kind of BNG that is emulated: the attributes on the wire, one by one, and the
// session goes on. What a new login of the plan gets is the same.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { changeNasSettings } from '../../src/domain/nas-settings.ts'
import type { NasSession } from '../../src/simulator/nas-session.ts'
import { huaweiPassword } from '../../src/simulator/shape-huawei.ts'
import { useDatabase } from '../support/database.ts'
import { ordersAbout, startTestDelivery, type TestDelivery } from '../support/delivery.ts'
import { act, obeyingNas, online, saidIn, wireOf } from '../support/obeying-nas.ts'
import { openIsp, type Isp, type NasInput } from '../support/isp.ts'
import { lineMac } from '../support/many-lines.ts'

const database = useDatabase()
let isp: Isp
let delivery: TestDelivery

beforeAll(async () => {
  isp = await openIsp(database)
  await isp.plan({ addressList: 'home50' })
  await isp.plan({ name: 'Fast', down: '200M', up: '50M', addressList: 'fast' })
  await isp.plan({ name: 'Burst', down: '20M', up: '10M', burstDown: '40M', burstUp: '20M', addressList: 'home50' })
})
beforeEach(() => void (delivery = startTestDelivery(isp)))
afterEach(() => delivery.close())
afterAll(() => isp.close())

type Bng = {
  name: string
  address: string
  options: NasInput
  /** What names the session there. */
  identity: (session: NasSession) => string[]
  /** What the plan Fast is there. */
  fast: string[]
}

const bngs: Bng[] = [
  {
    name: 'mikrotik',
    address: '127.0.0.71',
    options: { vendor: 'mikrotik' },
    identity: (session) => [`User-Name = ${session.username}`, `Framed-IP-Address = ${session.framedIp}`],
    fast: ['Mikrotik-Rate-Limit = 50M/200M', 'Mikrotik-Address-List = fast'],
  },
  {
    name: 'mikrotik-dhcp',
    address: '127.0.0.72',
    options: { vendor: 'mikrotik', access: 'ipoe' },
    // In capitals, as MikroTik writes a MAC that is a name.
    identity: (session) => [`User-Name = ${session.username}`, `Framed-IP-Address = ${session.framedIp}`],
    fast: ['Mikrotik-Rate-Limit = 50M/200M', 'Mikrotik-Address-List = fast'],
  },
  {
    name: 'accel-ppp',
    address: '127.0.0.73',
    options: { vendor: 'accel-ppp' },
    identity: () => [],
    fast: ['Filter-Id = 200000/50000'],
  },
  {
    name: 'accel-ppp-ipoe',
    address: '127.0.0.74',
    options: { vendor: 'accel-ppp', access: 'ipoe' },
    identity: () => [],
    fast: ['Filter-Id = 200000/50000'],
  },
  {
    name: 'huawei',
    address: '127.0.0.75',
    options: { vendor: 'huawei' },
    identity: () => [],
    fast: [
      'Huawei-Input-Average-Rate = 50000000',
      'Huawei-Input-Peak-Rate = 50000000',
      'Huawei-Output-Average-Rate = 200000000',
      'Huawei-Output-Peak-Rate = 200000000',
      'Filter-Id = fast',
    ],
  },
  {
    name: 'juniper',
    address: '127.0.0.76',
    options: { vendor: 'juniper', interface: 'ae0' },
    identity: () => [],
    fast: [
      'ERX-Service-Deactivate = internet',
      'ERX-Service-Activate = internet(50m,200m)',
      'ERX-Ingress-Policy-Name = fast',
    ],
  },
]

/** A subscriber on a BNG, online. */
async function begin({ name, address, options }: Bng, at: number) {
  const bng = await obeyingNas(isp, [name, address], options)
  const isLine = bng.nas.shape.identity !== undefined
  if (options.vendor === 'huawei') {
    await changeNasSettings(isp.db, name, { ipoe_password: huaweiPassword })
    await isp.service.refresh()
  }
  const mac = lineMac(at)
  const username = `on.${name}`
  const id = isLine ? await isp.line(username, { mac }) : await isp.subscriber(username)
  const dial = isp.dial(username, { mac, place: { cVlan: 100 + at } })
  return { bng, id, dial, session: await online(bng.nas, dial) }
}

describe('a plan that is changed while the line is up', () => {
  it.each(bngs)('is told to a $name in its own words', async (kind) => {
    const { bng, id, dial, session } = await begin(kind, bngs.indexOf(kind))
    await act(isp, 'change-plan', id, { plan: 'Fast', when: 'now', free: true })
    await delivery.turn()
    expect(bng.heard).toMatchObject([{ kind: 'change' }])
    expect(wireOf(bng.heard[0])).toEqual([
      `Acct-Session-Id = ${session.acctSessionId}`,
      ...kind.identity(session),
      ...kind.fast,
    ])
    expect(Math.abs(Number(saidIn(bng.heard[0], 'Event-Timestamp')) - Date.now() / 1_000)).toBeLessThan(10)
    expect(await ordersAbout(isp, id)).toMatchObject([
      { wish: 'reapply', state: 'done', evidence: 'acked', attempts: 1 },
    ])
    expect(bng.nas.sessions()).toContain(session)
    // The same as a login of that plan gets.
    const { grant } = session
    await bng.nas.stop(session, 'User-Request')
    const again = await online(bng.nas, dial)
    if (bng.nas.shape.vendor === 'mikrotik' || bng.nas.shape.vendor === 'accel-ppp') {
      expect(grant.rateLimit).toBe(again.grant.rateLimit)
    }
    await bng.nas.stop(again, 'User-Request')
  })
})
