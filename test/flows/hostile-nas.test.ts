// What somebody who holds the secret of one NAS, or has listened to it, can do to the sessions and the usage of others: over
// real sockets, against what the books say before and after.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lastDecisions } from '../../src/domain/access-log.ts'
import { encodeAttributes } from '../../src/radius/attributes.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { createSecret, randomAuthenticator, zeroAuthenticator } from '../../src/radius/authenticator.ts'
import { codes } from '../../src/radius/codes.ts'
import { encodeRequest } from '../../src/radius/encode-packet.ts'
import type { Packet } from '../../src/radius/packet.ts'
import { useDatabase } from '../support/database.ts'
import { dictionary } from '../support/dictionary.ts'
import { openIsp, password, secret, type Isp } from '../support/isp.ts'
import { packetOf, valueOf } from '../support/radius.ts'

const database = useDatabase()
const shared = createSecret(secret)
const honest = '127.0.0.61'
const rogue = '127.0.0.62'
let isp: Isp
let identifier = 0

beforeAll(async () => {
  isp = await openIsp(database)
  await isp.plan()
  await isp.subscriber('anna')
  await isp.client('honest', honest, { patienceMs: 100 })
  await isp.client('rogue', rogue, { patienceMs: 100 })
})
afterAll(() => isp.close())

/** Sends octets from a socket of their own, so that no answer is kept for them, until something comes back. */
async function send(octets: Buffer, from: string): Promise<Packet> {
  const socket = createSocket('udp4')
  socket.bind(0, from)
  await once(socket, 'listening')
  const port = octets[0] === codes.accessRequest ? isp.service.authPort : isp.service.acctPort
  const transmit = (): void => socket.send(octets, port, '127.0.0.1')
  transmit()
  const again = setInterval(transmit, 300)
  const [reply] = (await once(socket, 'message')) as [Buffer]
  clearInterval(again)
  socket.close()
  return packetOf(reply)
}

type Login = { secretText?: string; signed?: boolean; by?: typeof shared }

function login(username: NamedAttribute['value'], nasIdentifier: string, how: Login = {}): Buffer {
  const { secretText = password, signed = true, by = shared } = how
  const authenticator = randomAuthenticator()
  const attributes = [
    { name: 'User-Name', value: username },
    { name: 'User-Password', value: secretText },
    { name: 'NAS-Identifier', value: nasIdentifier },
    { name: 'Calling-Station-Id', value: '02:00:00:00:00:61' },
  ]
  const encoded = encodeAttributes(dictionary, attributes, { secret: by, authenticator })
  return encodeRequest({
    code: codes.accessRequest,
    identifier: (identifier += 1) & 255,
    attributes: encoded,
    secret: by,
    authenticator,
    messageAuthenticator: signed,
  })
}

type Told = {
  nas: string
  session: string
  username?: NamedAttribute['value']
  class?: Buffer
  time?: number
  gigawords?: number
  octets?: number
}

function accounting(status: string, told: Told): Buffer {
  const { nas, session, username = 'anna', time = 0, octets = 0, gigawords } = told
  const attributes: NamedAttribute[] = [
    { name: 'Acct-Status-Type', value: status },
    { name: 'NAS-Identifier', value: nas },
    { name: 'Acct-Session-Id', value: session },
    { name: 'User-Name', value: username },
    { name: 'Calling-Station-Id', value: '02:00:00:00:00:61' },
    { name: 'Acct-Session-Time', value: time },
    { name: 'Acct-Input-Octets', value: octets },
    { name: 'Acct-Output-Octets', value: octets },
  ]
  if (gigawords !== undefined) attributes.push({ name: 'Acct-Output-Gigawords', value: gigawords })
  if (told.class !== undefined) attributes.push({ name: 'Class', value: told.class })
  const context = { secret: shared, authenticator: zeroAuthenticator }
  return encodeRequest({
    code: codes.accountingRequest,
    identifier: (identifier += 1) & 255,
    attributes: encodeAttributes(dictionary, attributes, context),
    secret: shared,
    messageAuthenticator: false,
  })
}

const record = async (from: string, status: string, told: Told): Promise<void> => {
  expect((await send(accounting(status, told), from)).code).toBe(codes.accountingResponse)
}

/** The sessions of the honest NAS, whole, and what anna was charged. */
async function books() {
  const sessions = await isp.pool.query<Record<string, unknown>>(
    `select s.acct_session_id, s.ended_at, s.ended_by, s.session_time, s.input_octets, s.output_octets, s.last_anomaly
     from session s join nas n on n.id = s.nas_id join radius_client c on c.id = n.client_id
     where c.name = 'honest' order by s.id`,
  )
  const usage = await isp.pool.query(`select input_octets, output_octets from usage_period`)
  return { sessions: sessions.rows, usage: usage.rows }
}

