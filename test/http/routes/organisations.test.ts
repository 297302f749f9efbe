// Organisations through the API: limits to the last digit, versions, names, and edits at once.

import { describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import type { Answer } from '../../support/api.ts'

const api = useApi()
const idOf = (answer: Answer): number => Number(answer.body['id'])
const fieldsOf = (answer: Answer): string[] => (answer.body['errors'] as { field: string }[]).map((one) => one.field)

describe('a reseller', () => {
  it.each<[Record<string, unknown>, number, string]>([
    [{ name: 'X' }, 422, 'name'],
    [{ name: '  ' }, 422, 'name'],
    [{ name: 'a\tb' }, 422, 'name'],
    [{ name: 'x'.repeat(51) }, 400, 'name'],
    [{ name: 'Fine', subscriber_limit: 1.5 }, 400, 'subscriber_limit'],
    [{ name: 'Fine', subscriber_limit: '5' }, 400, 'subscriber_limit'],
    [{ name: 'Fine', subscriber_limit: 100_000_001 }, 400, 'subscriber_limit'],
    [{ name: 'Fine', credit_limit: '-0.01' }, 422, 'credit_limit'],
    [{ name: 'Fine', credit_limit: '1.005' }, 422, 'credit_limit'],
    [{ name: 'Fine', credit_limit: '1e3' }, 422, 'credit_limit'],
    [{ name: 'Fine', credit_limit: 'NaN' }, 422, 'credit_limit'],
    [{ name: 'Fine', credit_limit: '' }, 422, 'credit_limit'],
    [{ name: 'Fine', credit_limit: 5 }, 400, 'credit_limit'],
    [{ name: 'Fine', credit_limit: null }, 400, 'credit_limit'],
    [{ name: 'Fine', kind: 'isp' }, 400, 'kind'],
    [{ name: 'Fine', parent_id: 1 }, 400, 'parent_id'],
  ])('with %j is refused by %i, naming %s', async (body, status, field) => {
    const boss = await api.as('administrator')
    const refused = await boss.post('/organisations', body)
    expect([refused.status, fieldsOf(refused)]).toEqual([status, [field]])
    expect((await boss.get('/organisations')).text).not.toContain('Fine')
  })

  it('keeps money to the last cent and limits to the last subscriber', async () => {
    const boss = await api.as('administrator')
    const body = { name: 'Exact Net', subscriber_limit: 100_000_000, credit_limit: '9999999999.99' }
    const made = await boss.post('/organisations', body)
    expect(made.body).toMatchObject({ subscriber_limit: 100_000_000, credit_limit: '9999999999.99' })
    const zero = await boss.patch(`/organisations/${idOf(made)}`, { subscriber_limit: 0, credit_limit: '0' })
    expect(zero.body).toMatchObject({ subscriber_limit: 0, credit_limit: '0.00' })
  })

  it('is made once by thirty who add the same name at once', async () => {
    const boss = await api.as('administrator')
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => boss.post('/organisations', { name: 'Once Net' })),
    )
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1)
    expect(answers.filter((answer) => answer.status === 409)).toHaveLength(29)
    const made = answers.find((answer) => answer.status === 201)!
    const other = await boss.post('/organisations', { name: 'Twice Net' })
    const taken = await boss.patch(`/organisations/${idOf(other)}`, { name: 'Once Net' })
    expect([taken.status, fieldsOf(taken)]).toEqual([409, ['name']])
    // To its own name it can be renamed, which changes nothing and its version neither.
    const same = await boss.patch(`/organisations/${idOf(made)}`, { name: ' Once Net ' })
    expect([same.status, same.headers.get('etag')]).toEqual([200, made.headers.get('etag')])
  })

  it('is changed by one of twenty who have read the same version', async () => {
    const boss = await api.as('administrator')
    const made = await boss.post('/organisations', { name: 'Version Net', subscriber_limit: 1 })
    const ifMatch = { 'if-match': made.headers.get('etag')! }
    const path = `/organisations/${idOf(made)}`
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => boss.patch(path, { subscriber_limit: 100 + at }, ifMatch)),
    )
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1)
    expect(answers.filter((answer) => answer.status === 412)).toHaveLength(19)
    const trail = await api.db
      .selectFrom('audit_entry')
      .select('id')
      .where('action', '=', 'organisation.edit')
      .where('row_id', '=', BigInt(idOf(made)))
      .execute()
    expect(trail).toHaveLength(1)
  })

  it('does not lose what two change at once, each another thing', async () => {
    const boss = await api.as('administrator')
    const path = `/organisations/${idOf(await boss.post('/organisations', { name: 'Both Net' }))}`
    await Promise.all([boss.patch(path, { subscriber_limit: 7 }), boss.patch(path, { credit_limit: '12.34' })])
    expect((await boss.get(path)).body).toMatchObject({ subscriber_limit: 7, credit_limit: '12.34' })
  })

  it('is written down with what was and what is', async () => {
    const boss = await api.as('administrator')
    const made = await boss.post('/organisations', { name: 'Trail Net', subscriber_limit: 5 })
    await boss.patch(`/organisations/${idOf(made)}`, { name: 'Trail Net Two', subscriber_limit: null })
    const entry = await api.db
      .selectFrom('audit_entry')
      .select(['author_name', 'owner_id', 'before', 'after'])
      .where('action', '=', 'organisation.edit')
      .where('row_id', '=', BigInt(idOf(made)))
      .executeTakeFirstOrThrow()
    expect(entry).toEqual({
      author_name: boss.email,
      owner_id: BigInt(idOf(made)),
      before: { name: 'Trail Net', subscriber_limit: 5 },
      after: { name: 'Trail Net Two', subscriber_limit: null },
    })
  })
})

describe('the ISP itself', () => {
  it('is one, first of all, without limits, and nobody’s to make a second of', async () => {
    const boss = await api.as('administrator')
    const items = (await boss.get('/organisations')).body['items'] as Record<string, unknown>[]
    expect(items.filter((one) => one['kind'] === 'isp')).toEqual([items[0]])
    const path = `/organisations/${Number(items[0]!['id'])}`
    for (const body of [{ subscriber_limit: 0 }, { subscriber_limit: 5 }, { credit_limit: '0.01' }]) {
      expect([body, (await boss.patch(path, body)).status]).toEqual([body, 409])
    }
    expect((await boss.patch(path, { subscriber_limit: null, credit_limit: '0.00' })).status).toBe(200)
    expect((await boss.delete(path)).status).toBe(405)
  })
})
