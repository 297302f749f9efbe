// The template of an import, and who has no use for it.
import { beforeAll, expect, it } from 'vitest'
import { useApi, type Client } from '../../support/api.ts'

const api = useApi()
let support: Client
beforeAll(async () => {
  support = await api.as('support')
})

it('has a template to begin with, in both formats', async () => {
  const answer = await support.get('/imports/template')
  expect(answer.text).toMatch(/^username,password,nt_hash,plan,.*\r\n$/)
  expect(answer.text).not.toContain('created_at')
  const response = await support.send('GET', '/imports/template?format=xlsx')
  expect(
    Buffer.from(await response.arrayBuffer())
      .subarray(0, 2)
      .toString(),
  ).toBe('PK')
  expect((await support.get('/imports/columns')).body['items']).toContainEqual({
    name: 'plan',
    aliases: expect.arrayContaining(['groupname', 'tariff', 'srvname']),
    permission: 'service.free',
  })
})

it('is not for who may not add subscribers', async () => {
  const viewer = await api.as('viewer')
  expect(
    (
      await viewer.send('POST', '/imports', {
        body: 'username,plan\nno,Home\n',
        headers: { 'content-type': 'text/csv' },
      })
    ).status,
  ).toBe(403)
  expect((await api.anonymous().get('/imports')).status).toBe(401)
})
