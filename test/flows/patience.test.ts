// A MikroTik asks three times in 300 ms each and then gives up: a wrong password is seen there as a reject, not as a server that
// does not answer, although a reject is held back against guessing.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { useDatabase } from '../support/database.ts'
import { openIsp, type Isp } from '../support/isp.ts'

const database = useDatabase()
let isp: Isp

beforeAll(async () => {
  isp = await openIsp(database)
  await isp.plan()
  await isp.subscriber('anna')
})
afterAll(() => isp.close())

describe('a wrong password', () => {
  it.each(['pap', 'chap', 'mschapv2'] as const)('by %s is a reject to a NAS that waits 3 × 300 ms', async (method) => {
    const address = { pap: '127.0.0.42', chap: '127.0.0.43', mschapv2: '127.0.0.44' }[method]
    const nas = await isp.nas(`impatient-${method}`, address)
    expect([nas.shape.timeoutMs, nas.shape.tries]).toEqual([300, 3])
    const outcome = await nas.dial(isp.dial('anna', { method, password: 'not the password' }))
    expect(outcome).toMatchObject({ kind: 'rejected', message: 'Login failed' })
    // It was held back so long that the NAS asked again, and answered before the last try was over.
    expect(nas.counts()).toMatchObject({ timeouts: 0, answered: 1, rejected: 1 })
    expect(nas.counts().resent).toBeGreaterThan(0)
  })
})
