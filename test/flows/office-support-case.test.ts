// A subscriber rings: "no internet since I have the new router". What support sees and does over the API, with a real RADIUS
// service and an emulated NAS on the other side.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hubOf } from '../../src/http/event-hub.ts'
import type { NasSession } from '../../src/simulator/nas-session.ts'
import type { SimulatedNas } from '../../src/simulator/nas.ts'
import { useApi } from '../support/api.ts'
import type { Client } from '../support/api.ts'
import { readEvents } from '../support/event-reader.ts'
import type { EventReader } from '../support/event-reader.ts'
import { insertRow } from '../support/access.ts'
import { openIsp } from '../support/isp.ts'
import type { Isp } from '../support/isp.ts'

const api = useApi()
const [oldRouter, newRouter] = ['d4:ca:6d:00:00:01', 'd4:ca:6d:00:00:02']
let isp: Isp
let nas: SimulatedNas
let nasId = 0
let support: Client
let stranger: Client
let subscriberId = 0n
let live: EventReader
let first: NasSession

const path = (rest = '') => `/subscribers/${subscriberId}${rest}`
const dial = (mac: string) => nas.dial(isp.dial('anna.berg', { mac }))
const items = async (at: string) => (await support.get(at)).body.items as Record<string, unknown>[]
/** The clock of the office goes as that of the network. */
const now = () => api.clock.set(new Date())

beforeAll(async () => {
  now()
  isp = await openIsp({ url: api.databaseUrl, pool: api.pool }, { keyFile: api.keyFile })
  hubOf(api.services, 50)
  // A modem with patience: what is told here does not hang on how busy the machine is.
  nas = await isp.nas('bras-7', '127.0.0.77', { timers: { timeoutMs: 5_000, tries: 2 } })
  await isp.plan({ deviceLimit: 1 })
  subscriberId = await isp.subscriber('anna.berg', { fullName: 'Anna Berg', phone: '+4930123456' })
  support = await api.as('support')
  stranger = await api.as('reseller', { organisationId: await api.reseller('Another') })
})
afterAll(async () => {
  await live?.close()
  await isp.close()
})

