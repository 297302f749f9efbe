// How NASes stand, and the script that points one at us.
import { describe, expect, it } from 'vitest'
import { useApi } from '../../support/api.ts'
import { noon } from '../../support/operator.ts'

const api = useApi()

describe('/nas-states', () => {
  it('tells when a NAS was heard of, from where, and what is open on it', async () => {
    const admin = await api.as('administrator')
    await admin.post('/clients', { name: 'bng1', address: '192.0.2.1', vendor: 'mikrotik' })
    await admin.post('/clients', { name: 'silent', address: '192.0.2.9', vendor: 'cisco' })
    const { rows } = await api.pool.query<{ id: bigint }>(`select id from nas where name = 'bng1'`)
    const id = rows[0]!.id
    await api.pool.query(`insert into nas_contact (nas_id, source, heard_on, heard_at) values ($1, $2, $3, $4)`, [
      id,
      '192.0.2.1',
      '198.51.100.2',
      noon,
    ])
    await api.pool.query(
      `insert into session (nas_id, acct_session_id, epoch, username, nas_group_id, address_space_id, started_at, event_at, updated_at)
       values ($1, 'a', 1, 'anna', 1, 1, $2, $2, $2),
         ($1, 'b', 1, 'berta', 1, 1, $2, $2, $2::timestamptz - interval '1 day')`,
      [id, noon],
    )
    const { body } = await (await api.as('viewer')).get('/nas-states')
    expect(body).toMatchObject({
      items: [
        {
          heard_at: noon.toISOString(),
          source: '192.0.2.1',
          heard_on: '198.51.100.2',
          has_router: false,
          open: 2,
          online: 1,
        },
        { heard_at: null, source: null, heard_on: null, open: 0, online: 0 },
      ],
    })
  })
})

describe('/nases/:name/script', () => {
  it('is RouterOS with the addresses that are asked for, and no secret', async () => {
    const viewer = await api.as('viewer')
    const query = 'server=198.51.100.2,198.51.100.3&source_address=192.0.2.1'
    const { body } = await viewer.get(`/nases/bng1/script?${query}`)
    expect(body).toMatchObject({ reason: null, servers: ['198.51.100.2', '198.51.100.3'] })
    expect(body.text).toContain('/radius add service=ppp,dhcp,hotspot address=198.51.100.3 secret="SECRET-NOT-SHOWN"')
    expect(body.text).toContain('src-address=192.0.2.1')
  })

  it('says where there is none, and which address is wrong', async () => {
    const viewer = await api.as('viewer')
    const none = await viewer.get('/nases/silent/script')
    expect(none.body).toMatchObject({ text: null, reason: expect.stringContaining('no script for vendor cisco') })
    const wrong = await viewer.get('/nases/bng1/script?server=here')
    expect([wrong.status, wrong.body.errors]).toEqual([422, [expect.objectContaining({ field: 'server' })]])
    expect((await viewer.get('/nases/nothing/script')).status).toBe(404)
  })
})
