// That a service has ended is told once for each end, to the audit trail and by it to webhooks.
import { beforeEach, describe, expect, it } from 'vitest'
import { ownAuthor } from '../../../src/domain/author.ts'
import { firstTellingLook, tellExpired } from '../../../src/domain/enforcement/tell-expired.ts'
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
    expect(await tell()).toEqual({ told: 1, after: new Date(noon.getTime() - 60_000) })
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
})
