import { beforeAll, describe, expect, it } from 'vitest'
import { brokenNas, demoNases, demoPlans, demoTrial } from '../../src/cli/demo-data.ts'
import { createDemoIsp } from '../../src/cli/demo-isp.ts'
import { importRow, makeDemoSubscribers, paysWithUs, periodStart } from '../../src/cli/demo-subscribers.ts'
import { createKysely } from '../../src/db/pool.ts'
import type { Database } from '../../src/db/schema.ts'
import { listClients } from '../../src/domain/client.ts'
import { wrongBalances } from '../../src/domain/money/ledger.ts'
import { listPlans } from '../../src/domain/plan.ts'
import { useDatabase } from '../support/database.ts'
import { findBreaches, insist } from '../support/invariants.ts'
import { openTestKeyring } from '../support/keyring.ts'

const database = useDatabase()
const now = new Date('2026-03-02T12:00:00Z')
const dayMs = 86_400_000

describe('the made-up subscribers', () => {
  const subscribers = makeDemoSubscribers()
  const ofKind = (kind: string) => subscribers.filter((subscriber) => subscriber.kind === kind)

  it('are the same in every run, each with a login, a line and a phone of its own', () => {
    expect(subscribers).toEqual(makeDemoSubscribers())
    for (const name of ['username', 'mac'] as const) {
      expect(new Set(subscribers.map(({ dial }) => dial[name])).size).toBe(subscribers.length)
    }
    expect(new Set(subscribers.map(({ phone }) => phone)).size).toBe(subscribers.length)
    expect(new Set(subscribers.map(({ dial }) => dial.method)).size).toBe(3)
    expect(subscribers[0]?.dial.password).toMatch(/^[a-z]+-[a-z]+-\d\d$/)
    expect(subscribers.map(({ dial }) => dial.username)).not.toContain(demoTrial.username)
  })

  it('are two thousand who can be online, and some of each trouble', () => {
    expect(ofKind('online')).toHaveLength(2000)
    for (const kind of ['expired', 'blocked', 'wrong-password', 'never-there']) {
      expect(ofKind(kind).length, kind).toBeGreaterThanOrEqual(20)
    }
    expect(ofKind('wrong-password').every(({ dial, password }) => dial.password !== password)).toBe(true)
    expect(ofKind('online').every(({ dial, password }) => dial.password === password)).toBe(true)
  })

  it('live in every village and have every plan', () => {
    expect(new Set(subscribers.map(({ zone }) => zone))).toEqual(new Set(demoNases.map(({ zone }) => zone)))
    expect(new Set(subscribers.map(({ plan }) => plan))).toEqual(new Set(demoPlans.map(({ name }) => name)))
  })

  it('were registered before their period began, and end in time', () => {
    for (const subscriber of subscribers) {
      const row = importRow(subscriber, now)
      const began = periodStart(subscriber, now).getTime()
      expect(Date.parse(row.created_at!)).toBeLessThanOrEqual(began)
      expect(began).toBeLessThan(now.getTime())
      if (subscriber.kind === 'online') expect(began).toBeGreaterThan(now.getTime() - 30 * dayMs)
      if (subscriber.kind === 'expired') expect(Date.parse(row.expires_at!)).toBeLessThan(now.getTime())
      expect(row.expires_at === undefined).toBe(subscriber.kind === 'never-there')
    }
  })
})

describe('the made-up ISP', () => {
  const db = () => createKysely<Database>(database.pool)
  const counted = async (text: string): Promise<unknown[]> => (await database.pool.query(text)).rows

  beforeAll(async () => {
    const { keyring, remove } = await openTestKeyring(database.pool)
    await createDemoIsp(db(), keyring, now)
    await createDemoIsp(db(), keyring, now)
    remove()
  })

  it('is made once, and left alone when it is there', async () => {
    const clients = await listClients(db(), now)
    const nases = [...demoNases, brokenNas].map(({ name }) => name)
    expect(clients.map(({ name }) => name).toSorted()).toEqual([...nases, demoTrial.client.name].toSorted())
    expect((await listPlans(db())).map(({ name }) => name)).toEqual(['Fibre 200', 'Home 50', 'Trial', 'Village 10'])
    expect(await counted('select count(*)::int as n from subscriber')).toEqual([
      { n: makeDemoSubscribers().length + 1 },
    ])
  })

  it('has renewed those who pay with us, to the penny, and they are in service', async () => {
    const paying = makeDemoSubscribers().filter(paysWithUs).length
    expect(paying).toBeGreaterThan(300)
    expect(await counted('select count(*)::int as n from renewal')).toEqual([{ n: paying }])
    expect(await wrongBalances(db())).toEqual([])
    const online = makeDemoSubscribers().filter(({ kind }) => kind === 'online').length
    const inService = `select count(*)::int as n from subscriber
      where blocked_at is null and activated_at is not null and expires_at > '${now.toISOString()}'`
    const [{ n }] = (await counted(inService)) as [{ n: number }]
    expect(n).toBeGreaterThanOrEqual(online)
    insist(await findBreaches(database.pool, now))
  })

  it('has a past for its reports: a growing number of subscribers, what was used, and who logged in', async () => {
    const days = (await counted(`select day, sum(count)::int as n from subscriber_day group by day order by day`)) as {
      n: number
    }[]
    expect(days).toHaveLength(61)
    expect(days.at(-1)!.n).toBeGreaterThan(days[0]!.n)
    const [used] = (await counted(
      'select count(distinct day)::int as days, min(output_octets)::text as least from usage_day',
    )) as [{ days: number; least: string }]
    expect(used.days).toBe(30)
    expect(BigInt(used.least)).toBeGreaterThan(0n)
    const logins = (await counted(`select day, sum(count) filter (where accepted)::int as accepted,
        sum(count) filter (where not accepted)::int as refused from decision_day group by day`)) as {
      accepted: number
      refused: number
    }[]
    expect(logins).toHaveLength(30)
    expect(logins.every(({ accepted, refused }) => accepted > 1_000 && refused > 10 && refused < accepted / 5)).toBe(
      true,
    )
    const [revenue] = (await counted(`select sum(amount_minor)::int as n from event_day where kind = 'renewal'`)) as [
      { n: number },
    ]
    expect(revenue.n).toBeGreaterThan(100_000)
  })
})
