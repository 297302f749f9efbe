import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync, appendFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDegradedAccepts } from '../../../src/aaa/snapshot/degraded-accepts.ts'
import type { DegradedAccepts, DegradedAcceptsOptions } from '../../../src/aaa/snapshot/degraded-accepts.ts'
import { createTestClock } from '../../../src/clock.ts'
import { createPool } from '../../../src/db/pool.ts'
import { readFacts } from '../../../src/domain/degraded-accept.ts'
import type { DegradedAccept, StoredFacts } from '../../../src/domain/degraded-accept.ts'
import { after, noon, testFacts } from '../../support/access.ts'
import { useDatabase } from '../../support/database.ts'

const database = useDatabase()
let directory: string
let file: string
let troubles: string[]
let isOpen: boolean
const opened: DegradedAccepts[] = []

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-accepts-'))
  file = join(directory, 'degraded-accepts-1')
  troubles = []
  isOpen = true
  await database.pool.query('delete from degraded_accept')
})
afterEach(async () => {
  isOpen = true
  await Promise.all(opened.splice(0).map((accepts) => accepts.close()))
  rmSync(directory, { recursive: true, force: true })
})

async function start(changes: Partial<DegradedAcceptsOptions> = {}): Promise<DegradedAccepts> {
  const accepts = await openDegradedAccepts({
    file,
    pool: database.pool,
    breaker: { isOpen: () => isOpen },
    clock: createTestClock(after(60)),
    onTrouble: (message) => troubles.push(message),
    everyMs: 5,
    ...changes,
  })
  opened.push(accepts)
  return accepts
}

const accept = (changes: Partial<DegradedAccept> = {}): DegradedAccept => ({
  classId: 4711n,
  subscriberId: 7n,
  nasId: 1n,
  nasGroupId: 2n,
  line: 'mac:d4:ca:6d:00:00:0a',
  facts: testFacts(),
  unchecked: ['session-limit', 'usage'],
  seenAt: noon,
  decidedAt: after(10),
  ...changes,
})

const rows = async () => (await database.pool.query('select * from degraded_accept order by class_id')).rows
const linesOf = () => readFileSync(file, 'utf8').split('\n').filter(Boolean)

