// A filter by balance tells balances, page by page: who may not see them may not filter by them, wherever a filter is taken.
import { beforeAll, expect, it } from 'vitest'
import { useApi, type Client } from '../../support/api.ts'

const api = useApi()
let blind: Client

beforeAll(async () => {
  const permissions = ['subscriber.read', 'subscriber.block', 'export.run']
  const role = await api.db
    .insertInto('role')
    .values({ name: 'blind', permissions })
    .returning('id')
    .executeTakeFirstOrThrow()
  blind = await api.as('support', { roleId: role.id })
})

it.each(['/subscribers?balance_from=1', '/subscribers/count?balance_to=1', '/subscribers/export?balance_from=1'])(
  'GET %s is refused',
  async (path) => {
    expect((await blind.get(path)).body).toMatchObject({
      code: 'forbidden',
      detail: expect.stringContaining('money.read'),
    })
  },
)

it('a bulk run and an export in the background are refused as well, dry or not', async () => {
  const target = { filter: { balance_from: '1' } }
  const block = { action: 'block', params: { reason: 'x' }, target }
  for (const dryRun of [true, false]) {
    expect((await blind.post('/bulk-runs', { ...block, dry_run: dryRun })).body).toMatchObject({ code: 'forbidden' })
  }
  const order = { noun: 'subscribers', filter: target.filter }
  expect((await blind.post('/exports', order)).body).toMatchObject({ code: 'forbidden' })
})

it('another filter is taken', async () => {
  expect((await blind.get('/subscribers?zone=north')).status).toBe(200)
})
