// Online now.
export const sessions = {
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
