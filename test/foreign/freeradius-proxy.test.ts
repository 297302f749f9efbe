import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createKysely } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { setClient } from '../../src/domain/client.ts'
import { addHomeServer } from '../../src/domain/home-server.ts'
import { addRealm } from '../../src/domain/realm.ts'
import { decodeAttributes, encodeAttributes } from '../../src/radius/attributes.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { createSecret } from '../../src/radius/authenticator.ts'
import { createRadiusClient } from '../../src/radius/client.ts'
import { codes } from '../../src/radius/codes.ts'
import { msChap2Keys } from '../../src/radius/mppe.ts'
import { challengeHash, challengeResponse, ntPasswordHash, verifyMsChap2 } from '../../src/radius/ms-chap.ts'
import { dictionary } from '../support/dictionary.ts'
import { startFreeradius } from '../support/freeradius.ts'
import type { Freeradius, FreeradiusOptions } from '../support/freeradius.ts'
import { hasTools } from '../support/tools.ts'
import { password, radclient, secret, useFolder, username, usePeer } from './peer.ts'

const signed = 'Message-Authenticator = 0x00'
const homeSecret = 'another-secret-of-two-servers'
const hasBoth = hasTools('clients') && hasTools('freeradius')

/** Proxy-States of the reply that radclient printed, in order. */
function proxyStates(output: string): string[] {
  const reply = output.slice(output.indexOf('Received'))
  return [...reply.matchAll(/Proxy-State = (\w+)/g)].map((match) => match[1]!)
}

describe.skipIf(!hasBoth)('FreeRADIUS as a proxy in front of us', () => {
  const peer = usePeer({ settings: { mschap_v1: true } })
  const folder = useFolder()
  let proxy: Freeradius

  beforeAll(async () => {
    const { authPort, acctPort } = peer.service
    const proxyTo = { authPort, acctPort, secret }
    proxy = await startFreeradius({ folder: `${folder.path}/proxy`, secret, proxyTo })
  })
  afterAll(() => proxy?.close())

  const ask = (...lines: string[]) => radclient(proxy.authPort, 'auth', [signed, `User-Name = "${username}"`, ...lines])

  it.each([
    ['PAP', `User-Password = "${password}"`],
    ['CHAP', `CHAP-Password = "${password}"`],
    ['MS-CHAP', `MS-CHAP-Password = "${password}"`],
  ])('hands on a login by %s and our Access-Accept', async (_, credentials) => {
    const { output } = await ask(credentials)
    expect(output).toContain('Received Access-Accept')
    expect(output).toContain('Framed-Pool = "pppoe"')
  })

  it('hands on our Access-Reject', async () => {
    const { output } = await ask('User-Password = "wrong"')
    expect(output).toContain('Received Access-Reject')
    expect(output).toContain('Reply-Message = "Login failed"')
  })

  it('gets its Proxy-State back behind those that came before it, and takes only its own away', async () => {
    const { output } = await ask(`User-Password = "${password}"`, 'Proxy-State = 0x0102', 'Proxy-State = 0x03')
    expect(output).toContain('Received Access-Accept')
    expect(proxyStates(output)).toEqual(['0x0102', '0x03'])
  })

  it('accounts a session, Proxy-States in order', async () => {
    const lines = [`User-Name = "${username}"`, 'Acct-Session-Id = "via-proxy"', 'NAS-IP-Address = 192.0.2.1']
    for (const status of ['Start', 'Stop']) {
      const states = ['Proxy-State = 0xaa', 'Proxy-State = 0xbb']
      const { output } = await radclient(proxy.acctPort, 'acct', [...lines, `Acct-Status-Type = ${status}`, ...states])
      expect(output).toContain('Received Accounting-Response')
      expect(proxyStates(output)).toEqual(['0xaa', '0xbb'])
    }
    const { rows } = await peer.pool.query(`select ended_by from session where acct_session_id = 'via-proxy'`)
    expect(rows).toEqual([{ ended_by: 'stop' }])
  })

  it('signs what it hands on, so that its client may be told to require it (CVE-2024-3596)', async () => {
    await setClient(createKysely<Database>(peer.pool), { name: 'bng', messageAuthenticator: 'require' })
    await peer.service.refresh()
    expect((await ask(`User-Password = "${password}"`)).output).toContain('Received Access-Accept')
  })

  it('asks us by Status-Server when we are silent, hears that we live, and goes on asking us (RFC 5997)', async () => {
    const db = createKysely<Database>(peer.pool)
    const nowhere = { pool: 'nowhere', name: 'nowhere', address: '127.0.0.1', authPort: 9, secret: homeSecret }
    await addHomeServer(db, peer.service.keyring, nowhere, new Date())
    await addRealm(db, { name: 'nowhere.example', action: 'forward', pool: 'nowhere' }, new Date())
    await peer.service.refresh()
    const lost = [signed, 'User-Name = "x@nowhere.example"', 'User-Password = "x"']
    const statusAsked = async (): Promise<number> => {
      const { values } = await peer.service.metrics.requests.get()
      return values.find((one) => one.labels.code === 'Status-Server')?.value ?? 0
    }
    await vi.waitFor(
      async () => {
        await radclient(proxy.authPort, 'auth', lost)
        expect(await statusAsked()).toBeGreaterThan(0)
      },
      { timeout: 20_000 },
    )
    expect((await ask(`User-Password = "${password}"`)).output).toContain('Received Access-Accept')
  }, 30_000)
})

