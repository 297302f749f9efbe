// Realms and home servers through the whole service: real sockets, the database, and changes that are live within a second.
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createKysely } from '../../src/db/pool.ts'
import type { Database, Db } from '../../src/db/schema.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import { addClient, setClient } from '../../src/domain/client.ts'
import { addHomeServer, listHomeServers, removeHomeServer } from '../../src/domain/home-server.ts'
import { addPlan } from '../../src/domain/plan.ts'
import { addRealm, removeRealm } from '../../src/domain/realm.ts'
import { addSubscriber } from '../../src/domain/subscriber.ts'
import { explainAccess } from '../../src/domain/why.ts'
import { encodeAttributes } from '../../src/radius/attributes.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { createSecret } from '../../src/radius/authenticator.ts'
import { createRadiusClient } from '../../src/radius/client.ts'
import { codeName, codes } from '../../src/radius/codes.ts'
import type { Code } from '../../src/radius/codes.ts'
import { insertRow, insertSubscriber } from '../support/access.ts'
import { useDatabase } from '../support/database.ts'
import { dictionary } from '../support/dictionary.ts'
import { homeSecret, startHomeServer } from '../support/home-server.ts'
import type { FakeHomeServer } from '../support/home-server.ts'
import { startTestService } from '../support/service.ts'
import type { TestService } from '../support/service.ts'

const database = useDatabase()
const secret = 'a secret that both sides know'
const key = createSecret(secret)
const client = createRadiusClient({ now: () => performance.now() })
let service: TestService
let db: Db
let home: FakeHomeServer

beforeAll(async () => {
  service = await startTestService(database)
  db = createKysely<Database>(database.pool)
  home = await startHomeServer()
  const now = new Date()
  await addClient(db, service.keyring, { name: 'bng', address: '127.0.0.1', vendor: 'mikrotik', secret }, now)
  await setClient(db, { name: 'bng', patienceMs: 700 })
  await addPlan(db, { name: 'home', down: '50M', up: '20M', days: 30 }, () => undefined, now)
  await addSubscriber(
    db,
    { username: 'anna', password: 'secret of anna', plan: 'home' },
    ownAuthor('system', 'test', service.keyring),
    now,
  )
  const { address, authPort, acctPort } = home.row
  const ports = { address, authPort, acctPort, timeoutMs: 200, secret: homeSecret.octets.toString() }
  await addHomeServer(db, service.keyring, { pool: 'partner', name: 'partner-1', ...ports }, now)
  const self = { address: '127.0.0.1', authPort: service.authPort, acctPort: service.acctPort, timeoutMs: 200, secret }
  await addHomeServer(db, service.keyring, { pool: 'self', name: 'self', ...self }, now)
  await service.refresh()
})
afterAll(async () => {
  client.close()
  await service.close()
  await home.close()
})
afterEach(() => {
  home.requests.length = 0
})

/** What the access log tells of the forwarded logins of a username, as `gatehouse why` shows it. */
async function forwardedOf(username: string) {
  await service.flush()
  const { decisions } = await explainAccess(database.pool, { username }, new Date())
  return decisions
    .filter(({ reason }) => reason === 'forwarded')
    .map(({ accepted, sentence, detail, method, nas, count }) => ({ accepted, sentence, detail, method, nas, count }))
}
const accepting = { accepted: true, sentence: 'asked of another server, which accepted' }
const refusing = { accepted: false, sentence: 'asked of another server, which did not accept' }

async function ask(
  code: typeof codes.accessRequest | typeof codes.accountingRequest,
  list: NamedAttribute[],
): Promise<string> {
  const outcome = await client.exchange({
    address: '127.0.0.1',
    port: code === codes.accessRequest ? service.authPort : service.acctPort,
    secret: key,
    code,
    attributes: (authenticator) => encodeAttributes(dictionary, list, { secret: key, authenticator }),
    timeoutMs: 1_200,
    tries: 1,
  })
  return outcome.kind === 'reply' ? codeName(outcome.packet.code) : outcome.kind
}

const login = (userName: string, password = 'secret of anna') =>
  ask(codes.accessRequest, [
    { name: 'User-Name', value: userName },
    { name: 'User-Password', value: password },
  ])
