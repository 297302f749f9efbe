// One subscriber.
import type { subscriber as english } from '../en/subscriber.ts'
import type { Words } from '../words.ts'

export const subscriber: Words<typeof english> = {
  subscriber: {
    title: 'Subscriber',
    tabs: { overview: 'Overview', why: 'Why not online?', usage: 'Usage', timeline: 'Timeline' },
  },
  facts: {
    plan: 'Plan',
    nextPlan: 'Next plan',
    expires: 'Expires',
    grace: 'Grace until',
    blocked: 'Blocked for',
    accountType: 'Account type',
    address: 'Address',
    email: 'E-mail',
    zone: 'Zone',
    owner: 'Owner',
    group: 'Group',
    payer: 'Payer',
    balance: 'Balance',
    staticAddresses: 'Static addresses',
    devices: 'Devices',
    interface: 'Bound to',
    registered: 'Activated',
  },
  session: { none: 'No open session.', since: 'Online since {{since}} on {{nas}}', heard: 'heard of' },
  why: {
    none: 'Nobody has tried to connect lately.',
    times_one: '{{count, number}} time',
    times_other: '{{count, number}} times',
  },
  usage: { by: 'By', hour: 'Hours', day: 'Days', down: 'Download', up: 'Upload', chart: 'Use over time' },
  timeline: {
    audit: 'Changed',
    coa: 'Order to the network',
    comment: 'Comment',
    decision: 'Login',
    ledger: 'Money',
    'session-start': 'Session began',
    'session-stop': 'Session ended',
  },
}
