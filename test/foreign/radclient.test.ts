import { describe, expect, it } from 'vitest'
import { hasTools } from '../support/tools.ts'
import { password, radclient, username, usePeer } from './peer.ts'

const signed = 'Message-Authenticator = 0x00'
const user = `User-Name = "${username}"`

describe.skipIf(!hasTools('clients'))('radclient', () => {
  const peer = usePeer()
  const ask = (...lines: string[]) => radclient(peer.service.authPort, 'auth', [signed, user, ...lines])

  it('is accepted by PAP and told rate, pool and interim interval', async () => {
    const { output, code } = await ask(`User-Password = "${password}"`)
    expect(output).toContain('Received Access-Accept')
    expect(output).toContain('Mikrotik-Rate-Limit = "20M/50M')
    expect(output).toContain('Framed-Pool = "pppoe"')
    expect(output).toMatch(/Acct-Interim-Interval = \d+/)
    expect(output).toMatch(/Class = 0x[0-9a-f]+/)
    expect(code).toBe(0)
  })

  it('is accepted by CHAP', async () => {
    const { output } = await ask(`CHAP-Password = "${password}"`)
    expect(output).toContain('Received Access-Accept')
  })

  it('may write the name in capitals and with spaces around it', async () => {
    const lines = [signed, `User-Name = " ${username.toUpperCase()} "`, `User-Password = "${password}"`]
    expect((await radclient(peer.service.authPort, 'auth', lines)).output).toContain('Received Access-Accept')
  })

  it('is rejected alike for a wrong password and an unknown name', async () => {
    const wrong = await ask('User-Password = "wrong"')
    const lines = [signed, 'User-Name = "nobody"', 'User-Password = "wrong"']
    const unknown = await radclient(peer.service.authPort, 'auth', lines)
    for (const { output, code } of [wrong, unknown]) {
      expect(output).toContain('Received Access-Reject')
      expect(output).toContain('Reply-Message = "Login failed"')
      expect(code).toBe(1)
    }
  })

  it('is rejected by MS-CHAP version 1, which is off by default', async () => {
    const { output } = await ask(`MS-CHAP-Password = "${password}"`)
    expect(output).toContain('Received Access-Reject')
  })

  it('gets its Proxy-State back, in order', async () => {
    const { output } = await ask(`User-Password = "${password}"`, 'Proxy-State = 0x0102', 'Proxy-State = 0x03')
    const reply = output.slice(output.indexOf('Received Access-Accept'))
    expect([...reply.matchAll(/Proxy-State = (\w+)/g)].map((match) => match[1])).toEqual(['0x0102', '0x03'])
  })

  it('sees both ports alive by Status-Server (RFC 5997)', async () => {
    const authentication = await radclient(peer.service.authPort, 'status', [signed])
    expect(authentication.output).toContain('Received Access-Accept')
    const accounting = await radclient(peer.service.acctPort, 'status', [signed])
    expect(accounting.output).toContain('Received Accounting-Response')
  })

  it('accounts a session from Start to Stop, octets beyond 4 GiB included', async () => {
    const session = [user, 'Acct-Session-Id = "81a00001"', 'NAS-IP-Address = 127.0.0.1', 'NAS-Port-Type = Ethernet']
    const now = Math.floor(Date.now() / 1000)
    const records = [
      ['Acct-Status-Type = Start', `Event-Timestamp = ${now - 600}`],
      [
        'Acct-Status-Type = Interim-Update',
        `Event-Timestamp = ${now - 300}`,
        'Acct-Session-Time = 300',
        'Acct-Input-Octets = 1000',
      ],
      [
        'Acct-Status-Type = Stop',
        `Event-Timestamp = ${now}`,
        'Acct-Session-Time = 600',
        'Acct-Input-Octets = 5000',
        'Acct-Output-Octets = 6',
        'Acct-Output-Gigawords = 2',
        'Acct-Terminate-Cause = User-Request',
      ],
    ]
    for (const record of records) {
      const { output } = await radclient(peer.service.acctPort, 'acct', [...session, ...record])
      expect(output).toContain('Received Accounting-Response')
    }
    const { rows } = await peer.pool.query(
      `select username, input_octets, output_octets, session_time, ended_by, ended_at is not null as ended
       from session where acct_session_id = '81a00001'`,
    )
    expect(rows).toEqual([
      {
        username,
        input_octets: 5000n,
        output_octets: 2n * 2n ** 32n + 6n,
        session_time: 600n,
        ended_by: 'stop',
        ended: true,
      },
    ])
  })
})

describe.skipIf(!hasTools('clients'))('radclient with mschap_v1 on', () => {
  const peer = usePeer({ settings: { mschap_v1: true } })

  it('is accepted by MS-CHAP version 1', async () => {
    const lines = [signed, user, `MS-CHAP-Password = "${password}"`]
    const { output } = await radclient(peer.service.authPort, 'auth', lines)
    expect(output).toContain('Received Access-Accept')
  })

  it('is still rejected with a wrong password', async () => {
    const { output } = await radclient(peer.service.authPort, 'auth', [signed, user, 'MS-CHAP-Password = "wrong"'])
    expect(output).toContain('Received Access-Reject')
  })
})
