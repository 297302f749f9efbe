import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { writeAudit } from '../../src/domain/audit/audit.ts'
import { makeCursor } from '../../src/http/cursor.ts'
import { makeSessionRow, makeSide } from '../support/activity.ts'
import type { Side } from '../support/activity.ts'
import { useApi } from '../support/api.ts'
import type { Client } from '../support/api.ts'
import { hours } from '../support/operator.ts'

const api = useApi()
let administrator: Client
let [one, other]: Side[] = []
let lists: string[] = []
const at = '2026-11-22 11:00:00+00'

/** `page`, `refused`, or what it should never be. */
const comesTo = async (list: string, cursor: string): Promise<string> => {
  const { status, body } = await administrator.get(`${list}?cursor=${encodeURIComponent(cursor)}`)
  if (status === 200 && Array.isArray(body.items)) return 'page'
  return status === 400 && body.code === 'invalid-request' ? 'refused' : `${status} ${String(body.code)}`
}

beforeAll(async () => {
  administrator = await api.as('administrator')
  one = await makeSide(api, 'anna')
  other = await makeSide(api, 'berta')
  for (const side of [one, other]) {
    for (const ago of [1, 2, 3]) {
      const { subscriberId, username } = side
      await makeSessionRow(api, { subscriber_id: subscriberId, username, started_at: hours(-ago) })
      const deed = { action: 'subscriber.edit', noun: 'subscriber', rowId: subscriberId, ownerId: side.ownerId }
      await writeAudit(api.db, { ...deed, after: { plan: `of ${username}` } }, api.author, hours(-ago))
    }
  }
  lists = [
    '/audit',
    '/sessions',
    '/coa-orders',
    '/unmatched',
    '/disclosures',
    `/subscribers/${one.subscriberId}/timeline`,
    `/subscribers/${one.subscriberId}/sessions`,
    '/not-enforced',
  ]
})

describe('a cursor that no page has given', () => {
  it.each([
    ['an instant that no calendar has', ['2026-02-30 25:61:61+00', '1']],
    ['an instant of the year 0', ['0000-01-01 00:00:00+00', '1']],
    ['a timeline’s with an instant that no calendar has', ['2026-13-01 00:00:00+00', 'audit', '1']],
    ['a timeline’s at midnight of the year 0', ['0000-00-00 00:00:00+00', 'coa', '1']],
    ['a kind that is none', [at, 'weather', '1']],
    ['a key that ends the statement', [at, 'audit', "1'); drop table session; --"]],
    ['a NUL in it', [at, 'audit', '1\0']],
    ['an id as a number', [at, 1]],
    ['an id beyond 64 bits', [at, '99999999999999999999']],
    ['an id below 1', ['0']],
    ['another offset than UTC', ['2026-11-22 11:00:00+99', '1']],
    ['nothing', []],
    ['too much', [at, '1', '2', '3']],
  ])('is the mistake of who sends it, in every list: %s', async (_what, key) => {
    for (const list of lists) {
      const answer = await administrator.get(`${list}?cursor=${makeCursor(key)}`)
      expect([list, answer.status, answer.body.code]).toEqual([list, 400, 'invalid-request'])
    }
  })

  it('is a page or a refusal, never a fault, whatever is in it', async () => {
    const scalar = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.constantFrom(at, 'audit', '1', '{', '\0'))
    const forged = fc.oneof(
      fc.array(scalar, { maxLength: 4 }).map((key) => makeCursor(key)),
      fc.string({ maxLength: 60 }),
      fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString('base64url').slice(0, 900)),
    )
    await fc.assert(
      fc.asyncProperty(forged, fc.nat(6), async (cursor, list) => {
        expect(await comesTo(lists[list]!, cursor)).toMatch(/^(page|refused)$/)
      }),
      { numRuns: 150 },
    )
  })

  it('is a page or a refusal where digits of a true one were changed', async () => {
    const number = (length: number) => fc.nat(10 ** length - 1).map((n) => String(n).padStart(length, '0'))
    const instant = fc
      .tuple(number(4), number(2), number(2), number(2), number(2), number(2))
      .map(([y, mo, d, h, mi, s]) => `${y}-${mo}-${d} ${h}:${mi}:${s}+00`)
    await fc.assert(
      fc.asyncProperty(instant, async (forged) => {
        expect(await comesTo('/sessions', makeCursor([forged, '5']))).toMatch(/^(page|refused)$/)
        expect(await comesTo(lists[5]!, makeCursor([forged, 'audit', '5']))).toMatch(/^(page|refused)$/)
      }),
      { numRuns: 60 },
    )
  })
})

describe('a cursor of somebody else', () => {
  const cursorOf = async (client: Client, list: string): Promise<string> =>
    String((await client.get(`${list}?limit=1`)).body.next_cursor)

  it('says where a page ended and opens nothing: each sees its own behind it', async () => {
    for (const list of ['/sessions', '/audit']) {
      const cursor = await cursorOf(other!.client, list)
      const { body } = await one!.client.get(`${list}?cursor=${cursor}`)
      const seen = JSON.stringify(body.items)
      expect(seen).not.toContain('berta')
      expect(seen).toContain('anna')
    }
  })

  it('does not go on in a list of another kind', async () => {
    const cursor = await cursorOf(administrator, '/sessions')
    for (const list of ['/audit', '/coa-orders', '/unmatched', '/disclosures', lists[5]!]) {
      expect([list, (await administrator.get(`${list}?cursor=${cursor}`)).status]).toEqual([list, 400])
    }
  })

  it('goes on under another filter from the same place', async () => {
    const cursor = await cursorOf(administrator, '/sessions')
    const { body } = await administrator.get(`/sessions?subscriber_id=${one!.subscriberId}&cursor=${cursor}`)
    const starts = (body.items as { started_at: string }[]).map(({ started_at }) => started_at)
    expect(starts).toEqual(starts.toSorted().toReversed())
    expect(starts.length).toBeGreaterThanOrEqual(2)
  })
})
