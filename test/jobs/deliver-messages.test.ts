// The outbox against mail servers and receivers as they are out there: they want TLS, refuse a password, hang, close in the
// middle, refuse one recipient of many; and several instances send at once.
import { once } from 'node:events'
import { createServer as createWebServer } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { everything } from '../../src/domain/scope.ts'
import { listMessages, queueMail, queueWebhook } from '../../src/domain/message/outbox.ts'
import type { Mail } from '../../src/domain/message/outbox.ts'
import { addWebhook, setWebhook } from '../../src/domain/message/webhook.ts'
import { writeSetting } from '../../src/domain/setting.ts'
import { deliverMessages } from '../../src/jobs/deliver-messages.ts'
import { decodeQuotedPrintable, nameMailServer, startMailServer } from '../support/mail.ts'
import { hours, noon, useOffice } from '../support/operator.ts'

const office = useOffice()
const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  await office.pool.query('delete from message')
  await office.pool.query('delete from webhook')
  await office.pool.query('delete from mail_server')
})

const deliver = (now = noon, patienceMs?: number) =>
  deliverMessages({ db: office.db, keyring: office.keyring, now, ...(patienceMs === undefined ? {} : { patienceMs }) })
const queue = (changes: Partial<Mail> = {}) => {
  const values = { subject: 'Hello', text: 'A line.' }
  const mail = { kind: 'note' as const, recipient: 'anna@example.net', language: null, values, ...changes }
  return queueMail(office.db, office.keyring, mail, noon)
}
const listed = () => listMessages(office.db, {}, { before: undefined, limit: 200 }, everything)
const mailServer = async (
  ...input: Parameters<typeof startMailServer> extends [unknown, ...infer Rest] ? Rest : never
) => {
  const server = await startMailServer(office, ...input)
  closing.push(server.close)
  return server
}

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  })
  return (server.address() as AddressInfo).port
}

describe('a mail on its way', () => {
  it('comes out as it was written, in any script, with one header for each', async () => {
    const { heard } = await mailServer()
    const subject = 'Rechnung für Žofie – 你好'
    const text = `Grüße,\n.\n${'ein langes Wort '.repeat(20)}\nFrom the end`
    await queue({ values: { subject, text } })
    await deliver()
    const { raw, from } = heard[0]!
    expect(from).toBe('isp@example.net')
    const [head, ...body] = raw.split('\r\n\r\n')
    expect(head!.match(/^Subject:/gim)).toHaveLength(1)
    expect(head).toMatch(/^To: anna@example\.net$/m)
    const isBase64 = /^Content-Transfer-Encoding: base64/im.test(head!)
    const written = body.join('\r\n\r\n')
    const shown = isBase64 ? Buffer.from(written, 'base64').toString() : decodeQuotedPrintable(written)
    expect(shown.replaceAll('\r\n', '\n').trimEnd()).toBe(text)
  })

  it('cannot be given another header or recipient by what a subscriber calls itself', async () => {
    const { heard } = await mailServer()
    const name = 'Anna\r\nBcc: all@example.net\r\n\r\nBuy!'
    await queue({ kind: 'welcome', values: { full_name: name, username: 'anna', plan: 'Home' } })
    await deliver()
    expect(heard[0]!.to).toEqual(['anna@example.net'])
    expect(heard[0]!.raw.split('\r\n\r\n')[0]).not.toMatch(/^Bcc:/im)
  })

  it('brings its file along, octet for octet, under its name', async () => {
    const { heard } = await mailServer()
    const octets = Buffer.from(Array.from({ length: 5_000 }, (_, at) => (at * 7) % 256))
    await queue({
      kind: 'report',
      values: { title: 'x', day: 'y', summary: 'z' },
      attachment: { name: 'growth.xlsx', octets },
    })
    await deliver()
    const part = heard[0]!.raw.split(/^--.*$/m).find((one) => one.includes('growth.xlsx'))!
    expect(part).toMatch(/Content-Disposition: attachment; filename=growth\.xlsx/i)
    expect(Buffer.from(part.slice(part.indexOf('\r\n\r\n')), 'base64')).toEqual(octets)
  })

  it('keeps its id when it is sent again, so that a server may know it', async () => {
    let refusals = 1
    const ids: (string | undefined)[] = []
    await mailServer({
      onData(stream, _session, done) {
        let raw = ''
        stream.on('data', (chunk: Buffer) => (raw += chunk.toString()))
        stream.on('end', () => {
          ids.push(/^Message-ID: (\S+)/im.exec(raw)?.[1])
          done(refusals-- > 0 ? Object.assign(new Error('greylisted'), { responseCode: 451 }) : null)
        })
      },
    })
    await queue()
    await deliver()
    await deliver(hours(1))
    expect(ids).toHaveLength(2)
    expect(ids[0]).toMatch(/^<gatehouse-\d+@example\.net>$/)
    expect(ids[1]).toBe(ids[0])
  })

  it('that one recipient cannot have holds up no other', async () => {
    const { heard } = await mailServer({
      onRcptTo({ address }, _session, done) {
        done(address.startsWith('gone') ? Object.assign(new Error('no such mailbox'), { responseCode: 550 }) : null)
      },
    })
    for (const recipient of ['a@example.net', 'gone@example.net', 'b@example.net']) await queue({ recipient })
    await deliver()
    expect(heard.flatMap(({ to }) => to).toSorted()).toEqual(['a@example.net', 'b@example.net'])
    expect((await listed()).filter(({ state }) => state === 'waiting')).toMatchObject([
      { recipient: 'gone@example.net', lastError: expect.stringContaining('no such mailbox') },
    ])
  })
})

