// Postgres is away, hangs or is slow, and subscribers go on logging in; when it is back, whoever should not be online is found.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import type { NasSession } from '../../src/simulator/nas-session.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import type { Isp } from '../support/isp.ts'
import { acceptedWithin, crowd, expectUnnoticed, lookAtAll, openOutage } from '../support/outage.ts'
import type { Outage } from '../support/outage.ts'

let outage: Outage | undefined
afterEach(async () => {
  await outage?.close()
  outage = undefined
})

const sessions: NasSession[] = []
async function dial(isp: Isp, nas: SimulatedNas, username: string, mac: string): Promise<void> {
  const outcome = await nas.dial(isp.dial(username, { mac }))
  expect(outcome).toMatchObject({ kind: 'online' })
  if (outcome.kind === 'online') sessions.push(outcome.session)
}

describe('an outage of Postgres', () => {
  it('F12, D2, D3, D7: is not noticed by who is right, and who is not entitled is found after it', async () => {
    outage = await openOutage()
    const { isp, proxy } = outage
    await isp.plan({ name: 'One', sessionLimit: 1 })
    for (const username of ['late', 'grey', 'fine']) await isp.subscriber(username)
    await isp.subscriber('twice', { plan: 'One' })
    await isp.pool.query(`update subscriber set activated_at = null, expires_at = null where username = 'fine'`)
    await isp.pool.query(
      `update subscriber set activated_at = now(), expires_at = now() + interval '2 seconds' where username = 'late'`,
    )
    const nas = await isp.nas('bng-1', '127.0.0.21')
    await isp.service.refresh()

    proxy.set({ fresh: 'refuse' })
    proxy.cut()
    const counted = crowd(isp, { perSecond: 50, seconds: 5 })
    await sleep(2_500)
    // Blocked by another instance, which still reaches the books.
    await isp.pool.query(`update subscriber set blocked_at = now() where username = 'grey'`)
    await dial(isp, nas, 'late', '02:00:00:00:01:01')
    await dial(isp, nas, 'grey', '02:00:00:00:01:02')
    await dial(isp, nas, 'fine', '02:00:00:00:01:03')
    await dial(isp, nas, 'twice', '02:00:00:00:01:04')
    await dial(isp, nas, 'twice', '02:00:00:00:01:05')
    const counts = await counted
    expectUnnoticed(counts)
    expect(acceptedWithin(counts, 0.99)).toBeLessThan(300)

    proxy.heal()
    expect(await lookAtAll(outage)).toBeLessThan(60)
    const orders = async () => {
      const { rows } = await isp.pool.query(
        `select subscriber.username, coa_order.wish, coa_order.reason, session.mac
         from coa_order join session on session.id = coa_order.session_id
           join subscriber on subscriber.id = coa_order.subscriber_id order by subscriber.username`,
      )
      return rows
    }
    await expect.poll(orders, { timeout: 30_000, interval: 200 }).toEqual([
      { username: 'grey', wish: 'reapply', reason: 'blocked', mac: '02:00:00:00:01:02' },
      { username: 'late', wish: 'reapply', reason: 'expired', mac: '02:00:00:00:01:01' },
      { username: 'twice', wish: 'disconnect', reason: 'too-many-sessions', mac: '02:00:00:00:01:05' },
    ])
    const { rows } = await isp.pool.query(`select activated_at from subscriber where username = 'fine'`)
    expect(rows[0].activated_at).toBeInstanceOf(Date)
    for (const session of sessions.splice(0)) await nas.stop(session, 'User-Request')
  }, 60_000)

  it('F15: hung, with TCP alive, is not noticed either, and the breaker opens within two seconds', async () => {
    outage = await openOutage()
    const { isp, proxy } = outage
    proxy.set({ fresh: 'silent', blackhole: 'both' })
    const counted = crowd(isp, { perSecond: 50, seconds: 3 })
    const isAway = async () => (await isp.service.metrics.databaseAway.get()).values[0]?.value
    await expect.poll(isAway, { timeout: 2_000, interval: 50 }).toBe(1)
    const counts = await counted
    expectUnnoticed(counts)
    expect(acceptedWithin(counts, 1)).toBeLessThan(900)
    proxy.heal()
    proxy.cut()
    await expect.poll(isAway, { timeout: 10_000 }).toBe(0)
  }, 40_000)

  it('F17: slow by half a second a statement, is felt by nobody who is known', async () => {
    outage = await openOutage()
    const { isp, proxy } = outage
    proxy.set({ delayMs: [250, 250] })
    const counts = await crowd(isp, { perSecond: 50, seconds: 3 })
    const { right, wrong, blocked } = counts
    expect(right.accepted).toBe(right.asked)
    expect([wrong.accepted, blocked.accepted]).toEqual([0, 0])
    expect(acceptedWithin(counts, 0.99)).toBeLessThan(400)
    proxy.heal()
  }, 40_000)
})
