import { beforeEach, describe, expect, it } from 'vitest'
import { endGone, readBooks } from '../../src/domain/reconcile-books.ts'
import { hours, noon, rowsOf, useOffice } from '../support/operator.ts'
import { acctIdOf, addressOf, bookSession, endOf, gone, macOf, open } from '../support/router-books.ts'
import { makeNas } from '../support/routers.ts'

const office = useOffice()
beforeEach(() => office.pool.query('delete from session'))

describe('our books of a NAS', () => {
  it('have what is open, what ended within the hour, and no services', async () => {
    const nas = await makeNas(office)
    const id = await bookSession(office, nas, 1)
    const recent = await bookSession(office, nas, 2, { endedAt: hours(-0.9), address: null })
    await bookSession(office, nas, 3, { endedAt: hours(-1.1) })
    const service = await bookSession(office, nas, 4)
    await office.pool.query(`update session set service = 'internet' where id = $1`, [service])
    await bookSession(office, await makeNas(office), 5)
    expect(await readBooks(office.pool, nas.id, noon)).toEqual([
      {
        id,
        acctSessionId: acctIdOf(1),
        username: 'line1',
        subscriberId: undefined,
        mac: macOf(1),
        address: addressOf(1),
        kind: undefined,
        startedAt: hours(-1),
        updatedAt: hours(-1 / 3),
        endedAt: undefined,
        intervalS: 300,
        version: expect.any(String),
      },
      expect.objectContaining({ id: recent, endedAt: hours(-0.9), address: undefined }),
    ])
  })

  it('know how often a session reports from itself, else from its NAS, else by our guess', async () => {
    const nas = await makeNas(office)
    await bookSession(office, nas, 1)
    const intervals = async () => (await readBooks(office.pool, nas.id, noon)).map(({ intervalS }) => intervalS)
    expect(await intervals()).toEqual([300])
    await office.pool.query('update session set interim_interval_s = null')
    expect(await intervals()).toEqual([600])
    await office.pool.query('update nas set observed_interval_s = 120 where id = $1', [nas.id])
    expect(await intervals()).toEqual([120])
  })
})

describe('what a router does not have', () => {
  it('ends once, at its last sign of life', async () => {
    const nas = await makeNas(office)
    const id = await bookSession(office, nas, 1)
    const books = await readBooks(office.pool, nas.id, noon)
    const both = await Promise.all([endGone(office.pool, books, noon), endGone(office.pool, books, noon)])
    expect(both.flat()).toEqual([id])
    expect(await endOf(office, id)).toEqual(gone)
    expect(await endGone(office.pool, [], noon)).toEqual([])
  })

  it('is left where an Interim came after it was read, were it by a microsecond', async () => {
    const nas = await makeNas(office)
    const [heard, silent] = [await bookSession(office, nas, 1), await bookSession(office, nas, 2)]
    const books = await readBooks(office.pool, nas.id, noon)
    await office.pool.query(`update session set updated_at = updated_at + interval '1 microsecond' where id = $1`, [
      heard,
    ])
    expect(await endGone(office.pool, books, noon)).toEqual([silent])
    expect(await endOf(office, heard)).toEqual(open)
    // Read anew it is known to the microsecond.
    expect(await endGone(office.pool, await readBooks(office.pool, nas.id, noon), noon)).toEqual([heard])
  })

  it('lives by renewals where it never sent an Interim', async () => {
    const nas = await makeNas(office)
    const id = await bookSession(office, nas, 1)
    await office.pool.query('update session set interims = 0, event_at = started_at')
    await endGone(office.pool, await readBooks(office.pool, nas.id, noon), noon)
    expect(await rowsOf(office, 'select ended_at from session where id = $1', [id])).toEqual([
      { ended_at: hours(-1 / 3) },
    ])
  })
})
