import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createRouter } from '../../src/aaa/route-request.ts'
import type { Router } from '../../src/aaa/route-request.ts'
import { createTestClock } from '../../src/clock.ts'
import type { Realm } from '../../src/domain/realm.ts'
import { issueClass } from '../../src/domain/session-class.ts'
import { defaultSettings } from '../../src/domain/setting.ts'
import { addSubscriber } from '../../src/domain/subscriber.ts'
import { defaultNasSettings } from '../../src/domain/nas-settings.ts'
import { createPool } from '../../src/db/pool.ts'
import { createMetrics } from '../../src/metrics.ts'
import type { NamedAttribute } from '../../src/radius/attributes.ts'
import { codes } from '../../src/radius/codes.ts'
import { insertPlan, insertRow, insertSubscriber, testNas } from '../support/access.ts'
import { pap } from '../support/access-handler.ts'
import { dictionary } from '../support/dictionary.ts'
import { accessToForward, accountingToForward } from '../support/home-server.ts'
import { makePlan, noon, useOffice } from '../support/operator.ts'

const office = useOffice()
const clock = createTestClock(noon)
const metrics = createMetrics()
const realms = new Map<string, Realm>()
const done: string[] = []
const noted: unknown[] = []
let router: Router

const respond = (code: 2 | 5) => Promise.resolve({ code, attributes: Buffer.alloc(0) })
const lines = {
  access: {
    handle: (_request: unknown, _nas: unknown, name?: { username: string; refused?: string }) => {
      done.push(`access ${name?.username}${name?.refused === undefined ? '' : ` refused ${name.refused}`}`)
      return respond(codes.accessAccept)
    },
    noteForwarded: (_request: unknown, _nas: unknown, outcome: { username: string; answer?: unknown }) => {
      noted.push([outcome.username, outcome.answer])
    },
  },
  accounting: {
    handle: (_request: unknown, _nas: unknown, username?: string) => {
      done.push(`accounting ${username}`)
      return respond(codes.accountingResponse)
    },
  },
}
const proxy = {
  forward: (_request: unknown, _nas: unknown, poolId: bigint) => {
    done.push(`pool ${poolId}`)
    return respond(codes.accountingResponse).then((answer) => ({ ...answer, homeServer: 'partner-1' }))
  },
  close: () => undefined,
}

function makeRouter(pool = office.pool): Router {
  const settings = () => defaultSettings
  const { keyring } = office
  return createRouter({ dictionary, keyring, clock, metrics, settings, realms: () => realms, proxy, pool })
}

beforeAll(async () => {
  router = makeRouter()
  await makePlan(office, { name: 'home' })
  await addSubscriber(office.db, { username: 'anna', plan: 'home' }, office.author, noon)
})
afterAll(() => router.close())
beforeEach(() => {
  done.length = 0
  noted.length = 0
  clock.advance(60_000)
  realms.clear()
  for (const [name, action, poolId] of [
    ['isp.example', 'strip', undefined],
    ['gone.example', 'refuse', undefined],
    ['partner.example', 'forward', 7n],
  ] as const) {
    realms.set(name, { name, action, poolId })
  }
})

const moving = { unknownPoolId: 9n }
type Client = Parameters<typeof accessToForward>[1]

async function login(userName: string, nas = testNas(), client: Client = {}): Promise<string[]> {
  done.length = 0
  await router.route(accessToForward(pap(userName, 'x'), client), nas, lines)
  return [...done]
}

async function account(
  userName: string | undefined,
  more: NamedAttribute[] = [],
  client: Client = {},
  status = 1,
): Promise<string[]> {
  done.length = 0
  const name = userName === undefined ? [] : [{ name: 'User-Name', value: userName }]
  const attributes = [{ name: 'Acct-Status-Type', value: status }, ...name, ...more]
  await router.route(accountingToForward(attributes, client), testNas(), lines)
  return [...done]
}

