// That a service has ended is told once for each end, to the audit trail and by it to webhooks.
import { beforeEach, describe, expect, it } from 'vitest'
import { ownAuthor } from '../../../src/domain/author.ts'
import { firstTellingLook, placeInChanges, tellExpired } from '../../../src/domain/enforcement/tell-expired.ts'
import { addSubscriber } from '../../../src/domain/subscriber.ts'
import { tellExpiredWorker } from '../../../src/jobs/watch-entitlements.ts'
import { createTestClock } from '../../../src/clock.ts'
import { hours, makePlan, noon, rowsOf, useOffice } from '../../support/operator.ts'

const office = useOffice()
let made = 0
beforeEach(async () => {
  await office.pool.query('update subscriber set expires_at = null, grace_until = null')
})

/** Somebody made a day before noon, whose service ends as said. */
async function ending(expiresAt: Date | null, changes: Record<string, unknown> = {}): Promise<bigint> {
  made += 1
  if (made === 1) await makePlan(office, { name: 'Home' })
  const { id } = await addSubscriber(office.db, { username: `ends${made}`, plan: 'Home' }, office.author, hours(-24))
  const row: Record<string, unknown> = { expires_at: expiresAt, created_at: hours(-24), ...changes }
  const columns = Object.keys(row).map((column, at) => `${column} = $${at + 2}`)
  await office.pool.query(`update subscriber set ${columns.join(', ')} where id = $1`, [id, ...Object.values(row)])
  return id
}
const tell = (now = noon, after = firstTellingLook(now), most = 100) =>
  tellExpired(office.db, { after, most, by: ownAuthor('system', 'expiry', office.keyring) }, now)
const toldOf = (id: bigint) =>
  rowsOf(
    office,
    `select at, author_kind as by, author_name as name, owner_id is not null as owned, after, personal from audit_entry
     where noun = 'subscriber' and row_id = $1 and action = 'subscriber.expire' order by id`,
    [id],
  )

