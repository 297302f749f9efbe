import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPool, type Pool } from '../../src/db/pool.ts'
import { followNotifications, type Notifications } from '../../src/jobs/notifications.ts'
import { startWorkers } from '../../src/jobs/workers.ts'
import { createTestClock } from '../../src/clock.ts'
import { createLogger } from '../../src/log.ts'
import { noon, useOffice } from '../support/operator.ts'

const office = useOffice()
const warnings: unknown[] = []
let pool: Pool
let notifications: Notifications

beforeAll(async () => {
  pool = createPool(office.url, { name: 'gatehouse test listen', max: 1 })
  notifications = followNotifications({ pool, log: { warn: (fields: object) => void warnings.push(fields) } })
  const end = await hear('gatehouse_first', bell())
  end()
})
afterAll(async () => {
  await notifications.close()
  await pool.end()
})

/** A wake that can be waited for, again and again. */
function bell() {
  let rung = Promise.withResolvers<void>()
  let count = 0
  return {
    ring: () => {
      count += 1
      rung.resolve()
      rung = Promise.withResolvers<void>()
    },
    next: () => rung.promise,
    count: () => count,
  }
}

/** Listens, and waits until the channel is heard. */
async function hear(channel: string, { ring, next }: ReturnType<typeof bell>): Promise<() => void> {
  const heard = next()
  const end = notifications.listen(channel, ring)
  await heard
  return end
}

const notify = (channel: string) => office.pool.query(`notify ${channel}`)

describe('notifications', () => {
  it('wake everybody of the channel, over one connection, and nobody of another', async () => {
    const [one, two, other] = [bell(), bell(), bell()]
    const ended = [
      await hear('gatehouse_one', one),
      await hear('gatehouse_one', two),
      await hear('gatehouse_other', other),
    ]
    const heard = Promise.all([one.next(), two.next()])
    await notify('gatehouse_one')
    await heard
    const otherHeard = other.next()
    await notify('gatehouse_other')
    await otherHeard
    expect([one.count(), two.count(), other.count()]).toEqual([2, 2, 2])
    const { rows } = await office.pool.query(
      `select count(*)::int as count from pg_stat_activity
       where application_name = 'gatehouse test listen' and datname = current_database()`,
    )
    expect(rows).toEqual([{ count: 1 }])
    for (const end of ended) end()
  })

  it('are heard again after the connection broke, and everybody is woken for what was missed', async () => {
    const one = bell()
    const end = await hear('gatehouse_broken', one)
    const reconnected = one.next()
    await office.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'gatehouse test listen' and datname = current_database()`,
    )
    await reconnected
    expect(warnings).toHaveLength(1)
    const heard = one.next()
    await notify('gatehouse_broken')
    await heard
    end()
    const count = one.count()
    const last = bell()
    const endLast = await hear('gatehouse_broken', last)
    const lastHeard = last.next()
    await notify('gatehouse_broken')
    await lastHeard
    expect(one.count()).toBe(count)
    endLast()
  })

  it('refuse the name of a channel that would be SQL', () => {
    expect(() => notifications.listen('x; drop table role', () => undefined)).toThrow(RangeError)
  })
})

describe('the workers', () => {
  it('are woken in the database and ended together', async () => {
    const looked = bell()
    let instance = ''
    const started = startWorkers(
      {
        pool: office.pool,
        db: office.db,
        keyring: office.keyring,
        clock: createTestClock(noon),
        log: createLogger({ level: 'silent' }),
        listen: notifications.listen,
        instance: 'one',
        fileDirectory: '/nowhere',
      },
      [
        {
          name: 'look',
          channel: 'gatehouse_look',
          everyMs: 3_600_000,
          work: (context) => {
            instance = context.instance
            looked.ring()
            return Promise.resolve(false)
          },
        },
      ],
    )
    expect(looked.count()).toBe(1)
    const again = looked.next()
    await notify('gatehouse_look')
    await again
    expect(instance).toBe('one')
    await started.close()
  })
})
