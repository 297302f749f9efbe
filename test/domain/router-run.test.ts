import { describe, expect, it } from 'vitest'
import type { Nas } from '../../src/domain/nas.ts'
import { ownAuthor } from '../../src/domain/author.ts'
import {
  askRegularRuns,
  askRun,
  claimRuns,
  finishRun,
  keepRuns,
  listRuns,
  readRun,
  releaseRun,
  routerRunChannel,
} from '../../src/domain/router-run.ts'
import { everything } from '../../src/domain/scope.ts'
import type { Scope } from '../../src/domain/scope.ts'
import type { RouterRunKind } from '../../src/domain/router-run.ts'
import { personalPlaces } from '../../src/domain/subscriber/personal-places.ts'
import { trimRouterRuns } from '../../src/domain/router-run-trim.ts'
import { hours, makePlan, noon, openSession, rowsOf, useOffice } from '../support/operator.ts'
import { giveAccess, makeNas, makeRouter, closeRoutersAfterEach } from '../support/routers.ts'

const office = useOffice()
closeRoutersAfterEach()
const later = (seconds: number): Date => new Date(noon.getTime() + seconds * 1_000)
const ask = (nas: Nas, kind: RouterRunKind = 'doctor', now = noon) =>
  askRun(office.db, { nas: nas.name, kind }, office.author, now)
const claim = (now: Date, most = 100, instance = 'a') =>
  claimRuns(office.pool, { most, instance, until: new Date(now.getTime() + 60_000) }, now)

/** A NAS of its own with a router, and nothing else waiting. */
async function alone(): Promise<Nas> {
  await office.pool.query('delete from router_run')
  const nas = await makeNas(office)
  await giveAccess(office, nas, await makeRouter())
  return nas
}

describe('a run', () => {
  it('is asked for with its audit entry, claimed once, and holds its result', async () => {
    const nas = await alone()
    const asked = await ask(nas, 'sessions')
    expect(asked).toMatchObject({ nas: nas.name, kind: 'sessions', state: 'waiting', params: {}, author_name: 'test' })
    const [audit] = await rowsOf(office, `select action, row_id, after from audit_entry order by id desc limit 1`)
    expect(audit).toEqual({ action: 'router-run.ask', row_id: asked.id, after: { nas: nas.name, kind: 'sessions' } })

    const [run, ...others] = await claim(later(1))
    expect([run, others]).toEqual([{ id: asked.id, nasId: nas.id, kind: 'sessions', params: {}, attempts: 1 }, []])
    expect(await claim(later(2))).toEqual([])
    expect(await readRun(office.db, asked.id, everything)).toMatchObject({ state: 'running', started_at: later(1) })
    const outcome = { kind: 'done', result: { items: [1] }, personIds: [7n, 7n, 8n] } as const
    expect(await finishRun(office.pool, run!, outcome, later(3))).toBe(true)
    expect(await readRun(office.db, asked.id, everything)).toMatchObject({
      state: 'done',
      result: { items: [1] },
      error: null,
      finished_at: later(3),
    })
    const [row] = await rowsOf(office, 'select person_ids, claimed_by from router_run')
    expect(row).toEqual({ person_ids: [7n, 8n], claimed_by: null })
    expect(await finishRun(office.pool, run!, outcome, later(4))).toBe(false)
  })

  it('that fails says why', async () => {
    const { id } = await ask(await alone())
    const [run] = await claim(noon)
    await finishRun(office.pool, run!, { kind: 'failed', error: 'the router is silent' }, later(1))
    expect(await readRun(office.db, id, everything)).toMatchObject({
      state: 'failed',
      error: 'the router is silent',
      result: null,
    })
  })

  it('holds what a router may say: NUL and half a character', async () => {
    const { id } = await ask(await alone())
    const [run] = await claim(noon)
    const result = { name: 'a\0b\ud800', list: ['\\u0000'] }
    await finishRun(office.pool, run!, { kind: 'done', result, personIds: [] }, noon)
    expect((await readRun(office.db, id, everything)).result).toEqual({ name: 'a\ufffdb\ufffd', list: ['\\u0000'] })
    const failed = await ask(await alone())
    const [other] = await claim(noon)
    await finishRun(office.pool, other!, { kind: 'failed', error: 'it said \0' }, noon)
    expect(await readRun(office.db, failed.id, everything)).toMatchObject({ error: 'it said \ufffd' })
  })

  it('is not there for a team of other NAS groups, and refused to who sees some zones only', async () => {
    const nas = await alone()
    const { id } = await ask(nas)
    const as = (scope: Partial<Scope>) => ({ ...everything, ...scope })
    const mine = as({ nasGroupIds: [nas.nasGroupId] })
    expect(await readRun(office.db, id, mine)).toMatchObject({ id })
    expect(await listRuns(office.db, { nas: nas.name, limit: 9 }, mine)).toHaveLength(1)
    const others = as({ nasGroupIds: [nas.nasGroupId + 1n] })
    const askAs = (scope: Scope) =>
      askRun(office.db, { nas: nas.name, kind: 'doctor' }, { ...office.author, scope }, noon)
    for (const [scope, sentence] of [
      [others, 'there is no'],
      [as({ zones: ['north'] }), 'you see some of them only'],
      [as({ ownerId: 7n }), 'you see some of them only'],
    ] as const) {
      await expect(readRun(office.db, id, scope)).rejects.toThrow(sentence)
      await expect(listRuns(office.db, { nas: nas.name, limit: 9 }, scope)).rejects.toThrow(sentence)
      await expect(askAs(scope)).rejects.toThrow(sentence)
    }
  })

  it('wakes who listens', async () => {
    const nas = await alone()
    const client = await office.pool.connect()
    try {
      const heard = new Promise((resolve) => client.once('notification', resolve))
      await client.query(`listen ${routerRunChannel}`)
      await ask(nas)
      expect(await heard).toMatchObject({ channel: 'router_run' })
    } finally {
      client.release(true)
    }
  })

  it('is refused without access, without a NAS, and with a session where none belongs', async () => {
    const nas = await makeNas(office)
    await expect(ask(nas, 'sessions')).rejects.toThrow('nobody gave us access to the router')
    expect(await ask(nas, 'doctor')).toMatchObject({ kind: 'doctor' })
    await expect(ask({ ...nas, name: 'nobody' })).rejects.toThrow('there is no NAS "nobody"')
    const withSession = askRun(office.db, { nas: nas.name, kind: 'doctor', sessionId: 1n }, office.author, noon)
    await expect(withSession).rejects.toThrow('session-id: is not for doctor')
    await expect(ask(nas, 'disconnect')).rejects.toThrow('session-id: says which session')
    await expect(readRun(office.db, 999_999n, everything)).rejects.toThrow('there is no router run')
  })

  it('disconnects a session of its own NAS only, and no service on one', async () => {
    const nas = await alone()
    await makePlan(office, { name: 'Home' })
    const session = await openSession(office, 1n, 'one')
    const service = await openSession(office, 1n, 'two', { parentId: session })
    const disconnect = (sessionId: bigint) =>
      askRun(office.db, { nas: nas.name, kind: 'disconnect', sessionId }, office.author, noon)
    await office.pool.query('update session set nas_id = 999')
    await expect(disconnect(session)).rejects.toThrow('there is no session of this NAS')
    await office.pool.query('update session set nas_id = $1', [nas.id])
    await expect(disconnect(service)).rejects.toThrow('is a service')
    expect((await disconnect(session)).params).toEqual({ session_id: String(session) })
  })
})

