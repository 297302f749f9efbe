import { beforeEach, describe, expect, it } from 'vitest'
import { keepListening, listenedSeconds, trimListening, type Stretch } from '../../src/domain/listening.ts'
import { at } from '../support/accounting.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()

beforeEach(() => database.pool.query('delete from listening'))

/** A process that beats every five seconds, in seconds after noon. */
async function listen(instance: string, from: number, to: number): Promise<Stretch> {
  let stretch: Stretch = { instance, startedAt: at(from) }
  for (let second = from; second <= to; second += 5) stretch = await keepListening(database.pool, stretch, at(second))
  return stretch
}

async function rows(): Promise<[string, number, number][]> {
  const found = await database.pool.query<{ instance: string; started_at: Date; until: Date }>(
    'select instance, started_at, until from listening order by started_at, instance',
  )
  const seconds = (instant: Date) => (instant.getTime() - at(0).getTime()) / 1000
  return found.rows.map((row) => [row.instance, seconds(row.started_at), seconds(row.until)])
}

const listened = (from: number, to: number) => listenedSeconds(database.pool, { from: at(from), to: at(to) })

describe('a process that beats', () => {
  it('moves the end of one row', async () => {
    await listen('a', 0, 30)
    expect(await rows()).toEqual([['a', 0, 30]])
  })

  it('goes on after a beat that was late, and begins anew after one that was too late', async () => {
    const { pool } = database
    let stretch = await listen('a', 0, 10)
    stretch = await keepListening(pool, stretch, at(25))
    expect(stretch.startedAt).toEqual(at(0))
    stretch = await keepListening(pool, stretch, at(41))
    expect(stretch.startedAt).toEqual(at(41))
    await keepListening(pool, stretch, at(46))
    expect(await rows()).toEqual([
      ['a', 0, 25],
      ['a', 41, 46],
    ])
  })

  it('is not shortened by a clock that is set back', async () => {
    const stretch = await listen('a', 0, 60)
    expect(await keepListening(database.pool, stretch, at(20))).toEqual(stretch)
    expect(await rows()).toEqual([['a', 0, 60]])
  })

  it('is not hindered by a namesake that began at the same moment', async () => {
    await listen('a', 0, 0)
    await listen('a', 0, 5)
    expect(await rows()).toEqual([['a', 0, 5]])
  })
})

describe('listened time', () => {
  it('is nothing where nobody said so', async () => {
    expect(await listened(0, 3600)).toBe(0)
  })

  it('is what any process listened, counted once', async () => {
    await listen('a', 0, 100)
    await listen('b', 50, 200)
    await listen('a', 400, 500)
    expect(await listened(0, 1000)).toBe(300)
    expect(await listened(-100, 150)).toBe(150)
    expect(await listened(150, 450)).toBe(100)
    expect(await listened(250, 350)).toBe(0)
  })

  it('goes on over the restart of a process, not over an outage', async () => {
    await listen('a', 0, 100)
    await listen('b', 110, 200)
    await listen('c', 220, 300)
    expect(await listened(0, 300)).toBe(200 + 80)
  })

  it('ends with now, whatever a clock ahead wrote', async () => {
    await listen('a', 0, 100)
    expect(await listened(0, 60)).toBe(60)
  })

  it('is forgotten when no session is judged by it any more', async () => {
    const day = 86_400
    await listen('a', 0, 10)
    await listen('a', 2 * day, 2 * day + 10)
    expect(await trimListening(database.pool, at(36 * day))).toBe(1)
    expect(await rows()).toEqual([['a', 2 * day, 2 * day + 10]])
  })
})
