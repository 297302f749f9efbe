import { describe, expect, it } from 'vitest'
import {
  drawScreen,
  formatIntroduction,
  formatOctets,
  formatSessions,
  formatStatus,
} from '../../src/cli/demo-screen.ts'
import type { SessionListed } from '../../src/domain/session.ts'

const at = '2026-01-02T03:04:05.000Z'

function session(changes: Partial<SessionListed> = {}): SessionListed {
  return {
    id: 1,
    nas: 'harbour',
    acct_session_id: '81d00000',
    epoch: 0,
    service: null,
    username: 'ada.almond',
    subscriber_id: 1,
    online: true,
    mac: null,
    interface: null,
    framed_ip: '10.11.0.2',
    framed_ipv6_prefix: null,
    delegated_ipv6_prefix: null,
    framed_ipv6_address: null,
    started_at: at,
    event_at: at,
    updated_at: at,
    ended_at: null,
    ended_by: null,
    terminate_cause: null,
    session_time: 3723,
    input_octets: '1500',
    output_octets: '12884901888',
    anomalies: 0,
    last_anomaly: null,
    ...changes,
  }
}

describe('the table of the demonstration', () => {
  it('shows who is online with what they used', () => {
    expect(formatSessions([session(), session({ username: 'bo', framed_ip: null, session_time: 9 })], 10, 100)).toEqual(
      [
        'USERNAME    NAS      ADDRESS        TIME  UPLOAD  DOWNLOAD',
        'ada.almond  harbour  10.11.0.2  01:02:03  1.5 kB   12.9 GB',
        'bo          harbour  -          00:00:09  1.5 kB   12.9 GB',
      ],
    )
  })

  it('keeps to the size of the terminal', () => {
    const sessions = Array.from({ length: 9 }, () => session())
    const lines = formatSessions(sessions, 3, 30)
    expect(lines).toHaveLength(5)
    expect(lines.at(-1)).toBe('… and 6 more')
    expect(Math.max(...lines.map((line) => line.length))).toBe(30)
    expect(formatSessions(sessions, -5, 30)).toEqual(['USERNAME  NAS  ADDRESS  TIME  ', '… and 9 more'])
  })

  it('lets no username move the cursor', () => {
    const [, line] = formatSessions([session({ username: 'a\u001b[2Jb' })], 5, 100)
    expect(line).toMatch(/^a\?\[2Jb/)
  })

  it('draws in place: home, each line cleared, the rest below too', () => {
    expect(drawScreen(['one', 'two'])).toBe('\u001b[Hone\u001b[K\ntwo\u001b[K\n\u001b[J')
  })
})

describe('the lines of the demonstration', () => {
  it('say what the comparison found', () => {
    const state = { sessions: [session()], online: 2, answered: 30, resent: 4, differences: undefined }
    expect(formatStatus(state)).toBe(
      '2 online on the NASes, 1 in the database; 30 packets answered, 4 sent again; comparison: not yet',
    )
    expect(formatStatus({ ...state, differences: 0 })).toMatch(/comparison: 0 differences$/)
    expect(formatStatus({ ...state, differences: 1 })).toMatch(/comparison: 1 difference$/)
  })

  it('begin with what there is to try', () => {
    const login = { username: 'guest', password: 'made-up' }
    const operator = { email: 'demo@example.net', password: 'shown-once' }
    const view = {
      url: 'http://127.0.0.1:8080',
      operator,
      dataDirectory: '/tmp/x',
      login,
      radclient: 'echo … | radclient',
    }
    const text = formatIntroduction(view).join('\n')
    expect(text).toContain('http://127.0.0.1:8080   sign in as demo@example.net, password shown-once')
    for (const part of ['guest   password made-up', 'echo … | radclient', '/tmp/x']) {
      expect(text).toContain(part)
    }
  })
})

describe('formatOctets', () => {
  it.each([
    [0n, '0 B'],
    [999n, '999 B'],
    [1000n, '1.0 kB'],
    [2n ** 32n, '4.3 GB'],
    [10n ** 18n, '1000.0 PB'],
  ])('%s is %s', (octets, text) => {
    expect(formatOctets(octets)).toBe(text)
  })
})