const account = (userName: string, sessionId: string, more: NamedAttribute[] = []) =>
  ask(codes.accountingRequest, [
    { name: 'User-Name', value: userName },
    { name: 'Acct-Session-Id', value: sessionId },
    { name: 'Acct-Status-Type', value: 1 },
    ...more,
  ])
async function countAnswers(): Promise<number> {
  const { values } = await service.metrics.replySeconds.get()
  return values.find(({ metricName, labels }) => metricName?.endsWith('_count') && labels.kind === 'authentication')!
    .value
}
const realm = (name: string, action: string, pool?: string) =>
  addRealm(db, pool === undefined ? { name, action } : { name, action, pool }, new Date())
/** Asks until it is so: a change is live within a second, one more is for the asking. */
const soon = <T>(check: () => Promise<T>) => vi.waitFor(check, { timeout: 2_000, interval: 50 })

describe('a realm', () => {
  it('that is stripped is live within a second, for logins and for what they account', async () => {
    await realm('isp.example', 'strip')
    await soon(async () => expect(await login('anna@isp.example')).toBe('Access-Accept'))
    expect(await account('Anna@isp.example', 'stripped')).toBe('Accounting-Response')
    const { rows } = await database.pool.query(
      `select s.username, p.username as subscriber from session s join subscriber p on p.id = s.subscriber_id
       where s.acct_session_id = 'stripped'`,
    )
    expect(rows).toEqual([{ username: 'anna', subscriber: 'anna' }])
  })

  it('that is refused gets the reject of a wrong password, and the log says why', async () => {
    await realm('gone.example', 'refuse')
    await service.refresh()
    expect(await login('anna@gone.example')).toBe('Access-Reject')
    await service.flush()
    const { rows } = await database.pool.query(
      `select username, reason, detail from access_log where reason = 'realm-refused'`,
    )
    expect(rows).toEqual([
      { username: 'anna@gone.example', reason: 'realm-refused', detail: 'the realm "gone.example" is refused' },
    ])
  })

  it('that is forwarded and forgotten again is followed both times', async () => {
    await realm('partner.example', 'forward', 'partner')
    await soon(async () => expect(await login('eva@partner.example', 'x')).toBe('Access-Accept'))
    expect(await account('eva@partner.example', 'eva-1')).toBe('Accounting-Response')
    expect(home.requests.map((packet) => packet.code)).toEqual([1, 4])
    // How fast others are is not how fast we are.
    const answered = await countAnswers()
    expect(await login('eva@partner.example', 'x')).toBe('Access-Accept')
    expect(await countAnswers()).toBe(answered)
    expect(await login('anna')).toBe('Access-Accept')
    expect(await countAnswers()).toBe(answered + 1)
    await removeRealm(db, 'partner.example')
    await soon(async () => expect(await login('eva@partner.example', 'x')).toBe('Access-Reject'))
  })
})

describe('a login that a home server decides is told by `why`', () => {
  const answering = async (code: Code | undefined, username: string): Promise<string> => {
    const { answer } = home
    home.answer = () => (code === undefined ? undefined : { code, attributes: Buffer.alloc(0) })
    const outcome = await login(username, 'x')
    home.answer = answer
    return outcome
  }
  const from = { method: 'pap', nas: 'bng', count: 1n }

  beforeAll(async () => {
    await realm('told.example', 'forward', 'partner')
    await service.refresh()
  })
  afterAll(() => removeRealm(db, 'told.example'))

  it('as accepted or rejected, with the name of the server', async () => {
    expect(await answering(codes.accessAccept, 'Eva@told.example')).toBe('Access-Accept')
    expect(await forwardedOf('eva@told.example')).toEqual([
      { ...accepting, ...from, detail: 'home server "partner-1" accepted' },
    ])
    expect(await answering(codes.accessReject, 'otto@told.example')).toBe('Access-Reject')
    expect(await forwardedOf('otto@told.example')).toEqual([
      { ...refusing, ...from, detail: 'home server "partner-1" rejected' },
    ])
  })

  it('not while the server asks for more', async () => {
    expect(await answering(codes.accessChallenge, 'ida@told.example')).toBe('Access-Challenge')
    expect(await forwardedOf('ida@told.example')).toEqual([])
  })

  it('as unanswered where no server answers', async () => {
    expect(await answering(undefined, 'udo@told.example')).toBe('timeout')
    expect(await forwardedOf('udo@told.example')).toEqual([{ ...refusing, ...from, detail: 'no home server answered' }])
    // Status-Server brings it back.
    await soon(async () => {
      const { values } = await service.metrics.homeServersDead.get()
      expect(values.filter((one) => one.value === 1)).toEqual([])
    })
  })
})

