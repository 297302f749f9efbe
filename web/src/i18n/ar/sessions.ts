// Online now.
import type { sessions as english } from '../en/sessions.ts'
import type { Words } from '../words.ts'

export const sessions: Words<typeof english> = {
  sessions: {
    username: 'Username',
    address: 'Address',
    ipv6: 'IPv6 prefix',
    mac: 'MAC',
    nas: 'NAS',
    interface: 'Interface',
    started: 'Began',
    state: 'Which sessions',
    states: { online: 'Online', open: 'Open', ended: 'Ended' },
    online_one: '{{count, number}} online',
    online_other: '{{count, number}} online',
    searchHint: 'Username, IP or MAC address',
    none: 'No session like that.',
  },
}
