// What an operator changes about clients is live within a second, without a restart; and what a stranger or a device with a
// wrong secret gets: nothing.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { addClient, rotateSecret, setClient } from '../../src/domain/client.ts'
import { encodeAttributes } from '../../src/radius/attributes.ts'
import { createSecret } from '../../src/radius/authenticator.ts'
import { createRadiusClient, type ExchangeOutcome, type RadiusUdpClient } from '../../src/radius/client.ts'
import { codeName, codes } from '../../src/radius/codes.ts'
import { useDatabase } from '../support/database.ts'
import { dictionary } from '../support/dictionary.ts'
import { openIsp, password, secret, type Isp } from '../support/isp.ts'

const database = useDatabase()
let isp: Isp
const made: RadiusUdpClient[] = []

beforeAll(async () => {
  isp = await openIsp(database)
  await isp.plan()
  await isp.subscriber('anna')
})
afterAll(async () => {
  for (const client of made) client.close()
  await isp.close()
})

type Asked = { secret?: string; signed?: boolean; identifier?: string; proxyState?: boolean }

function sender(localAddress: string): RadiusUdpClient {
  const client = createRadiusClient({ localAddress, now: () => performance.now() })
  made.push(client)
  return client
}

/** One Access-Request of anna by PAP; the name of what came back, or 'silence'. */
async function ask(from: RadiusUdpClient, asked: Asked = {}): Promise<string> {
  const key = createSecret(asked.secret ?? secret)
  const outcome: ExchangeOutcome = await from.exchange({
    address: '127.0.0.1',
    port: isp.service.authPort,
    secret: key,
    code: codes.accessRequest,
    attributes: (authenticator) =>
      encodeAttributes(
        dictionary,
        [
          { name: 'User-Name', value: 'anna' },
          { name: 'User-Password', value: password },
          { name: 'NAS-Identifier', value: asked.identifier ?? 'some-bras' },
          ...(asked.proxyState === true ? [{ name: 'Proxy-State', value: Buffer.from('via a proxy') }] : []),
        ],
        { secret: key, authenticator },
      ),
    messageAuthenticator: asked.signed ?? true,
    timeoutMs: 150,
    tries: 1,
  })
  return outcome.kind === 'reply' ? codeName(outcome.packet.code) : outcome.kind === 'timeout' ? 'silence' : 'error'
}

/** Asks again until the answer is as wanted, or a second is over. */
async function withinASecond(from: RadiusUdpClient, wanted: string, asked: Asked = {}): Promise<void> {
  const until = performance.now() + 1_000
  let answer = await ask(from, asked)
  while (answer !== wanted && performance.now() < until) {
    await sleep(20)
    answer = await ask(from, asked)
  }
  expect(answer).toBe(wanted)
}

function add(name: string, address: string, input: Partial<Parameters<typeof addClient>[2]> = {}) {
  return addClient(isp.db, isp.service.keyring, { name, address, secret, ...input }, systemClock.now())
}

describe('clients', () => {
  it('are strangers until they are added, and served within a second after', async () => {
    const from = sender('127.0.0.31')
    expect(await ask(from)).toBe('silence')
    await add('added', '127.0.0.31')
    await withinASecond(from, 'Access-Accept')
    expect(await ask(from, { secret: 'not the secret of both' })).toBe('silence')
  })

  it('F76: may use the old and the new secret while a rotation runs', async () => {
    const from = sender('127.0.0.32')
    await add('rotated', '127.0.0.32')
    await withinASecond(from, 'Access-Accept')
    const { secret: renewed } = await rotateSecret(isp.db, isp.service.keyring, { name: 'rotated' }, systemClock.now())
    await withinASecond(from, 'Access-Accept', { secret: renewed })
    expect(await ask(from)).toBe('Access-Accept')
    // An unsigned PAP request names no secret by itself: the password tells, and the reply is signed with the same one.
    await setClient(isp.db, { name: 'rotated', messageAuthenticator: 'off' })
    await withinASecond(from, 'Access-Accept', { signed: false })
    expect(await ask(from, { signed: false, secret: renewed })).toBe('Access-Accept')
  })

  it('must go on signing once they have signed (policy auto), and may always not sign under policy off', async () => {
    const from = sender('127.0.0.33')
    await add('latched', '127.0.0.33')
    await withinASecond(from, 'Access-Accept', { signed: false })
    // Not yet latched: but what a Blast-RADIUS attacker needs is dropped all the same.
    expect(await ask(from, { signed: false, proxyState: true })).toBe('silence')
    expect(await ask(from, { signed: true })).toBe('Access-Accept')
    await withinASecond(from, 'silence', { signed: false })
    await setClient(isp.db, { name: 'latched', messageAuthenticator: 'off' })
    await withinASecond(from, 'Access-Accept', { signed: false })
  })

  it('have their devices made on first sight, unless they refuse', async () => {
    const open = sender('127.0.0.34')
    await add('open', '127.0.0.34')
    await withinASecond(open, 'Access-Accept', { identifier: 'bras-x' })
    expect(await ask(open, { identifier: 'bras-y' })).toBe('Access-Accept')
    const { rows } = await isp.pool.query(
      `select n.name from nas n join radius_client c on c.id = n.client_id where c.name = 'open' order by n.name`,
    )
    expect(rows).toEqual([{ name: 'open/bras-x' }, { name: 'open/bras-y' }])

    const closed = sender('127.0.0.35')
    await add('closed', '127.0.0.35', { newNas: 'refuse' })
    await isp.service.refresh()
    expect(await ask(closed, { identifier: 'bras-z' })).toBe('silence')
  })
})

describe('Status-Server', () => {
  it.each([
    ['authPort', 'Access-Accept'],
    ['acctPort', 'Accounting-Response'],
  ] as const)('is answered on %s by %s', async (port, wanted) => {
    const from = sender('127.0.0.36')
    await add(`status-${port}`, port === 'authPort' ? '127.0.0.36' : '127.0.0.37')
    await isp.service.refresh()
    const asker = port === 'authPort' ? from : sender('127.0.0.37')
    const outcome = await asker.exchange({
      address: '127.0.0.1',
      port: isp.service[port],
      secret: createSecret(secret),
      code: codes.statusServer,
      attributes: Buffer.alloc(0),
      timeoutMs: 500,
      tries: 1,
    })
    expect(outcome.kind === 'reply' && codeName(outcome.packet.code)).toBe(wanted)
  })
})
