// The worker that carries out runs on routers: each failure of a router is told in its run, and hurts no other.
import { beforeEach, describe, expect, it } from 'vitest'
import { createTestClock } from '../../src/clock.ts'
import type { Nas } from '../../src/domain/nas.ts'
import { askRun, readRun } from '../../src/domain/router-run.ts'
import { everything } from '../../src/domain/scope.ts'
import type { RouterRunKind } from '../../src/domain/router-run.ts'
import { CannotRunError, onRouter } from '../../src/jobs/router-run.ts'
import type { CarryOutRun } from '../../src/jobs/router-run.ts'
import { routerRunWorker } from '../../src/jobs/router-runs.ts'
import { noon, useOffice } from '../support/operator.ts'
import { closeRoutersAfterEach, giveAccess, makeNas, nasWithRouter } from '../support/routers.ts'

const office = useOffice()
closeRoutersAfterEach()
const identity = { '/system/identity': [{ name: 'north' }] }
const said: string[] = []
beforeEach(async () => {
  said.length = 0
  await office.pool.query('delete from router_run')
})

const nameOf: CarryOutRun = async (context, { nasId }) => ({
  result: await onRouter(context, nasId, (control) => control.identity()),
})
const ask = async (nas: Nas, kind: RouterRunKind = 'sessions') =>
  (await askRun(office.db, { nas: nas.name, kind }, office.author, noon)).id

function work(
  kinds: Record<string, CarryOutRun>,
  signal = new AbortController().signal,
  clock = createTestClock(noon),
) {
  const note = (_fields: object, sentence: string) => void said.push(sentence)
  const log = { info: note, warn: note, error: note }
  const context = { ...office, pool: office.pool, db: office.db, keyring: office.keyring, clock, log, instance: 'a' }
  return routerRunWorker(new Map(Object.entries(kinds))).work(context as never, signal)
}
const ended = async (id: bigint) => {
  const { state, error, result } = await readRun(office.db, id, everything)
  return { state, error, result }
}

describe('a run', () => {
  it('is carried out by the function of its kind', async () => {
    const { nas } = await nasWithRouter(office, identity)
    const id = await ask(nas)
    expect(await work({ sessions: nameOf })).toBe(false)
    expect(await ended(id)).toEqual({ state: 'done', error: null, result: 'north' })
  })

  it.each([
    ['close', 'the router at'],
    ['garbage', 'the router at'],
    ['fatal', 'refused /system/identity with status 503'],
    ['refuse', 'not enough permissions'],
    ['silent', 'did not answer /system/identity within 150 ms'],
  ] as const)('fails with a sentence where the router answers: %s', async (behaviour, sentence) => {
    const [bad, well] = [await nasWithRouter(office, identity), await nasWithRouter(office, identity)]
    bad.router.on = () => behaviour
    await giveAccess(office, bad.nas, bad.router, { timeoutMs: 150 })
    const ids = [await ask(bad.nas), await ask(well.nas)]
    await work({ sessions: nameOf })
    expect(await ended(ids[0]!)).toEqual({ state: 'failed', error: expect.stringContaining(sentence), result: null })
    expect(await ended(ids[1]!)).toMatchObject({ state: 'done', result: 'north' })
    expect(said).toEqual([])
  })

  it('fails with a sentence where login or certificate are wrong, and where access was taken away', async () => {
    const [login, pin, taken] = [
      await nasWithRouter(office, identity),
      await nasWithRouter(office, identity),
      await nasWithRouter(office, identity),
    ]
    await giveAccess(office, login.nas, login.router, { password: 'wrong' })
    await giveAccess(office, pin.nas, pin.router, { pin: 'ab'.repeat(32) })
    const ids = [await ask(login.nas), await ask(pin.nas), await ask(taken.nas)]
    await office.pool.query('delete from nas_router where nas_id = $1', [taken.nas.id])
    await work({ sessions: nameOf })
    expect(await Promise.all(ids.map(ended))).toMatchObject([
      { state: 'failed', error: expect.stringContaining('refused the login of gatehouse') },
      { state: 'failed', error: expect.stringContaining('another certificate than the pinned one') },
      { state: 'failed', error: expect.stringContaining('nobody gives us access') },
    ])
  })

  it('of a kind that nobody knows, or that meets our own fault, fails without its words', async () => {
    const nas = await makeNas(office)
    const [unknown] = [await ask(nas, 'doctor')]
    await work({})
    expect(await ended(unknown)).toMatchObject({ state: 'failed', error: 'nobody here knows how to carry out doctor' })
    const ours = await ask(nas, 'doctor')
    await work({ doctor: () => Promise.reject(new TypeError('the secret is 42')) })
    expect(await ended(ours)).toMatchObject({ state: 'failed', error: 'something went wrong on our side' })
    expect(said).toEqual(['a run on a router met an error that nobody foresaw'])
    const cannot = await ask(nas, 'doctor')
    await work({ doctor: () => Promise.reject(new CannotRunError('it is Sunday')) })
    expect(await ended(cannot)).toMatchObject({ state: 'failed', error: 'it is Sunday' })
  })
})

describe('while one router is slow', () => {
  it('what is asked of another meanwhile is carried out', async () => {
    const [slow, quick] = [await makeNas(office), await makeNas(office)]
    const first = await ask(slow, 'doctor')
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    const { promise: done, resolve: finish } = Promise.withResolvers<void>()
    const working = work({
      async doctor(_context, { nasId }) {
        if (nasId === quick.id) finish()
        else begin()
        await done
        return { result: String(nasId) }
      },
    })
    await begun
    const second = await ask(quick, 'doctor')
    // The first ends only when the second has begun.
    await working
    expect(await ended(first)).toMatchObject({ result: String(slow.id) })
    expect(await ended(second)).toMatchObject({ result: String(quick.id) })
  })

  it('its run is kept for longer than the lease', async () => {
    const clock = createTestClock(noon)
    const id = await ask(await makeNas(office), 'doctor')
    const leases: unknown[] = []
    await work(
      {
        async doctor() {
          // Looked at as long as the lease has not moved: by the next look of the worker.
          for (const end = Date.now() + 20_000; Date.now() < end;) {
            const { rows } = await office.pool.query<{ until: Date }>('select lease_until as until from router_run')
            if (leases.length === 0) clock.advance(30_000)
            leases.push(rows[0]!.until.getTime() - noon.getTime())
            if (leases.at(-1) === 90_000) break
          }
          return { result: null }
        },
      },
      undefined,
      clock,
    )
    expect([leases[0], leases.at(-1)]).toEqual([60_000, 90_000])
    expect(await ended(id)).toMatchObject({ state: 'done' })
  })
})

describe('when the process ends', () => {
  it('what is under way is broken off and given back, and nothing more is begun', async () => {
    const { nas, router } = await nasWithRouter(office, identity)
    const ending = new AbortController()
    router.on = () => {
      ending.abort()
      return 'silent'
    }
    const id = await ask(nas)
    const working = work({ sessions: nameOf }, ending.signal)
    await working
    expect(await readRun(office.db, id, everything)).toMatchObject({ state: 'waiting', started_at: null })
    await work({ sessions: nameOf }, ending.signal)
    expect(await readRun(office.db, id, everything)).toMatchObject({ state: 'waiting' })
    router.on = () => 'answer'
    await work({ sessions: nameOf })
    expect(await ended(id)).toMatchObject({ state: 'done', result: 'north' })
  })
})
