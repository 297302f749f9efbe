// A change of plan for everybody while the lines are up, and the NAS falls silent half way. At full size: test/faults/coa.test.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listAlarms } from '../../src/domain/alarm.ts'
import { changePlanInBulk } from '../support/bulk-plan-change.ts'
import { useDatabase } from '../support/database.ts'
import { startTestDelivery, type TestDelivery } from '../support/delivery.ts'
import { openIsp, type Isp } from '../support/isp.ts'

const database = useDatabase()
const sessions = 200
let isp: Isp
let delivery: TestDelivery

beforeAll(async () => {
  isp = await openIsp(database)
  await isp.plan()
  await isp.plan({ name: 'Fast', down: '200M', up: '50M' })
  delivery = startTestDelivery(isp)
})
afterAll(async () => {
  await delivery.close()
  await isp.close()
})

describe('F53: a bulk change of plan whose NAS falls silent half way', () => {
  it('is applied once to each session, and goes on within 30 s of its return', async () => {
    const result = await changePlanInBulk(isp, delivery, { count: sessions, timeoutMs: 400 })
    expect(result.halfWay.done).toBe(sessions / 2)
    expect(result.end).toEqual({ done: sessions })
    expect(result.applied).toEqual(Array.from({ length: sessions }, () => 1))
    expect(result.rates).toEqual(new Set(['200000/50000']))
    expect(result.resumedAfterS).toBeLessThanOrEqual(30)
    expect(delivery.said).toEqual(['a NAS answers no CoA or Disconnect'])
    expect(await listAlarms(isp.pool)).toEqual([])
  }, 120_000)
})