describe('a call at the support desk', () => {
  it('begins weeks before: the subscriber was online with the old router', async () => {
    live = await readEvents(support, `?subscriber_id=${subscriberId}&topics=decisions,sessions`)
    const outcome = await dial(oldRouter)
    if (outcome.kind !== 'online') throw new Error(`not online but ${outcome.kind}`)
    expect(await outcome.started).toBe(true)
    first = outcome.session
    nas.pass(first, 600)
    expect(await nas.stop(first, 'User-Request')).toBe(true)
    expect(await live.next(({ event }) => event === 'session-stop')).toMatchObject({
      data: { username: 'anna.berg', subscriber_id: Number(subscriberId), mac: oldRouter },
    })
  })

  it('the new router is refused, and support sees it live, with the sentence to read out', async () => {
    const outcome = await dial(newRouter)
    expect(outcome.kind).toBe('rejected')
    const decision = await live.next(({ event, data }) => event === 'decision' && data.accepted === false)
    expect(decision!.data).toMatchObject({
      reason: 'mac-not-bound',
      sentence: 'rejected: the MAC is none of those bound to the subscriber',
      nas: 'bras-7',
    })
  })

  it('is found by the phone number, and answered why', async () => {
    now()
    const found = (await support.get('/subscribers?search=%2B4930123456')).body.items as { id: number }[]
    expect(found.map(({ id }) => id)).toEqual([Number(subscriberId)])
    const { status, body } = await support.get(path('/why'))
    expect(status).toBe(200)
    expect(body.standing).toMatchObject({ username: 'anna.berg', label: 'active', open_sessions: 0 })
    const [newest, before] = body.decisions as Record<string, unknown>[]
    expect(newest).toMatchObject({
      accepted: false,
      reason: 'mac-not-bound',
      mend: 'bind the new MAC or release the old one; a window for the next MAC can be opened',
    })
    expect(String(newest!.detail)).toContain(newRouter)
    expect(before).toMatchObject({ accepted: true, sentence: 'accepted' })
  })

  it('has the whole story in the timeline, newest first', async () => {
    const kinds = (await items(path('/timeline?kinds=decision,session-start,session-stop'))).map(({ kind }) =>
      String(kind),
    )
    // Both ends of the session may have come within one millisecond of its decision.
    expect(kinds[0]).toBe('decision')
    expect(kinds.toSorted((one, two) => one.localeCompare(two))).toEqual([
      'decision',
      'decision',
      'session-start',
      'session-stop',
    ])
  })

  it('what would happen now says the same, without asking the subscriber to try', async () => {
    nasId = (await items('/nases')).find(({ name }) => name === 'bras-7')!.id as number
    const { body } = await support.post(path('/why-now'), { nas_id: nasId, mac: newRouter })
    expect(body).toMatchObject({ decision: 'reject', reason: 'mac-not-bound', attributes: [] })
    const old = await support.post(path('/why-now'), { nas_id: nasId, mac: oldRouter })
    expect(old.body).toMatchObject({ decision: 'accept', asked_with: { mac: oldRouter } })
  })

  it('lies in the inbox of unmatched requests too, as one of a subscriber who is known', async () => {
    await expect.poll(async () => (await items('/unmatched')).length, { timeout: 5_000 }).toBe(1)
    expect(await items('/unmatched')).toMatchObject([
      { username: 'anna.berg', known: true, mac: newRouter, reason: 'mac-not-bound', nas: 'bras-7' },
    ])
  })

  it('another reseller sees nothing of it, and cannot mend it', async () => {
    for (const rest of ['', '/why', '/timeline', '/sessions']) {
      expect((await stranger.get(path(rest))).status).toBe(404)
    }
    expect((await stranger.post(path('/release-mac'))).status).toBe(404)
    expect((await stranger.get('/unmatched')).status).toBe(403)
    expect((await stranger.get(`/events?subscriber_id=${subscriberId}`)).status).toBe(404)
    expect((await dial(newRouter)).kind).toBe('rejected')
  })

  it('is mended by releasing the old MAC, once, whoever presses twice', async () => {
    now()
    const key = { 'idempotency-key': 'call-4711' }
    const pressed = await Promise.all([1, 2, 3].map(() => support.post(path('/release-mac'), {}, key)))
    expect(pressed.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(new Set(pressed.map(({ text }) => text)).size).toBe(1)
    expect(pressed[0]!.body).toMatchObject({ detail: { released: 1 } })
    const { body } = await support.post(path('/why-now'), { nas_id: nasId, mac: newRouter })
    expect(body).toMatchObject({ decision: 'accept', sentence: 'accepted', mend: null })
  })

  it('the login succeeds, and support sees it while the subscriber is on the line', async () => {
    const outcome = await dial(newRouter)
    if (outcome.kind !== 'online') throw new Error(`not online but ${outcome.kind}`)
    expect(await outcome.started).toBe(true)
    const begun = await live.next(({ event, data }) => event === 'session-start' && data.mac === newRouter)
    expect(begun!.data).toMatchObject({ nas: 'bras-7', framed_ip: outcome.session.framedIp })
    expect((await support.get('/sessions/count')).body).toEqual({ open: 1, online: 1 })
  })

  it('the old router does not get in any more: the new one took its place', async () => {
    expect((await dial(oldRouter)).kind).toBe('rejected')
  })

  it('ends with a note, and all of it stands in the timeline with who did it', async () => {
    now()
    expect((await support.post(path('/comments'), { comment: 'new router, MAC released' })).status).toBeLessThan(300)
    const timeline = await items(path('/timeline'))
    const started = timeline.find(({ kind }) => kind === 'session-start')
    expect(started!.data).toMatchObject({ mac: newRouter, mac_before: oldRouter })
    const deed = timeline.find(({ data }) => (data as { action?: string }).action === 'subscriber.release-mac')
    expect(deed).toMatchObject({ kind: 'audit', data: { author_name: support.email, author_kind: 'operator' } })
    expect(timeline.filter(({ kind }) => kind === 'comment')).toMatchObject([
      { data: { text: 'new router, MAC released', author_name: support.email } },
    ])
  })

  it('a supervisor reads in the trail which MAC it was; the chain holds it sealed', async () => {
    const administrator = await api.as('administrator')
    const query = `/audit?noun=subscriber&row_id=${subscriberId}&action=subscriber.release-mac`
    const entries = (await administrator.get(query)).body.items as Record<string, unknown>[]
    expect(entries).toHaveLength(1)
    expect(entries[0]).toMatchObject({ personal: 'shown', operator_id: Number(support.operatorId) })
    expect(JSON.stringify(entries[0]!.before)).toContain(oldRouter)
    const { rows } = await api.pool.query<{ open: string }>(
      `select coalesce(before::text, '') || coalesce(after::text, '') as open from audit_entry where id = $1`,
      [entries[0]!.id],
    )
    expect(rows[0]!.open).not.toContain(oldRouter)
  })
})

describe('a team that may not see the subscriber', () => {
  it('has neither its session nor its decisions in its own live events', async () => {
    const teamId = await insertRow(api.pool, 'team', { name: 'south', zones: ['south'], created_at: new Date() })
    const member = await api.as('support', { teamId })
    expect((await member.get(`/events?subscriber_id=${subscriberId}`)).status).toBe(404)
    expect((await member.get('/sessions')).body.items).toEqual([])
    expect((await member.get('/coa-orders')).body.items).toEqual([])
  })
})