describe('a session of an honest NAS', () => {
  let annasClass: Buffer
  const captured: Buffer[] = []

  beforeAll(async () => {
    const accepted = await send(login('anna', 'honest-1'), honest)
    annasClass = Buffer.from(valueOf(accepted, 25)!)
    const about = { nas: 'honest-1', session: 's1', class: annasClass }
    captured.push(
      accounting('Start', about),
      accounting('Interim-Update', { ...about, time: 60, octets: 1_000 }),
      accounting('Stop', { ...about, time: 120, octets: 2_000 }),
    )
    await send(captured[0]!, honest)
    await send(captured[1]!, honest)
  })

  it('R39, R40: is not ended, moved or charged by another NAS that takes its name and its session id', async () => {
    const before = await books()
    expect(before.sessions).toMatchObject([{ acct_session_id: 's1', ended_at: null, input_octets: 1_000n }])
    for (const status of ['Interim-Update', 'Stop']) {
      await record(rogue, status, { nas: 'honest-1', session: 's1', username: 'nobody', time: 600, octets: 900_000 })
    }
    await record(rogue, 'Accounting-On', { nas: 'honest-1', session: 's1' })
    expect(await books()).toEqual(before)
  })

  it('R41: charges nobody by a Class that was altered', async () => {
    const before = await books()
    for (let bit = 0; bit < 8; bit++) {
      const altered = Buffer.from(annasClass)
      altered[altered.length - 1 - bit]! ^= 1 << bit
      const forged = { nas: 'rogue-1', session: `forged${bit}`, username: 'nobody', class: altered }
      await record(rogue, 'Start', forged)
      await record(rogue, 'Stop', { ...forged, time: 60, octets: 900_000 })
    }
    expect(await books()).toEqual(before)
  })

  it('R42: is not charged what no line can carry in that time; what was said is kept and flagged', async () => {
    const before = await books()
    const wild = { nas: 'honest-1', session: 's1', class: annasClass, time: 90, octets: 1_000, gigawords: 2_000 }
    await record(honest, 'Interim-Update', wild)
    const after = await books()
    expect(after.usage).toEqual(before.usage)
    expect(after.sessions).toMatchObject([
      { output_octets: 1_000n, last_anomaly: expect.stringContaining('wild-counters') as string },
    ])
  })

  it('R20: goes on as it was when old records are sent again, in any order, from another port', async () => {
    await send(captured[2]!, honest)
    const again = await send(login('anna', 'honest-1'), honest)
    const about = { nas: 'honest-1', session: 's2', class: Buffer.from(valueOf(again, 25)!) }
    await record(honest, 'Start', about)
    await record(honest, 'Interim-Update', { ...about, time: 30, octets: 500 })
    const before = await books()
    expect(before.sessions.map((one) => [one['acct_session_id'], one['ended_at'] === null])).toEqual([
      ['s1', false],
      ['s2', true],
    ])
    for (const at of [2, 0, 1, 2, 1, 0]) {
      expect((await send(captured[at]!, honest)).code).toBe(codes.accountingResponse)
    }
    expect(await books()).toEqual(before)
    await record(honest, 'Stop', { ...about, time: 60, octets: 700 })
  })
})

describe('where orders to a NAS are sent', () => {
  it('R45: follows what the NAS signs and nothing else: forged and unsigned packets move nothing', async () => {
    const [real, other] = ['127.0.0.65', '127.0.0.66']
    await isp.client('moving', '127.0.0.64/30', { patienceMs: 100 })
    const place = async (): Promise<string | undefined> => {
      await isp.service.flush()
      const { rows } = await isp.pool.query<{ source: string }>(
        `select host(contact.source) as source from nas_contact contact join nas on nas.id = contact.nas_id where nas.identifier = 'moving-1'`,
      )
      return rows[0]?.source
    }
    // Unsigned while the client has not signed yet: answered, but it says nothing of the place.
    await send(login('anna', 'moving-1', { signed: false }), other)
    expect(await place()).toBeUndefined()
    await send(login('anna', 'moving-1'), real)
    expect(await place()).toBe(real)
    const forged = createSocket('udp4').bind(0, other)
    await once(forged, 'listening')
    for (const octets of [
      login('anna', 'moving-1', { by: createSecret('guessed') }),
      login('anna', 'moving-1', { signed: false }),
    ]) {
      forged.send(octets, isp.service.authPort, '127.0.0.1')
    }
    // What comes after them on the same port was read after them.
    await send(login('anna', 'moving-1'), real)
    forged.close()
    expect(await place()).toBe(real)
  })
})

describe('names that are more than names', () => {
  const names: NamedAttribute['value'][] = [
    `'; drop table subscriber; --`,
    `anna' or '1'='1`,
    '%',
    '${process.exit()}',
    '{{constructor}}',
    'anna\u202e',
    '\u0000anna\u0000x',
    '<script>alert(1)</script>',
    '=cmd|calc',
    'x'.repeat(253),
    Buffer.from([0xff, 0xfe, 0x27, 0x00, 0x80]),
    Buffer.from('anna\n{"level":"error"}'),
  ]

  it('R27: are octets like any other: nobody gets in by one, each is answered, and all are in the books', async () => {
    for (const name of names) {
      expect((await send(login(name, 'honest-1', { secretText: 'a guess' }), honest)).code).toBe(codes.accessReject)
      await record(honest, 'Start', { nas: 'honest-1', session: `name ${names.indexOf(name)}`, username: name })
    }
    await isp.service.flush()
    const { rows } = await isp.pool.query<{ count: bigint }>(
      `select count(*) from session where acct_session_id like 'name %'`,
    )
    expect(rows[0]!.count).toBe(BigInt(names.length))
    expect((await isp.pool.query('select from subscriber')).rowCount).toBe(1)
    const decisions = await lastDecisions(isp.pool, 'x'.repeat(253), 5)
    expect(decisions.length).toBeGreaterThan(0)
    for (const [at, name] of names.entries()) {
      await record(honest, 'Stop', { nas: 'honest-1', session: `name ${at}`, username: name, time: 1 })
    }
  })
})
