// F52: what a NAS may say to an order, and what follows: over, asked again, a Disconnect in place of a change, or left for a person.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { orderForSubscribers } from '../../src/domain/coa-order.ts'
import { useDatabase } from '../support/database.ts'
import { ordersAbout, startTestDelivery, type TestDelivery } from '../support/delivery.ts'
import { act, endOf, obeyingNas, online, wireOf } from '../support/obeying-nas.ts'
import { openIsp, type Isp } from '../support/isp.ts'
import { lineMac } from '../support/many-lines.ts'

const database = useDatabase()
let isp: Isp
let delivery: TestDelivery
let count = 0

beforeAll(async () => {
  isp = await openIsp(database)
  await isp.plan()
})
beforeEach(() => void (delivery = startTestDelivery(isp)))
afterEach(() => delivery.close())
// They say that they have lost what they hold.
afterAll(() => isp.close({ I10: /of said\.\d+ on says-\d+: open was expected/ }))

/** A NAS of its own for each answer: one may learn from it what a NAS cannot do. */
async function lineOn() {
  count += 1
  const name = `said.${count}`
  const says = await obeyingNas(isp, [`says-${count}`, `127.0.2.${count}`])
  const id = await isp.subscriber(name)
  return { says, id, session: await online(says.nas, isp.dial(name, { mac: lineMac(count) })) }
}

async function later(milliseconds = 4_000): Promise<void> {
  delivery.clock.advance(milliseconds)
  await delivery.turn()
}

describe('F52: a Disconnect-NAK (RFC 5176 §3.5)', () => {
  it('503, no such session: it is gone, and ends in our books', async () => {
    const { says, id, session } = await lineOn()
    says.behave = () => ({ refuse: 503 })
    await act(isp, 'block', id, { reason: 'unpaid' })
    await delivery.turn()
    expect(await ordersAbout(isp, id)).toMatchObject([{ state: 'done', evidence: 'observed', errorCause: 503 }])
    expect(await endOf(isp, session.acctSessionId)).toBeDefined()
    await later(60_000)
    // Once by all that names it, once without its address.
    expect(says.heard).toHaveLength(2)
    expect(wireOf(says.heard[1])).toEqual([
      `Acct-Session-Id = ${session.acctSessionId}`,
      `User-Name = ${session.username}`,
    ])
  })

  it('506, resources unavailable: it is asked again, and again, until it can', async () => {
    const { says, id, session } = await lineOn()
    says.behave = () => ({ refuse: 506 })
    await act(isp, 'block', id, { reason: 'unpaid' })
    await delivery.turn()
    for (let turn = 2; turn <= 4; turn += 1) {
      await later()
      expect(await ordersAbout(isp, id)).toMatchObject([{ state: 'timeout', errorCause: 506, attempts: turn }])
    }
    says.behave = () => 'obey'
    await later()
    expect(await endOf(isp, session.acctSessionId)).toBe('stop')
    expect(says.heard).toHaveLength(5)
  })

  it.each([401, 402, 403, 404, 501, 504])('%s: a person is needed, it is not asked blindly again', async (cause) => {
    const { says, id } = await lineOn()
    says.behave = () => ({ refuse: cause })
    await act(isp, 'block', id, { reason: 'unpaid' })
    await delivery.turn()
    const [order] = await ordersAbout(isp, id)
    expect(order).toMatchObject({ state: 'nacked', errorCause: cause, attempts: 1 })
    expect(order!.detail).toContain(String(cause))
    await later(60_000)
    expect(says.heard).toHaveLength(1)
  })
})

describe('F52: a CoA-NAK', () => {
  const change = (id: bigint) =>
    orderForSubscribers(isp.db, { subscriberIds: [id], wish: 'reapply', reason: 'plan' }, delivery.clock.now())

  it.each([401, 402, 403, 404, 405, 406, 407, 501])(
    '%s: what cannot be changed live is changed by a redial',
    async (cause) => {
      const { says, id, session } = await lineOn()
      says.behave = ({ kind }) => (kind === 'change' ? { refuse: cause } : 'obey')
      await change(id)
      await delivery.turn()
      expect(says.heard.map(({ kind }) => kind)).toEqual(['change', 'disconnect'])
      expect(await endOf(isp, session.acctSessionId)).toBe('stop')
    },
  )

  it('503: there is nothing left to change', async () => {
    const { says, id } = await lineOn()
    says.behave = () => ({ refuse: 503 })
    await change(id)
    await delivery.turn()
    expect(await ordersAbout(isp, id)).toMatchObject([{ state: 'done', errorCause: 503 }])
    expect(says.heard.map(({ kind }) => kind)).toEqual(['change', 'change'])
  })

  it('506: it is asked again, and the session goes on', async () => {
    const { says, id, session } = await lineOn()
    says.behave = () => ({ refuse: 506 })
    await change(id)
    await delivery.turn()
    says.behave = () => 'obey'
    await later()
    expect(says.heard.map(({ kind }) => kind)).toEqual(['change', 'change'])
    expect(await ordersAbout(isp, id)).toMatchObject([{ state: 'done', evidence: 'acked', attempts: 2 }])
    expect(says.nas.sessions()).toContain(session)
  })
})