describe('the end of a service', () => {
  it('is told once, with its instants and without a person', async () => {
    const id = await ending(hours(-1))
    expect(await tell()).toEqual({ told: 1, after: new Date(noon.getTime() - 60_000), isMore: false })
    const after = { expires_at: hours(-1).toISOString(), grace_until: null }
    expect(await toldOf(id)).toEqual([{ at: noon, by: 'system', name: 'expiry', owned: true, after, personal: null }])
    expect(await tell(hours(1))).toMatchObject({ told: 0 })
  })

  it('is that of its grace, and none before it', async () => {
    const id = await ending(hours(-3), { grace_until: hours(2) })
    expect(await tell()).toMatchObject({ told: 0 })
    expect(await tell(hours(2))).toMatchObject({ told: 1 })
    expect(await toldOf(id)).toHaveLength(1)
  })

  it('is told again when a renewed service ends', async () => {
    const id = await ending(hours(-1))
    await tell()
    await office.pool.query('update subscriber set expires_at = $2 where id = $1', [id, hours(720)])
    expect(await tell(hours(1))).toMatchObject({ told: 0 })
    expect(await tell(hours(720))).toMatchObject({ told: 1 })
    expect(await toldOf(id)).toHaveLength(2)
  })

  it.each([
    ['that has not come', hours(1), {}],
    ['that there is none of', null, {}],
    ['that was past when the subscriber was made', hours(-2), { created_at: hours(-1) }],
    ['of who is archived', hours(-1), { archived_at: hours(-2) }],
    ['of who is disabled', hours(-1), { enabled: false }],
    ['that is older than a week', hours(-200), { created_at: hours(-300) }],
  ])('%s is not told', async (_, expiresAt, changes) => {
    const id = await ending(expiresAt, changes)
    expect(await tell()).toMatchObject({ told: 0 })
    expect(await toldOf(id)).toEqual([])
  })

  it('of many is told in chunks, the earliest first, also where some fall on one instant', async () => {
    const ids = [await ending(hours(-3)), await ending(hours(-2)), await ending(hours(-2)), await ending(hours(-2))]
    let after = firstTellingLook(noon)
    for (const told of [2, 2, 0]) {
      const done = await tell(noon, after, 2)
      expect(done.told).toBe(told)
      after = done.after
    }
    for (const id of ids) expect(await toldOf(id)).toHaveLength(1)
  })

  it('of weeks is told piece by piece, over those that were told before and those whose grace goes on', async () => {
    const ids = [await ending(hours(-9)), await ending(hours(-8)), await ending(hours(-6)), await ending(hours(-2))]
    await tell(hours(-8))
    // Found by the end of its period at the first look, told by that of its grace at a later one.
    ids.push(await ending(hours(-7), { grace_until: hours(-1) }), await ending(hours(-5), { grace_until: hours(5) }))
    let [after, told, looks] = [firstTellingLook(noon), 0, 0]
    for (let isMore = true; isMore; looks += 1) {
      const done = await tell(noon, after, 2)
      expect(done.after.getTime()).toBeGreaterThan(after.getTime())
      ;({ after, isMore } = done)
      told += done.told
    }
    expect(told).toBe(3)
    expect(looks).toBeGreaterThan(2)
    for (const id of ids.slice(0, 5)) expect(await toldOf(id)).toHaveLength(1)
    expect(await toldOf(ids[5]!)).toEqual([])
  })

  it('is told by its worker, which goes on where it was', async () => {
    const clock = createTestClock(noon)
    const worker = tellExpiredWorker()
    const context = { ...office, db: office.db, keyring: office.keyring, clock } as never
    const first = await ending(hours(-1))
    expect(await worker.work(context, new AbortController().signal)).toBe(false)
    const second = await ending(new Date(noon.getTime() + 4_000))
    clock.advance(5_000)
    await worker.work(context, new AbortController().signal)
    for (const id of [first, second]) expect(await toldOf(id)).toHaveLength(1)
  })

  describe('that somebody moved into the past', () => {
    const start = () => {
      const clock = createTestClock(noon)
      const worker = tellExpiredWorker()
      const context = { ...office, db: office.db, keyring: office.keyring, clock } as never
      return { clock, look: () => worker.work(context, new AbortController().signal) }
    }
    const move = (id: bigint, expiresAt: Date | null, graceUntil: Date | null = null) =>
      office.pool.query('update subscriber set expires_at = $2, grace_until = $3 where id = $1', [
        id,
        expiresAt,
        graceUntil,
      ])

    it('is told at the next look, once', async () => {
      const ids = [await ending(hours(700)), await ending(null), await ending(hours(-1), { grace_until: hours(50) })]
      const { clock, look } = start()
      await look()
      await move(ids[0]!, hours(-48))
      await move(ids[1]!, hours(-3))
      await move(ids[2]!, hours(-1))
      for (let at = 0; at < 3; at += 1) {
        clock.advance(5_000)
        await look()
        for (const id of ids) expect(await toldOf(id)).toHaveLength(1)
      }
      expect((await toldOf(ids[0]!))[0]).toMatchObject({ at: new Date(noon.getTime() + 5_000) })
    })

    it('is not told where it is older than a week, is moved on again, or was told before', async () => {
      const [old, moved, told] = [await ending(hours(1)), await ending(hours(2)), await ending(hours(-1))]
      const { clock, look } = start()
      await look()
      await move(old, hours(-200))
      await move(moved, hours(-5))
      await move(moved, hours(5))
      await move(told, hours(-2))
      clock.advance(5_000)
      await look()
      expect(await toldOf(old)).toEqual([])
      expect(await toldOf(moved)).toEqual([])
      expect(await toldOf(told)).toHaveLength(1)
    })

    it('is told although the edit was committed after a later look', async () => {
      const id = await ending(hours(300))
      const { clock, look } = start()
      await look()
      const client = await office.pool.connect()
      try {
        await client.query('begin')
        await client.query('update subscriber set expires_at = $2 where id = $1', [id, hours(-30)])
        for (let at = 0; at < 3; at += 1) {
          clock.advance(60_000)
          await look()
          expect(await toldOf(id)).toEqual([])
        }
        await client.query('commit')
      } finally {
        client.release()
      }
      clock.advance(5_000)
      await look()
      expect(await toldOf(id)).toHaveLength(1)
    })

    it('is told of many in chunks', async () => {
      const ids = await Promise.all([1, 2, 3, 4, 5].map(() => ending(hours(90))))
      const changedSince = await placeInChanges(office.db)
      for (const id of ids) await move(id, hours(-90))
      const after = new Date(noon.getTime() - 60_000)
      for (const told of [2, 2, 1, 0]) {
        const input = { after, changedSince, most: 2, by: ownAuthor('system', 'expiry', office.keyring) }
        expect(await tellExpired(office.db, input, noon)).toEqual({ told, after, isMore: told === 2 })
      }
    })

    it('is looked at again where another instance was at it', async () => {
      const id = await ending(hours(300))
      const { clock, look } = start()
      await look()
      await move(id, hours(-30))
      const client = await office.pool.connect()
      try {
        await client.query(`select pg_advisory_lock(hashtext('gatehouse tell expired'))`)
        clock.advance(5_000)
        await look()
        expect(await toldOf(id)).toEqual([])
        await client.query(`select pg_advisory_unlock(hashtext('gatehouse tell expired'))`)
      } finally {
        client.release()
      }
      clock.advance(5_000)
      await look()
      expect(await toldOf(id)).toHaveLength(1)
    })
  })

  describe('of whom another system had before', () => {
    /** As an import writes them: registered long ago, made now. */
    const comes = async (expiresAt: Date, at: Date) => {
      made += 1
      const input = { username: `comes${made}`, plan: 'Home', expiresAt: expiresAt.toISOString() }
      const { id } = await addSubscriber(office.db, input, office.author, at)
      await office.pool.query('update subscriber set created_at = $2, grace_until = null where id = $1', [
        id,
        hours(-9_000),
      ])
      return id
    }

    it('is not told where it was over when they came, also at the first start', async () => {
      const id = await comes(hours(-30), hours(-2))
      expect(await tell()).toMatchObject({ told: 0 })
      expect(await toldOf(id)).toEqual([])
    })

    it('is told where it came after them', async () => {
      const id = await comes(hours(-1), hours(-2))
      expect(await tell()).toMatchObject({ told: 1 })
      expect(await toldOf(id)).toHaveLength(1)
    })

    it('is told where it was moved behind their coming', async () => {
      const id = await comes(hours(500), hours(-2))
      await office.pool.query('update subscriber set expires_at = $2 where id = $1', [id, hours(-30)])
      expect(await tell()).toMatchObject({ told: 1 })
      expect(await toldOf(id)).toHaveLength(1)
    })
  })
})