describe('a request', () => {
  it('is told to our own line with the username that its realm says', async () => {
    expect(await login('Anna')).toEqual(['access anna'])
    expect(await login('Anna@ISP.example')).toEqual(['access anna'])
    expect(await login('anna@unknown.example')).toEqual(['access anna@unknown.example'])
    expect(await account('Anna@ISP.example')).toEqual(['accounting anna'])
  })

  it('of a realm that is forwarded goes to its pool, accounting too', async () => {
    expect(await login('anna@Partner.example')).toEqual(['pool 7'])
    expect(await account('anna@partner.example')).toEqual(['pool 7'])
  })

  it('of a login that is forwarded is noted with its whole name and the answer; accounting is not', async () => {
    await login('Anna@Partner.example')
    await account('anna@partner.example')
    expect(noted).toEqual([['anna@partner.example', expect.objectContaining({ homeServer: 'partner-1' })]])
  })

  it('of a refused realm is refused by the access line; what was used is recorded', async () => {
    expect(await login('anna@gone.example')).toEqual(['access anna@gone.example refused gone.example'])
    expect(await account('anna@gone.example')).toEqual(['accounting anna@gone.example'])
  })

  it('without a realm of ours follows the rule of its NAS', async () => {
    const nas = testNas({ settings: { ...defaultNasSettings, username_rule: 'strip-both' } })
    expect(await login('office\\anna@somewhere', nas)).toEqual(['access anna'])
    expect(await login('anna@partner.example', nas)).toEqual(['pool 7'])
  })

  it('that says that a device reboots stays here, whatever name is in it', async () => {
    expect(await account('anna@partner.example', [], {}, 7)).toEqual(['accounting anna@partner.example'])
    expect(await account(undefined, [], {}, 8)).toEqual(['accounting '])
  })
})

