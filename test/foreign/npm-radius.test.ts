import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import radius from 'radius'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { password, secret, username, usePeer } from './peer.ts'

// The package reads and writes by its own code and dictionaries. It checks less than we do (see docs/decisions), so it stands for
// the plain peers of this world.
describe('the npm package radius as a client', () => {
  const peer = usePeer({ vendor: 'standard' })
  const socket = createSocket('udp4')
  let identifier = 0

  beforeAll(async () => {
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
  })
  afterAll(() => {
    socket.close()
  })

  async function exchange(code: string, port: number, attributes: [string, string | number][], signed = false) {
    identifier += 1
    const request = radius.encode({ code, secret, identifier, attributes, add_message_authenticator: signed })
    const answer = once(socket, 'message')
    socket.send(request, port, '127.0.0.1')
    const [response] = await answer
    const packet = radius.decode({ packet: response, secret })
    expect(radius.verify_response({ request, response, secret })).toBe(true)
    expect(packet.identifier).toBe(identifier)
    return packet
  }

  const login = (word: string, signed: boolean) => {
    const credentials: [string, string][] = [
      ['User-Name', username],
      ['User-Password', word],
    ]
    return exchange('Access-Request', peer.service.authPort, credentials, signed)
  }

  it('is accepted unsigned, by a client whose policy is auto', async () => {
    const { code, attributes } = await login(password, false)
    expect(code).toBe('Access-Accept')
    expect(attributes['Framed-Pool']).toBe('pppoe')
  })

  it('is rejected with a wrong password', async () => {
    const { code, attributes } = await login('wrong', false)
    expect(code).toBe('Access-Reject')
    expect(attributes['Reply-Message']).toBe('Login failed')
  })

  it('is accepted signed, and sees a Message-Authenticator that is right', async () => {
    const { code, attributes } = await login(password, true)
    expect(code).toBe('Access-Accept')
    expect(attributes['Message-Authenticator']).toHaveLength(16)
  })

  it('accounts a session', async () => {
    const common: [string, string | number][] = [
      ['User-Name', username],
      ['Acct-Session-Id', 'npm-1'],
      ['NAS-Identifier', 'npm'],
    ]
    const start = await exchange('Accounting-Request', peer.service.acctPort, [
      ...common,
      ['Acct-Status-Type', 'Start'],
    ])
    expect(start.code).toBe('Accounting-Response')
    const stop: [string, string | number][] = [
      ['Acct-Status-Type', 'Stop'],
      ['Acct-Session-Time', 60],
      ['Acct-Input-Octets', 4_000_000_000],
    ]
    await exchange('Accounting-Request', peer.service.acctPort, [...common, ...stop])
    const { rows } = await peer.pool.query(
      `select session_time, input_octets, ended_by from session where acct_session_id = 'npm-1'`,
    )
    expect(rows).toEqual([{ session_time: 60n, input_octets: 4_000_000_000n, ended_by: 'stop' }])
  })
})