describe('a home server', () => {
  it('that signs is held to it from then on', async () => {
    await realm('signs.example', 'forward', 'partner')
    await service.refresh()
    expect(await login('eva@signs.example', 'x')).toBe('Access-Accept')
    await soon(async () => {
      const [server] = await listHomeServers(db)
      expect(server?.messageAuthenticatorSeenAt).toBeInstanceOf(Date)
    })
  })

  it('that is ourselves is no circle: the second time round is silence', async () => {
    await realm('loop.example', 'forward', 'self')
    await service.refresh()
    expect(await login('eva@loop.example', 'x')).toBe('timeout')
    const { values } = await service.metrics.dropped.get()
    expect(values.find((one) => one.labels.reason === 'proxy-loop')?.value).toBeGreaterThan(0)
    // Silent to that one, and alive by Status-Server.
    const dead = (await service.metrics.homeServersDead.get()).values.filter((one) => one.value === 1)
    expect(dead).toEqual([])
  })
})

describe('a client that moves over', () => {
  it('has its unknown subscribers forwarded, and a moved one answered here from the next packet on', async () => {
    await setClient(db, { name: 'bng', unknownPool: 'partner' })
    await service.refresh()
    expect(await login('bert', 'secret of bert')).toBe('Access-Accept')
    expect(await account('bert', 'bert-1')).toBe('Accounting-Response')
    expect(home.requests.map((packet) => packet.code)).toEqual([1, 4])
    expect(await login('anna', 'wrong')).toBe('Access-Reject')
    expect(home.requests).toHaveLength(2)

    const bert = { username: 'bert', password: 'secret of bert', plan: 'home' }
    await addSubscriber(db, bert, ownAuthor('system', 'test', service.keyring), new Date())
    expect(await login('bert', 'secret of bert')).toBe('Access-Accept')
    expect(home.requests).toHaveLength(2)
    await service.flush()
    const { rows } = await database.pool.query(
      `select reason, detail from access_log where accepted and username = 'bert' order by reason`,
    )
    expect(rows).toEqual([
      { reason: 'accepted', detail: null },
      { reason: 'forwarded', detail: 'home server "partner-1" accepted' },
    ])
  })

  it('has the lines of its moved IPoE subscribers recorded here, though the NAS returns no Class', async () => {
    const { rows } = await database.pool.query<{ id: bigint }>('select id from plan limit 1')
    const line = { username: 'line-8', plan_id: rows[0]!.id, account_type: 'ipoe' }
    const subscriber = await insertSubscriber(database.pool, line)
    await insertRow(database.pool, 'device', { subscriber_id: subscriber, mac: 'd4:ca:6d:01:02:08', bound: true })
    const mac = { name: 'Calling-Station-Id', value: 'd4:ca:6d:01:02:08' }
    expect(await ask(codes.accessRequest, [{ name: 'User-Name', value: 'ether1' }, mac])).toBe('Access-Accept')
    expect(await account('ether1', 'line-8-1', [mac])).toBe('Accounting-Response')
    expect(home.requests).toEqual([])
    const sessions = await database.pool.query(`select line from session where acct_session_id = 'line-8-1'`)
    expect(sessions.rows).toEqual([{ line: 'mac:d4:ca:6d:01:02:08' }])
  })

  it('whose old server is gone gets silence for those whom nobody knows, never a reject', async () => {
    home.answer = () => undefined
    home.status = false
    expect(await login('nobody', 'x')).toBe('timeout')
    expect(await login('anna')).toBe('Access-Accept')
    expect(await forwardedOf('nobody')).toMatchObject([{ ...refusing, detail: 'no home server answered' }])
    await setClient(db, { name: 'bng', unknownPool: '' })
    await service.refresh()
    expect(await login('nobody', 'x')).toBe('Access-Reject')
    await removeRealm(db, 'signs.example')
    await removeHomeServer(db, 'partner-1')
  })
})