describe('at a client that moves over step by step', () => {
  const elsewhere = async (
    username: string,
    reason: 'unknown' | 'wrong-password' | 'eap-not-supported',
    client: Client,
  ) => {
    done.length = 0
    const request = accessToForward(pap(username, 'x'), client)
    const result = await router.elsewhere({ request, nas: testNas(), username, reason })
    return [result?.response?.code, ...done]
  }

  it('the login of an unknown subscriber is forwarded, that of a known one never', async () => {
    expect(await elsewhere('nobody', 'unknown', moving)).toEqual([5, 'pool 9'])
    expect(await elsewhere('anna', 'wrong-password', moving)).toEqual([undefined])
    expect(await elsewhere('nobody', 'unknown', {})).toEqual([undefined])
  })

  it('credentials that we do not speak are forwarded for those we do not know', async () => {
    expect(await elsewhere('nobody', 'eap-not-supported', moving)).toEqual([5, 'pool 9'])
    expect(await elsewhere('anna', 'eap-not-supported', moving)).toEqual([undefined])
  })

  it('accounting follows: known names here, unknown ones there', async () => {
    expect(await account('anna', [], moving)).toEqual(['accounting anna'])
    expect(await account('nobody', [], moving)).toEqual(['pool 9'])
    expect(await account(undefined, [], moving)).toEqual(['pool 9'])
    expect(await account('nobody', [], {})).toEqual(['accounting nobody'])
  })

  it('a record with our Class is ours, whatever its name: the line of an IPoE subscriber', async () => {
    const value = issueClass(office.keyring, { classId: 5n, subscriberId: 6n, intervalS: 300 })
    expect(await account('d4:ca:6d:01:02:03', [{ name: 'Class', value }], moving)).toEqual([
      'accounting d4:ca:6d:01:02:03',
    ])
    const foreign = Buffer.from('of the old server')
    expect(await account('d4:ca:6d:01:02:03', [{ name: 'Class', value: foreign }], moving)).toEqual(['pool 9'])
  })

  describe('a record without our Class', () => {
    const port = [
      { name: 'NAS-Port-Type', value: 15 },
      { name: 'Calling-Station-Id', value: 'd4:ca:6d:01:02:04' },
    ]
    const ppp = [{ name: 'Framed-Protocol', value: 1 }, ...port.slice(1)]
    const line = (mac: string) => [{ name: 'Calling-Station-Id', value: mac }]
    let plan: bigint
    const bind = async (username: string, mac: string, row: Record<string, unknown> = {}): Promise<bigint> => {
      const ipoe = { username, plan_id: plan, account_type: 'ipoe', ...row }
      const subscriber_id = await insertSubscriber(office.pool, ipoe)
      await insertRow(office.pool, 'device', { subscriber_id, mac, bound: true })
      return subscriber_id
    }
    beforeAll(async () => {
      plan = await insertPlan(office.pool)
      await bind('line-4', 'd4:ca:6d:01:02:04')
    })

    it('is ours where its IPoE line is, whatever name the NAS wrote', async () => {
      expect(await account('ether1-d4ca6d010204', port, moving)).toEqual(['accounting ether1-d4ca6d010204'])
      expect(await account(undefined, port, moving)).toEqual(['accounting '])
      expect(await account('ether1', line('d4:ca:6d:01:02:ff'), moving)).toEqual(['pool 9'])
      expect(await account('ether1', [], moving)).toEqual(['pool 9'])
    })

    it('of PPPoE is told by its name alone', async () => {
      expect(await account('nobody', ppp, moving)).toEqual(['pool 9'])
      expect(await account('anna', ppp, moving)).toEqual(['accounting anna'])
    })

    it('is ours where several of us are bound to the line, as its login is', async () => {
      for (const username of ['twin-1', 'twin-2']) {
        await bind(username, username === 'twin-1' ? 'd4:ca:6d:01:02:05' : 'd4:ca:6d:01:02:06', {
          circuit_id: Buffer.from('twins'),
        })
      }
      const circuit = [{ name: 'ADSL-Agent-Circuit-Id', value: 'twins' }]
      expect(await account('ether1', circuit, moving)).toEqual(['accounting ether1'])
    })

    it('of a line that was moved is recorded at once, and a line that is gone is ours a moment longer', async () => {
      const moved = line('d4:ca:6d:01:02:07')
      expect(await account('ether1', moved, moving)).toEqual(['pool 9'])
      const subscriber = await bind('line-7', 'd4:ca:6d:01:02:07')
      expect(await account('ether1', moved, moving)).toEqual(['accounting ether1'])
      await office.pool.query('delete from device where subscriber_id = $1', [subscriber])
      expect(await account('ether1', moved, moving)).toEqual(['accounting ether1'])
      clock.advance(3_000)
      expect(await account('ether1', moved, moving)).toEqual(['pool 9'])
    })
  })

  it('a reboot is recorded here and told there', async () => {
    expect((await account(undefined, [], moving, 7)).toSorted()).toEqual(['accounting undefined', 'pool 9'])
  })

  it('a name is asked again after a moment: who was moved is recorded here', async () => {
    expect(await account('bert', [], moving)).toEqual(['pool 9'])
    await addSubscriber(office.db, { username: 'bert', plan: 'home' }, office.author, noon)
    expect(await account('bert', [], moving)).toEqual(['pool 9'])
    clock.advance(3_000)
    expect(await account('bert', [], moving)).toEqual(['accounting bert'])
  })

  it('a database that is away is silence', async () => {
    const gone = createPool('postgres://nobody@127.0.0.1:1/none', { name: 'gone', max: 1 })
    const blind = makeRouter(gone)
    const request = accountingToForward([{ name: 'Acct-Status-Type', value: 1 }], moving)
    expect(await blind.route(request, testNas(), lines)).toBeUndefined()
    expect(done).toEqual([])
    await blind.close()
    await gone.end()
  })
})