describe('of several carriers', () => {
  it('each run is taken by one, the longest due first', async () => {
    const nas = await alone()
    const ids = new Map<number, bigint>()
    for (const minute of [3, 1, 4, 2]) ids.set(minute, (await ask(nas, 'doctor', later(minute * 60))).id)
    expect(await claim(hours(1), 1)).toMatchObject([{ id: ids.get(1) }])
    const taken = await Promise.all([1, 1, 1, 1].map((most, n) => claim(hours(1), most, `carrier${n}`)))
    expect(new Set(taken.flat().map(({ id }) => id))).toEqual(new Set([2, 3, 4].map((minute) => ids.get(minute))))
  })

  it('what a person asked for comes before what runs by itself', async () => {
    const nas = await alone()
    const asked = { kind: 'reconcile', nasIds: [nas.id], author: 'reconcile', spreadMs: 0 } as const
    await askRegularRuns(office.pool, asked, noon)
    const person = { ...office.author, kind: 'operator' } as const
    const { id } = await askRun(office.db, { nas: nas.name, kind: 'doctor' }, person, later(60))
    expect(await claim(later(60), 1)).toMatchObject([{ id }])
    expect(await claim(later(60), 1)).toMatchObject([{ kind: 'reconcile' }])
  })

  it('the run of a dead one is due again, three times at most', async () => {
    const { id } = await ask(await alone())
    const [first] = await claim(noon)
    expect(await claim(later(59))).toEqual([])
    const [second] = await claim(later(60))
    expect(second).toMatchObject({ id, attempts: 2 })
    // The first one was only slow: its word comes too late.
    expect(await finishRun(office.pool, first!, { kind: 'failed', error: 'late' }, later(61))).toBe(false)
    await releaseRun(office.pool, first!)
    expect(await readRun(office.db, id, everything)).toMatchObject({ state: 'running', error: null })
    expect(await claim(later(120))).toMatchObject([{ id, attempts: 3 }])
    expect(await claim(later(180))).toEqual([])
    expect(await readRun(office.db, id, everything)).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('again and again'),
    })
  })

  it('one that is alive keeps its runs', async () => {
    await ask(await alone())
    const runs = await claim(noon)
    await keepRuns(office.pool, runs, later(300))
    expect(await claim(later(299))).toEqual([])
    expect(await claim(later(300))).toHaveLength(1)
    // Not what another has taken over.
    await keepRuns(office.pool, runs, hours(9))
    expect(await claim(later(600))).toHaveLength(1)
  })

  it('one that ends gives its run back, as if it had never been tried', async () => {
    const { id } = await ask(await alone())
    const [run] = await claim(noon)
    await releaseRun(office.pool, run!)
    expect(await readRun(office.db, id, everything)).toMatchObject({ state: 'waiting', started_at: null })
    expect(await claim(later(1))).toMatchObject([{ id, attempts: 1 }])
  })
})