describe.skipIf(!hasBoth)('FreeRADIUS as home server behind us', () => {
  const peer = usePeer()
  const folder = useFolder()
  const subscribers = { 'carla@partner.example': 'secret of carla', dora: 'secret of dora' }
  const servers: Freeradius[] = []

  const start = (name: string, more: Partial<FreeradiusOptions> = {}): Promise<Freeradius> =>
    startFreeradius({ folder: `${folder.path}/${name}`, secret: homeSecret, subscribers, ...more })

  beforeAll(async () => {
    const db = createKysely<Database>(peer.pool)
    const { keyring } = peer.service
    const now = new Date()
    for (const name of ['home-1', 'home-2']) {
      const server = await start(name)
      servers.push(server)
      const { authPort, acctPort } = server
      const row = { pool: 'partner', name, address: '127.0.0.1', authPort, acctPort, timeoutMs: 300, tries: 2 }
      await addHomeServer(db, keyring, { ...row, priority: servers.length, secret: homeSecret }, now)
    }
    await addRealm(db, { name: 'partner.example', action: 'forward', pool: 'partner' }, now)
    await setClient(db, { name: 'bng', unknownPool: 'partner', patienceMs: 3_500 })
    await peer.service.refresh()
  })
  afterAll(async () => {
    for (const server of servers) await server.close()
  })

  const carla = 'User-Name = "carla@partner.example"'
  const ask = (...lines: string[]) => radclient(peer.service.authPort, 'auth', [signed, ...lines])
  const account = (...lines: string[]) => radclient(peer.service.acctPort, 'acct', lines)
  const seenBy = (server: Freeradius, word: string) => server.seen().filter((line) => line.includes(word))

  it.each([
    ['PAP', 'User-Password = "secret of carla"'],
    ['CHAP', 'CHAP-Password = "secret of carla"'],
    ['MS-CHAP', 'MS-CHAP-Password = "secret of carla"'],
  ])('lets a subscriber of its realm in by %s', async (_, credentials) => {
    const { output } = await ask(carla, credentials)
    expect(output).toContain('Received Access-Accept')
    expect(output).toContain('Reply-Message = "from the home server"')
    expect(output).toContain('Class = 0x686f6d65')
  })

  it('refuses a wrong password', async () => {
    expect((await ask(carla, 'User-Password = "wrong"')).output).toContain('Received Access-Reject')
  })

  it('is asked for subscribers whom nobody knows here, and not for those who are known', async () => {
    expect((await ask('User-Name = "dora"', 'User-Password = "secret of dora"')).output).toContain(
      'from the home server',
    )
    const { output } = await ask(`User-Name = "${username}"`, `User-Password = "${password}"`)
    expect(output).toContain('Received Access-Accept')
    expect(output).not.toContain('from the home server')
    expect(seenBy(servers[0]!, username)).toEqual([])
  })

  it('sees the Proxy-States in order and ours behind them; the NAS gets its own back (RFC 2865 §5.33)', async () => {
    const { output } = await ask(
      carla,
      'User-Password = "secret of carla"',
      'Proxy-State = 0x0102',
      'Proxy-State = 0x03',
    )
    expect(proxyStates(output)).toEqual(['0x0102', '0x03'])
    expect(seenBy(servers[0]!, 'auth carla').at(-1)).toMatch(/ 0x0102,0x03,0x4750[0-9a-f]{32}$/)
  })

  it('is told the accounting of its subscribers, and it alone', async () => {
    const lines = [carla, 'Acct-Session-Id = "s-carla"', 'Acct-Status-Type = Start', 'Proxy-State = 0xcc']
    const { output } = await account(...lines)
    expect(output).toContain('Received Accounting-Response')
    expect(proxyStates(output)).toEqual(['0xcc'])
    expect(seenBy(servers[0]!, 's-carla')).toHaveLength(1)
    expect(
      (await account('User-Name = "dora"', 'Acct-Session-Id = "s-dora"', 'Acct-Status-Type = Start')).output,
    ).toContain('Received Accounting-Response')
    expect(seenBy(servers[0]!, 's-dora')).toHaveLength(1)
    const own = [`User-Name = "${username}"`, 'Acct-Session-Id = "s-own"', 'Acct-Status-Type = Start']
    expect((await account(...own)).output).toContain('Received Accounting-Response')
    const { rows } = await peer.pool.query(`select acct_session_id from session order by id`)
    expect(rows).toEqual([{ acct_session_id: 's-own' }])
    expect(seenBy(servers[0]!, 's-own')).toEqual([])
  })

  it('hands keys that the NAS can read: those of MS-CHAPv2, hidden under another secret (RFC 3079)', async () => {
    const key = createSecret(secret)
    const userName = Buffer.from('carla@partner.example')
    const ntHash = ntPasswordHash('secret of carla')
    const challenge = Buffer.alloc(16, 0x11)
    const response = Buffer.alloc(50)
    response.set(Buffer.alloc(16, 0x22), 2)
    response.set(challengeResponse(challengeHash(Buffer.alloc(16, 0x22), challenge, userName), ntHash), 26)
    const proof = verifyMsChap2({ response, challenge, userName, ntHash })
    if (proof.kind !== 'match') throw new Error('the test cannot make its own response')

    const client = createRadiusClient({ now: () => performance.now() })
    const attributes: NamedAttribute[] = [
      { name: 'User-Name', value: 'carla@partner.example' },
      { name: 'MS-CHAP-Challenge', value: challenge },
      { name: 'MS-CHAP2-Response', value: response },
    ]
    const outcome = await client.exchange({
      address: '127.0.0.1',
      port: peer.service.authPort,
      secret: key,
      code: codes.accessRequest,
      attributes: (authenticator) => encodeAttributes(dictionary, attributes, { secret: key, authenticator }),
      timeoutMs: 3_000,
      tries: 1,
    })
    client.close()
    if (outcome.kind !== 'reply') throw new Error(`no answer: ${outcome.kind}`)
    const { packet, requestAuthenticator: authenticator } = outcome
    expect(packet.code).toBe(codes.accessAccept)
    const list = decodeAttributes(dictionary, packet, { secret: key, authenticator })
    const keys = msChap2Keys(proof.ntHashHash, response.subarray(26))
    expect(list.find((one) => one.name === 'MS-MPPE-Send-Key')?.value).toEqual(keys.send)
    expect(list.find((one) => one.name === 'MS-MPPE-Recv-Key')?.value).toEqual(keys.receive)
    expect(list.find((one) => one.name === 'MS-CHAP2-Success')?.value).toEqual(proof.success)
  })

  it('is followed by the other when it is killed, and asked again once it answers Status-Server (RFC 5997)', async () => {
    const [first, second] = servers as [Freeradius, Freeradius]
    const { authPort, acctPort } = first
    process.kill(first.pid, 'SIGKILL')
    await first.close()
    const before = second.seen().length
    expect((await ask(carla, 'User-Password = "secret of carla"')).output).toContain('Received Access-Accept')
    const record = [carla, 'Acct-Session-Id = "s-over"', 'Acct-Status-Type = Start']
    expect((await account(...record)).output).toContain('Received Accounting-Response')
    expect(second.seen().length).toBe(before + 2)
    const { values } = await peer.service.metrics.homeServersDead.get()
    expect(values.filter((one) => one.value === 1)).toHaveLength(2)

    servers[0] = await start('home-1-again', { ports: { authPort, acctPort } })
    await vi.waitFor(
      async () => {
        const states = (await peer.service.metrics.homeServersDead.get()).values
        expect(states.filter((one) => one.value === 1)).toEqual([])
      },
      { timeout: 10_000, interval: 100 },
    )
    expect((await ask(carla, 'User-Password = "secret of carla"')).output).toContain('Received Access-Accept')
    expect(seenBy(servers[0], 'auth carla')).toHaveLength(1)
  }, 30_000)
})
