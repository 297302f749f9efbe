import { describe, expect, it } from 'vitest'
import { queueMail } from '../../../src/domain/message/outbox.ts'
import { useApi } from '../../support/api.ts'

const api = useApi()

describe('messages over the API', () => {
  it('are listed page by page and sent again', async () => {
    const values = { subject: 'Hello', text: 'x' }
    for (let at = 0; at < 3; at += 1) {
      const mail = { kind: 'note' as const, recipient: `a${at}@example.net`, language: null, values }
      await queueMail(api.db, api.keyring, mail, api.clock.now())
    }
    const admin = await api.as('administrator')
    const first = await admin.get('/messages?limit=2')
    expect((first.body.items as { recipient: string }[]).map(({ recipient }) => recipient)).toEqual([
      'a2@example.net',
      'a1@example.net',
    ])
    const second = await admin.get(`/messages?limit=2&cursor=${String(first.body.next_cursor)}`)
    expect(second.body).toMatchObject({ items: [{ recipient: 'a0@example.net' }], next_cursor: null })
    const { id } = (second.body.items as { id: number }[])[0]!
    expect((await admin.post(`/messages/${id}/send-again`)).status).toBe(204)
    expect((await admin.post('/messages/999999/send-again')).status).toBe(404)
    expect((await admin.get('/messages?cursor=x')).status).toBe(400)
    expect((await admin.get('/messages?state=sent')).body.items).toEqual([])
  })

  it('have texts that can be written and taken away', async () => {
    const admin = await api.as('administrator')
    const written = await admin.put('/message-templates/welcome/de', { subject: 'Hallo {{full_name}}', text: 'Gut.' })
    expect(written.body).toEqual({ subject: 'Hallo {{full_name}}', text: 'Gut.' })
    const wrong = await admin.put('/message-templates/welcome/de', { subject: '{{secret}}', text: 'Gut.' })
    expect([wrong.status, wrong.body.errors]).toEqual([422, [expect.objectContaining({ field: 'subject' })]])
    const { items } = (await admin.get('/message-templates')).body as { items: { kind: string; language: string }[] }
    expect(items.filter(({ kind }) => kind === 'welcome').map(({ language }) => language)).toEqual(['', 'de'])
    expect((await admin.delete('/message-templates/welcome/de')).status).toBe(204)
    expect((await admin.delete('/message-templates/welcome/de')).status).toBe(404)
  })

  it('go through a server whose password nobody sees', async () => {
    const admin = await api.as('administrator')
    expect((await admin.get('/mail-server')).status).toBe(404)
    const server = { host: 'mail.example.net', port: 465, security: 'tls', sender: 'isp@example.net', username: 'isp' }
    const named = await admin.put('/mail-server', { ...server, password: 'canary' })
    expect(named.body).toEqual({ ...server, has_password: true })
    const { rows } = await api.pool.query('select after::text from audit_entry where action = $1', ['mail-server.edit'])
    expect(JSON.stringify(rows)).not.toContain('canary')
    expect((await admin.post('/mail-server/test')).status).toBe(204)
    expect((await admin.get('/messages?kind=note&limit=1')).body).toMatchObject({ items: [{ recipient: admin.email }] })
  })

  it('are told to webhooks whose secret is shown once', async () => {
    const admin = await api.as('administrator')
    const input = { name: 'crm', url: 'https://crm.example.net/hook', events: ['subscriber.*'] }
    const made = await admin.post('/webhooks', input)
    expect([made.status, made.body.secret]).toEqual([201, expect.stringMatching(/^\w{24}$/)])
    const id = String(made.body.id)
    expect((await admin.get('/webhooks')).text).not.toContain(String(made.body.secret))
    expect((await admin.put(`/webhooks/${id}`, { ...input, enabled: false })).body).toMatchObject({ enabled: false })
    expect((await admin.post(`/webhooks/${id}/test`)).status).toBe(204)
    expect((await admin.delete(`/webhooks/${id}`)).status).toBe(204)
    expect((await admin.delete(`/webhooks/${id}`)).status).toBe(404)
    const support = await api.as('support')
    expect((await support.post('/webhooks', input)).body.code).toBe('forbidden')
  })
})