describe('what runs by itself', () => {
  const regular = (nases: Nas[], now = noon) =>
    askRegularRuns(
      office.pool,
      { kind: 'reconcile', nasIds: nases.map(({ id }) => id), author: 'reconcile', spreadMs: 540_000 },
      now,
    )

  it('is asked for once for each NAS, spread, and without an audit entry', async () => {
    const nases = [await alone(), await makeNas(office), await makeNas(office)]
    const audits = async () => (await rowsOf(office, 'select count(*) as n from audit_entry'))[0]
    const before = await audits()
    expect(await regular(nases)).toBe(3)
    expect(await regular(nases, later(60))).toBe(0)
    expect(await audits()).toEqual(before)
    const rows = await rowsOf(office, 'select nas_id, due_at, author_kind from router_run order by due_at')
    expect(rows).toEqual(nases.map(({ id }, n) => ({ nas_id: id, due_at: later(n * 180), author_kind: 'system' })))
    expect(await claim(later(179))).toHaveLength(1)
    expect(await claim(later(181))).toHaveLength(1)
    expect(await regular([])).toBe(0)
    expect(await regular([{ ...nases[0]!, id: 99_999n }])).toBe(0)
  })
})

describe('the list of runs', () => {
  it('goes by pages, newest first, by kind, without results', async () => {
    const nas = await alone()
    const ids: bigint[] = []
    for (let n = 0; n < 5; n++) ids.push((await ask(nas, n % 2 === 0 ? 'doctor' : 'sessions', later(n))).id)
    const idsOf = async (more: object) =>
      (await listRuns(office.db, { nas: nas.name, limit: 2, ...more }, everything)).map(({ id }) => id)
    expect(await idsOf({})).toEqual([ids[4], ids[3]])
    expect(await idsOf({ before: ids[3] })).toEqual([ids[2], ids[1]])
    expect(await idsOf({ kind: 'sessions', limit: 9 })).toEqual([ids[3], ids[1]])
    const [first] = await listRuns(office.db, { nas: nas.name, limit: 1 }, everything)
    expect(first).not.toHaveProperty('result')
    await expect(listRuns(office.db, { nas: 'nobody', limit: 1 }, everything)).rejects.toThrow(
      'there is no NAS "nobody"',
    )
  })
})

describe('old runs', () => {
  it('go after 90 days, those that nobody asked for after two, and never while they are open', async () => {
    const nas = await alone()
    const days = (count: number): Date => hours(-24 * count)
    const byItself = ownAuthor('system', 'reconcile', office.keyring)
    const make = async (age: number, author = office.author, state = 'done') => {
      const { id } = await askRun(office.db, { nas: nas.name, kind: 'doctor' }, author, days(age))
      await office.pool.query('update router_run set state = $2 where id = $1', [id, state])
      return id
    }
    const person = { ...office.author, kind: 'operator' } as const
    const kept = [await make(89, person), await make(1.9, byItself), await make(91, person, 'running')]
    for (const [age, by] of [
      [91, person],
      [2.1, byItself],
    ] as const)
      await make(age, by)
    expect(await trimRouterRuns(office.db, noon)).toBe(2)
    expect(await rowsOf(office, 'select id from router_run order by id')).toEqual(kept.map((id) => ({ id })))
  })
})

describe('a purge', () => {
  it('forgets the results in which a person is named, and no others', async () => {
    const nas = await alone()
    const done = async (personIds: bigint[]) => {
      const { id } = await ask(nas)
      const [run] = await claim(noon)
      await finishRun(office.pool, run!, { kind: 'done', result: { name: 'anna' }, personIds }, noon)
      return id
    }
    const [named, other] = [await done([7n, 8n]), await done([8n, 9n])]
    const place = personalPlaces.find(({ table }) => table === 'router_run')
    const anna = { id: 7n, payerId: 1n, usernames: ['anna'], pseudonym: 'purged-7' }
    await place?.forget?.(office.db, [anna], noon)
    expect((await readRun(office.db, named, everything)).result).toBeNull()
    expect((await readRun(office.db, other, everything)).result).toEqual({ name: 'anna' })
  })
})
