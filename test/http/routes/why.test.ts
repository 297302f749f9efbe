import { beforeAll, describe, expect, it } from 'vitest'
import { reasonMend } from '../../../src/domain/access-mend.ts'
import { storedSecret } from '../../../src/domain/credential.ts'
import type { CredentialKind } from '../../../src/domain/credential.ts'
import { rejectOutcomes } from '../../../src/aaa/outcomes.ts'
import { makeDecision, makeNasRow, makeRow, makeSessionRow, makeSide } from '../../support/activity.ts'
import type { Side } from '../../support/activity.ts'
import { insertRow } from '../../support/access.ts'
import { useApi } from '../../support/api.ts'
import type { Client } from '../../support/api.ts'
import { hours, noon, rowsOf } from '../../support/operator.ts'

const api = useApi()
let support: Client
let [one, other]: Side[] = []
let nasId = 0n
let made = 0

beforeAll(async () => {
  support = await api.as('support')
  one = await makeSide(api, 'annalena')
  other = await makeSide(api, 'berta')
  nasId = await makeNasRow(api, 'bng-1', { vendor: 'mikrotik' })
  const anna = { username: 'annalena', subscriberId: one.subscriberId, nasId }
  await makeDecision(api, { ...anna, firstAt: hours(-2), lastAt: hours(-2), reply: '{"Framed-Pool":"home"}' })
  const blocked = { reason: 'blocked', accepted: false, detail: 'the subscriber is blocked: unpaid' }
  await makeDecision(api, { ...anna, ...blocked, count: 7, firstAt: hours(-1), lastAt: hours(-1) })
  await makeDecision(api, { username: 'annalena', subscriberId: 999n, detail: 'of one who had the name before' })
  await makeDecision(api, { username: 'anna-lena', reason: 'unknown', accepted: false, nasId })
})

/** A subscriber with a credential, and why-now about it. */
async function subscriberWith(
  row: Record<string, unknown> = {},
  credential?: { kind: CredentialKind; password: string },
) {
  made += 1
  const id = await makeRow(api, `now-${made}`, row)
  if (credential !== undefined) {
    const secret = storedSecret(api.keyring, id, credential)
    await insertRow(api.pool, 'credential', { subscriber_id: id, kind: credential.kind, secret })
  }
  return id
}
const whyNow = async (id: bigint, body: Record<string, unknown> = {}, client = support) =>
  client.post(`/subscribers/${id}/why-now`, { nas_id: Number(nasId), ...body })

describe('GET /subscribers/:id/why', () => {
  it('tells the last decisions in sentences, with the rule, what it saw and what helps', async () => {
    const { body } = await one!.client.get(`/subscribers/${one!.subscriberId}/why`)
    expect(body.standing).toMatchObject({ username: 'annalena', label: 'active', open_sessions: 0 })
    expect(body.decisions).toMatchObject([
      {
        sentence: 'rejected: the subscriber is blocked',
        mend: 'remove the cause and unblock the subscriber',
        reason: 'blocked',
        detail: 'the subscriber is blocked: unpaid',
        count: 7,
        nas: 'bng-1',
        at: hours(-1).toISOString(),
      },
      { sentence: 'accepted', mend: null, reply: { 'Framed-Pool': 'home' } },
    ])
    expect((await support.get(`/subscribers/${one!.subscriberId}/why?limit=1`)).body.decisions).toHaveLength(1)
  })

  it('is not there for another reseller', async () => {
    expect((await other!.client.get(`/subscribers/${one!.subscriberId}/why`)).status).toBe(404)
    expect((await (await api.as('billing')).get(`/subscribers/${one!.subscriberId}/why`)).status).toBe(403)
    expect((await support.get(`/subscribers/${one!.subscriberId}/why?limit=0`)).status).toBe(400)
  })

  it('has a mend for every reason there is', () => {
    for (const reason of Object.keys(rejectOutcomes)) expect(reasonMend(reason)?.length).toBeGreaterThan(10)
    expect(reasonMend('accepted')).toBeUndefined()
    expect(reasonMend('toString')).toBeUndefined()
  })
})

