import { beforeAll, describe, expect, it } from 'vitest'
import { accessLogLine, writeAccessLog } from '../../src/domain/access-log.ts'
import type { AccessLogEntry, AccessLogTimes } from '../../src/domain/access-log.ts'
import { block } from '../../src/domain/subscriber-action/block.ts'
import { takeByUsername } from '../../src/domain/subscriber-action/by-username.ts'
import { addSubscriber } from '../../src/domain/subscriber.ts'
import { explainAccess, reasonSentence } from '../../src/domain/why.ts'
import { hours, makePlan, noon, openSession, useOffice } from '../support/operator.ts'

const office = useOffice()
const why = (username: string, limit = 10) => explainAccess(office.pool, { username, limit }, noon)
let key = 0n

async function logged(username: string, changes: Partial<AccessLogEntry & AccessLogTimes> = {}): Promise<void> {
  key += 1n
  const row: AccessLogEntry & AccessLogTimes = {
    subscriberId: undefined,
    username,
    nasId: 1n,
    line: 'mac:aa:bb:cc:00:00:01',
    interface: 'vlan4071',
    method: 'chap',
    reason: 'unknown',
    accepted: false,
    detail: undefined,
    reply: undefined,
    count: 1,
    firstAt: hours(-1),
    lastAt: hours(-1),
    ...changes,
  }
  await writeAccessLog(office.pool, [accessLogLine(row, row, 'UTC')])
}

beforeAll(async () => {
  await makePlan(office, { name: 'Home' })
  const { id } = await addSubscriber(office.db, { username: 'annalena', plan: 'Home' }, office.author, noon)
  await openSession(office, id, 'open-1')
  const input = { username: 'annalena', params: { reason: 'unpaid' } }
  await takeByUsername(office.db, block, input, office.author, noon)
  const blocked = { reason: 'blocked', detail: 'the subscriber is blocked: unpaid', count: 7, lastAt: noon }
  await logged('annalena', {
    accepted: true,
    reason: 'accepted',
    reply: '{"Framed-Pool":"home"}',
    firstAt: hours(-5),
    lastAt: hours(-5),
  })
  await logged('annalena', blocked)
  await logged('anna-lena', { lastAt: hours(-2) })
  await logged('annalena@isp.example')
  await logged('bertram')
  await logged('annalina', { firstAt: hours(-9 * 24), lastAt: hours(-9 * 24) })
})

describe('why', () => {
  it('tells how things stand and what was decided, the newest first', async () => {
    const { subscriber, decisions } = await why(' AnnaLena ')
    expect(subscriber).toMatchObject({
      username: 'annalena',
      label: 'blocked',
      blockReason: 'unpaid',
      sessions: [{ acctSessionId: 'open-1' }],
    })
    expect(decisions).toMatchObject([
      {
        accepted: false,
        reason: 'blocked',
        sentence: 'rejected: the subscriber is blocked',
        detail: 'the subscriber is blocked: unpaid',
        count: 7n,
        firstAt: hours(-1),
        lastAt: noon,
        method: 'chap',
        interface: 'vlan4071',
      },
      { accepted: true, sentence: 'accepted', reply: { 'Framed-Pool': 'home' } },
    ])
    expect((await why('annalena', 1)).decisions).toHaveLength(1)
  })

  it('names those who may have meant this subscriber and were refused as unknown', async () => {
    const { similar } = await why('annalena')
    expect(similar).toEqual([
      { username: 'annalena@isp.example', known: false, lastRefusedAt: hours(-1) },
      { username: 'anna-lena', known: false, lastRefusedAt: hours(-2) },
    ])
  })

  it('says that nobody has a name, and who has one like it', async () => {
    const { username, subscriber, decisions, similar } = await why('annelena')
    expect({ username, subscriber, decisions }).toEqual({ username: 'annelena', subscriber: undefined, decisions: [] })
    expect(similar[0]).toEqual({ username: 'annalena', known: true, lastRefusedAt: null })
    expect((await why('zacharias')).similar).toEqual([])
    expect((await why('')).similar).toEqual([])
  })

  it('has a sentence for every reason, and shows one it does not know as it is', () => {
    expect(reasonSentence(false, 'wrong-password')).toBe(
      'rejected: the password was wrong, or the shared secret of the NAS is not the one stored here',
    )
    expect(reasonSentence(true, 'expired')).toBe(
      'let into the walled garden only: the service period and its grace are over',
    )
    expect(reasonSentence(true, 'accepted')).toBe('accepted')
    expect(reasonSentence(true, 'forwarded')).toBe('asked of another server, which accepted')
    expect(reasonSentence(false, 'forwarded')).toBe('asked of another server, which did not accept')
    expect(reasonSentence(false, 'of-tomorrow')).toBe('rejected: of-tomorrow')
    expect(reasonSentence(false, 'toString')).toBe('rejected: toString')
  })
})
