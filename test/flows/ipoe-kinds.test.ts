// Lines that prove no password, as the BNGs of several makers ask for them: each gets its address by what the line itself says.
// Nobody gets there by typing what a line would say.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { changeNasSettings } from '../../src/domain/nas-settings.ts'
import { setNasGroup } from '../../src/domain/nas-group.ts'
import type { NasOptions } from '../../src/simulator/nas-options.ts'
import type { Dial } from '../../src/simulator/nas-session.ts'
import { huaweiPassword } from '../../src/simulator/shape-huawei.ts'
import { useDatabase } from '../support/database.ts'
import { openIsp, type Isp } from '../support/isp.ts'
import { lineMac } from '../support/many-lines.ts'

const database = useDatabase()
let isp: Isp

beforeAll(async () => {
  isp = await openIsp(database)
  await isp.plan({ sessionLimit: 1 })
})
afterAll(() => isp.close())

function line(username: string, at: number, place: Dial['place'] = {}): Dial {
  return { username, password: '', method: 'pap', mac: lineMac(at), place }
}

/** Binds a line that has no MAC of its own to where it comes in. */
async function bind(username: string, set: string): Promise<void> {
  await isp.line(username, { mac: '02:ff:00:00:00:01' })
  await isp.pool.query(`delete from device where mac = '02:ff:00:00:00:01'`)
  await isp.pool.query(`update subscriber set ${set} where username = $1`, [username])
}

type Kind = [
  name: string,
  address: string,
  options: Partial<NasOptions>,
  at: number,
  place: Dial['place'],
  bound: string,
]

const circuitId = Buffer.from('olt7 eth 1/2/3:139')
const kinds: Kind[] = [
  ['mikrotik by MAC', '127.0.0.51', { vendor: 'mikrotik', access: 'ipoe' }, 1, {}, ''],
  [
    'mikrotik by option 82',
    '127.0.0.52',
    { vendor: 'mikrotik', access: 'ipoe' },
    2,
    { circuitId },
    `circuit_id = '\\x${circuitId.toString('hex')}'`,
  ],
  [
    'accel-ppp by the interface of a VLAN',
    '127.0.0.53',
    { vendor: 'accel-ppp', access: 'ipoe' },
    3,
    { interface: 'vlan4071' },
    'bound_c_vlan = 4071',
  ],
  ['juniper by MAC', '127.0.0.54', { vendor: 'juniper', interface: 'ae0' }, 4, { cVlan: 139 }, ''],
  [
    'juniper by two VLANs',
    '127.0.0.55',
    { vendor: 'juniper', interface: 'ae0' },
    5,
    { sVlan: 1200, cVlan: 140 },
    'bound_s_vlan = 1200, bound_c_vlan = 140',
  ],
  ['huawei by MAC', '127.0.0.56', { vendor: 'huawei' }, 6, { sVlan: 1200, cVlan: 141 }, ''],
]

describe('a line without a password', () => {
  it.each(kinds)('of a %s comes online, is counted, and renews', async (name, address, options, at, place, bound) => {
    const username = `line.${at}`
    if (bound === '') await isp.line(username, { mac: lineMac(at) })
    else await bind(username, bound)
    const nas = await isp.nas(name, address, options)
    if (options.vendor === 'huawei') {
      await changeNasSettings(isp.db, name, { ipoe_password: huaweiPassword })
      await isp.service.refresh()
    }
    const outcome = await nas.dial(line(username, at, place))
    if (outcome.kind !== 'online') throw new Error(JSON.stringify(outcome))
    expect(await outcome.started).toBe(true)
    const { session } = outcome
    const { classes } = session
    expect(await nas.renew(session)).toMatchObject({ kind: 'renewed', grant: { classes } })
    nas.pass(session, 300)
    await nas.stop(session, 'User-Request')
    const { rows } = await isp.pool.query(
      `select subscriber.username from session join subscriber on subscriber.id = session.subscriber_id
       where session.acct_session_id = $1 and session.nas_id = (select id from nas where name = $2)`,
      [session.acctSessionId, name],
    )
    expect(rows).toEqual([{ username }])
    expect(await isp.differences()).toEqual([])
  })

  it('that nobody has is refused', async () => {
    const nas = await isp.nas('stranger', '127.0.0.57', { access: 'ipoe' })
    expect(await nas.dial(line('nobody', 99))).toMatchObject({ kind: 'rejected' })
  })

  it('is told by the order of its group: the place before the MAC where the operator wants it', async () => {
    await setNasGroup(isp.db, { name: 'default', identityOrder: 'interface,mac' })
    await isp.service.refresh()
    await isp.line('modem', { mac: lineMac(7) })
    await bind('port', 'bound_c_vlan = 4072')
    const nas = await isp.nas('ordered', '127.0.0.58', { vendor: 'accel-ppp', access: 'ipoe' })
    const outcome = await nas.dial(line('port', 7, { interface: 'vlan4072' }))
    if (outcome.kind !== 'online') throw new Error(JSON.stringify(outcome))
    await outcome.started
    const { rows } = await isp.pool.query(
      `select s.username from session join subscriber s on s.id = session.subscriber_id where session.ended_at is null`,
    )
    expect(rows).toEqual([{ username: 'port' }])
    await setNasGroup(isp.db, { name: 'default', identityOrder: 'mac,circuit-id,remote-id,duid,interface' })
    await isp.service.refresh()
  })
})

describe('a PPPoE client that types what a line says', () => {
  it.each([
    ['its MAC and nothing', 'pap', ''],
    ['its MAC twice', 'pap', 'mac'],
    ['its MAC twice by CHAP', 'chap', 'mac'],
    ['its MAC twice by MS-CHAPv2', 'mschapv2', 'mac'],
    ['the constant of the box', 'pap', huaweiPassword],
  ] as const)('%s is refused', async (name, method, typed) => {
    const at = 20 + name.length + method.length
    const mac = lineMac(at).toUpperCase()
    await isp.line(`victim.${at}`, { mac })
    // A subscriber may even be called by its MAC.
    await isp.line(mac, { mac: lineMac(at + 100) })
    const nas = await isp.nas(`pppoe ${name}`, `127.0.0.${60 + name.length}`)
    await changeNasSettings(isp.db, `pppoe ${name}`, { ipoe_password: huaweiPassword })
    await isp.service.refresh()
    const password = typed === 'mac' ? mac : typed
    // From its own modem as well as from that of the line.
    for (const from of [lineMac(5_000), mac.toLowerCase()]) {
      const outcome = await nas.dial({ username: mac, password, method, mac: from })
      expect(outcome).toMatchObject({ kind: 'rejected', message: 'Login failed' })
    }
  })
})