describe('GET /why', () => {
  it('explains a username to the ISP, known or not, with names like it', async () => {
    const known = (await support.get('/why?username=AnnaLena')).body
    expect(known).toMatchObject({ username: 'annalena', subscriber_id: Number(one!.subscriberId) })
    expect(known.decisions).toHaveLength(3)
    expect(known.similar).toMatchObject([{ username: 'anna-lena', known: false, last_refused_at: noon.toISOString() }])
    const unknown = (await support.get('/why?username=anna-lena')).body
    expect(unknown).toMatchObject({
      subscriber_id: null,
      decisions: [{ reason: 'unknown', mend: expect.stringContaining('add the subscriber') as string }],
      similar: [{ username: 'annalena', known: true }],
    })
  })

  it('tells a reseller of its own only, and no names of others', async () => {
    const { body } = await one!.client.get('/why?username=annalena')
    expect(body.decisions).toHaveLength(2)
    expect(body.similar).toEqual([])
    expect((await other!.client.get('/why?username=annalena')).status).toBe(404)
    expect((await one!.client.get('/why?username=anna-lena')).status).toBe(404)
  })
})

describe('POST /subscribers/:id/why-now', () => {
  it('answers what a login would get on this NAS, as data and as attributes of its vendor', async () => {
    const id = await subscriberWith()
    await insertRow(api.pool, 'subscriber_address', {
      subscriber_id: id,
      address_space_id: 1,
      kind: 'framed-ip',
      prefix: '192.0.2.9',
    })
    const { status, body } = await whyNow(id)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      decision: 'accept',
      sentence: 'accepted',
      mend: null,
      garden: null,
      nas: { id: Number(nasId), name: 'bng-1', vendor: 'mikrotik' },
      rates: { down_bps: 50_000_000, up_bps: 20_000_000 },
      address: '192.0.2.9',
      interim_interval_s: 300,
    })
    expect(body.attributes).toEqual(
      expect.arrayContaining(['Framed-IP-Address = 192.0.2.9', 'Mikrotik-Rate-Limit = 20M/50M']),
    )
  })

  it('changes nothing: no session, claim, decision, device or activation', async () => {
    const id = await subscriberWith({ activated_at: null, session_limit: 1, device_limit: 1 })
    const state = () =>
      rowsOf(
        api,
        `select (select count(*) from session_claim) as claims, (select count(*) from access_log) as log,
           (select count(*) from device) as devices, (select count(*) from audit_entry) as deeds,
           (select activated_at from subscriber where id = $1) as activated`,
        [id],
      )
    const before = await state()
    expect((await whyNow(id, { mac: 'aa:bb:cc:00:00:09' })).body).toMatchObject({ decision: 'accept' })
    expect(await state()).toEqual(before)
  })

  it.each([
    ['blocked', { blocked_at: noon, block_reason: 'unpaid' }, 'unblock'],
    ['expired', { expires_at: hours(-1) }, 'renew'],
    ['disabled', { enabled: false }, 'enable'],
    ['archived', { archived_at: noon }, 'restore'],
    ['wrong-interface', { bound_c_vlan: 7 }, 'bind'],
    ['mac-not-bound', { device_limit: 1, bound: 'aa:00:00:00:00:01' }, 'bind'],
  ])('refuses as a login would: %s', async (reason, { bound, ...row }: Record<string, unknown>, mend) => {
    const id = await subscriberWith(row)
    if (bound !== undefined) await insertRow(api.pool, 'device', { subscriber_id: id, mac: bound, bound: true })
    const { body } = await whyNow(id, { mac: 'aa:00:00:00:00:02', interface: 'ether1-vlan8' })
    expect(body).toMatchObject({ decision: 'reject', reason, rates: null, attributes: [] })
    expect(String(body.sentence)).toMatch(/^rejected: /)
    expect(String(body.mend)).toContain(mend)
    expect(String(body.detail).length).toBeGreaterThan(5)
  })

  it('asks with what is known of the line where nothing is told', async () => {
    const id = await subscriberWith({ session_limit: 1 })
    await makeSessionRow(api, {
      subscriber_id: id,
      nas_id: nasId,
      mac: 'aa:00:00:00:00:03',
      line: 'mac:aa:00:00:00:00:03',
      interface: 'ether1',
    })
    expect((await whyNow(id)).body).toMatchObject({
      decision: 'accept',
      asked_with: { mac: 'aa:00:00:00:00:03', interface: 'ether1' },
    })
    expect((await whyNow(id, { mac: 'AA-00-00-00-00-04' })).body).toMatchObject({
      decision: 'reject',
      reason: 'too-many-sessions',
      asked_with: { mac: 'aa:00:00:00:00:04' },
    })
  })

  it('identifies an IPoE line as a login would', async () => {
    const ipoe = { account_type: 'ipoe' }
    const id = await subscriberWith(ipoe)
    await insertRow(api.pool, 'device', { subscriber_id: id, mac: 'aa:00:00:00:01:01', bound: true })
    expect((await whyNow(id)).body).toMatchObject({ decision: 'accept', asked_with: { mac: 'aa:00:00:00:01:01' } })
    expect((await whyNow(id, { mac: 'aa:00:00:00:01:02' })).body).toMatchObject({
      decision: 'reject',
      reason: 'unknown',
    })
    const neighbour = await subscriberWith(ipoe)
    await insertRow(api.pool, 'device', { subscriber_id: neighbour, mac: 'aa:00:00:00:01:03', bound: true })
    const taken = (await whyNow(id, { mac: 'aa:00:00:00:01:03' })).body
    expect(taken).toMatchObject({ decision: 'reject', reason: 'ambiguous-identity' })
    expect(String(taken.detail)).not.toContain('now-')
  })

  it.each(['clear', 'nt-hash', 'verifier'] as const)(
    'tries a password kept as %s, and writes down that it did',
    async (kind) => {
      const id = await subscriberWith({}, { kind, password: 'right horse' })
      expect((await whyNow(id, { with_password: 'right horse' })).body).toMatchObject({ decision: 'accept' })
      const wrong = await whyNow(id, { with_password: 'wrong horse' })
      expect(wrong.body).toMatchObject({ decision: 'reject', reason: 'wrong-password' })
      const entries = await rowsOf(
        api,
        `select * from audit_entry where action = 'subscriber.test-login' and row_id = $1 order by id`,
        [id],
      )
      expect(entries).toMatchObject([{ after: { is_right: true }, owner_id: 1n }, { after: { is_right: false } }])
      expect(JSON.stringify(entries.map(({ after }) => after))).not.toContain('horse')
    },
  )

  it('lets nobody try passwords who may not set them, and reaches no further than the scope', async () => {
    const viewer = await api.as('viewer')
    expect((await whyNow(one!.subscriberId, {}, viewer)).status).toBe(200)
    expect((await whyNow(one!.subscriberId, { with_password: 'x' }, viewer)).status).toBe(403)
    expect((await whyNow(one!.subscriberId, {}, other!.client)).status).toBe(404)
    // The NAS group is not shown to the reseller.
    expect((await whyNow(one!.subscriberId, {}, one!.client)).status).toBe(404)
    await insertRow(api.pool, 'nas_group_owner', { nas_group_id: 1, owner_id: one!.ownerId })
    expect((await whyNow(one!.subscriberId, {}, one!.client)).status).toBe(200)
  })

  it('refuses what has no form', async () => {
    expect((await whyNow(one!.subscriberId, { mac: 'zz' })).status).toBe(422)
    expect((await whyNow(one!.subscriberId, { nas_id: 99_999 })).status).toBe(404)
    expect((await whyNow(one!.subscriberId, { vlan: 5 })).status).toBe(400)
    expect((await whyNow(98_765n)).status).toBe(404)
  })
})