describe('a mail server', () => {
  it('without TLS gets no mail where TLS is demanded', async () => {
    const { heard } = await mailServer({}, { security: 'starttls', username: 'isp', password: 'canary' })
    await queue()
    await deliver(noon, 500)
    expect(heard).toEqual([])
    expect(await listed()).toMatchObject([{ state: 'waiting', lastError: expect.stringMatching(/STARTTLS|TLS/i) }])
  })

  it('with a certificate that nobody vouches for gets neither mail nor password', async () => {
    const passwords: unknown[] = []
    const { heard } = await mailServer(
      {
        disabledCommands: [],
        onAuth(auth, _session, done) {
          passwords.push(auth.password)
          done(null, { user: 'isp' })
        },
      },
      { security: 'starttls', username: 'isp', password: 'canary' },
    )
    await queue()
    await deliver(noon, 2_000)
    expect([heard, passwords]).toEqual([[], []])
    expect(await listed()).toMatchObject([{ state: 'waiting', lastError: expect.stringMatching(/certificate|self/i) }])
  })

  it('that speaks no TLS from the first octet is not talked to in the clear', async () => {
    const { heard } = await mailServer({}, { security: 'tls' })
    await queue()
    await deliver(noon, 500)
    expect(heard).toEqual([])
    expect(await listed()).toMatchObject([{ state: 'waiting', attempts: 1 }])
  })

  it('that refuses the name is told in words, without the password', async () => {
    await mailServer(
      {
        allowInsecureAuth: true,
        onAuth(_auth, _session, done) {
          done(Object.assign(new Error('5.7.8 not you'), { responseCode: 535 }))
        },
      },
      { security: 'tls', username: 'isp', password: 'canary' },
    )
    // So that this machine's server needs no certificate.
    await office.pool.query(`update mail_server set security = 'none'`)
    await queue()
    await deliver()
    const [message] = await listed()
    expect(message).toMatchObject({ state: 'waiting', lastError: expect.stringContaining('not you') })
    expect(message!.lastError).not.toContain('canary')
  })

  it('that takes the connection and says nothing is given up', async () => {
    await nameMailServer(office, await listen(createServer(() => undefined)))
    await queue()
    await deliver(noon, 40)
    expect(await listed()).toMatchObject([{ state: 'waiting', lastError: expect.stringMatching(/greeting|timeout/i) }])
  })

  it('that falls silent after the greeting is given up', async () => {
    await nameMailServer(office, await listen(createServer((socket) => socket.write('220 here\r\n'))))
    await queue()
    await deliver(noon, 40)
    expect(await listed()).toMatchObject([{ state: 'waiting', lastError: expect.stringMatching(/timeout/i) }])
  })

  it('that closes in the middle of a mail gets it again', async () => {
    const server = createServer((socket) => {
      socket.write('220 here\r\n')
      socket.on('data', (chunk) => {
        if (/^(EHLO|HELO|MAIL|RCPT)/i.test(chunk.toString())) socket.write('250 go on\r\n')
        else socket.destroy()
      })
    })
    await nameMailServer(office, await listen(server))
    await queue()
    await deliver()
    expect(await listed()).toMatchObject([{ state: 'waiting', attempts: 1, lastError: expect.any(String) }])
    const { heard } = await mailServer()
    await deliver(hours(1))
    expect([heard.length, (await listed())[0]!.state]).toEqual([1, 'sent'])
  })

  it('never hears a password that was named for TLS once it is to be talked to in the clear', async () => {
    await nameMailServer(office, 465, { security: 'tls', username: 'isp', password: 'canary' })
    const inTheClear = { security: 'none', username: 'isp', password: undefined }
    await expect(nameMailServer(office, 25, inTheClear)).rejects.toMatchObject({ field: 'security' })
    await nameMailServer(office, 25, { ...inTheClear, password: null })
    await nameMailServer(office, 25, inTheClear)
  })

  it('gets many mails over few connections', async () => {
    const server = await mailServer()
    for (let at = 0; at < 20; at += 1) await queue({ recipient: `r${at}@example.net` })
    expect(await deliver()).toBe(true)
    expect(server.heard).toHaveLength(20)
    expect(server.connections()).toBeLessThanOrEqual(2)
    expect(await deliver()).toBe(false)
  })
})

