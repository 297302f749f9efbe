// What was decided and does not happen is seen: a NAS that answers nothing, or refuses, is in the list of what is not enforced within
// half a minute, with what it said; when it is back its sessions end by themselves, and the list is empty again.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { countNotEnforced, listNotEnforced, type NotEnforced } from '../../src/domain/enforcement/not-enforced.ts'
import { everything } from '../../src/domain/scope.ts'
import type { NasSession } from '../../src/simulator/nas-session.ts'
import { useDatabase } from '../support/database.ts'
import { openEnforcedIsp, type EnforcedIsp } from '../support/enforced-isp.ts'
import { lineMac } from '../support/many-lines.ts'
import { endOf, obeyingNas, online, type ObeyingNas } from '../support/obeying-nas.ts'

const database = useDatabase()
let isp: EnforcedIsp
let bras: ObeyingNas
let count = 0
const second = 1_000

beforeAll(async () => {
  isp = await openEnforcedIsp(database)
  bras = await obeyingNas(isp, ['bras', '127.0.0.63'], { clock: isp.clock })
  await isp.plan()
})
afterEach(() => {
  bras.behave = () => 'obey'
  bras.heard.length = 0
})
afterAll(() => isp.close())

async function lineOf(name: string): Promise<{ id: bigint; session: NasSession }> {
  const id = await isp.subscriber(name)
  return { id, session: await online(bras.nas, isp.dial(name, { mac: lineMac((count += 1)) })) }
}

const list = (): Promise<NotEnforced[]> => listNotEnforced(isp.db, { limit: 10 }, everything, isp.clock.now())
const later = async (seconds: number) => {
  isp.clock.advance(seconds * second)
  await isp.settle()
}

describe('a block', () => {
  it('F51: at a NAS that does not answer is flagged, and done within seconds of its return', async () => {
    const { id, session } = await lineOf('dark')
    bras.behave = () => 'silence'
    await isp.act('block', id, { reason: 'unpaid' })
    await isp.settle()
    expect(await list()).toEqual([])
    for (let i = 0; i < 6; i += 1) await later(5)
    expect(await list()).toMatchObject([
      { username: 'dark', wish: 'disconnect', reason: 'blocked', state: 'timeout', detail: 'no answer' },
    ])
    expect((await list())[0]!.attempts).toBeGreaterThan(1)
    expect(await countNotEnforced(isp.db, everything, isp.clock.now())).toBe(1)
    const [{ since }] = (await list()) as [NotEnforced]
    // An hour later the orders about it were given up; it is still the same thing that did not happen.
    await later(3_600)
    await isp.use(bras.nas, session, {})
    await later(10)
    expect(await list()).toMatchObject([{ username: 'dark', since }])
    bras.behave = () => 'obey'
    await later(10)
    expect(await endOf(isp, session.acctSessionId)).toBe('stop')
    expect(await list()).toEqual([])
  })

  it('that the NAS refuses stays flagged with what it said, and is not repeated blindly', async () => {
    const { id, session } = await lineOf('refused')
    bras.behave = () => ({ refuse: 403 })
    await isp.act('block', id, { reason: 'unpaid' })
    await isp.settle()
    await later(31)
    expect(await list()).toMatchObject([{ username: 'refused', state: 'nacked', errorCause: 403, nextTryAt: null }])
    bras.heard.length = 0
    for (let i = 0; i < 3; i += 1) {
      await isp.use(bras.nas, session, { down: 1_000 })
      await later(60)
    }
    expect(bras.heard).toEqual([])
    expect(await list()).toHaveLength(1)
    await bras.nas.stop(session, 'User-Request')
    expect(await list()).toEqual([])
  })

  it('that is proved, or has no time to be, is not in the list', async () => {
    const { id, session } = await lineOf('obeyed')
    await isp.act('block', id, { reason: 'unpaid' })
    await isp.settle()
    expect(await endOf(isp, session.acctSessionId)).toBe('stop')
    await later(60)
    expect(await list()).toEqual([])
  })
})