describe('a login that was let in without Postgres', () => {
  it('is handed to Postgres when that is back, and the file is emptied', async () => {
    const accepts = await start()
    accepts.note(accept())
    expect(accepts.waiting()).toBe(1)
    await expect.poll(linesOf).toHaveLength(1)
    isOpen = false
    await expect.poll(() => accepts.waiting()).toBe(0)
    expect(await rows()).toEqual([
      {
        class_id: 4711n,
        subscriber_id: 7n,
        nas_id: 1n,
        nas_group_id: 2n,
        line: 'mac:d4:ca:6d:00:00:0a',
        facts: { mac: 'd4:ca:6d:00:00:0a' },
        unchecked: ['session-limit', 'usage'],
        seen_at: noon,
        decided_at: after(10),
        written_at: after(60),
        looked_at: null,
        finding: null,
        next_at: after(60),
      },
    ])
    await expect.poll(linesOf).toEqual([])
    expect(troubles).toEqual([])
  })

  it('outlives its process, with every fact of its line, and a line that was cut does no harm', async () => {
    const facts = {
      mac: undefined,
      circuitId: Buffer.from('00ff', 'hex'),
      remoteId: Buffer.from('01'),
      duid: Buffer.from('0203', 'hex'),
      interface: { raw: 'ether1 "x",\\', port: '1/1', sVlan: 3, cVlan: 4 },
    }
    const first = await start()
    first.note(accept({ facts, line: 'circuit-id:00ff' }))
    first.note(accept({ classId: 4712n, line: undefined, unchecked: [] }))
    await first.close()
    expect(linesOf()).toHaveLength(2)
    appendFileSync(file, '{"classId":"4713","subscriberId":"7","na')
    const second = await start()
    expect(second.waiting()).toBe(2)
    await second.flush()
    const written = await rows()
    expect(written.map((row) => row.class_id)).toEqual([4711n, 4712n])
    expect(written[1]).toMatchObject({ line: null, unchecked: [] })
    expect(readFacts(written[0].facts as StoredFacts)).toEqual(facts)
  })

  it('is found whole or not at all, wherever its file is cut, and whatever stands in it', async () => {
    const first = await start()
    first.note(accept())
    first.note(accept({ classId: 4712n, line: 'mac:b' }))
    await first.close()
    const whole = readFileSync(file)
    const firstLine = whole.indexOf('\n')
    for (let cut = 0; cut <= whole.length; cut += 7) {
      writeFileSync(file, whole)
      truncateSync(file, cut)
      const again = await openDegradedAccepts({
        file,
        pool: database.pool,
        breaker: { isOpen: () => true },
        clock: createTestClock(noon),
        onTrouble: () => undefined,
        everyMs: 1_000,
      })
      const least = cut >= firstLine ? 1 : 0
      expect([least, least + (cut >= whole.length - 1 ? 1 : 0)]).toContain(again.waiting())
      await again.close()
    }
    writeFileSync(file, 'null\n[]\n7\n{"seenAt":"never"}\n\u0000\n')
    expect((await start()).waiting()).toBe(0)
  })

  it('is one for each line: a redial takes its place, and is not written to the file again', async () => {
    const accepts = await start()
    for (let n = 0; n < 50; n++) accepts.note(accept({ classId: BigInt(5_000 + n) }))
    expect(accepts.waiting()).toBe(1)
    expect(accepts.classIdOf(accept())).toBe(5_049n)
    expect(accepts.classIdOf(accept({ line: undefined }))).toBeUndefined()
    expect(accepts.classIdOf(accept({ nasGroupId: 9n }))).toBeUndefined()
    await accepts.flush()
    expect((await rows()).map((row) => row.class_id)).toEqual([5_049n])
    expect(accepts.classIdOf(accept())).toBeUndefined()
  })

  it('is counted where there is no room, and those of before stay', async () => {
    const accepts = await start({ maximum: 2 })
    for (const line of ['mac:a', 'mac:b', 'mac:c', 'mac:a'])
      accepts.note(accept({ line, classId: BigInt(line.length) }))
    expect([accepts.waiting(), accepts.dropped()]).toEqual([2, 1])
  })

  it('waits for accounting of before it where its session limit was not looked at, half a minute at most', async () => {
    const clock = createTestClock(after(60))
    let oldest: Date | undefined = after(9)
    const accepts = await start({ clock, unrecordedSince: () => oldest })
    isOpen = false
    accepts.note(accept({ unchecked: ['usage'] }))
    await expect.poll(() => accepts.waiting()).toBe(0)
    accepts.note(accept({ classId: 4712n }))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(accepts.waiting()).toBe(1)
    // What came in after the login does not matter.
    oldest = after(11)
    await expect.poll(() => accepts.waiting()).toBe(0)
    oldest = after(9)
    accepts.note(accept({ classId: 4713n }))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(accepts.waiting()).toBe(1)
    clock.advance(30_000)
    await expect.poll(() => accepts.waiting()).toBe(0)
  })

  it('twice handed over is once', async () => {
    const first = await start()
    first.note(accept())
    await first.close()
    const left = readFileSync(file)
    const second = await start()
    await second.flush()
    await database.pool.query('update degraded_accept set next_at = null')
    await second.close()
    writeFileSync(file, left)
    await (await start()).flush()
    expect(await rows()).toMatchObject([{ next_at: null }])
  })

  it('waits on where Postgres refuses it or is away after all, which is told', async () => {
    const away = createPool('postgres://nobody@127.0.0.1:1/nothing', { name: 'away', max: 1 })
    const accepts = await start({ pool: away })
    accepts.note(accept())
    await accepts.flush()
    expect(accepts.waiting()).toBe(1)
    expect(troubles).toEqual([expect.stringContaining('they are kept')])
    await accepts.close()
    expect(linesOf()).toHaveLength(1)
    await away.end()
  })

  it('is held in memory alone where there is no file', async () => {
    const accepts = await start({ file: undefined })
    accepts.note(accept())
    await accepts.flush()
    expect(await rows()).toHaveLength(1)
  })

  it('lies in a file that nobody else may read', async () => {
    const accepts = await start()
    accepts.note(accept())
    await accepts.close()
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('of thousands are handed over in batches, also those that come meanwhile', async () => {
    const accepts = await start()
    for (let n = 0; n < 2_500; n++) accepts.note(accept({ classId: BigInt(n + 1), subscriberId: BigInt(n + 1) }))
    const flushed = accepts.flush()
    accepts.note(accept({ classId: 9_999n, subscriberId: 9_999n }))
    await flushed
    await accepts.flush()
    expect(await rows()).toHaveLength(2_501)
  })
})