describe('several instances', () => {
  it('send each of many mails once', async () => {
    const { heard } = await mailServer()
    for (let at = 0; at < 50; at += 1) await queue({ recipient: `r${at}@example.net` })
    const drain = async () => {
      while (await deliver());
    }
    await Promise.all([drain(), drain(), drain()])
    // A sender that found less than a full turn stops: what others had locked then is theirs.
    await drain()
    expect(heard.flatMap(({ to }) => to).toSorted()).toEqual(
      Array.from({ length: 50 }, (_, at) => `r${at}@example.net`).toSorted(),
    )
    expect(new Set((await listed()).map(({ state, attempts }) => `${state} ${attempts}`))).toEqual(new Set(['sent 1']))
  })
})

describe('a call of a webhook', () => {
  const hook = async (url: string) => {
    await writeSetting(office.db, { name: 'webhook_hosts', value: ['127.0.0.1'] }, noon)
    const input = { name: 'crm', url, events: ['*'] }
    const { id } = await addWebhook(office.db, office.keyring, { ...input, ownerId: null }, noon)
    const call = { webhookId: id, kind: 'plan.edit', body: '{}', ownerId: null, onceKey: 'one' }
    await queueWebhook(office.db, office.keyring, call, noon)
    return { id, input }
  }

  it('that hangs holds up neither mails nor its own next try', async () => {
    const { heard } = await mailServer()
    let isSilent = true
    const port = await listen(
      createWebServer((request, response) => {
        request.resume()
        if (!isSilent) response.end()
      }),
    )
    await hook(`http://127.0.0.1:${port}/`)
    await queue()
    await deliver(noon, 600)
    expect(heard).toHaveLength(1)
    expect((await listed()).map(({ channel, state }) => [channel, state])).toEqual([
      ['mail', 'sent'],
      ['webhook', 'waiting'],
    ])
    isSilent = false
    await deliver(hours(1))
    expect((await listed()).find(({ channel }) => channel === 'webhook')).toMatchObject({ state: 'sent', attempts: 2 })
  })

  it('waits while its webhook is switched off, and goes with it when it is removed', async () => {
    const calls: unknown[] = []
    const port = await listen(createWebServer((request, response) => void (calls.push(request.url), response.end())))
    const { id, input } = await hook(`http://127.0.0.1:${port}/`)
    await setWebhook(office.db, id, { ...input, enabled: false }, everything)
    await deliver()
    expect(await listed()).toMatchObject([{ state: 'waiting', lastError: 'the webhook is switched off' }])
    await setWebhook(office.db, id, { ...input, enabled: true }, everything)
    await deliver(hours(1))
    expect([calls.length, (await listed())[0]!.state]).toEqual([1, 'sent'])
    await office.pool.query('delete from webhook')
    expect(await listed()).toEqual([])
  })
})
