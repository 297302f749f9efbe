// Orders to NASes that fail, at full size and by the real clock: F51, F53 and F54 with their figures, which are printed.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { listAlarms } from '../../src/domain/alarm.ts'
import { changePlanInBulk } from '../support/bulk-plan-change.ts'
import { useDatabase } from '../support/database.ts'
import { ordersAbout, startTestDelivery } from '../support/delivery.ts'
import { act, obeyingNas, online, type ObeyingNas } from '../support/obeying-nas.ts'
import { openIsp, sessionRows, type Isp } from '../support/isp.ts'
import { inWindow, lineMac } from '../support/many-lines.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)

describe('F51: NASes that answer nothing, with the patience that they have by default', () => {
  const database = useDatabase()
  const perNas = 25
  /** Seconds of silence of each since its first order, so that they come back at every moment between two tries. */
  const silences = [15, 19, 22, 25, 27, 30, 33, 37]
  let isp: Isp
  const dark: (ObeyingNas & { names: string[]; firstAt: number })[] = []

  beforeAll(async () => {
    isp = await openIsp(database)
    await isp.plan()
    for (const [at] of silences.entries()) {
      const nas = await obeyingNas(isp, [`dark-${at}`, `127.0.3.${at + 1}`], {}, {})
      const names = Array.from({ length: perNas }, (_, line) => `dark.${at}.${line}`)
      for (const name of names) await isp.subscriber(name)
      await inWindow(names, 16, (name, line) => online(nas.nas, isp.dial(name, { mac: lineMac(at * perNas + line) })))
      const silent = Object.assign(nas, { names, firstAt: 0 })
      nas.behave = () => {
        silent.firstAt ||= systemClock.monotonicMs()
        return 'silence'
      }
      dark.push(silent)
    }
  }, 120_000)
  afterAll(() => isp.close())

  it('are told of within 30 s, and obey within 10 s of their return', async () => {
    const { pool } = isp
    const delivery = startTestDelivery(isp, { everyMs: 100 })
    const { rows } = await pool.query<{ id: bigint; username: string }>('select id, username from subscriber')
    const begun = systemClock.monotonicMs()
    const since = () => (systemClock.monotonicMs() - begun) / 1_000
    for (const { id } of rows) await act(isp, 'block', id, { reason: 'unpaid' })
    const flagged = (async () => {
      await expect.poll(async () => (await listAlarms(pool)).length, { timeout: 40_000 }).toBe(silences.length)
      return since()
    })()
    const returns = dark.map(async (nas, at) => {
      await expect.poll(() => nas.firstAt, { timeout: 30_000 }).toBeGreaterThan(0)
      await sleep(nas.firstAt + silences[at]! * 1_000 - systemClock.monotonicMs())
      nas.behave = () => 'obey'
      const back = since()
      const left = async (): Promise<number> =>
        (await sessionRows(pool)).filter(
          ({ username, endedAt }) => nas.names.includes(username) && endedAt === undefined,
        ).length
      await expect.poll(left, { timeout: 60_000, interval: 200 }).toBe(0)
      return since() - back
    })
    const [flaggedAfter, ...endedAfter] = await Promise.all([flagged, ...returns])
    say(
      `F51: told of after ${flaggedAfter.toFixed(1)} s; ended after ${endedAfter.map((s) => s.toFixed(1)).join(', ')} s`,
    )
    await delivery.close()
    expect(flaggedAfter).toBeLessThanOrEqual(30)
    expect(Math.max(...endedAfter)).toBeLessThanOrEqual(10)
  }, 180_000)
})

describe('F53: a bulk change of plan on 2,000 sessions whose NAS falls silent half way', () => {
  const database = useDatabase()
  const sessions = 2_000

  it('is applied once to each, and goes on within 30 s of its return', async () => {
    const isp = await openIsp(database)
    await isp.plan()
    await isp.plan({ name: 'Fast', down: '200M', up: '50M' })
    const delivery = startTestDelivery(isp)
    const result = await changePlanInBulk(isp, delivery, { count: sessions, timeoutMs: 2_000 })
    say(`F53: ${result.halfWay.done} done when it fell silent; the rest ${result.resumedAfterS} s after its return`)
    expect(result.halfWay.done).toBe(sessions / 2)
    expect(result.end).toEqual({ done: sessions })
    expect(result.applied.filter((times) => times !== 1)).toEqual([])
    expect(result.rates).toEqual(new Set(['200000/50000']))
    expect(result.resumedAfterS).toBeLessThanOrEqual(30)
    await delivery.close()
    await isp.close()
  }, 300_000)
})

describe('F54: 200 Disconnects of which every first ACK is lost', () => {
  const database = useDatabase()

  it('are all proved by the second answer', async () => {
    const isp = await openIsp(database)
    await isp.plan()
    const bras = await obeyingNas(isp, ['loses', '127.0.4.1'])
    const delivery = startTestDelivery(isp)
    bras.behave = (order) => {
      void bras.nas.stop(order.session, 'Admin-Reset')
      return 'silence'
    }
    const names = Array.from({ length: 200 }, (_, at) => `lost.${at}`)
    const ids: bigint[] = []
    for (const name of names) ids.push(await isp.subscriber(name))
    await inWindow(names, 16, (name, at) => online(bras.nas, isp.dial(name, { mac: lineMac(at) })))
    for (const id of ids) await act(isp, 'block', id, { reason: 'unpaid' })
    for (let turn = 0; turn < 10; turn += 1) {
      await delivery.turn()
      delivery.clock.advance(4_000)
    }
    const orders = (await Promise.all(ids.map((id) => ordersAbout(isp, id)))).flat()
    const by503 = orders.filter(({ errorCause }) => errorCause === 503).length
    say(`F54: ${by503} of ${orders.length} proved by Error-Cause 503, the rest by their Stop`)
    expect(orders.filter(({ state }) => state !== 'done')).toEqual([])
    expect(orders).toHaveLength(ids.length)
    expect(by503).toBeGreaterThan(0)
    expect((await sessionRows(isp.pool)).filter(({ endedAt }) => endedAt === undefined)).toEqual([])
    await delivery.close()
    await isp.close()
  }, 120_000)
})
